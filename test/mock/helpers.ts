// How the mock's own tests start it: with a clock that only moves when told, short words for HTTP, and a plain look at the wire.

import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { type Mock, type MockOptions, startMock } from '../../src/mock/index.js';

export interface Bench extends AsyncDisposable {
  mock: Mock;
  /** Moves the mock's clock. */
  pass(seconds: number): void;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<{ status: number; body: unknown }>;
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; body: unknown }>;
}

export async function bench(options: MockOptions = {}): Promise<Bench> {
  let now = Date.UTC(2026, 0, 1);
  const mock = await startMock({ seed: 1, clock: () => now, ...options });
  const ask = async (path: string, init: RequestInit) => {
    const headers = { authorization: `Bearer ${mock.apiKey}`, 'content-type': 'application/json', ...init.headers };
    const response = await fetch(mock.url + path, { ...init, headers });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  return {
    mock,
    pass: (seconds) => {
      now += seconds * 1000;
    },
    post: (path, body, headers = {}) => ask(path, { method: 'POST', body: JSON.stringify(body), headers }),
    get: (path, headers = {}) => ask(path, { headers }),
    [Symbol.asyncDispose]: () => mock.close(),
  };
}

/** An answer as it comes in, byte by byte as it was sent: nothing is followed, unpacked or repaired. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** What has come so far. */
  bytes(): Buffer;
  /** When that many bytes are there. */
  has(count: number): Promise<void>;
  /** When no more will come: whether the answer was whole. */
  over: Promise<boolean>;
  leave(): void;
}

/** Sends a request over a connection of its own and resolves with the head of its answer. */
export function begin(url: string, options: RequestOptions = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, ...options }, (answer) => {
      const chunks: Buffer[] = [];
      const bytes = () => Buffer.concat(chunks);
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      const over = new Promise<boolean>((done) => {
        answer.on('error', () => {});
        answer.on('close', () => done(answer.complete));
      });
      resolve({
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        bytes,
        over,
        has: (count) =>
          new Promise((done) => {
            const look = () => {
              if (bytes().length >= count) done();
              else answer.once('data', look);
            };
            look();
          }),
        leave: () => answer.destroy(),
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** The value at a path like `data.data.0.url`. */
export function dig(value: unknown, path: string): unknown {
  let here = value;
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}

export const CLIP = { model: 'kling-v3-video', prompt: 'a puppy runs across a meadow', duration: 5 };
