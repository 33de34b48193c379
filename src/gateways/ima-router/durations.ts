// How long the models of ima-router take, as far as the vendor and its users say: ranges in milliseconds.

import type { DurationPriors } from '../../tasks/index.js';

/** Seed 002, "Estimated Generation Time per Model", under the ids that this gateway has. */
const BY_RANGE: readonly [fromMs: number, toMs: number, models: readonly string[]][] = [
  [
    60_000,
    120_000,
    [
      ...['wan2.6-t2v', 'wan2.6-i2v', 'MiniMax-Hailuo-02', 'MiniMax-Hailuo-2.3', 'kling-v1-6'],
      // "Vidu Q1 / Q2"; the same seed calls the image-to-video of Q2 `viduq2-pro`.
      ...['viduq1', 'viduq2', 'viduq2-pro'],
    ],
  ],
  // Its "SeeDance 1.0 / 1.5 Pro" are not here, and of 2.0 it says nothing.
  [90_000, 180_000, ['kling-v2-1-master', 'veo-3.1-fast-generate-001']],
  [120_000, 240_000, ['kling-v2-5-turbo', 'kling-v2-6']],
  [180_000, 360_000, ['kling-video-o1', 'veo-3.0-generate-001']],
  // Field-notes A1: 102, 125 and 231 s.
  [100_000, 235_000, ['gpt-image-2']],
];

export const durations: DurationPriors = {
  byModality: {
    // Field-notes A1: images from 10 s. Seed 002: videos 60–360 s.
    image: [10_000, 230_000],
    video: [60_000, 360_000],
    // Estimates: no source tells how long music and speech take.
    music: [30_000, 180_000],
    speech: [3000, 30_000],
    // Field-notes A1: a review took about 10 s, or no time; the gateway looks 64 s long at most.
    asset: [3000, 64_000],
  },
  byModel: Object.fromEntries(
    BY_RANGE.flatMap(([fromMs, toMs, models]) => models.map((model) => [model, [fromMs, toMs] as const])),
  ),
};
