// What goes into the package: tsc's output, the data files beside it, and a CLI with its own dependencies inside.

import { execFileSync } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

await rm(dist, { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });

// Read at run time by the mock, by URL relative to its own module: same places as in the sources.
await cp(join(root, 'src/mock/media'), join(dist, 'src/mock/media'), { recursive: true });
await mkdir(join(dist, 'generated/ima-router'), { recursive: true });
await copyFile(join(root, 'generated/ima-router/openapi.json'), join(dist, 'generated/ima-router/openapi.json'));

// The command line's own libraries are bundled, so that a user of the library does not install them.
const cli = join(dist, 'src/cli/main.js');
await build({
  entryPoints: [cli],
  outfile: cli,
  allowOverwrite: true,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  legalComments: 'inline',
  plugins: [libraryStaysOutside(dirname(cli))],
  banner: {
    // Bundled CommonJS asks for `require`; ESM has none of its own.
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
});
await rm(join(dirname(cli), 'commands'), { recursive: true, force: true });
await chmod(cli, 0o755);

/** The library is not copied into the command line: what lies outside `folder` stays an import, by its real place. */
function libraryStaysOutside(folder: string): Plugin {
  return {
    name: 'library-stays-outside',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir, importer }) => {
        if (!importer.startsWith(folder + sep)) return undefined;
        const target = resolve(resolveDir, path);
        if (target.startsWith(folder + sep)) return undefined;
        return { path: relative(folder, target).split(sep).join('/'), external: true };
      });
    },
  };
}
