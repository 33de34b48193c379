// What the stories of assets share: media, counts of uploads, and a library that answers as a test says.

import type { ServerResponse } from 'node:http';
import type { Mock } from '../../src/mock/index.js';
import { json, serve, type TestServer } from '../support/server.js';

export const FACE = 'https://example.com/face.png';
/** An overseas model, and the upload model that the document names for it. */
export const VIDEO = 'seedance-2.0';
export const UPLOAD = 'seedance-upload';
export const DOMESTIC_VIDEO = 'seedance-2.0-cn';

// One black pixel; a film and a sound as far as their signatures go.
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=',
  'base64',
);
export const MP4 = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom'), Buffer.alloc(400)]);
export const MP3 = Buffer.concat([Buffer.from('ID3'), Buffer.from([4, 0, 0, 0, 0, 0, 0]), Buffer.alloc(400)]);

/** Uploads that were paid for. */
export const uploads = (mock: Mock) =>
  mock.ledger.submits.filter(({ path, paid }) => path === '/v1/assets/create' && paid);

export type Body = Record<string, unknown>;
/** What a library says: data, a whole answer, or nothing for what it does by itself. */
type Says = (body: Body, response: ServerResponse, count: number) => unknown;

/** The data of an answer that says yes. */
export const yes = (data: unknown) => ({ success: true, message: '', data });
export const no = (message: string) => ({ success: false, message });

export interface LibraryServer extends TestServer {
  /** Bodies that came to a path below `/v1/assets/`. */
  bodies(path: string): Body[];
}

/**
 * A library of one group, in which every upload is asset-1, asset-2, … and Active when it is looked at. `says` speaks for
 * paths below `/v1/assets/`: a body to answer with, or undefined when it has answered by itself.
 */
export async function library(says: Record<string, Says> = {}): Promise<LibraryServer> {
  const counts = new Map<string, number>();
  let made = 0;
  const own: Record<string, Says> = {
    'group/list': () => yes({ Items: [], TotalCount: 0 }),
    'group/create': () => yes({ Id: 'group-1' }),
    create: () => yes({ Id: `asset-${++made}` }),
    get: ({ id }) => yes({ Id: id, Status: 'Active', AssetType: 'Image' }),
  };
  const server = await serve((request, response) => {
    const path = request.url.replace('/v1/assets/', '');
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    const body: Body = request.body === '' ? {} : JSON.parse(request.body);
    const answer = (says[path] ?? own[path])?.(body, response, count);
    if (answer !== undefined) json(response, answer);
  });
  return {
    ...server,
    bodies: (path) =>
      server.requests.filter(({ url }) => url === `/v1/assets/${path}`).map(({ body }) => JSON.parse(body)),
  };
}

/** Cuts the connection: what was asked for has come, and no answer goes out. */
export const reset = (_: Body, response: ServerResponse): undefined => {
  response.socket?.destroy();
};

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
