// A result leads neither into somebody's own network nor away with the key, by whatever name, redirect or way it comes.

import dns from 'node:dns';
import promises from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FetchLike, ImaRouter, type TaskResult } from '../../src/index.js';
import { Downloads } from '../../src/media/downloads.js';
import { Output } from '../../src/media/output.js';
import { clientFor } from '../support/client.js';
import { errorOf } from '../support/error-of.js';
import { json, serve } from '../support/server.js';
import { head, honest, picture, room, SOON, send, WAYS } from './support.js';

const here = room();
const bytes = picture(3000);
const GATEWAY = 'https://gateway.example.com';
const options = { apiKey: 'sk-test-0123456789', baseUrl: GATEWAY, poll: { minMs: 10, maxMs: 60 }, ...SOON };

const state = (url: string) => ({ id: 't1', object: 'video', status: 'completed', results: [{ url }] });
const taskOf = (ima: ImaRouter) => ima.task('t1', { model: 'gemini-2.5-flash-image' });
const isPoll = (url: string) => url === `${GATEWAY}/v1/images/generations/t1`;

/** A result of a gateway far away, whose client is without a `fetch`: what comes from there is played, downloads are real. */
async function overSockets(url: string): Promise<TaskResult> {
  vi.stubGlobal('fetch', async () => Response.json(state(url)));
  const result = await taskOf(new ImaRouter(options)).result();
  vi.unstubAllGlobals();
  return result;
}

/** The same with a `fetch` of the caller's own, which also plays all other hosts and keeps what it was asked for. */
async function overFetch(url: string, answer: FetchLike = async () => new Response(new Uint8Array(bytes))) {
  const asked: { url: string; key: string | null }[] = [];
  const fetch: FetchLike = async (input, init) => {
    if (isPoll(input)) return Response.json(state(url));
    asked.push({ url: input, key: new Headers(init?.headers).get('authorization') });
    return answer(input, init);
  };
  return { result: await taskOf(new ImaRouter({ ...options, fetch })).result(), asked };
}

/** From now until the end of the test these are the addresses of all example hosts; which of them was asked for. */
function everyNameIs(...addresses: string[]): string[] {
  const asked: string[] = [];
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const { lookup } = dns;
  const { lookup: promised } = promises;
  const isPlayed = (name: unknown): name is string => typeof name === 'string' && /\.example(\.\w+)?\.?$/.test(name);
  Reflect.set(dns, 'lookup', (...given: unknown[]) => {
    const [name, done] = [given[0], given.at(-1)];
    if (!isPlayed(name) || typeof done !== 'function') return Reflect.apply(lookup, dns, given);
    asked.push(name);
    done(null, found);
  });
  Reflect.set(promises, 'lookup', async (...given: unknown[]) => {
    const [name] = given;
    if (!isPlayed(name)) return Reflect.apply(promised, promises, given);
    asked.push(name);
    if (found.length === 0) throw new Error('ENOTFOUND');
    return found;
  });
  syncBuiltinESMExports();
  here.later(() => {
    dns.lookup = lookup;
    promises.lookup = promised;
    syncBuiltinESMExports();
  });
  return asked;
}

// Nobody's name server is asked by these tests.
beforeEach(() => void everyNameIs('93.184.216.34'));

const INSIDE = [
  ...['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '127.0.0.1', '127.8.8.8', '169.254.169.254'],
  ...['0.0.0.0', '100.64.0.1', '224.0.0.1', '255.255.255.255', '[::1]', '[::]', '[fd00::1]', '[fe80::1]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:a00:1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '2130706433', '0x7f.1', '127.1'],
  ...['localhost', 'localhost.', 'api.localhost', 'printer', 'nas.local', 'metadata.google.internal', 'router.lan'],
];

describe('a private address in a URL', () => {
  test.each(INSIDE)('%s', async (host) => {
    const listening = await here.host((_, socket) => send(socket, { status: 200, fields: {}, body: bytes }));
    const url = `http://${host}:${new URL(listening.url).port}/latest/meta-data?token=s3cret`;
    const { result, asked } = await overFetch(url);
    for (const one of [await overSockets(url), result]) {
      const error = await errorOf(one.download(`${here.folder}/`));
      expect(error).toMatchObject({ name: 'DownloadError', code: 'private_address', retryable: false, taskId: 't1' });
      expect(error.message).not.toContain('s3cret');
      await expect(one.outputs[0]?.stream()).rejects.toMatchObject({ code: 'private_address' });
      await expect(one.outputs[0]?.arrayBuffer()).rejects.toMatchObject({ code: 'private_address' });
    }
    expect(asked).toEqual([]);
    expect(listening.asked).toEqual([]);
    expect(await here.names()).toEqual([]);
  });

  test.each(['8.8.8.8', '172.32.0.1', '[2606:4700::1111]', '11.0.0.1'])('%s is not one', async (host) => {
    const { result, asked } = await overFetch(`http://${host}/a.png`);
    await result.download(`${here.folder}/`);
    expect(asked).toEqual([{ url: `http://${host}/a.png`, key: null }]);
  });

  test('of the gateway’s own origin is as good as the gateway', async () => {
    const baseUrl = 'https://10.1.2.3';
    const asked: string[] = [];
    const fetch: FetchLike = async (input) => {
      asked.push(input);
      if (input.includes('generations')) return Response.json(state(`${baseUrl}/files/a.png`));
      return new Response(new Uint8Array(bytes));
    };
    const result = await taskOf(new ImaRouter({ ...options, baseUrl, fetch })).result();
    expect(await result.download(`${here.folder}/`)).toHaveLength(1);
    expect(asked.at(-1)).toBe(`${baseUrl}/files/a.png`);
  });

  test.each(['https://10.1.2.3:8443', 'http://10.1.2.3', 'https://10.1.2.4'])(
    'of another origin than a gateway at https://10.1.2.3 is none of it: %s',
    async (origin) => {
      const fetch: FetchLike = async () => Response.json(state(`${origin}/a.png`));
      const result = await taskOf(new ImaRouter({ ...options, baseUrl: 'https://10.1.2.3', fetch })).result();
      await expect(result.download(`${here.folder}/`)).rejects.toMatchObject({ code: 'private_address' });
    },
  );

  test.each(WAYS)('a gateway on this machine may lead anywhere on it, over %s', async (_, client) => {
    const host = await here.host((asked, socket) => send(socket, honest(asked, { bytes })));
    const { result } = await here.task(`${host.url.replace('127.0.0.1', 'localhost')}/a.png`, { client });
    expect(await result.download(`${here.folder}/`)).toHaveLength(1);
  });
});

describe('a public name', () => {
  test.each([
    [['127.0.0.1']],
    [['::1']],
    [['::ffff:10.0.0.1']],
    [['fe80::1%eth0']],
    [['10.0.0.1', '192.168.1.1']],
    [['169.254.169.254']],
  ])('that leads to %j', async (addresses) => {
    const host = await here.host((_, socket) => send(socket, { status: 200, fields: {}, body: bytes }));
    const names = everyNameIs(...addresses);
    const url = `http://cdn.example.com:${new URL(host.url).port}/a.png`;
    const { result, asked } = await overFetch(url);
    for (const one of [await overSockets(url), result]) {
      const error = await errorOf(one.download(`${here.folder}/`));
      expect(error).toMatchObject({ code: 'private_address', retryable: false });
      expect(error.message).toContain('cdn.example.com');
    }
    expect(names).toEqual(['cdn.example.com', 'cdn.example.com']);
    expect(asked).toEqual([]);
    expect(host.asked).toEqual([]);
    expect(await here.names()).toEqual([]);
  });

  test('that leads inside and outside is fetched from outside, or not', async () => {
    const host = await here.host((_, socket) => send(socket, { status: 200, fields: {}, body: bytes }));
    // Nobody is there; and a proxy that captures all traffic gives such an address to each name.
    everyNameIs('127.0.0.1', '198.18.0.1');
    const url = `http://cdn.example.com:${new URL(host.url).port}/a.png`;
    const error = await errorOf((await overSockets(url)).download(`${here.folder}/`, { idleTimeoutMs: 150 }));
    expect(['stalled', 'transfer_failed']).toContain(error.code);
    expect(host.asked).toEqual([]);
    // Whoever asks by `fetch` cannot choose among them.
    const { result, asked } = await overFetch(url);
    await expect(result.download(`${here.folder}/`)).rejects.toMatchObject({ code: 'private_address' });
    expect(asked).toEqual([]);
  });

  test('that leads outside is fetched by the caller’s fetch, which finds out for itself', async () => {
    everyNameIs('93.184.216.34', '2606:2800:220:1::1');
    const { result, asked } = await overFetch('https://cdn.example.com/a.png');
    expect(await result.download(`${here.folder}/`)).toHaveLength(1);
    expect(asked).toHaveLength(1);
  });

  test('that no name server here knows is left to the caller’s fetch, which may know a proxy', async () => {
    const { result, asked } = await overFetch('https://cdn.example.com/a.png');
    everyNameIs();
    expect(await result.download(`${here.folder}/`)).toHaveLength(1);
    expect(asked).toHaveLength(1);
  });
});

describe('a redirect', () => {
  test.each(['https://10.0.0.1/x', 'https://localhost/x', 'https://[::1]/x', 'https://169.254.169.254/x'])(
    'to %s, by the caller’s fetch',
    async (location) => {
      const { result, asked } = await overFetch('https://cdn.example.org/a.png', async (url) =>
        url.startsWith('https://cdn') ? new Response(null, { status: 302, headers: { location } }) : new Response('x'),
      );
      const error = await errorOf(result.download(`${here.folder}/`));
      expect(error).toMatchObject({ code: 'private_address', retryable: false });
      expect(asked.map(({ url }) => url)).toEqual(['https://cdn.example.org/a.png']);
    },
  );

  test('from a host that is trusted to one that is not, over sockets', async () => {
    const inside = await here.host((asked, socket) => send(socket, honest(asked, { bytes })));
    const trusted = await here.host((_, socket) => socket.end(head(302, { location: `${inside.url}/a.png` })));
    const downloads = new Downloads({
      fetch: undefined,
      authFor: () => ({}),
      headers: {},
      declaredSizes: 'hint',
      isTrusted: (url) => url.startsWith(trusted.url),
      retry: { attempts: 3, baseMs: 1, capMs: 5, factor: 2, unknownSubmits: false },
      random: Math.random,
    });
    const origin = { model: 'm', taskId: 't1', index: 0, warn: () => {}, kept: async () => [], keep: async () => {} };
    const output = new Output({ url: `${trusted.url}/a.png`, kind: 'image' }, origin, downloads);
    await expect(output.download(`${here.folder}/`)).rejects.toMatchObject({ code: 'private_address' });
    expect(trusted.asked).toHaveLength(1);
    expect(inside.asked).toEqual([]);
  });
});

describe('the key', () => {
  afterEach(() => vi.unstubAllGlobals());

  test.each([
    [`${GATEWAY}/files/a.png`, true],
    ['https://GATEWAY.example.com:443/files/a.png', true],
    ['/v1/videos/t1/content', true],
    ['https://gateway.example.com:8443/a.png', false],
    ['http://gateway.example.com/a.png', false],
    ['https://gateway.example.com.cdn.example/a.png', false],
    ['https://gateway.example.com./a.png', false],
    ['https://cdn.gateway.example.com/a.png', false],
    ['https://cdn.example.com/https://gateway.example.com/a.png', false],
    ['https://cdn.example.com/a.png#https://gateway.example.com', false],
  ])('with %s: %j', async (url, isSent) => {
    const { result, asked } = await overFetch(url);
    await result.download(`${here.folder}/`);
    expect(asked.map(({ key }) => key)).toEqual([isSent ? 'Bearer sk-test-0123456789' : null]);
  });

  test('does not follow a name that only looks like the gateway’s', async () => {
    const { result, asked } = await overFetch('https://gateway.example.com@cdn.example.com/a.png');
    await result.download(`${here.folder}/`).catch(() => {});
    for (const { key } of asked) expect(key).toBeNull();
  });

  describe.each(WAYS)('over %s', (_, client) => {
    /** A gateway that hands the result out itself, by way of `hops`; who was asked with which key. */
    async function chain(hops: (gateway: string, cdn: string) => string[]) {
      const keys: [string, string | undefined][] = [];
      let rest: string[] = [];
      const step = (name: string, key: string | undefined, answer: (next: string | undefined) => void) => {
        keys.push([name, key]);
        answer(rest.shift());
      };
      const cdn = await serve(({ headers }, response) => {
        step('cdn', headers.authorization, (next) =>
          next === undefined ? response.end(bytes) : response.writeHead(302, { location: next }).end(),
        );
      });
      const gateway = await serve(({ url, headers }, response) => {
        if (url.includes('generations')) return json(response, state('/v1/videos/t1/content'));
        step('gateway', headers.authorization, (next) =>
          next === undefined ? response.end(bytes) : response.writeHead(302, { location: next }).end(),
        );
      });
      here.later(cdn.close);
      here.later(gateway.close);
      rest = hops(gateway.url, cdn.url);
      const { ima } = clientFor(gateway.url, { ...SOON, ...client });
      await (await taskOf(ima).result()).download(`${here.folder}/`);
      return keys;
    }
    const key = 'Bearer sk-test-0123456789';

    test('goes to the gateway, and along where it leads to itself', async () => {
      expect(await chain((gateway) => [`${gateway}/v1/other`])).toEqual([
        ['gateway', key],
        ['gateway', key],
      ]);
    });

    test('stays behind where it leads away', async () => {
      expect(await chain((_, cdn) => [`${cdn}/a.png`])).toEqual([
        ['gateway', key],
        ['cdn', undefined],
      ]);
    });

    test('is not sent to the gateway either, by the word of a stranger', async () => {
      expect(await chain((gateway, cdn) => [`${cdn}/a.png`, `${gateway}/v1/account`])).toEqual([
        ['gateway', key],
        ['cdn', undefined],
        ['gateway', undefined],
      ]);
    });
  });

  test('a result of another host that leads to the gateway does not get it there', async () => {
    const { result, asked } = await overFetch('https://cdn.example.com/a.png', async (url) =>
      url.startsWith('https://cdn')
        ? new Response(null, { status: 302, headers: { location: `${GATEWAY}/v1/account` } })
        : new Response(new Uint8Array(bytes)),
    );
    await result.download(`${here.folder}/`);
    expect(asked).toEqual([
      { url: 'https://cdn.example.com/a.png', key: null },
      { url: `${GATEWAY}/v1/account`, key: null },
    ]);
  });
});
