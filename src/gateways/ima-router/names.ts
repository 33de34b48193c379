// What people call the models of this gateway: for suggestions when an id is unknown, never for routing.

import type { ModelNames } from '../../catalog/index.js';

// From the vendor's own tables "Friendly Name → model_id" and "User says → model_id" (seed 002; its ids that this
// gateway does not have are answered with those that it has). Nano Banana is Google's name for its image models.
const KLING = ['kling-video-o1', 'kling-v3-video', 'kling-v2-6'];
const HAILUO = ['MiniMax-Hailuo-2.3', 'MiniMax-Hailuo-2.3-Fast', 'MiniMax-Hailuo-02'];
const VEO = ['veo-3.1-fast-generate-001', 'veo-3.0-generate-001'];
const WAN = ['wan2.6-t2v', 'wan2.6-i2v'];
const SEEDANCE = ['seedance-2.0', 'seedance-2.0-fast'];

export const names: ModelNames = {
  ids: {
    kling: KLING,
    可灵: KLING,
    klingo1: ['kling-video-o1'],
    可灵o1: ['kling-video-o1'],
    hailuo: HAILUO,
    海螺: HAILUO,
    'hailuo2.0': ['MiniMax-Hailuo-02'],
    '海螺2.0': ['MiniMax-Hailuo-02'],
    veo: VEO,
    googleveo: VEO,
    'veo3.1': VEO,
    'googleveo3.1': VEO,
    wan: WAN,
    万: WAN,
    万相: WAN,
    通义万相: WAN,
    'wan2.6': WAN,
    '万2.6': WAN,
    vidu: ['viduq2', 'viduq2-pro'],
    viduq2: ['viduq2', 'viduq2-pro'],
    seedance: SEEDANCE,
    'seedance1.5pro': SEEDANCE,
    'doubaoseedance1.5pro': SEEDANCE,
    pixverse: ['pixverse-v6', 'pixverse-c1'],
    midjourney: ['mj_imagine'],
    mj: ['mj_imagine'],
    nanobanana: ['gemini-2.5-flash-image'],
    nanobananapro: ['gemini-3-pro-image-preview'],
    nanobanana2: ['gemini-3.1-flash-image-preview'],
  },
  words: {
    可灵: 'kling',
    海螺: 'hailuo',
    万: 'wan',
    万相: 'wan',
    通义万相: 'wan',
    豆包: 'doubao',
    midjourney: 'mj',
  },
};
