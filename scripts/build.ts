// What goes into the package: tsc's output, the data files beside it, and a CLI with its own dependencies inside.

import { execFileSync } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

await rm(dist, { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });

// Read at run time by the mock, by URL relative to its own module: same places as in the sources.
await cp(join(root, 'src/mock/media'), join(dist, 'src/mock/media'), { recursive: true });
for (const gateway of await readdir(join(root, 'generated'))) {
  const folder = join('generated', gateway);
  await mkdir(join(dist, folder), { recursive: true });
  await copyFile(join(root, folder, 'openapi.json'), join(dist, folder, 'openapi.json'));

  // Every program that imports the library parses this file, for the raw `api` alone: bench/editor-cost.ts counts it.
  const apiTypes = join(dist, folder, 'openapi.d.ts');
  await writeFile(apiTypes, leanTypes(await readFile(apiTypes, 'utf8')));
}

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

/**
 * Types for openapi-fetch alone, nobody can name them: without their texts (the requests' own stand in requests.d.ts),
 * without the verbs that a path does not have, and without headers that may be anything.
 */
function leanTypes(text: string): string {
  const source = ts.createSourceFile('openapi.d.ts', text, ts.ScriptTarget.ES2022);
  const nameOf = (node: ts.Node): string =>
    ts.isPropertySignature(node) || ts.isInterfaceDeclaration(node) ? node.name.getText(source) : '';
  const membersOf = (node: ts.Node): readonly ts.Node[] | undefined =>
    ts.isPropertySignature(node) && node.type && ts.isTypeLiteralNode(node.type) ? node.type.members : undefined;
  const isNever = (node: ts.Node): boolean =>
    ts.isPropertySignature(node) && node.type?.kind === ts.SyntaxKind.NeverKeyword;
  const isIdle = (node: ts.Node): boolean => nameOf(node) === 'parameters' && membersOf(node)?.every(isNever) === true;
  const isAnyHeaders = (node: ts.Node): boolean =>
    nameOf(node) === 'headers' && membersOf(node)?.every(ts.isIndexSignatureDeclaration) === true;
  const without = (isDropped: (node: ts.Node) => boolean, context: ts.TransformationContext): ts.Visitor => {
    const visit = (node: ts.Node): ts.Node | undefined =>
      isDropped(node) ? undefined : ts.visitEachChild(node, visit, context);
    return visit;
  };
  const { transformed } = ts.transform(source, [
    (context) => (file) =>
      ts.visitEachChild(
        file,
        (part) => {
          if (nameOf(part) === 'paths') return without((node) => isNever(node) || isIdle(node), context)(part);
          return nameOf(part) === 'operations' ? without(isAnyHeaders, context)(part) : part;
        },
        context,
      ),
  ]);
  return ts.createPrinter({ removeComments: true }).printFile(transformed[0] ?? source);
}

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
