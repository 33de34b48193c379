// Whether the package works for those who install it: publint, arethetypeswrong, and a real install in an empty folder.

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = await mkdtemp(join(tmpdir(), 'ima-router-package-'));

function run(command: string, args: string[], cwd = root): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

try {
  const packed: unknown = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', work]));
  const [{ filename, size, entryCount }] = packed as [{ filename: string; size: number; entryCount: number }];
  const tarball = join(work, filename);
  console.log(`packed ${filename}: ${entryCount} files, ${Math.round(size / 1024)} KiB`);

  console.log(run('npx', ['publint', 'run', tarball, '--strict']));
  console.log(run('npx', ['attw', tarball, '--profile', 'esm-only']));

  const user = join(work, 'user');
  await mkdir(user);
  await writeFile(join(user, 'package.json'), '{ "type": "module", "private": true }');
  run('npm', ['install', tarball, '--no-audit', '--no-fund'], user);
  const lock: unknown = JSON.parse(await readFile(join(user, 'package-lock.json'), 'utf8'));
  const installed = Object.keys((lock as { packages: Record<string, unknown> }).packages).filter((path) => path !== '');
  console.log(
    `installs ${installed.length} packages: ${installed.map((path) => path.replace('node_modules/', '')).join(', ')}`,
  );

  await writeFile(
    join(user, 'use.mjs'),
    `import { ImaRouter, ImaRouterError } from 'ima-router';
     import { Imini } from 'ima-router/imini';
     import { catalog, iminiCatalog } from 'ima-router/models';
     const route = new ImaRouter().models.route('kling-v3-video');
     if (route.path !== '/v1/videos' || catalog.models.length < 90) throw new Error('wrong catalogue');
     await new ImaRouter({ apiKey: 'sk-x' }).validate({ model: 'kling-v3-video', prompt: 'x' });
     const wrong = await new ImaRouter().submit({ model: 'kling-v3-video', prompt: 'x' }).catch((e) => e);
     if (!ImaRouterError.is(wrong) || wrong.code !== 'missing_api_key') throw wrong;
     await new Imini({ apiKey: 'sk-x' }).validate({ model: 'google/nano-banana', prompt: 'x' });
     if (iminiCatalog.models.length < 10) throw new Error('wrong second catalogue');
     const { startMock } = await import('ima-router/mock');
     const sentence = await startMock().then(() => 'started', (e) => e.message);
     if (!/npm i -D @stoplight/.test(sentence)) throw new Error('expected to be told what to install, got: ' + sentence);
     console.log('the installed package imports, routes, validates, and says what its mock needs');`,
  );
  console.log(run(process.execPath, ['use.mjs'], user));
  const cli = join(user, 'node_modules/.bin/ima-router');
  console.log(run(process.execPath, [cli, '--help'], user));

  const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const prism = (manifest as { devDependencies: Record<string, string> }).devDependencies['@stoplight/prism-http'];
  run('npm', ['install', '--save-dev', `@stoplight/prism-http@${prism}`, '--no-audit', '--no-fund'], user);
  await writeFile(
    join(user, 'mock.mjs'),
    `import { spawn } from 'node:child_process';
     import { once } from 'node:events';
     import { ImaRouter } from 'ima-router';
     import { Imini } from 'ima-router/imini';
     for (const [name, Client, model, expected] of [
       ['ima-router', ImaRouter, 'sonic', 2],
       ['imini', Imini, 'google/nano-banana', 1],
     ]) {
       const mock = spawn(process.execPath, [process.argv[2], 'mock', '--gateway', name, '--port', '0', '--speed', '200']);
       let said = '';
       mock.stderr.on('data', (text) => { said += text; });
       for await (const text of mock.stdout) { said += text; if (/http:\\/\\/[\\w.]+:\\d+/.test(said)) break; }
       const [baseUrl] = /http:\\/\\/[\\w.]+:\\d+/.exec(said) ?? [];
       if (baseUrl === undefined) throw new Error('the mock did not say where it is: ' + said);
       const client = new Client({ baseUrl, apiKey: 'sk-x', poll: { minMs: 20, maxMs: 200 } });
       const files = await (await client.generate({ model, prompt: 'x' })).download('out/');
       mock.kill('SIGINT');
       const [code] = await once(mock, 'exit');
       if (files.length !== expected || code !== 0) {
         throw new Error('expected ' + expected + ' files and a clean end, got ' + files.length + ' and ' + code);
       }
     }
     console.log('the installed command line serves its mocks, and the installed library works against them');`,
  );
  console.log(run(process.execPath, ['mock.mjs', cli], user));
} finally {
  await rm(work, { recursive: true, force: true });
}
