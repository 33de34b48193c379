// The door of the rules: what this gateway refuses or silently ignores and only its prose says. Loaded when first needed.

import type { Rule } from '../../../catalog/index.js';
import { contents } from './contents.js';
import { happyhorse } from './happyhorse.js';
import { images } from './images.js';
import { kling } from './kling.js';
import { klingV3 } from './kling-v3.js';
import { midjourney } from './midjourney.js';
import { minimax } from './minimax.js';
import { other } from './other.js';
import { seedance } from './seedance.js';
import { veo } from './veo.js';
import { vidu } from './vidu.js';
import { wan } from './wan.js';

/**
 * All of them, listed in docs/rules.md. Where the prose leaves a doubt there is no rule: a request refused wrongly cannot
 * be sent, one passed wrongly is refused by the gateway.
 */
export const rules: readonly Rule[] = [
  ...seedance,
  ...contents,
  ...minimax,
  ...vidu,
  ...kling,
  ...klingV3,
  ...wan,
  ...happyhorse,
  ...veo,
  ...images,
  ...midjourney,
  ...other,
];
