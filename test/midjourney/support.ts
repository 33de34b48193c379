// What the stories of Midjourney share: a finished grid at the mock, and a server that keeps the bodies of its submits.

import type { ImaRouter, Task, TaskResult } from '../../src/index.js';
import { json, type serve, type TestServer } from '../support/server.js';

export const PROMPT = { prompt: 'a fox' };

/** Four pictures, and the handle on them. */
export async function grid(ima: ImaRouter): Promise<{ task: Task; pictures: TaskResult }> {
  const task = await ima.midjourney.imagine(PROMPT);
  return { task, pictures: await task.result() };
}

/** An answer of a submit. */
export const taken = (id: string, code = 1, description = 'Submit success') => ({ code, description, result: id });

/** A finished picture with `buttons`, as GET /mj/task/{id}/fetch tells it. */
export const finished = (id: string, buttons: unknown) => ({
  id,
  action: 'IMAGINE',
  status: 'SUCCESS',
  progress: '100%',
  imageUrl: 'https://cdn.example/0.png',
  urls: ['https://cdn.example/0.png'],
  buttons,
});

/** A gateway that gives ids from 1700000000001 on, unless `submit` or `state` say something else. */
export async function gateway(
  made: (answer: Parameters<typeof serve>[0]) => Promise<TestServer>,
  says: {
    submit?: (nth: number) => unknown;
    state?: (id: string, nth: number) => unknown;
  } = {},
): Promise<TestServer & { bodies: unknown[] }> {
  const bodies: unknown[] = [];
  let asked = 0;
  const server = await made((request, response) => {
    if (request.method === 'POST') {
      const nth = bodies.push(JSON.parse(request.body));
      json(response, says.submit?.(nth) ?? taken(`170000000000${nth}`));
      return;
    }
    const id = /^\/mj\/task\/([^/]+)\/fetch$/.exec(request.url)?.[1] ?? '';
    json(response, says.state?.(id, ++asked) ?? finished(id, []));
  });
  return Object.assign(server, { bodies });
}

/** A button as upstreams list it. */
export const button = (customId: string, label = '', emoji = '') => ({ customId, label, emoji, type: 2, style: 2 });
