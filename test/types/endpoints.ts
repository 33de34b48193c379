// What the editor says of models, endpoints and results: checked by `npm run typecheck`, never run.

import {
  ImaRouter,
  type Output,
  type SavedFile,
  type Task,
  type TaskBodies,
  type TaskModelId,
  type TaskResult,
  type TaskState,
} from '../../src/index.js';

const ima = new ImaRouter();
const url = 'https://a.example/b.png';

/** Compiles when both are the same type, `any` being the same as itself alone. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function proven<Claim extends true>(claim?: Claim): void {
  void claim;
}

export function picking(): void {
  ima.submit({ model: 'kling-v2-6', prompt: 'x', aspect_ratio: '1:1' });
  ima.submit({ model: 'kling-v2-6', prompt: 'x', aspect_ratio: '1:1' }, { endpoint: '/v1/videos' });
  ima.submit({ model: 'kling-v2-6', prompt: 'x', size: '1:1' }, { endpoint: '/v1/video/generations' });
  ima.generate({ model: 'kling-v2-6', image: url }, { endpoint: '/kling/v1/videos/image2video', timeoutMs: 1 });
  // @ts-expect-error the preferred endpoint's field at another endpoint
  ima.submit({ model: 'kling-v2-6', prompt: 'x', aspect_ratio: '1:1' }, { endpoint: '/v1/video/generations' });
  // @ts-expect-error another endpoint's field at the preferred one
  ima.submit({ model: 'kling-v2-6', prompt: 'x', size: '1:1' });
  // @ts-expect-error another endpoint's demand
  ima.generate({ model: 'kling-v2-6', prompt: 'x' }, { endpoint: '/kling/v1/videos/image2video' });
  // @ts-expect-error an endpoint of other models
  ima.submit({ model: 'kling-v2-6', prompt: 'x' }, { endpoint: '/v1/images/generations' });
  // @ts-expect-error an endpoint of nobody
  ima.submit({ model: 'kling-v2-6', prompt: 'x' }, { endpoint: '/v2/videos' });
  // @ts-expect-error a poll path is no endpoint
  ima.submit({ model: 'kling-v2-6', prompt: 'x' }, { endpoint: '/v1/videos/{task_id}' });
  // @ts-expect-error a mistyped option
  ima.submit({ model: 'kling-v2-6', prompt: 'x' }, { endpont: '/v1/videos' });
  // @ts-expect-error an option of generate alone
  ima.submit({ model: 'kling-v2-6', prompt: 'x' }, { timeoutMs: 1 });
}

export function naming(): void {
  const body = { model: 'kling-v3-video', prompt: 'x', duration: 5 } as const;
  ima.submit(body);
  const known: TaskModelId = 'sonic';
  ima.submit({ model: known, prompt: 'x' });
  // @ts-expect-error without a model nobody knows where it goes
  ima.submit({ prompt: 'x' });
  // @ts-expect-error a model that answers at once makes no task
  ima.generate({ model: 'text-embedding-3-small', input: 'x' });
  // @ts-expect-error an upload model makes no task
  ima.generate({ model: 'ima-pro-upload', group_id: 'g', url });
  // @ts-expect-error ids are written as the gateway writes them
  ima.generate({ model: 'Sonic', prompt: 'x' });
  // @ts-expect-error the name of a list is no id of it
  const unknown: TaskModelId = 'gpt-4.1';
  void unknown;
}

/** A model chosen at run time: what all of its candidates take. */
export function choosing(videos: 'kling-v2-6' | 'kling-v1', mixed: 'sonic' | 'gpt-image-2', any: string): void {
  ima.submit({ model: videos, prompt: 'x', mode: 'pro' });
  ima.submit({ model: videos, image: url }, { endpoint: '/kling/v1/videos/image2video' });
  ima.submit({ model: mixed, prompt: 'x' });
  // @ts-expect-error nobody among them has such a field
  ima.submit({ model: mixed, prompt: 'x', aspect_ratio: '1:1' });
  // @ts-expect-error what both demand is missing
  ima.submit({ model: mixed });
  // @ts-expect-error what that endpoint demands is missing
  ima.submit({ model: videos, prompt: 'x' }, { endpoint: '/kling/v1/videos/image2video' });
  // @ts-expect-error any text may be any model
  ima.submit({ model: any, prompt: 'x' });
}

export async function results(): Promise<void> {
  const task = await ima.submit({ model: 'sonic', prompt: 'x' });
  proven<Same<typeof task, Task>>();
  const result = await ima.generate(
    { model: 'sonic', prompt: 'x' },
    { onUpdate: (s) => proven<Same<typeof s, TaskState>>() },
  );
  proven<Same<typeof result, TaskResult>>();
  proven<Same<typeof result.status, 'succeeded'>>();
  proven<Same<typeof result.outputs, readonly Output[]>>();
  const files = await result.download('out/');
  proven<Same<typeof files, SavedFile[]>>();
  const again = await task.result();
  proven<Same<typeof again, TaskResult>>();
  proven<Same<TaskState['costUsd'], number | undefined>>();
  for await (const state of task.updates()) proven<Same<typeof state, TaskState>>();
  const asked = await ima.validate({ model: 'sonic', prompt: 'x' });
  proven<Same<typeof asked, { model: string; prompt: string }>>();
  proven<Same<keyof TaskBodies, TaskModelId>>();
  const elsewhere = ima.task('id', { model: 'sonic' });
  proven<Same<typeof elsewhere, Task>>();
  // @ts-expect-error an id alone does not say where to ask
  ima.task('id');
  // @ts-expect-error a result is read, not written
  result.id = 'x';
  // @ts-expect-error not a promise: it is not waited for by mistake
  task.then;
}
