// The HTTP side: reads a request, lets faults strike, sends what the desk says, writes the ledger, and ends at once on close.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Chaos } from './chaos.js';
import { Delivery, type Wire } from './delivery.js';
import type { Call, Desk, Reply, Route } from './desk.js';
import { EVENT_STREAM_TYPE } from './event-stream.js';
import type { Fault, Faults } from './faults.js';
import { serveFlawed } from './flaws.js';
import type { MockGateway, Refusal } from './gateway.js';
import { at } from './json.js';
import type { Ledger } from './ledger.js';
import { serveFile } from './ranges.js';
import { type Parameters, Router } from './routes.js';
import type { Strike } from './strike.js';
import { fill } from './templates.js';

/** Larger bodies are refused: some forty images in base64 fit. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export interface ServerParts {
  gateway: MockGateway;
  desk: Desk;
  /** Path of the document's server URL, '' for none. */
  basePath: string;
  faults: Faults;
  chaos: Chaos | undefined;
  ledger: Ledger;
  clock: () => number;
}

export class MockServer {
  private readonly server: Server;
  private readonly router: Router<Route>;
  private readonly delivery = new Delivery();
  private exchanges = 0;
  private closed: Promise<void> | undefined;

  constructor(private readonly parts: ServerParts) {
    this.router = new Router(parts.desk.routes);
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
      this.delivery.close();
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
    return this.closed;
  }

  private async exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [asked = '/', query = ''] = (request.url ?? '/').split('?', 2);
    const path = this.withoutBase(asked);
    const method = request.method ?? 'GET';
    const isHead = method === 'HEAD';
    const found = this.router.find(isHead ? 'GET' : method, path);
    const route = isHead && !isDownload(found?.route) ? undefined : found?.route;
    const kind = isHead ? undefined : kindOf(route);
    const headers = headersOf(request);
    const parameters = found?.parameters ?? {};
    const strike = kind === undefined ? undefined : this.strike(kind, path, parameters, headers);
    const sent = hasBody(headers) ? await readBody(request) : NO_BODY;
    const body = sent === undefined ? undefined : parseBody(sent);
    const call: Call = {
      method,
      path,
      query: query === '' ? {} : queryOf(query),
      headers,
      body: body?.value,
      key: /^bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1] ?? '',
      parameters,
      origin: `http://${headers.host ?? 'localhost'}`,
      requestId: `req_${String(++this.exchanges).padStart(6, '0')}`,
      word: strike?.word,
      flaw: strike?.flaw,
    };
    const reply = await this.replyTo(route, call, strike, sent === undefined, body?.error);
    const wire = this.wire(reply, call, strike);
    if (kind !== undefined) this.note(kind, call, reply, wire.status, strike);
    if (isHead) this.delivery.sendHead(response, wire);
    else this.delivery.send(response, wire, strike?.way);
  }

  /** The document's paths stand below its server's URL; who copies that URL, path and all, finds them there too. */
  private withoutBase(path: string): string {
    const { basePath } = this.parts;
    return basePath !== '' && path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
  }

  /** Scripted faults go first; chaos counts every exchange, so that a script does not shift what it does later. */
  private strike(
    on: Fault['on'],
    path: string,
    parameters: Parameters,
    headers: Record<string, string>,
  ): Strike | undefined {
    const { faults, chaos, gateway } = this.parts;
    const scripted = faults.strike(on);
    if (chaos === undefined) return scripted;
    const about = { submit: headers[gateway.traceHeader], poll: parameters.task_id, download: path };
    const drawn = chaos.strike(on, about[on] ?? '');
    return scripted ?? drawn;
  }

  private async replyTo(
    route: Route | undefined,
    call: Call,
    strike: Strike | undefined,
    tooLarge: boolean,
    unreadable: string | undefined,
  ): Promise<Reply> {
    const { desk, gateway } = this.parts;
    const taskId = call.parameters.task_id;
    // All that is known of a request that is not taken is which task it asked for.
    if (strike?.taken === false) return { status: 0, ...(taskId ? { taskId } : {}) };
    const refused = ({ status, body }: Refusal, reasons = ''): Reply => {
      const values: Record<string, string> = { reasons, requestId: call.requestId };
      return { status, body: fill(body, (name) => values[name]) };
    };
    if (tooLarge) return refused(gateway.refusals.tooLarge);
    if (unreadable !== undefined && call.key !== '' && route !== undefined) {
      return refused(gateway.refusals.badBody, unreadable);
    }
    return desk.reply(route, call);
  }

  private wire(reply: Reply, call: Call, strike: Strike | undefined): Wire {
    const { requestId } = call;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.parts.gateway.headers)) {
      headers[name] = value.replaceAll('{requestId}', requestId);
    }
    if (strike?.answer !== undefined) {
      const { status, headers: own, body, isTemplate } = strike.answer;
      const named = reply.taskId !== undefined && strike.taken ? body.replaceAll('{taskId}', reply.taskId) : body;
      const said = isTemplate ? named.replaceAll('{requestId}', requestId) : named;
      return { status, headers: { ...headers, ...own }, body: said };
    }
    Object.assign(headers, reply.headers);
    if (reply.file !== undefined) {
      const flaw = reply.isPlaceholder ? ({ what: 'placeholder' } as const) : call.flaw;
      const wire = flaw === undefined ? serveFile(reply.file, call.headers) : serveFlawed(reply.file, call, flaw);
      return { ...wire, headers: { ...headers, ...wire.headers } };
    }
    if (reply.stream !== undefined) {
      const own = { 'content-type': EVENT_STREAM_TYPE, 'cache-control': 'no-cache' };
      return { status: reply.status, headers: { ...headers, ...own }, body: reply.stream };
    }
    if (reply.text !== undefined) return { status: reply.status, headers, body: reply.text };
    if (reply.body === undefined) return { status: reply.status, headers, body: '' };
    headers['content-type'] ??= 'application/json; charset=utf-8';
    return { status: reply.status, headers, body: JSON.stringify(reply.body) };
  }

  private note(kind: Fault['on'], call: Call, reply: Reply, answered: number, strike: Strike | undefined): void {
    const { ledger, gateway, clock } = this.parts;
    const status = strike?.way.how === 'reset' || strike?.way.how === 'hang' ? null : answered;
    const fault = strike?.name ?? (reply.isPlaceholder ? 'placeholder' : undefined);
    const common = { path: call.path, status, at: clock(), ...(fault === undefined ? {} : { fault }) };
    if (kind === 'submit') {
      const model = at(call.body, gateway.modelField);
      const traceId = call.headers[gateway.traceHeader];
      const noted = Object.entries(call.headers).filter(([name]) => gateway.notedHeaders?.includes(name));
      ledger.submits.push({
        ...common,
        ...(reply.taskId === undefined ? {} : { taskId: reply.taskId }),
        ...(typeof model === 'string' ? { model } : {}),
        ...(traceId === undefined ? {} : { traceId }),
        ...(noted.length === 0 ? {} : { headers: Object.fromEntries(noted) }),
        ...(reply.outcome === undefined ? {} : { outcome: reply.outcome }),
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

function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
  return headers;
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

const NO_BODY = Buffer.alloc(0);

function hasBody(headers: Record<string, string>): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
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
