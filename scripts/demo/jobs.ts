// What the demo makes at each gateway: the smallest request of each kind, since a real run buys exactly these. Data only.

import { Imini } from '../../src/gateways/imini/index.js';
import { type ClientOptions, ImaRouter, type TaskResult, type TaskState } from '../../src/index.js';
import type { MockGatewayName } from '../../src/mock/index.js';

export interface JobOptions {
  onUpdate: (state: TaskState) => void;
  signal: AbortSignal;
}

/** One thing to make. Its label names its files. */
export interface Job {
  label: string;
  run: (options: JobOptions) => Promise<TaskResult>;
}

interface Shop {
  /** What a real run reads its key from. */
  keyVariable: string;
  /** The jobs, of one client that has these options. */
  jobs: (options: ClientOptions) => Job[];
}

export const shops: Record<MockGatewayName, Shop> = {
  'ima-router': {
    keyVariable: 'IMAROUTER_API_KEY',
    jobs: (client) => {
      const ima = new ImaRouter(client);
      return [
        {
          label: 'video',
          run: (options) =>
            ima.generate(
              { model: 'kling-v3-video', prompt: 'A puppy runs across a meadow, morning light.', duration: 5 },
              options,
            ),
        },
        {
          label: 'image',
          run: (options) =>
            ima.generate(
              { model: 'gemini-2.5-flash-image', prompt: 'A watercolour postcard of a mountain village.' },
              options,
            ),
        },
        {
          label: 'song',
          run: (options) => ima.generate({ model: 'sonic', prompt: 'Bright synth-pop with a catchy chorus.' }, options),
        },
        {
          label: 'speech',
          run: (options) =>
            ima.generate(
              { model: 'seed-tts-2.0', input: 'Hello, and welcome.', voice: 'zh_female_shuangkuaisisi_uranus' },
              options,
            ),
        },
      ];
    },
  },
  imini: {
    keyVariable: 'IMINI_API_KEY',
    jobs: (client) => {
      const imini = new Imini(client);
      return [
        {
          label: 'video',
          run: (options) =>
            imini.generate(
              { model: 'kling/kling-v3', prompt: 'A puppy runs across a meadow, morning light.', duration: 5 },
              options,
            ),
        },
        {
          label: 'image',
          run: (options) =>
            imini.generate(
              { model: 'google/nano-banana', prompt: 'A watercolour postcard of a mountain village.' },
              options,
            ),
        },
      ];
    },
  },
};
