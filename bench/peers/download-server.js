// Serves films of any length from one block in memory, over http and https, with the answers of a small gateway beside them.
// node download-server.js; says where (http) on its first line.
// GET /<bytes>.mp4 the film · /v1/videos/task_<scheme>_<bytes> a finished task of it · /facts/<bytes> where it is, and its sha256.

import { createHash, randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/**
 * A little less than 1 MiB: were it just that, buffers of that size could change places on the way, and the file would
 * still have the right sum.
 */
const BLOCK = randomFillSync(Buffer.allocUnsafeSlow(2 ** 20 - 3));

/** ISO 14496-12: `ftyp` with its major brand, minor version and compatible brands; then the head of `mdat`, to the end. */
const FTYP = Buffer.from('\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41', 'latin1');
const MDAT_HEAD_BYTES = 8;

/** The film of `bytes` bytes, piece by piece. */
function* film(bytes) {
  const head = Buffer.concat([FTYP, Buffer.alloc(MDAT_HEAD_BYTES)]);
  head.writeUInt32BE(bytes - FTYP.length, FTYP.length);
  head.write('mdat', FTYP.length + 4, 'latin1');
  yield head;
  for (let left = bytes - head.length; left > 0; left -= BLOCK.length) yield BLOCK.subarray(0, left);
}

const sums = new Map();
function sumOf(bytes) {
  let sum = sums.get(bytes);
  if (sum === undefined) {
    const hash = createHash('sha256');
    for (const piece of film(bytes)) hash.update(piece);
    sum = hash.digest('hex');
    sums.set(bytes, sum);
  }
  return sum;
}

function sendFilm(response, bytes) {
  response.writeHead(200, [
    ...['content-type', 'video/mp4', 'content-length', String(bytes)],
    ...['etag', `"bench-${bytes}"`, 'accept-ranges', 'bytes'],
  ]);
  const pieces = film(bytes);
  // By hand: `for … of` would end the generator when it is left to wait.
  const goOn = () => {
    for (let next = pieces.next(); !next.done; next = pieces.next()) {
      if (!response.write(next.value)) {
        response.once('drain', goOn);
        return;
      }
    }
    response.end();
  };
  goOn();
}

function sendJson(response, json) {
  const body = Buffer.from(JSON.stringify(json));
  response.writeHead(200, ['content-type', 'application/json', 'content-length', String(body.length)]);
  response.end(body);
}

const bases = {};
function answer({ url }, response) {
  const [, filmBytes] = /^\/(\d+)\.mp4$/.exec(url) ?? [];
  if (filmBytes !== undefined) return sendFilm(response, Number(filmBytes));
  const [, id, scheme, taskBytes] = /^\/v1\/videos\/(task_(https?)_(\d+))$/.exec(url) ?? [];
  if (id !== undefined) {
    const metadata = { url: `${bases[scheme]}/${taskBytes}.mp4` };
    return sendJson(response, {
      ...{ id, task_id: id, object: 'video', model: 'kling-v3-video', status: 'completed', progress: 100 },
      ...{ created_at: 1_760_000_000, metadata },
    });
  }
  const [, factBytes] = /^\/facts\/(\d+)$/.exec(url) ?? [];
  if (factBytes !== undefined) return sendJson(response, { bases, sha256: sumOf(Number(factBytes)) });
  response.writeHead(404);
  response.end();
}

const pem = (name) => readFileSync(new URL(`../../test/support/tls/${name}.pem`, import.meta.url));
const servers = {
  http: createServer(answer),
  https: createTlsServer({ key: pem('server-key'), cert: pem('good') }, answer),
};
for (const [scheme, server] of Object.entries(servers)) {
  await new Promise((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve));
  bases[scheme] = `${scheme}://127.0.0.1:${server.address().port}`;
}
console.log(bases.http);
