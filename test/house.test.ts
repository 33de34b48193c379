// The rules of the house, checked: data goes one way, rooms have one door, nothing below the client names a vendor.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src/', import.meta.url));
const generated = fileURLToPath(new URL('../generated/', import.meta.url));

/** Rooms by floor: a file may import from lower floors and from its own room. */
const FLOOR: Record<string, number> = {
  index: 8,
  models: 8,
  gateways: 7,
  client: 6,
  typed: 5.7,
  gateway: 5.7,
  bridge: 5.5,
  options: 5.5,
  request: 5.8,
  protocols: 5,
  tasks: 4,
  media: 3,
  catalog: 3,
  disk: 2.5,
  transport: 2,
  generated: 1,
};
/** These stand beside the house, on its public door. */
const OUTSIDE = new Set(['cli', 'mock']);

interface Import {
  from: string;
  to: string;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));
const specifiers = files.flatMap((from) =>
  specifiersOf(readFileSync(join(src, from), 'utf8'), from).map((specifier) => ({ from, specifier })),
);
const imports: Import[] = specifiers
  .filter(({ specifier }) => specifier.startsWith('.'))
  .map(({ from, specifier }) => ({ from, to: resolved(from, specifier) }));

/** What a file imports: statically, dynamically, in types. */
function specifiersOf(text: string, file: string): string[] {
  const found: string[] = [];
  const note = (node: ts.Node | undefined): void => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.push(node.text);
    // What is put together at run time can be looked up by nobody.
    else if (node !== undefined) found.push(`?${node.kind}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) note(node.moduleSpecifier);
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) note(node.moduleSpecifier);
    if (ts.isExternalModuleReference(node)) note(node.expression);
    if (ts.isImportTypeNode(node)) note(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) note(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022));
  return found;
}

/** Relative to `src`, or `generated/…`. */
function resolved(from: string, specifier: string): string {
  const path = join(src, dirname(from), specifier.replace(/\.js$/, '.ts'));
  return path.startsWith(generated) ? `generated/${relative(generated, path)}` : relative(src, path);
}

function roomOf(file: string): string {
  const [first = ''] = file.split('/');
  return first.replace(/\.ts$/, '');
}

/** What outsiders may use: the doors of the package. */
const isPublicDoor = (file: string): boolean =>
  ['index.ts', 'models.ts', 'mock/index.ts'].includes(file) || /^gateways\/[a-z-]+\/index\.ts$/.test(file);

/** Each gateway is a house of its own: its room is its folder. */
function isWrongWay({ from, to }: Import): boolean {
  const [a, b] = [roomOf(from), roomOf(to)];
  if (a === 'gateways' && b === 'gateways') return from.split('/')[1] !== to.split('/')[1];
  // What was made of a vendor's document is that vendor's, and stands on the public doors.
  if (b === 'generated') return a === 'gateways' ? from.split('/')[1] !== to.split('/')[1] : !isPublicDoor(from);
  if (a === b || OUTSIDE.has(a)) return false;
  return OUTSIDE.has(b) || !((FLOOR[a] ?? 0) > (FLOOR[b] ?? 9));
}

/** Their folders are named after them; what they sell and where they keep it is known by other names. */
const VENDORS = readdirSync(join(src, 'gateways')).filter((name) => name !== 'ima-router');
const VENDOR = new RegExp(
  `imarouter|${VENDORS.join('|')}|midjourney|kling|seedance|sonic\\b|hailuo|vidu|wan2|happyhorse|banana|doubao|dashscope|fashionlabs|oneapi|gpt-image|gemini|sora-|veo-?\\d|IMA_API|new[-_]api`,
  'i',
);

/** Lines of code that name a vendor. The package has the name of one: as a name of its own (a whole text) it is meant. */
function vendorLines(text: string): string[] {
  return codeLines(text.replaceAll('ImaRouterError', '')).filter(
    (line) => VENDOR.test(line) || /(['"`])ima-router\1/.test(line),
  );
}

describe('the house', () => {
  test('every file stands in a known room', () => {
    const others = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.[cm]?[jt]sx?$/.test(file),
    );
    expect(others.filter((file) => !file.endsWith('.ts') || /\.[cm]ts$/.test(file))).toEqual([]);
    const rooms = new Set(files.map(roomOf));
    expect([...rooms].filter((room) => !(room in FLOOR) && !OUTSIDE.has(room))).toEqual([]);
  });

  test('no import goes upward or sideways', () => {
    expect(imports.filter(isWrongWay)).toEqual([]);
    const planted: [string, string][] = [
      ['tasks/engine.ts', 'client.ts'],
      ['catalog/catalog.ts', 'media/index.ts'],
      ['media/save.ts', 'tasks/index.ts'],
      ['client.ts', 'gateways/imini/index.ts'],
      ['gateways/imini/readers.ts', 'gateways/ima-router/index.ts'],
      ['gateways/imini/readers.ts', 'mock/index.ts'],
      ['gateways/imini/index.ts', 'generated/ima-router/schemas.ts'],
      ['tasks/engine.ts', 'generated/ima-router/catalog.ts'],
    ];
    expect(planted.filter(([from, to]) => !isWrongWay({ from, to }))).toEqual([]);
  });

  test('every import can be looked up, and none goes round by the name of the package', () => {
    const isOpaque = (specifier: string) => specifier.startsWith('?') || /^ima-router(\/|$)/.test(specifier);
    expect(specifiers.filter(({ specifier }) => isOpaque(specifier))).toEqual([]);
    const planted = `
      import { a } from 'ima-router';
      export type C = import('../client.js').Gateway;
      export const b = () => import(\`../client.js\`);
      import e = require('../client.js');
      export const d = (name: string) => import('../' + name);
    `;
    const found = specifiersOf(planted, 'planted.ts');
    expect(found.map((one) => (isOpaque(one) ? 'opaque' : one))).toEqual([
      'opaque',
      '../client.js',
      '../client.js',
      '../client.js',
      'opaque',
    ]);
  });

  test('a room is entered by its door only', () => {
    const wrong = imports.filter(({ from, to }) => {
      if (roomOf(from) === roomOf(to) || to.startsWith('generated/')) return false;
      const door =
        to.split('/').length === 1 || /^[a-z-]+\/index\.ts$/.test(to) || /^gateways\/[a-z-]+\/index\.ts$/.test(to);
      return !door;
    });
    expect(wrong).toEqual([]);
  });

  test('the command line and the mock stand on the public doors only', () => {
    const wrong = imports.filter(({ from, to }) => {
      const room = roomOf(from);
      if (!OUTSIDE.has(room) || roomOf(to) === room) return false;
      return !isPublicDoor(to);
    });
    expect(wrong).toEqual([]);
  });

  test('no two files import each other, however long the way round', () => {
    const edges = new Map<string, string[]>();
    for (const { from, to } of imports) edges.set(from, [...(edges.get(from) ?? []), to]);
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (file: string, trail: string[]): void => {
      if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
      if (done.has(file) || trail.includes(file)) return;
      for (const next of edges.get(file) ?? []) walk(next, [...trail, file]);
      done.add(file);
    };
    for (const file of files) walk(file, []);
    expect(cycles).toEqual([]);
  });

  test('from the client down nothing names a vendor', () => {
    expect(VENDORS).toContain('imini');
    const wrong = files
      .filter((file) => (FLOOR[roomOf(file)] ?? 9) <= 6)
      .flatMap((file) => vendorLines(readFileSync(join(src, file), 'utf8')).map((line) => `${file}: ${line.trim()}`));
    expect(wrong).toEqual([]);
    const planted = [
      "headers: { referer: 'https://imini.ai/' }",
      "if (model.startsWith('kling'))",
      'class IminiError {}',
    ];
    expect(planted.filter((line) => vendorLines(line).length === 0)).toEqual([]);
    expect(vendorLines("// imini answers so\nthrow new ImaRouterError('x')")).toEqual([]);
  });

  test('every file says in its first line what is decided there', () => {
    const silent = files.filter((file) => !/^(#!.*\n)?\/\/ \S.{20,}/.test(readFileSync(join(src, file), 'utf8')));
    expect(silent).toEqual([]);
  });

  /** What loads with some doors: their static imports, and the imports of those. Types are erased. */
  function loadedAtStart(doors: readonly string[]): Set<string> {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      if (!/^(generated\/)?[\w/.-]+\.ts$/.test(file) || file.startsWith('node:')) return;
      const path = file.startsWith('generated/') ? join(generated, file.slice('generated/'.length)) : join(src, file);
      const source = ts.createSourceFile(file, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022);
      for (const statement of source.statements) {
        if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
        const isType = ts.isImportDeclaration(statement) ? statement.importClause?.isTypeOnly : statement.isTypeOnly;
        const specifier = statement.moduleSpecifier;
        if (isType || specifier === undefined || !ts.isStringLiteral(specifier)) continue;
        visit(specifier.text.startsWith('.') ? resolved(file, specifier.text) : specifier.text);
      }
    };
    for (const door of doors) visit(door);
    return reached;
  }

  test('what loads with the package: no node: module, no zod, no schemas, no rules, no signatures', () => {
    const reached = loadedAtStart(['index.ts']);
    expect(reached.size).toBeGreaterThan(25);
    expect([...reached].filter((file) => !file.endsWith('.ts'))).toEqual(['openapi-fetch']);
    // Who uses one gateway pays for one: no catalogue and no code of another comes along.
    const catalogues = (doors: string[]) =>
      [...loadedAtStart(doors)].filter((file) => /^(generated\/.*|gateways\/[a-z-]+\/index\.ts)$/.test(file)).sort();
    expect(catalogues(['index.ts'])).toEqual(['gateways/ima-router/index.ts', 'generated/ima-router/catalog.ts']);
    expect(catalogues(['gateways/imini/index.ts'])).toEqual(['gateways/imini/index.ts', 'generated/imini/catalog.ts']);
    expect(catalogues(['models.ts'])).toEqual(['generated/ima-router/catalog.ts', 'generated/imini/catalog.ts']);
    const lazy = [
      'media/save.ts',
      'media/sniff.ts',
      'media/local-file.ts',
      'catalog/check.ts',
      'tasks/journal-files.ts',
      'tasks/journal-shelf.ts',
      'disk/files.ts',
      'disk/owner.ts',
      'disk/queues.ts',
      'tasks/journal-claims.ts',
      'tasks/journal-text.ts',
      'gateways/ima-router/rules/index.ts',
    ];
    expect(lazy.filter((file) => !files.includes(file))).toEqual([]);
    expect(lazy.filter((file) => reached.has(file))).toEqual([]);
  });
});

/** Without comments: sources of rules may and should be named there. */
function codeLines(text: string): string[] {
  const source = ts.createSourceFile('code.ts', text, ts.ScriptTarget.ES2022, true);
  const printed = ts.createPrinter({ removeComments: true }).printFile(source);
  return printed.split('\n');
}
