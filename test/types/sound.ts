// What the editor says of music and speech requests: checked by `npm run typecheck`, never run.

import { ImaRouter } from '../../src/index.js';

const ima = new ImaRouter();

export function sonic(): void {
  ima.submit({ model: 'sonic', prompt: 'x', model_version: 'sonic-v5', make_instrumental: true, style_weight: 0 });
  // @ts-expect-error a text is needed
  ima.submit({ model: 'sonic', tags: 'jazz' });
  // @ts-expect-error a version that does not exist
  ima.submit({ model: 'sonic', prompt: 'x', model_version: 'sonic-v6' });
  // @ts-expect-error yes or no are not words
  ima.submit({ model: 'sonic', prompt: 'x', custom_mode: 'true' });
  // @ts-expect-error of another family
  ima.submit({ model: 'sonic', prompt: 'x', duration: 30 });
}

export function seedTts(): void {
  ima.submit({ model: 'seed-tts-2.0', input: 'x', voice: 'v', response_format: 'mp3', speed: 1.5 });
  ima.submit({ model: 'seed-tts-2.0', ssml: '<speak>x</speak>', speaker: 'v', metadata: { any_vendor_field: 1 } });
  ima.submit({ model: 'seed-tts-2.0', text: 'x', prompt: 'y', voice: 'v', speaker: 'v' });
  // @ts-expect-error a voice is needed
  ima.submit({ model: 'seed-tts-2.0', input: 'x' });
  // @ts-expect-error a text is needed
  ima.submit({ model: 'seed-tts-2.0', voice: 'v' });
  // @ts-expect-error a number is asked for
  ima.submit({ model: 'seed-tts-2.0', input: 'x', voice: 'v', speed: '1.5' });
  // @ts-expect-error it is called response_format
  ima.submit({ model: 'seed-tts-2.0', input: 'x', voice: 'v', format: 'mp3' });
  // @ts-expect-error it has a path of its own
  ima.submit({ model: 'seed-tts-2.0', input: 'x', voice: 'v' }, { endpoint: '/v1/music/generations' });
}
