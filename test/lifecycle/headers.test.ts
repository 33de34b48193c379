// Headers of a single request: they arrive with it, with all its retries and nothing else, or are refused before it is sent.

import { describe, expect, test } from 'vitest';
import { ConfigError, liveModel, MemoryJournal } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { json } from '../support/server.js';
import { all, gateways, posts } from './support.js';

const { mockWith, server } = gateways();

const clip = { model: 'seedance-2.0', prompt: 'rain on a window' } as const;
const picture = { model: 'gemini-2.5-flash-image', prompt: 'x' } as const;
const moderated = { headers: { 'x-moderation': 'enabled' } };

describe('a header of one request', () => {
  test('arrives with its submit, whatever its spelling, and with nothing else', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    await ima.submit(clip, moderated);
    await ima.submit(clip);
    await ima.submit(clip, { headers: { 'X-Moderation': 'enabled' } });
    await ima.submit(clip, { headers: {} });
    expect(mock.ledger.submits.map(({ headers }) => headers?.['x-moderation'])).toEqual([
      'enabled',
      undefined,
      'enabled',
      undefined,
    ]);
  });

  test('is on the wire beside the key and the trace id, and is not sent with polls', async () => {
    const at = await server((request, response) =>
      json(
        response,
        request.method === 'POST'
          ? { id: 'task_1', status: 'queued' }
          : { id: 'task_1', status: 'completed', results: [{ url: 'https://cdn.example/a.mp4' }] },
      ),
    );
    const { ima } = clientFor(at.url, { headers: { 'x-team': 'a', 'x-mine': 'client' } });
    const headers = { ...moderated.headers, 'X-Mine': 'request' };
    const task = await ima.submit(clip, { headers, traceId: 'trace-1' });
    await task.result();
    const [submit, poll] = at.requests;
    expect(submit?.headers).toMatchObject({
      authorization: 'Bearer sk-test-0123456789',
      'content-type': 'application/json',
      'x-trace-id': 'trace-1',
      'x-moderation': 'enabled',
      'x-team': 'a',
      'x-mine': 'request',
    });
    expect(poll?.headers).toMatchObject({ 'x-team': 'a', 'x-mine': 'client' });
    expect(poll?.headers).not.toHaveProperty('x-moderation');
  });

  test('comes with every retry', async () => {
    const mock = await mockWith();
    mock.fault({ on: 'submit', act: 'answer', status: 429, times: 2 });
    mock.fault({ on: 'submit', act: 'reset-before', nth: 3 });
    await clientFor(mock.url)
      .ima.submit(clip, moderated)
      .catch(() => {});
    expect(mock.ledger.submits.length).toBeGreaterThanOrEqual(3);
    expect(mock.ledger.submits.every(({ headers }) => headers?.['x-moderation'] === 'enabled')).toBe(true);
  });

  test('is taken by generate too', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    await ima.generate(clip, { ...moderated, timeoutMs: 20_000 });
    expect(mock.ledger.submits).toMatchObject([{ headers: moderated.headers, paid: true }]);
    expect(await errorOf(ima.generate(picture, moderated))).toBeInstanceOf(ConfigError);
    expect(mock.ledger.submits).toHaveLength(1);
  });

  test('is never written down', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const task = await ima.submit(clip, { headers: { 'x-secret': 'swordfish' } });
    expect(JSON.stringify([await ima.journal.list(), task, ima])).not.toContain('swordfish');
  });
});

describe('headers in another form', () => {
  /** What JavaScript may hand in, and TypeScript would not. */
  const at = (headers: unknown): object => ({ headers });

  test('`Headers` are headers, of a client, of one request and of a batch', async () => {
    const mock = await mockWith();
    const headers = new Headers({ 'X-Moderation': 'enabled' });
    const { ima } = clientFor(mock.url);
    await ima.submit(clip, at(headers));
    await all(ima.batch([clip], at(headers)));
    expect(mock.ledger.submits.map((one) => one.headers?.['x-moderation'])).toEqual(['enabled', 'enabled']);
    const raw = await server((_, response) => json(response, { id: 'task_1', status: 'queued' }));
    await clientFor(raw.url, at(new Headers({ 'X-Team': 'a' }))).ima.submit(clip, at(Object.create(null)));
    expect(raw.requests[0]?.headers).toMatchObject({ 'x-team': 'a' });
  });

  test('`Headers` are checked like any others', async () => {
    const raw = await server((_, response) => json(response, {}));
    const { ima } = clientFor(raw.url);
    for (const headers of [{ 'x-moderation': 'disabled' }, { authorization: 'Bearer sk-other-0123456789' }]) {
      expect(await errorOf(ima.submit(clip, at(new Headers(headers))))).toMatchObject({ code: 'bad_option' });
    }
    expect(raw.requests).toEqual([]);
  });

  class Own {
    'x-moderation' = 'enabled';
  }
  const entries = Object.entries(moderated.headers);
  test.each([
    ['a Map', new Map(entries)],
    ['pairs', entries],
    ['an empty list', []],
    ['URLSearchParams', new URLSearchParams(entries)],
    ['an instance of a class', new Own()],
    ['a function', () => moderated.headers],
    ['a value that is null', { 'x-mine': null }],
    ['a value that is a list', { 'x-mine': ['a'] }],
  ])('%s is refused: its headers would be lost, and the video paid', async (_, headers) => {
    const raw = await server((__, response) => json(response, { id: 'task_1', status: 'queued' }));
    const { ima } = clientFor(raw.url);
    const sends: (() => Promise<unknown>)[] = [
      () => ima.submit(clip, at(headers)),
      () => all(ima.batch([clip], at(headers))),
    ];
    for (const send of sends) {
      const error = await errorOf(Promise.resolve().then(send));
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({ code: 'bad_option', param: 'headers' });
    }
    expect(() => clientFor(raw.url, at(headers))).toThrow(ConfigError);
    expect(raw.requests).toEqual([]);
  });
});

describe('refused before anything is sent', () => {
  const refusals: [
    name: string,
    send: (ima: ReturnType<typeof clientFor>['ima']) => Promise<unknown>,
    message: RegExp,
  ][] = [
    [
      'another value',
      (ima) => ima.submit(clip, { headers: { 'x-moderation': 'disabled' } }),
      /x-moderation must be 'enabled'/,
    ],
    ['no value', (ima) => ima.submit(clip, { headers: { 'x-moderation': '' } }), /x-moderation must be 'enabled'/],
    [
      'a path that does not read it',
      (ima) => ima.submit(picture, moderated),
      /x-moderation says nothing at \/v1\/images\/generations/,
    ],
    [
      'the legacy path of the same model',
      (ima) =>
        ima.submit({ model: 'MiniMax-Hailuo-2.3', prompt: 'x' }, { endpoint: '/v1/video/generations', ...moderated }),
      /says nothing at \/v1\/video\/generations/,
    ],
    [
      'the native path of the same model',
      (ima) =>
        ima.submit(
          { model: 'seedance-2.0', content: [{ type: 'text', text: 'x' }] },
          { endpoint: '/api/v1/contents/generations/tasks', ...moderated },
        ),
      /says nothing at \/api\/v1\/contents\/generations\/tasks/,
    ],
    [
      'another family’s header',
      (ima) => ima.submit(clip, { headers: { 'x-youchuan-setting': '{}' } }),
      /x-youchuan-setting says nothing at \/v1\/videos/,
    ],
  ];
  test.each(refusals)('%s', async (_, send, message) => {
    const at = await server((_, response) => json(response, {}));
    const error = await errorOf(send(clientFor(at.url).ima));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'bad_option', phase: 'config', mayBeBilled: false });
    expect(error.message).toMatch(message);
    expect(at.requests).toEqual([]);
  });

  test.each([
    ...['authorization', 'Authorization', 'content-type', 'content-length', 'host', 'connection', 'keep-alive'],
    ...['transfer-encoding', 'upgrade', 'expect', 'x-trace-id', 'X-Trace-Id'],
  ])('%s, which is not for users', async (name) => {
    const at = await server((_, response) => json(response, {}));
    const { ima } = clientFor(at.url);
    const error = await errorOf(ima.submit(clip, { headers: { [name]: 'Bearer sk-other-0123456789' } }));
    expect(error).toMatchObject({ code: 'bad_option', param: 'headers' });
    expect(error.message).toContain('is not for users to set');
    expect(JSON.stringify(error)).not.toContain('sk-other');
    expect(() => ima.batch([clip], { headers: { [name]: 'x' } })).toThrow(ConfigError);
    expect(at.requests).toEqual([]);
  });

  test('what no header can carry, and what is no object of texts', async () => {
    const at = await server((_, response) => json(response, {}));
    const { ima } = clientFor(at.url);
    const odd: unknown[] = [{ 'a b': 'x' }, { 'x-a': 'two\nlines' }, { 'x-a': '雨' }, { '': 'x' }, 'x-a: b', null, 7];
    for (const headers of odd) {
      expect(await errorOf(ima.submit(clip, { headers } as object))).toMatchObject({ code: 'bad_option' });
    }
    expect(at.requests).toEqual([]);
  });
});

describe('a purchase', () => {
  test('with and without a header are two for `dedupe`; the same header in another spelling is one', async () => {
    const mock = await mockWith({ speed: 1 });
    const journal = new MemoryJournal();
    const { ima } = clientFor(mock.url, { journal });
    const attach = { dedupe: 'attach' } as const;
    const plain = await ima.submit(clip, attach);
    const checked = await ima.submit(clip, { ...attach, ...moderated });
    expect(checked.id).not.toBe(plain.id);
    const again = await clientFor(mock.url, { journal }).ima.submit(clip, {
      ...attach,
      headers: { 'X-Moderation': 'enabled' },
    });
    expect(again.id).toBe(checked.id);
    expect((await ima.submit(clip, { ...attach, headers: {} })).id).toBe(plain.id);
    const order = { ...attach, headers: { 'x-b': '1', ...moderated.headers } };
    const both = await ima.submit(clip, order);
    expect((await ima.submit(clip, { ...attach, headers: { ...moderated.headers, 'X-B': '1' } })).id).toBe(both.id);
    expect(mock.ledger.submits).toHaveLength(3);
  });
});

describe('a batch', () => {
  test('sends its headers with each request, and knows the work by them', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const clips = ['rain', 'snow'].map((prompt) => ({ ...clip, prompt }));
    const first = await all(ima.batch(clips, moderated));
    expect(first.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(mock.ledger.submits.map(({ headers }) => headers)).toEqual([moderated.headers, moderated.headers]);
    const again = await all(ima.batch(clips, moderated));
    expect(again.map(({ continued }) => continued)).toEqual([true, true]);
    expect(mock.ledger.submits).toHaveLength(2);
    await all(ima.batch(clips));
    expect(mock.ledger.submits.slice(2).map(({ headers }) => headers)).toEqual([undefined, undefined]);
  });

  test('fails the items at whose path a header says nothing, and buys the others', async () => {
    const mock = await mockWith();
    const { ima } = clientFor(mock.url);
    const items = await all(ima.batch<{ model: string; prompt: string }>([clip, picture], moderated));
    const [video, image] = items.sort((a, b) => a.index - b.index);
    expect(video?.result?.outputs).toHaveLength(1);
    expect(image?.error).toBeInstanceOf(ConfigError);
    expect(mock.ledger.submits).toHaveLength(1);
  });
});

test('no way leads around the client’s own key, not even the raw one', async () => {
  const at = await server((_, response) => json(response, { id: 'task_1', status: 'queued' }));
  const { ima } = clientFor(at.url, { headers: { 'x-mine': 'client' } });
  const headers = { authorization: 'Bearer sk-other-0123456789', 'x-mine': 'call' };
  await ima.api.POST('/v1/videos', { body: clip, headers });
  expect(at.requests[0]?.headers).toMatchObject({ authorization: 'Bearer sk-test-0123456789', 'x-mine': 'call' });
});

test('a model that only the live index knows takes headers too', async () => {
  const at = await server((request, response) =>
    json(
      response,
      request.url === '/model-index.json'
        ? {
            models: [
              {
                modelId: 'seedance-9',
                endpoints: [{ method: 'POST', path: '/v1/videos' }],
                pollEndpoint: '/v1/videos/{task_id}',
              },
            ],
          }
        : { id: 'task_1', status: 'queued' },
    ),
  );
  const { ima } = clientFor(at.url);
  await ima.models.refresh();
  await ima.submit({ model: liveModel('seedance-9'), prompt: 'x' }, moderated);
  expect(posts(at)).toMatchObject([{ headers: moderated.headers }]);
});
