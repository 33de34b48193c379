// Lost: the request, or some of it, may have reached the gateway. Sent once, on record as unknown, never told as safe.

import { constants } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { FetchLike } from '../../src/index.js';
import { clientFor } from '../support/client.js';
import { serve } from '../support/server.js';
import { authority, certificates, key } from '../support/tls/certificates.js';
import { opened } from './opened.js';
import type { Platform } from './platform.js';
import { brokenTlsGateway, type Conduct, plainGateway, type RawGateway, tlsGateway } from './raw-gateway.js';
import { expectLost, expectNotSent, submitTo } from './submit.js';

const { platform, gateway: kept } = opened();

/** Writes the same once the request is there, then does the rest. */
const answering = (bytes: string, then: (socket: Socket) => void = () => {}): Conduct => ({
  received: (socket) => void socket.write(bytes, () => then(socket)),
});
const reset = (socket: Socket): void => void socket.resetAndDestroy();
const head = (...lines: string[]): string => [...lines, '', ''].join('\r\n');
const ENDED = 'UND_ERR_SOCKET';
/** Who writes and resets at once may be heard in either way. */
const BROKEN = ['ECONNRESET', ENDED];

describe('the connection breaks', () => {
  test.each<[string, Conduct, string[]]>([
    ['reset after the request', { received: reset }, ['ECONNRESET']],
    ['closed after the request', { received: (socket) => socket.end() }, [ENDED]],
    ['closed before the request, too late for us', { connected: (socket) => socket.end() }, [ENDED]],
    ['reset in mid-head', answering('HTTP/1.1 200 O', reset), BROKEN],
    ['closed in mid-body', answering(`${head('HTTP/1.1 200 OK', 'content-length: 99')}{"id"`, (s) => s.end()), [ENDED]],
    ['reset in mid-body', answering(`${head('HTTP/1.1 200 OK', 'content-length: 99')}{"id"`, reset), BROKEN],
    [
      'closed between two chunks',
      answering(`${head('HTTP/1.1 200 OK', 'transfer-encoding: chunked')}5\r\n{"id"\r\n`, (socket) => socket.end()),
      [ENDED],
    ],
    ['reset after a 100', answering(head('HTTP/1.1 100 Continue'), reset), BROKEN],
    ['reset after a 103', answering(head('HTTP/1.1 103 Early Hints', 'link: </a>'), reset), BROKEN],
  ])('%s', async (_, conduct, code) => {
    const gateway = await kept(plainGateway(conduct));
    const here = await platform();
    expectLost(await submitTo(gateway.url), { platform: here, gateway, code, posts: 1 });
    expect(gateway.connections).toBe(1);
  });

  test('in the middle of a request that no buffer holds', async () => {
    const LENGTH = 24 * 1024 * 1024;
    const gateway = await kept(
      plainGateway({
        received: (socket, { requestBytes }) => {
          if (requestBytes > 100_000) reset(socket);
        },
      }),
    );
    const here = await platform();
    const end = await submitTo(gateway.url, { prompt: 'x'.repeat(LENGTH) });
    expectLost(end, { platform: here, gateway, code: ['ECONNRESET', 'EPIPE', ENDED], posts: 1 });
    expect(gateway.requestBytes).toBeGreaterThan(100_000);
    expect(gateway.requestBytes).toBeLessThan(LENGTH);
  });
});

describe('what comes is not HTTP', () => {
  // Undici 6 (Node 20) names the parser's codes, undici 7 (Node 24) has words only.
  test.each<[string, string, (string | undefined)[]]>([
    ['garbage', 'garbage\r\n\r\n', ['HPE_INVALID_CONSTANT', undefined]],
    ['another version', head('HTTP/9.9 200 OK'), ['HPE_INVALID_VERSION', undefined]],
    ['a broken header', head('HTTP/1.1 200 OK', 'a b'), ['HPE_INVALID_HEADER_TOKEN', undefined]],
    [
      'a broken chunk',
      `${head('HTTP/1.1 200 OK', 'transfer-encoding: chunked')}zz\r\n`,
      ['HPE_INVALID_CHUNK_SIZE', undefined],
    ],
    [
      'two lengths',
      head('HTTP/1.1 200 OK', 'content-length: 1', 'content-length: 2'),
      ['HPE_UNEXPECTED_CONTENT_LENGTH', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
    ],
    ['a head without end', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(40_000)}`, ['UND_ERR_HEADERS_OVERFLOW']],
    ['another protocol', head('HTTP/1.1 101 Switching', 'upgrade: x', 'connection: upgrade'), [ENDED]],
    [
      'a coding that is none',
      `${head('HTTP/1.1 200 OK', 'content-encoding: gzip', 'content-length: 4')}abcd`,
      ['Z_DATA_ERROR'],
    ],
    ['a proxy’s call for a password', head('HTTP/1.1 407 No', 'proxy-authenticate: Basic'), [undefined]],
  ])('%s', async (_, bytes, code) => {
    const gateway = await kept(plainGateway(answering(bytes)));
    const here = await platform();
    expectLost(await submitTo(gateway.url), { platform: here, gateway, code, posts: 1 });
  });
});

describe('no answer in time', () => {
  test('headers: the platform’s timeout', async () => {
    const gateway = await kept(plainGateway({}));
    const here = await platform({ headersTimeout: 150 });
    const end = await submitTo(gateway.url);
    expectLost(end, { platform: here, gateway, code: ['UND_ERR_HEADERS_TIMEOUT'], posts: 1 });
  });

  test('a call that is given more patience than the platform has is not cut off by it', async () => {
    const here = await platform({ headersTimeout: 150, bodyTimeout: 150 });
    const late = await serve((_, response) => {
      setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).write('{"choices":'), 1500);
      setTimeout(() => response.end('[]}'), 3000);
    });
    const { ima } = clientFor(late.url);
    const request = { model: 'gpt-4.1', messages: [] } as const;
    expect(await ima.chat.completions.create(request, { timeoutMs: 400_000 })).toEqual({ choices: [] });
    await late.close();
    expect(here.dispatched).toHaveLength(1);
  });

  const half = answering(`${head('HTTP/1.1 200 OK', 'content-length: 9')}{`);

  test('the body: the platform’s timeout', async () => {
    const gateway = await kept(plainGateway(half));
    const here = await platform({ bodyTimeout: 150 });
    const end = await submitTo(gateway.url);
    expectLost(end, { platform: here, gateway, code: ['UND_ERR_BODY_TIMEOUT'], posts: 1 });
  });

  test.each<[string, Conduct]>([
    ['headers', {}],
    ['the body', half],
  ])('%s: our own', async (_, conduct) => {
    const gateway = await kept(plainGateway(conduct));
    const here = await platform();
    const end = await submitTo(gateway.url, { requestTimeoutMs: 150 });
    expectLost(end, { platform: here, gateway, code: [undefined], posts: 1 });
    expect(String(end.error)).toContain('no complete answer within 150 ms');
  });
});

describe('an idle connection is closed at the moment that the POST goes out', () => {
  /** A gateway that has answered once, and keeps that connection open; new ones are answered with a task. */
  async function warm(here: Platform, close: (socket: Socket) => void): Promise<RawGateway> {
    const first = new Set<Socket>();
    const gateway = await kept(
      plainGateway({
        received: (socket, { connections }) => {
          if (connections === 1) first.add(socket);
          socket.write(`${head('HTTP/1.1 200 OK', 'content-length: 11')}{"id":"t1"}`);
        },
      }),
    );
    await (await fetch(gateway.url)).text();
    gateway.requestBytes = 0;
    here.onDispatch = () => {
      for (const socket of first) close(socket);
    };
    return gateway;
  }

  test.each<[string, string, (socket: Socket) => void]>([
    ['reset', 'a puppy', reset],
    ['closed', 'a puppy', (socket) => socket.destroy()],
    ['half closed', 'a puppy', (socket) => socket.end()],
    ['reset, a large request', 'x'.repeat(8_000_000), reset],
    ['closed, a large request', 'x'.repeat(8_000_000), (socket) => socket.destroy()],
  ])('%s: never two POSTs, never lost without a word', async (_, prompt, close) => {
    const here = await platform();
    const gateway = await warm(here, close);
    const end = await submitTo(gateway.url, { prompt });
    if (end.error === undefined) {
      // The platform has seen the end in time, written nothing, and made a new connection (undici 7 looks, 6 does not).
      expect(gateway).toMatchObject({ connections: 2, posts: here.dispatched });
      expect(here.dispatched).toHaveLength(1);
      expect(end.records).toMatchObject([{ state: 'submitted', taskId: 't1', traceId: here.dispatched[0] }]);
    } else {
      expectLost(end, {
        platform: here,
        gateway,
        code: ['ECONNRESET', 'EPIPE', ENDED],
        posts: gateway.posts.length,
      });
      expect(gateway.connections).toBe(1);
      expect(gateway.posts.length).toBeLessThanOrEqual(1);
    }
  });

  test('one that was closed long before is no trouble', async () => {
    const here = await platform();
    const gateway = await warm(here, () => {});
    const [idle] = gateway.sockets;
    const closed = new Promise((resolve) => idle?.once('close', resolve));
    idle?.end();
    await closed;
    const end = await submitTo(gateway.url);
    expect(end.error).toBeUndefined();
    expect(gateway).toMatchObject({ connections: 2, posts: here.dispatched });
  });
});

describe('over TLS', () => {
  test.each<[string, Conduct, string[]]>([
    ['reset after the request', { received: (_, { sockets }) => sockets.forEach(reset) }, ['ECONNRESET']],
    ['closed after the request', { received: (socket) => socket.destroy() }, [ENDED]],
  ])('%s', async (_, conduct, code) => {
    const gateway = await kept(tlsGateway(conduct));
    const here = await platform();
    expectLost(await submitTo(gateway.url), { platform: here, gateway, code, posts: 1 });
  });

  // In TLS 1.3 the client is through with its handshake, and sends, before the server has looked at its certificate.
  test.each<['TLSv1.2' | 'TLSv1.3', unknown[]]>([
    ['TLSv1.3', [ENDED, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ECONNRESET']],
    ['TLSv1.2', ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE']],
  ])('the server wants a certificate of the client: %s', async (maxVersion, code) => {
    const demanding = { maxVersion, requestCert: true, rejectUnauthorized: true, ca: authority };
    const gateway = await kept(tlsGateway({}, demanding));
    const here = await platform();
    const end = await submitTo(gateway.url);
    if (maxVersion === 'TLSv1.3') expectLost(end, { platform: here, gateway, code, posts: 0 });
    else expectNotSent(end, { platform: here, gateway, code });
  });

  /** A fatal alert as a TLS record. */
  const alert = (description: number) => Buffer.from([21, 3, 3, 0, 2, 2, description]);

  // The same codes may come later, in answer to a request; that nothing has left, the departure tells.
  test.each<[string, Conduct, RegExp]>([
    ['reset in mid-handshake', { received: reset }, /^ECONNRESET$/],
    ['alert: no common ground', { received: (socket) => socket.end(alert(40)) }, /^ERR_SSL_.*HANDSHAKE_FAILURE$/],
    ['alert: internal error', { received: (socket) => socket.end(alert(80)) }, /^ERR_SSL_.*INTERNAL_ERROR$/],
    ['alert: no such host here', { received: (socket) => socket.end(alert(112)) }, /^ERR_SSL_.*UNRECOGNIZED_NAME$/],
    ['a port that speaks HTTP', answering(head('HTTP/1.1 400 Bad')), /^ERR_SSL_WRONG_VERSION_NUMBER$/],
    [
      'a port that speaks SMTP',
      { connected: (socket) => socket.write('220 mx\r\n') },
      /^ERR_SSL_WRONG_VERSION_NUMBER$/,
    ],
  ])('nothing has left: %s', async (_, conduct, code) => {
    const gateway = await kept(brokenTlsGateway(conduct));
    const here = await platform();
    const end = await submitTo(gateway.url);
    expect(String(end.exchanges[0])).toMatch(code);
    expectNotSent(end, { platform: here, gateway, code: end.exchanges });
  });

  test('a certificate that goes bad in mid-connection, after the request', async () => {
    const expired = createSecureContext({ key, cert: certificates.expired });
    const gateway = await kept(
      tlsGateway(
        {
          received: (socket) => {
            if (!(socket instanceof TLSSocket)) throw new Error('no TLS');
            socket.setKeyCert(expired);
            socket.renegotiate({ rejectUnauthorized: false }, () => {});
          },
        },
        { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET },
      ),
    );
    const here = await platform();
    expectLost(await submitTo(gateway.url), { platform: here, gateway, code: ['CERT_HAS_EXPIRED'], posts: 1 });
  });

  /** Plain text in the middle of a TLS connection, as of a box on the way. */
  const interrupting: Conduct = {
    received: (_, { sockets }) => {
      for (const socket of sockets) socket.write(head('HTTP/1.1 502 Bad Gateway', 'content-length: 0'));
    },
  };

  test('plain text after the request: Node’s fetch says nothing, until our timeout', async () => {
    const gateway = await kept(tlsGateway(interrupting));
    const here = await platform();
    const end = await submitTo(gateway.url, { requestTimeoutMs: 300 });
    expectLost(end, { platform: here, gateway, code: [undefined], posts: 1 });
  });

  test('plain text after the request: a user’s fetch over node:https has the code of a port without TLS', async () => {
    const gateway = await kept(tlsGateway(interrupting, { maxVersion: 'TLSv1.2' }));
    const fetch: FetchLike = (url, { method, headers, body, signal }) =>
      new Promise((_, reject) => {
        httpsRequest(url, { method, headers, signal, ca: authority })
          .on('error', (cause) => reject(new TypeError('fetch failed', { cause })))
          .end(body);
      });
    const end = await submitTo(gateway.url, { fetch });
    expect(end.exchanges).toEqual(['ERR_SSL_WRONG_VERSION_NUMBER']);
    expect(end.error).toMatchObject({ code: 'submit_unknown', mayBeBilled: true });
    expect(end.records).toMatchObject([{ state: 'unknown' }]);
    expect(gateway.posts).toEqual([end.records[0]?.traceId]);
  });
});

describe('Node’s fetch repeats a POST by itself', () => {
  // The fetch standard has it so: a new connection after a 421, unless the body is a stream. RFC 9110 (15.5.20): the
  // gateway has not taken a request that it answers so.
  test('after a 421; but it does not leave a second time', async () => {
    const gateway = await kept(
      plainGateway({
        received: (socket, { connections }) =>
          socket.write(
            connections === 1
              ? head('HTTP/1.1 421 Misdirected Request', 'content-length: 0')
              : `${head('HTTP/1.1 200 OK', 'content-length: 11')}{"id":"t1"}`,
          ),
      }),
    );
    const here = await platform();
    const end = await submitTo(gateway.url);
    expectLost(end, { platform: here, gateway, code: [undefined], posts: 1 });
    expect(String(end.error)).toContain('HTTP 421');
  });

  test.each([400, 401, 408, 425, 429, 500, 503])('not after a %i', async (status) => {
    const gateway = await kept(plainGateway(answering(head(`HTTP/1.1 ${status} No`, 'content-length: 0'))));
    const here = await platform();
    await submitTo(gateway.url, { retry: { attempts: 1 } });
    expect(gateway.posts).toEqual(here.dispatched);
    expect(here.dispatched).toHaveLength(1);
  });
});
