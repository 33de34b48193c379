// How the mock's own tests start it: with a clock that only moves when told, and short words for HTTP.

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
