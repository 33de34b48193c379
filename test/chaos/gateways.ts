// The gateways that have their bad days here: the client of each, and one request of every family. Data only.

import { Imini } from '../../src/gateways/imini/index.js';
import { type ClientOptions, ImaRouter, type SubmitOptions, type Task } from '../../src/index.js';
import type { ChaosKind, MockGatewayName } from '../../src/mock/index.js';

/** What the clients of all gateways have in common, and do not say of their own models. */
export type Client = Pick<ImaRouter, 'batch' | 'journal' | 'resume' | 'task'>;

/** How one thing is bought: whatever it is, the words of its prompt are the test's. */
export interface Family {
  outputs: number;
  buy: (words: string, options: Pick<SubmitOptions, 'traceId' | 'dedupe'>) => Promise<Task>;
}

export interface Gateway {
  name: MockGatewayName;
  /** A client, and all that it can buy: the first is the quickest. */
  open: (options: ClientOptions) => { client: Client; families: readonly [Family, ...Family[]] };
  /** The model of the first family, which takes a prompt and needs no more. */
  model: string;
  /** What its result hosts want to see. */
  fileHeaders: Record<string, string>;
  /** Trouble that it has no words for. */
  never: readonly ChaosKind[];
}

const picture = 'https://example.com/a.jpg';
const clip = 'https://example.com/a.mp4';

/** Every family of tasks that has a verb, each at its own endpoint. */
const imaRouter: Gateway = {
  name: 'ima-router',
  model: 'gemini-2.5-flash-image',
  fileHeaders: {},
  never: [],
  open: (options) => {
    const ima = new ImaRouter(options);
    return {
      client: ima,
      families: [
        { outputs: 1, buy: (prompt, more) => ima.submit({ model: 'gemini-2.5-flash-image', prompt }, more) },
        { outputs: 1, buy: (prompt, more) => ima.submit({ model: 'kling-v3-video', prompt, duration: 5 }, more) },
        { outputs: 1, buy: (prompt, more) => ima.submit({ model: 'viduq3-pro', prompt }, more) },
        {
          outputs: 1,
          buy: (prompt, more) =>
            ima.submit(
              { model: 'MiniMax-Hailuo-2.3', prompt, size: '768p', duration: 6 },
              { ...more, endpoint: '/v1/video/generations' },
            ),
        },
        {
          outputs: 1,
          buy: (text, more) =>
            ima.submit(
              { model: 'seedance-2.0', content: [{ type: 'text', text }] },
              { ...more, endpoint: '/api/v1/contents/generations/tasks' },
            ),
        },
        {
          outputs: 1,
          buy: (prompt, more) =>
            ima.submit({ model: 'kling-v1-6', prompt }, { ...more, endpoint: '/kling/v1/videos/text2video' }),
        },
        {
          outputs: 1,
          buy: (prompt, more) =>
            ima.submit(
              { model: 'kling-v2-6', prompt, image: picture },
              { ...more, endpoint: '/kling/v1/videos/image2video' },
            ),
        },
        {
          outputs: 1,
          buy: (words, more) =>
            ima.submit(
              { model: 'doubao-video-subtitle-erase-cn', video_url: `https://example.com/${words}.mp4` },
              { ...more, endpoint: '/v1/videos/subtitle-erase' },
            ),
        },
        { outputs: 2, buy: (prompt, more) => ima.submit({ model: 'sonic', prompt }, more) },
        {
          outputs: 1,
          buy: (input, more) => ima.submit({ model: 'seed-tts-2.0', input, voice: 'zh_female_vv_uranus_bigtts' }, more),
        },
      ],
    };
  },
};

/** Every request schema, with several results and with media where a model has them. */
const imini: Gateway = {
  name: 'imini',
  model: 'google/nano-banana',
  fileHeaders: { referer: 'https://imini.ai/' },
  never: ['busy'],
  open: (options) => {
    const ima = new Imini(options);
    return {
      client: ima,
      families: [
        { outputs: 1, buy: (prompt, more) => ima.submit({ model: 'google/nano-banana', prompt }, more) },
        {
          outputs: 1,
          buy: (prompt, more) =>
            ima.submit({ model: 'google/nano-banana-pro', prompt, images: [{ url: picture }] }, more),
        },
        { outputs: 2, buy: (prompt, more) => ima.submit({ model: 'google/nano-banana-2', prompt, n: 2 }, more) },
        {
          outputs: 3,
          buy: (prompt, more) =>
            ima.submit(
              { model: 'openai/gpt-image-2', prompt, resolution: '1K', aspect_ratio: '1:1', quality: 'low', n: 3 },
              more,
            ),
        },
        { outputs: 1, buy: (prompt, more) => ima.submit({ model: 'kling/kling-v3', prompt, duration: 5 }, more) },
        {
          outputs: 1,
          buy: (prompt, more) =>
            ima.submit({ model: 'kling/kling-v3-omni', prompt, reference_videos: [{ url: clip }] }, more),
        },
        {
          outputs: 1,
          buy: (prompt, more) =>
            ima.submit(
              {
                model: 'kling/kling-v3-motion-control',
                prompt,
                reference_images: [{ url: picture }],
                reference_videos: [{ url: clip }],
              },
              more,
            ),
        },
        { outputs: 1, buy: (prompt, more) => ima.submit({ model: 'doubao/seedance-2.0', prompt }, more) },
        { outputs: 1, buy: (prompt, more) => ima.submit({ model: 'dashscope/happyhorse-1.0', prompt }, more) },
      ],
    };
  },
};

export const GATEWAYS: readonly Gateway[] = [imaRouter, imini];

/** Throws `RangeError` for a name that none has. */
export function gatewayNamed(name: string): Gateway {
  const found = GATEWAYS.find((gateway) => gateway.name === name);
  if (found === undefined) throw new RangeError(`there is no gateway ${name}`);
  return found;
}
