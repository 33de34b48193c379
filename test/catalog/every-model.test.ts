// Each id of the index, one by one: routed, checked, and taken by the mock gateway (Prism) at every endpoint it has.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ImaRouter, InvalidRequestError, liveModel } from '../../src/index.js';
import { catalog } from '../../src/models.js';
import { clientFor } from '../support/client.js';
import { json, serve, type TestServer } from '../support/server.js';

interface Case {
  path: string;
  modelId: string | null;
  expect: string;
  body: Record<string, unknown>;
}
const { cases } = JSON.parse(readFileSync('openapi/test-cases.json', 'utf8')) as { cases: Case[] };

/** Every place that a request schema gives a model, and the vendor's examples of that schema for any model of it. */
const places = catalog.models.flatMap(({ id, endpoints }) =>
  endpoints.flatMap(({ path, schema, pollPath }) => {
    if (schema === null) return [];
    const family = schema.split(':')[0];
    const relatives = new Set(
      catalog.models
        .filter((other) => other.endpoints.some((one) => one.path === path && one.schema?.split(':')[0] === family))
        .map((other) => other.id),
    );
    const bodies = cases
      .filter((one) => one.path === path && one.expect === 'accept' && relatives.has(one.modelId ?? ''))
      .map(({ body }) => ({ ...body, model: id }));
    return [{ id, path, pollPath, bodies }];
  }),
);

const { ima } = clientFor(inject('mockUrl'));

/** The first of the bodies that this model takes; relatives differ in what they need, and in what they do not have. */
async function fitting(bodies: readonly { model: string }[], endpoint: string): Promise<{ model: string }> {
  for (const example of bodies) {
    const body: { model: string } = structuredClone(example);
    for (let tries = 0; tries < 4; tries++) {
      const verdict = await ima.validate(body, { endpoint }).catch((error: unknown) => error);
      if (verdict === body) return body;
      if (!(verdict instanceof InvalidRequestError)) throw verdict;
      for (const { path } of verdict.issues) {
        const holder = path.length === 1 ? body : Reflect.get(body, path[0] ?? '');
        if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, path.at(-1) ?? '');
      }
    }
  }
  throw new Error(`none of ${bodies.length} bodies fits at ${endpoint}`);
}

const callable = catalog.models.filter(({ evidence }) => evidence !== 'prose');

test('every id that a schema names has a place here', () => {
  expect(new Set(places.map(({ id }) => id))).toEqual(new Set(callable.map(({ id }) => id)));
  expect(places.length).toBeGreaterThanOrEqual(150);
});

describe('makes a task', () => {
  test.concurrent.each(places.filter(({ pollPath }) => pollPath !== null))(
    '$id at $path',
    async ({ id, path, pollPath, bodies }) => {
      const body = await fitting(bodies, path);
      // Midjourney's follow-ups need a parent that has the button: refused by the gateway, not by us.
      if (path === '/mj/submit/change' || path === '/mj/submit/modal') {
        await expect(ima.submit({ ...body, model: liveModel(id) }, { endpoint: path })).rejects.toMatchObject({
          code: 'task_not_found',
        });
        return;
      }
      const task = await ima.submit({ ...body, model: liveModel(id) }, { endpoint: path });
      expect(task.toJSON()).toMatchObject({ model: id, endpoint: path, pollPath });
      expect(['queued', 'running', 'succeeded']).toContain((await task.refresh()).status);
    },
  );
});

describe('answers at once', () => {
  test.concurrent.each(places.filter(({ pollPath }) => pollPath === null))('$id at $path', async ({ path, bodies }) => {
    const body = await fitting(bodies, path);
    const answer = await fetch(inject('mockUrl') + path, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-test-0123456789', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
  });
});

describe('known from prose only', () => {
  let gateway: TestServer;
  beforeAll(async () => {
    gateway = await serve((_, response) => json(response, { id: 'task_1', status: 'queued' }));
  });
  afterAll(() => gateway.close());

  test.each(catalog.models.filter(({ evidence }) => evidence === 'prose').map(({ id }) => id))('%s', async (id) => {
    const client = new ImaRouter({ apiKey: 'sk-test-0123456789', baseUrl: gateway.url });
    const { async: isTask, path } = client.models.route(id);
    // Nothing is known of its body: what the caller says goes out as it is.
    const body = { model: liveModel(id), video_url: 'https://example.com/a.mp4', anything: [null] };
    expect(await client.validate(body)).toBe(body);
    if (!isTask) return;
    await client.submit(body);
    expect(gateway.requests.at(-1)).toMatchObject({ method: 'POST', url: path, body: JSON.stringify(body) });
  });
});
