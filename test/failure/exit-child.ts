// One submit in a process of its own, which says how it ended and then does nothing more. Bundled by exit.test.ts.

import { ImaRouter, ImaRouterError } from '../../src/index.js';
import { platformWith } from './platform.js';

const [baseUrl = '', act = ''] = process.argv.slice(2);
if (act === 'connecting') await platformWith({ connect: { timeout: 600 } });
const controller = new AbortController();
const ima = new ImaRouter({
  apiKey: 'sk-test-0123456789',
  baseUrl,
  requestTimeoutMs: act === 'timeout' || act === 'connecting' ? 300 : 60_000,
  retry: { attempts: 2, baseMs: 5 },
});
// Sent by who has received the request. Listening for it keeps no process alive.
if (act === 'abort') process.once('SIGUSR2', () => controller.abort());
try {
  const request = { model: 'gemini-2.5-flash-image', prompt: 'x' } as const;
  const verb = act === 'wait' ? ima.generate(request, { timeoutMs: 300 }) : ima.submit(request, controller);
  await verb;
  process.stdout.write('a task\n');
} catch (error) {
  process.stdout.write(ImaRouterError.is(error) ? `${error.name} ${error.code}\n` : `${String(error)}\n`);
}
