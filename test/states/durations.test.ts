// How long the vendor says that its models take: the numbers of its own table, under ids that exist.

import { expect, test } from 'vitest';
import { durations } from '../../src/gateways/ima-router/durations.js';
import { catalog } from '../../src/models.js';

const { byModel = {}, byModality } = durations;

test.each([
  ['wan2.6-t2v', 60, 120],
  ['wan2.6-i2v', 60, 120],
  ['MiniMax-Hailuo-02', 60, 120],
  ['MiniMax-Hailuo-2.3', 60, 120],
  ['viduq1', 60, 120],
  ['viduq2', 60, 120],
  ['viduq2-pro', 60, 120],
  ['kling-v1-6', 60, 120],
  ['kling-v2-1-master', 90, 180],
  ['veo-3.1-fast-generate-001', 90, 180],
  ['kling-v2-5-turbo', 120, 240],
  ['kling-v2-6', 120, 240],
  ['kling-video-o1', 180, 360],
  ['veo-3.0-generate-001', 180, 360],
  ['gpt-image-2', 100, 235],
])('%s: %i to %i s', (model, fromSeconds, toSeconds) => {
  expect(byModel[model]).toEqual([fromSeconds * 1000, toSeconds * 1000]);
});

test('each is a range of a model of this gateway, within or near that of its modality', () => {
  const modalities = new Map(catalog.models.map(({ id, modality }) => [id, modality]));
  for (const [model, [fromMs, toMs]] of Object.entries(byModel)) {
    const modality = modalities.get(model);
    if (modality === undefined) throw new Error(`${model} is not in the catalogue`);
    const [leastMs, mostMs] = byModality[modality] ?? [Number.NaN, Number.NaN];
    expect(fromMs).toBeLessThan(toMs);
    expect(fromMs).toBeGreaterThanOrEqual(leastMs);
    expect(toMs).toBeLessThanOrEqual(mostMs * 1.1);
  }
});
