// How long the models of imini take, as far as the vendor says: ranges in milliseconds.

import type { DurationPriors } from '../../tasks/index.js';

export const durations: DurationPriors = {
  byModality: {
    // Seed 004: "Image tasks typically complete within 10–30 seconds".
    image: [10_000, 30_000],
    // No page says; the example of the query page took 138 s, and the same models take 60–360 s elsewhere (seed 002).
    video: [60_000, 360_000],
  },
  byModel: {},
};
