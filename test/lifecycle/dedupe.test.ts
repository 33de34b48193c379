// `dedupe: 'attach'`: an equal request that is still pending gives its task, not a second bill.

import { afterEach, describe, expect, test } from 'vitest';
import { MemoryJournal } from '../../src/index.js';
import { type Mock, type MockOptions, startMock } from '../../src/mock/index.js';
import { clientFor } from '../support/client.js';

const request = { model: 'gemini-2.5-flash-image', prompt: 'x' } as const;
const open: Mock[] = [];
async function mockWith(options: MockOptions = {}): Promise<Mock> {
  const mock = await startMock({ speed: 1, seed: 5, ...options });
  open.push(mock);
  return mock;
}
afterEach(async () => {
  for (const mock of open.splice(0)) await mock.close();
});

describe("dedupe: 'attach'", () => {
  test('gives the pending task of an equal request, from another client too', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const { ima } = clientFor(mock.url, { journal });
    const first = await ima.submit({ model: request.model, prompt: 'x' });
    const same = await ima.submit({ prompt: 'x', model: request.model } as typeof request, { dedupe: 'attach' });
    const elsewhere = await clientFor(mock.url, { journal }).ima.submit(request, { dedupe: 'attach' });
    expect([same.id, elsewhere.id]).toEqual([first.id, first.id]);
    expect(elsewhere.traceId).toBe(first.traceId);
    const other = await ima.submit({ ...request, prompt: 'y' }, { dedupe: 'attach' });
    expect(other.id).not.toBe(first.id);
    expect(mock.ledger.submits).toHaveLength(2);
    const plain = await ima.submit(request);
    expect(plain.id).not.toBe(first.id);
    expect(mock.ledger.submits).toHaveLength(3);
  });

  test('many at once are one purchase', async () => {
    const mock = await mockWith();
    const journal = new MemoryJournal();
    const clients = Array.from({ length: 3 }, () => clientFor(mock.url, { journal }).ima);
    const tasks = await Promise.all(
      Array.from({ length: 12 }, (_, i) => clients[i % 3]?.submit(request, { dedupe: 'attach' })),
    );
    expect(new Set(tasks.map((task) => task?.id)).size).toBe(1);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('waits for a submit that is under way without it', async () => {
    const mock = await mockWith({ faults: [{ on: 'submit', act: 'slow', everyMs: 20 }] });
    const { ima } = clientFor(mock.url);
    const plain = ima.submit(request);
    while (mock.ledger.submits.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const attached = await ima.submit(request, { dedupe: 'attach' });
    expect(attached.id).toBe((await plain).id);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('what has ended is no longer pending', async () => {
    const mock = await mockWith({ speed: 500 });
    const { ima } = clientFor(mock.url);
    await ima.generate(request);
    await ima.generate(request, { dedupe: 'attach' });
    expect(mock.ledger.submits).toHaveLength(2);
  });

  test('a refusal leaves nothing to attach to', async () => {
    const mock = await mockWith({
      faults: [{ on: 'submit', act: 'answer', status: 400, body: { code: 'invalid_request', message: 'no' } }],
    });
    const { ima } = clientFor(mock.url);
    await expect(ima.submit(request, { dedupe: 'attach' })).rejects.toMatchObject({ code: 'request_refused' });
    await ima.submit(request, { dedupe: 'attach' });
    expect(mock.ledger.submits).toHaveLength(2);
  });

  test('a purchase of unknown fate is not repeated until somebody settles it', async () => {
    const mock = await mockWith({ faults: [{ on: 'submit', act: 'reset-after' }] });
    const { ima } = clientFor(mock.url);
    await expect(ima.submit(request)).rejects.toMatchObject({ code: 'submit_unknown' });
    const error = await ima.submit(request, { dedupe: 'attach' }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'submit_unsettled', mayBeBilled: true, phase: 'submit' });
    expect(mock.ledger.submits).toHaveLength(1);
    const [record] = await ima.journal.list({ state: 'unknown' });
    expect(String((error as { hint?: string }).hint)).toContain(record?.key);
    await ima.journal.delete(record?.key ?? '');
    await ima.submit(request, { dedupe: 'attach' });
    expect(mock.ledger.submits).toHaveLength(2);
  });

  test('local media count by their bytes, wherever they are hosted', async () => {
    const mock = await mockWith();
    let hosted = 0;
    const { ima } = clientFor(mock.url, {
      hostFile: async () => `https://files.example/${++hosted}.png`,
    });
    const png = (await import('node:fs')).readFileSync(new URL('../../src/mock/media/picture.png', import.meta.url));
    const video = (image: Uint8Array) => ({ model: 'kling-v2-6', prompt: 'x', image }) as const;
    const first = await ima.submit(video(png), { dedupe: 'attach' });
    const again = await ima.submit(video(Uint8Array.from(png)), { dedupe: 'attach' });
    expect(again.id).toBe(first.id);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('an abort while waiting for another ends the waiting', async () => {
    const mock = await mockWith({ faults: [{ on: 'submit', act: 'hang' }] });
    const { ima } = clientFor(mock.url, { requestTimeoutMs: 2000 });
    const first = ima.submit(request, { dedupe: 'attach' }).catch((e: unknown) => e);
    while (mock.ledger.submits.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const controller = new AbortController();
    const second = ima.submit(request, { dedupe: 'attach', signal: controller.signal });
    controller.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError', code: 'aborted', mayBeBilled: false });
    expect(await first).toMatchObject({ code: 'submit_unknown' });
  });

  test('another word is told', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const options = JSON.parse('{"dedupe":"always"}');
    await expect(ima.submit(request, options)).rejects.toMatchObject({ code: 'bad_option', param: 'dedupe' });
  });
});
