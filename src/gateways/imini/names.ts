// What people call the models of imini, for suggestions: the platform's ids carry the maker's name.

import type { ModelNames } from '../../catalog/index.js';

const BANANAS = ['google/nano-banana', 'google/nano-banana-pro', 'google/nano-banana-2'];
const KLING = ['kling/kling-v3', 'kling/kling-v3-omni', 'kling/kling-v3-motion-control'];
const SEEDANCE = ['doubao/seedance-2.0', 'doubao/seedance-2.0-fast'];

export const names: ModelNames = {
  ids: {
    banana: BANANAS,
    nanobanana: BANANAS,
    nanobananapro: ['google/nano-banana-pro'],
    nanobanana2: ['google/nano-banana-2'],
    'gemini2.5flashimage': ['google/nano-banana'],
    gemini3proimage: ['google/nano-banana-pro'],
    'gemini3.1flashimage': ['google/nano-banana-2'],
    gptimage: ['openai/gpt-image-2'],
    gptimage2: ['openai/gpt-image-2'],
    kling: KLING,
    kling3: KLING,
    可灵: KLING,
    motioncontrol: ['kling/kling-v3-motion-control'],
    seedance: SEEDANCE,
    seedance2: SEEDANCE,
    happyhorse: ['dashscope/happyhorse-1.0'],
  },
  words: { 可灵: 'kling', 豆包: 'doubao' },
};
