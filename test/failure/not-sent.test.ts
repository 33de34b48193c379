// Not sent: nothing of the request left this machine, which the other end confirms; so it is safe to try again.

import type { LookupAddress } from 'node:dns';
import { createServer, type LookupFunction } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ConfigError, ImaRouter } from '../../src/index.js';
import { certificates } from '../support/tls/certificates.js';
import { neverAccepting } from './never-accepting.js';
import { opened } from './opened.js';
import { brokenTlsGateway, plainGateway, tlsGateway } from './raw-gateway.js';
import { ATTEMPTS, expectNotSent, submitTo } from './submit.js';

const { platform, gateway: kept, later } = opened();

/** A port on this machine that nobody listens on. */
async function freePort(): Promise<string> {
  const gateway = await plainGateway({});
  await gateway.close();
  return new URL(gateway.url).port;
}

/** Resolves every name to these addresses, later, as the system's resolver would. */
function resolvingTo(...addresses: [LookupAddress, ...LookupAddress[]]): LookupFunction {
  const [{ address, family }] = addresses;
  return (_, { all }, callback) =>
    setImmediate(() => (all ? callback(null, addresses) : callback(null, address, family)));
}

/** Fails as the system's resolver does. */
function failingWith(code: string): LookupFunction {
  return (host, _, callback) => {
    const error = Object.assign(new Error(`getaddrinfo ${code} ${host}`), { code, syscall: 'getaddrinfo' });
    setImmediate(() => callback(error, '', 0));
  };
}

describe('the name', () => {
  test('does not exist', async () => {
    const here = await platform();
    const end = await submitTo('https://no-such-host.invalid');
    expectNotSent(end, { platform: here, code: ['ENOTFOUND', 'EAI_AGAIN'] });
  });

  test.each(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'])('is looked up in vain: %s', async (code) => {
    const gateway = await kept(plainGateway({}));
    const here = await platform({ connect: { lookup: failingWith(code) } });
    const { port } = new URL(gateway.url);
    expectNotSent(await submitTo(`https://gateway.example:${port}`), { platform: here, gateway, code: [code] });
    expect(gateway.connections).toBe(0);
  });
});

describe('the connection', () => {
  test('is refused', async () => {
    const here = await platform();
    expectNotSent(await submitTo(`http://127.0.0.1:${await freePort()}`), { platform: here, code: ['ECONNREFUSED'] });
  });

  test('is refused at every address of the name', async () => {
    const here = await platform();
    expectNotSent(await submitTo(`http://localhost:${await freePort()}`), { platform: here, code: ['ECONNREFUSED'] });
  });

  test('is refused over IPv4, and there is no way over IPv6', async () => {
    const refusing = await freePort();
    // No TCP connection leads to a multicast address: the kernel says so at once, with or without a network.
    const lookup = resolvingTo({ address: 'ff02::1', family: 6 }, { address: '127.0.0.1', family: 4 });
    const here = await platform({ connect: { lookup } });
    const end = await submitTo(`https://gateway.example:${refusing}`);
    expectNotSent(end, { platform: here, code: ['ECONNREFUSED'] });
    expect(end.error).toMatchObject({
      cause: { cause: { errors: [{ address: 'ff02::1' }, { address: '127.0.0.1' }] } },
    });
  });

  test('has no way at all', async () => {
    const here = await platform({ connect: { lookup: resolvingTo({ address: '255.255.255.255', family: 4 }) } });
    const end = await submitTo('https://gateway.example');
    expectNotSent(end, { platform: here, code: ['ENETUNREACH', 'EACCES'] });
  });

  test('is never accepted, until the connect timeout', async () => {
    const listener = await neverAccepting();
    later(listener.close);
    const here = await platform({ connect: { timeout: 200 } });
    expectNotSent(await submitTo(listener.url), { platform: here, code: ['UND_ERR_CONNECT_TIMEOUT'] });
    expect(await listener.received()).toEqual({ connections: listener.queued, bytes: 0 });
  });

  test('is reset while it is made', async () => {
    const gateway = await kept(plainGateway({ connected: (socket) => socket.resetAndDestroy() }));
    const here = await platform();
    expectNotSent(await submitTo(gateway.url), { platform: here, gateway, code: ['ECONNRESET'] });
    expect(gateway.connections).toBe(ATTEMPTS);
  });

  test('goes to a port that the fetch standard blocks', async () => {
    // https://fetch.spec.whatwg.org/#port-blocking; the first of these that is free here.
    const gateway = createServer();
    let connections = 0;
    gateway.on('connection', () => connections++);
    const listens = (port: number) =>
      new Promise<boolean>((resolve) => {
        gateway.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
      });
    let free: number | undefined;
    for (const port of [10080, 6697, 6669, 6668, 6667]) if (free === undefined && (await listens(port))) free = port;
    later(() => new Promise((resolve) => gateway.close(resolve)));
    const here = await platform();
    const end = await submitTo(`http://127.0.0.1:${free}`);
    expectNotSent(end, { platform: here, code: [undefined], dispatches: 0 });
    expect(String(end.error)).toContain('bad port');
    expect(connections).toBe(0);
  });
});

describe('the handshake', () => {
  test.each([
    ['a certificate that nobody has signed', certificates.selfSigned, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['an expired certificate', certificates.expired, 'CERT_HAS_EXPIRED'],
    ['a certificate of the future', certificates.notYetValid, 'CERT_NOT_YET_VALID'],
    ['the certificate of another host', certificates.elsewhere, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('shows %s', async (_, cert, code) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const gateway = await kept(tlsGateway({}, { cert, maxVersion }));
      const here = await platform();
      expectNotSent(await submitTo(gateway.url), { platform: here, gateway, code: [code] });
      expect(gateway.connections).toBe(ATTEMPTS);
    }
  });

  test('shows a certificate of an authority that nobody knows', async () => {
    const gateway = await kept(tlsGateway({}));
    const here = await platform({ connect: { ca: certificates.selfSigned } });
    const end = await submitTo(gateway.url);
    expectNotSent(end, { platform: here, gateway, code: ['UNABLE_TO_VERIFY_LEAF_SIGNATURE'] });
  });

  test.each([
    ['at once', { connected: (socket: { end(): unknown }) => socket.end() }],
    ['after our hello', { received: (socket: { end(): unknown }) => socket.end() }],
    ['after our hello, without farewell', { received: (socket: { destroy(): unknown }) => socket.destroy() }],
  ])('is broken off by the other side: %s', async (_, conduct) => {
    const gateway = await kept(brokenTlsGateway(conduct));
    const here = await platform();
    expectNotSent(await submitTo(gateway.url), { platform: here, gateway, code: ['ECONNRESET'] });
    expect(gateway.connections).toBe(ATTEMPTS);
  });

  test('hangs until the connect timeout', async () => {
    const gateway = await kept(brokenTlsGateway({}));
    const here = await platform({ connect: { timeout: 200 } });
    expectNotSent(await submitTo(gateway.url), { platform: here, gateway, code: ['UND_ERR_CONNECT_TIMEOUT'] });
    expect(gateway.connections).toBe(ATTEMPTS);
  });
});

describe('the request', () => {
  test.each([
    ['a line break', { headers: { 'x-team': 'a\r\nb' } }],
    ['a character beyond Latin-1', { headers: { 'x-team': '→' } }],
    ['a name that is none', { headers: { 'x team': 'a' } }],
    ['a header of the connection', { headers: { expect: '100-continue' } }],
    ['a key that no header carries', { apiKey: 'sk-→' }],
  ])('cannot be made: %s', async (_, options) => {
    const gateway = await kept(plainGateway({}));
    const here = await platform();
    expect(() => new ImaRouter({ apiKey: 'sk-test', baseUrl: gateway.url, ...options })).toThrow(ConfigError);
    expect(here.dispatched).toEqual([]);
    expect(gateway.connections).toBe(0);
  });

  test('has a trace id that no header carries', async () => {
    const gateway = await kept(plainGateway({}));
    const here = await platform();
    const ima = new ImaRouter({ apiKey: 'sk-test', baseUrl: gateway.url });
    const submit = ima.submit({ model: 'gemini-2.5-flash-image', prompt: 'x' }, { traceId: 'a\r\nb' });
    await expect(submit).rejects.toMatchObject({ name: 'ConfigError', mayBeBilled: false });
    expect(await ima.journal.list()).toEqual([]);
    expect(here.dispatched).toEqual([]);
    expect(gateway.connections).toBe(0);
  });
});

test('what was not sent is sent once as soon as somebody listens, under the trace id of the tries before', async () => {
  const here = await platform();
  const gateway = createServer();
  const heads: string[] = [];
  gateway.on('connection', (socket) =>
    socket.once('data', (chunk) => {
      heads.push(chunk.toString());
      socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{"id":"t1"}');
    }),
  );
  later(() => new Promise((resolve) => gateway.close(resolve)));
  const port = Number(await freePort());
  here.onDispatch = () => {
    if (here.dispatched.length === ATTEMPTS) gateway.listen(port, '127.0.0.1');
  };
  const { error, exchanges, records } = await submitTo(`http://127.0.0.1:${port}`);
  expect(error).toBeUndefined();
  expect(exchanges).toEqual(['ECONNREFUSED', 200]);
  expect(heads).toHaveLength(1);
  const traceId = /x-trace-id: (\S+)/i.exec(heads[0] ?? '')?.[1];
  expect(here.dispatched).toEqual([traceId, traceId]);
  expect(records).toMatchObject([{ state: 'submitted', taskId: 't1', traceId }]);
});
