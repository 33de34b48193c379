// What the editor says of requests to the second gateway: checked by `npm run typecheck`, never run.

import { Imini, type ModelId } from '../../src/gateways/imini/index.js';

const imini = new Imini();
const url = 'https://a.example/b.png';

export function images(): void {
  imini.submit({ model: 'google/nano-banana', prompt: 'x', resolution: '1K', images: [{ url }] });
  imini.submit({ model: 'google/nano-banana-2', prompt: 'x', resolution: '512', aspect_ratio: '8:1' });
  imini.submit({
    model: 'openai/gpt-image-2',
    prompt: 'x',
    resolution: '4K',
    aspect_ratio: '9:21',
    quality: 'high',
    n: 2,
  });
  imini.submit({
    model: 'google/nano-banana-pro',
    prompt: 'x',
    images: [{ url: new Blob([]), reference_type: 'style' }],
  });
  // @ts-expect-error a text is needed
  imini.submit({ model: 'google/nano-banana' });
  // @ts-expect-error this model makes 1K only
  imini.submit({ model: 'google/nano-banana', prompt: 'x', resolution: '2K' });
  // @ts-expect-error the long ratios are for the second one
  imini.submit({ model: 'google/nano-banana-pro', prompt: 'x', aspect_ratio: '8:1' });
  // @ts-expect-error all three are needed
  imini.submit({ model: 'openai/gpt-image-2', prompt: 'x', resolution: '4K', aspect_ratio: '1:1' });
  // @ts-expect-error frames are for videos
  imini.submit({ model: 'google/nano-banana', prompt: 'x', images: [{ url, reference_type: 'first_frame' }] });
}

export function videos(): void {
  imini.submit({ model: 'kling/kling-v3', prompt: 'x', duration: 15, generate_audio: true });
  imini.submit({
    model: 'kling/kling-v3',
    extra_params: {
      multi_shot: true,
      shot_type: 'customize',
      multi_prompt: [{ index: 1, prompt: 'x', duration: '5' }],
    },
  });
  imini.submit({ model: 'doubao/seedance-2.0-fast', prompt: 'x', resolution: '480P', aspect_ratio: 'adaptive' });
  imini.submit({ model: 'kling-v3-omni', prompt: 'x', reference_videos: [{ url, refer_type: 'base' }] });
  imini.submit({
    model: 'kling/kling-v3-motion-control',
    reference_images: [{ url }],
    reference_videos: [{ url }],
    extra_params: { character_orientation: 'video' },
  });
  // @ts-expect-error 1080P is not for this model
  imini.submit({ model: 'doubao/seedance-2.0', prompt: 'x', resolution: '1080P' });
  // @ts-expect-error a number is asked for
  imini.submit({ model: 'kling/kling-v3', prompt: 'x', duration: '5' });
  // @ts-expect-error the motion is missing
  imini.submit({ model: 'kling/kling-v3-motion-control', reference_images: [{ url }] });
  // @ts-expect-error a text, or shots by hand
  imini.submit({ model: 'kling/kling-v3', duration: 5 });
}

export function ids(): void {
  const known: ModelId = 'dashscope/happyhorse-1.0';
  imini.submit({ model: known, prompt: 'x' });
  // @ts-expect-error a model of the other gateway
  imini.submit({ model: 'kling-v3-video', prompt: 'x' });
  imini.submit(
    { model: 'google/nano-banana', prompt: 'x' },
    // @ts-expect-error an endpoint of the other kind
    { endpoint: '/v1/videos/generate' },
  );
}

export async function raw(): Promise<void> {
  const { data } = await imini.api.GET('/v1/videos/tasks/{task_id}', { params: { path: { task_id: 'x' } } });
  const video = data?.videos?.[0];
  const seconds: number | undefined = video?.duration;
  // @ts-expect-error there is no such path
  await imini.api.GET('/v1/videos/{task_id}', { params: { path: { task_id: 'x' } } });
  void seconds;
}
