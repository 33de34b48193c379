// A process of its own for a test: its code in one file, since starting it through a compiler takes seconds.

import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles `entry` into a file in a folder of its own, which is the caller's to remove. Resolves to its path. */
export async function bundled(entry: URL): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ima-child-'));
  // Also for a child that runs as nobody.
  await chmod(folder, 0o755);
  const outfile = join(folder, 'child.mjs');
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
    // For packages that are still of the older kind of module.
    banner: { js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url);" },
  });
  await chmod(outfile, 0o644);
  return outfile;
}
