// A small vendor: a real http server that publishes files with ETags, and misbehaves on request.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Vendor {
  url: string;
  /** Path → content, or how to answer. */
  files: Map<string, string | Answer>;
  /** `<status> <path>` of every exchange. */
  seen: string[];
}

export async function startVendor(files: Record<string, string | Answer> = {}): Promise<Vendor> {
  const vendor: Vendor = { url: '', files: new Map(Object.entries(files)), seen: [] };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    response.on('close', () => vendor.seen.push(`${response.statusCode} ${path}`));
    const held = vendor.files.get(path);
    if (held === undefined) response.writeHead(404, { 'content-type': 'text/html' }).end('<html>not found</html>');
    else if (typeof held === 'string') publish(held, request, response);
    else held(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  vendor.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  return vendor;
}

function publish(text: string, request: IncomingMessage, response: ServerResponse): void {
  const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`;
  if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
  else response.writeHead(200, { etag, 'content-length': Buffer.byteLength(text) }).end(text);
}

export const html: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html><title>Sign in</title>');
};

export const status =
  (code: number): Answer =>
  (_, response) => {
    response.writeHead(code, { 'content-type': 'application/json' }).end('{}');
  };

/** Announces the whole length, sends half and hangs up. */
export const cutOff =
  (text: string): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(text) });
    response.write(text.slice(0, text.length / 2), () => response.socket?.destroy());
  };
