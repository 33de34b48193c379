// What the editor says of a request: checked by `npm run typecheck`, never run.

import { ImaRouter, type ModelId, type TaskModelId } from '../../src/index.js';

const ima = new ImaRouter();

export async function accepted(): Promise<void> {
  await ima.generate({ model: 'kling-v3-video', prompt: 'x', duration: 5 });
  await ima.submit({
    model: 'MiniMax-Hailuo-2.3-Fast',
    prompt: 'x',
    metadata: { first_frame_image: 'https://a.example/b.png' },
  });
  await ima.submit(
    { model: 'seedance-2.0', content: [{ type: 'text', text: 'x' }] },
    { endpoint: '/api/v1/contents/generations/tasks' },
  );
  const id: TaskModelId & ModelId = 'sonic';
  await ima.submit({ model: id, prompt: 'x' });
  const { data } = await ima.api.GET('/v1/videos/{task_id}', { params: { path: { task_id: 't' } } });
  const status: string | undefined = data?.status;
  void status;
}

export async function refused(): Promise<void> {
  // @ts-expect-error an id that no document knows
  await ima.generate({ model: 'kling-v33-video', prompt: 'x' });
  // @ts-expect-error a model that answers at once makes no task
  await ima.submit({ model: 'gpt-4.1', messages: [] });
  // @ts-expect-error a value outside the enum
  await ima.generate({ model: 'kling-v3-video', prompt: 'x', duration: 99 });
  // @ts-expect-error a field that this model does not have
  await ima.generate({ model: 'kling-v3-video', prompt: 'x', ratio: '16:9' });
  // @ts-expect-error a required field is missing
  await ima.generate({ model: 'sonic' });
  // @ts-expect-error image-to-video only: the document's if/then asks for metadata.first_frame_image
  await ima.submit({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x' });
  // @ts-expect-error the model is not at that endpoint
  await ima.submit({ model: 'sonic', prompt: 'x' }, { endpoint: '/v1/videos' });
  // @ts-expect-error another endpoint has another body
  await ima.submit({ model: 'seedance-2.0', prompt: 'x' }, { endpoint: '/api/v1/contents/generations/tasks' });
  // @ts-expect-error not a path of the document
  await ima.api.GET('/v1/nothing');
}
