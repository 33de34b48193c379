// What the editor says of media and of models that only the live index knows: checked by `npm run typecheck`, never run.

import { ImaRouter, type LiveModelId, liveModel, type MediaInput } from '../../src/index.js';

const ima = new ImaRouter();

export function media(blob: Blob, bytes: Uint8Array, file: File): void {
  const forms: MediaInput[] = [
    'a.png',
    new URL('https://a.example/b.png'),
    blob,
    file,
    bytes,
    Buffer.of(),
    new ArrayBuffer(1),
  ];
  ima.submit({
    model: 'wan2.6-i2v',
    image: blob,
    images: [bytes, Buffer.of(1), new URL('https://a.example/b.png'), file],
  });
  ima.submit({ model: 'seedance-2.0', images: forms, metadata: { reference_video_urls: [blob] } });
  ima.submit({ model: 'MiniMax-Hailuo-2.3-Fast', metadata: { first_frame_image: blob } });
  ima.submit({ model: 'kling-v3-omni-video', video_list: [blob, { url: blob }], image_list: [bytes] });
  ima.submit({ model: 'happyhorse-1.0-i2v', media: [{ url: blob }] });
  ima.submit({ model: 'doubao-video-subtitle-erase-cn', video_url: Buffer.of() });
  ima.submit({ model: 'mj_blend', base64Array: [blob, bytes] });
  ima.submit(
    { model: 'seedance-2.0', content: [{ type: 'image_url', image_url: { url: bytes } }] },
    { endpoint: '/api/v1/contents/generations/tasks' },
  );
  // @ts-expect-error a number is no media
  ima.submit({ model: 'wan2.6-i2v', image: 5 });
  // @ts-expect-error a list of numbers is no media
  ima.submit({ model: 'wan2.6-i2v', image: [1, 2, 3] });
  // @ts-expect-error one medium, not a list
  ima.submit({ model: 'wan2.6-i2v', image: [blob] });
  // @ts-expect-error a list, not one medium
  ima.submit({ model: 'wan2.6-i2v', images: blob });
  // @ts-expect-error nothing is no media
  ima.submit({ model: 'wan2.6-i2v', image: null });
  // @ts-expect-error what is there perhaps is not there
  ima.submit({ model: 'wan2.6-i2v', image: undefined });
  // @ts-expect-error a prompt is text
  ima.submit({ model: 'wan2.6-i2v', image: blob, prompt: blob });
  // @ts-expect-error an answer is not its bytes
  ima.submit({ model: 'wan2.6-i2v', image: fetch('https://a.example/b.png') });
  // @ts-expect-error media only where media are asked for
  ima.submit({ model: 'sonic', prompt: 'x', title: bytes });
}

/** The body of a live model is checked by the gateway alone; what it is called still has to be said as such. */
export function live(id: string): void {
  const model: LiveModelId = liveModel('tomorrow-1');
  ima.submit({ model, anything: 1, prompt: { deep: [null] } });
  ima.generate({ model: liveModel(id) }, { endpoint: '/v9/whatever' });
  ima.submit({ model: liveModel('gpt-image-2'), size: 5 });
  const body: Parameters<typeof ima.submit<LiveModelId>>[0] = { model, anything: 1 };
  const field: unknown = body.anything;
  void field;
  // @ts-expect-error unknown, not any: nothing may be done with it unseen
  body.anything.length;
  // @ts-expect-error the body of a request is not written to
  body.anything = 2;
  // @ts-expect-error a plain text is no live model
  ima.submit({ model: id, anything: 1 });
  // @ts-expect-error nor is a mistyped id
  ima.submit({ model: 'tomorrow-1', anything: 1 });
  // @ts-expect-error nor is a text under that name
  const named: LiveModelId = 'tomorrow-1';
  void named;
  // @ts-expect-error an id is text
  liveModel(5);
  // @ts-expect-error options are options for all models
  ima.submit({ model, anything: 1 }, { signal: 'now' });
}
