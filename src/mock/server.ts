// The HTTP side: reads a request, lets faults strike, sends what the desk says, writes the ledger, and ends at once on close.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Call, Desk, Reply, Route } from './desk.js';
import type { Fault, Faults } from './faults.js';
import type { MockGateway } from './gateway.js';
import { at } from './json.js';
import type { Ledger } from './ledger.js';
import { serveFile } from './ranges.js';
import { findRoute } from './routes.js';
import { fill } from './templates.js';

/** Larger bodies are refused: some forty images in base64 fit. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

const SLOW_PIECES = 20;
const SLOW_EVERY_MS = 100;

export interface ServerParts {
  gateway: MockGateway;
  desk: Desk;
  faults: Faults;
  ledger: Ledger;
  clock: () => number;
}

interface Wire {
  status: number;
  headers: Record<string, string>;
  bytes: Buffer;
}

export class MockServer {
  private readonly server: Server;
  private readonly timers = new Set<NodeJS.Timeout>();
  private exchanges = 0;
  private closed: Promise<void> | undefined;

  constructor(private readonly parts: ServerParts) {
    this.server = createServer((request, response) => {
      this.exchange(request, response).catch((error: unknown) => this.fail(response, error));
    });
  }

  /** Starts to listen and says where: `http://host:port`. */
  async listen(port: number, host: string): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = `Port ${port} on ${host} is in use: choose another one, or 0 for any free one`;
        reject(error.code === 'EADDRINUSE' ? new Error(taken, { cause: error }) : error);
      });
      this.server.listen(port, host, resolve);
    });
    const address = this.server.address();
    return `http://${host.includes(':') ? `[${host}]` : host}:${isAddress(address) ? address.port : port}`;
  }

  /** Cuts every connection, hanging ones too. */
  close(): Promise<void> {
    this.closed ??= new Promise((resolve) => {
      for (const timer of this.timers) clearTimeout(timer);
      this.timers.clear();
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
    return this.closed;
  }

  private async exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    const method = request.method ?? 'GET';
    const found = findRoute(this.parts.desk.routes, method === 'HEAD' ? 'GET' : method, path);
    const route = method === 'HEAD' && !isDownload(found?.route) ? undefined : found?.route;
    const kind = method === 'HEAD' ? undefined : kindOf(route);
    const fault = kind === undefined ? undefined : this.parts.faults.strike(kind);
    const sent = await readBody(request);
    const headers = headersOf(request);
    const body = sent === undefined ? undefined : parseBody(sent);
    const call: Call = {
      method,
      path,
      query: queryOf(query),
      headers,
      body: body?.value,
      key: /^bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1] ?? '',
      parameters: found?.parameters ?? {},
      origin: `http://${headers.host ?? 'localhost'}`,
    };
    const reply = await this.replyTo(route, call, fault, sent === undefined, body?.error);
    const cut = fault !== undefined && ['reset-before', 'reset-after', 'hang'].includes(fault.act);
    const wire = this.wire(reply, call, fault);
    if (kind !== undefined) this.note(kind, call, reply, cut ? null : wire.status);
    this.deliver(response, wire, method, fault);
  }

  private async replyTo(
    route: Route | undefined,
    call: Call,
    fault: Fault | undefined,
    tooLarge: boolean,
    unreadable: string | undefined,
  ): Promise<Reply> {
    const { desk, gateway } = this.parts;
    const taskId = call.parameters.task_id;
    // The request is not taken: all that is known of it is which task it asked for.
    if (fault?.act === 'reset-before' || fault?.act === 'answer') return { status: 0, ...(taskId ? { taskId } : {}) };
    if (tooLarge) return { status: gateway.refusals.tooLarge.status, body: gateway.refusals.tooLarge.body };
    if (unreadable !== undefined && call.key !== '' && route !== undefined) {
      const { status, body } = gateway.refusals.badBody;
      return { status, body: fill(body, (name) => (name === 'reasons' ? unreadable : undefined)) };
    }
    return desk.reply(route, call);
  }

  private wire(reply: Reply, call: Call, fault: Fault | undefined): Wire {
    const requestId = `req_${String(++this.exchanges).padStart(6, '0')}`;
    const common = Object.entries(this.parts.gateway.headers).map(([name, value]) => [
      name,
      value.replaceAll('{requestId}', requestId),
    ]);
    const headers: Record<string, string> = { ...Object.fromEntries(common), ...reply.headers };
    if (fault?.act === 'answer') return scripted(fault, headers);
    if (reply.file !== undefined) {
      const { status, headers: own, bytes } = serveFile(reply.file, call.headers);
      return { status, headers: { ...headers, ...own }, bytes };
    }
    if (reply.body === undefined) return { status: reply.status, headers, bytes: Buffer.alloc(0) };
    const type = { 'content-type': 'application/json; charset=utf-8' };
    return { status: reply.status, headers: { ...type, ...headers }, bytes: Buffer.from(JSON.stringify(reply.body)) };
  }

  private deliver(response: ServerResponse, wire: Wire, method: string, fault: Fault | undefined): void {
    if (fault?.act === 'hang') return;
    if (fault?.act === 'reset-before' || fault?.act === 'reset-after') {
      response.socket?.resetAndDestroy();
      return;
    }
    response.writeHead(wire.status, { ...wire.headers, 'content-length': String(wire.bytes.length) });
    if (method === 'HEAD') {
      response.end();
    } else if (fault?.act === 'truncate') {
      const half = wire.bytes.subarray(0, Math.floor(wire.bytes.length / 2));
      response.write(half, () => response.socket?.destroy());
    } else if (fault?.act === 'slow') {
      this.trickle(response, wire.bytes, fault.everyMs ?? SLOW_EVERY_MS);
    } else {
      response.end(wire.bytes);
    }
  }

  private trickle(response: ServerResponse, bytes: Buffer, everyMs: number): void {
    const size = Math.max(1, Math.ceil(bytes.length / SLOW_PIECES));
    const next = (from: number): void => {
      if (response.destroyed) return;
      if (from >= bytes.length) {
        response.end();
        return;
      }
      response.write(bytes.subarray(from, from + size));
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        next(from + size);
      }, everyMs);
      this.timers.add(timer);
    };
    next(0);
  }

  private note(kind: Fault['on'], call: Call, reply: Reply, status: number | null): void {
    const { ledger, gateway, clock } = this.parts;
    const common = { path: call.path, status, at: clock() };
    if (kind === 'submit') {
      const model = at(call.body, gateway.modelField);
      const traceId = call.headers[gateway.traceHeader];
      ledger.submits.push({
        ...common,
        ...(reply.taskId === undefined ? {} : { taskId: reply.taskId }),
        ...(typeof model === 'string' ? { model } : {}),
        ...(traceId === undefined ? {} : { traceId }),
        paid: reply.paid === true,
      });
    } else if (kind === 'poll') {
      ledger.polls.push({ ...common, taskId: reply.taskId ?? '' });
    } else {
      const range = call.headers.range;
      ledger.downloads.push({ ...common, taskId: reply.taskId ?? '', ...(range === undefined ? {} : { range }) });
    }
  }

  /** A mistake in the mock itself: said loudly, never as an answer that could pass for the gateway's. */
  private fail(response: ServerResponse, error: unknown): void {
    if (response.destroyed || response.socket?.destroyed) return;
    const message = `ima-router mock: ${error instanceof Error ? error.message : String(error)}`;
    if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message, type: 'mock_error' } }));
  }
}

function isAddress(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

function isDownload(route: Route | undefined): boolean {
  return route?.kind === 'media' || route?.kind === 'binary';
}

function kindOf(route: Route | undefined): Fault['on'] | undefined {
  if (route === undefined) return undefined;
  if (isDownload(route)) return 'download';
  if (route.kind === 'poll') return 'poll';
  return route.kind === 'submit' || (route.kind === 'sync' && route.paid) ? 'submit' : undefined;
}

function scripted(fault: Fault, headers: Record<string, string>): Wire {
  const { status = 500, body } = fault;
  const isText = typeof body === 'string';
  const text = body === undefined ? '' : isText ? body : JSON.stringify(body);
  const type: Record<string, string> = body === undefined || isText ? {} : { 'content-type': 'application/json' };
  return { status, headers: { ...headers, ...type, ...lowerCase(fault.headers ?? {}) }, bytes: Buffer.from(text) };
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const pairs = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(pairs);
}

function queryOf(text: string): Record<string, string | string[]> {
  const query = new URLSearchParams(text);
  const names = [...new Set(query.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = query.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

/** The whole body, or undefined when it is larger than the mock takes. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined;
}

function parseBody(bytes: Buffer): { value?: unknown; error?: string } {
  if (bytes.length === 0) return {};
  try {
    return { value: JSON.parse(bytes.toString('utf8')) };
  } catch (error) {
    return { error: `Request body is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
