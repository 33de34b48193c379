// What a public chat protocol has to say of itself, so that one way of speaking serves them all.

import type { Json } from '../json.js';
import type { Reading } from './ask.js';
import type { Speech } from './speech.js';

/** One answer. */
export interface Occasion {
  /** What makes its ids its own: 24 letters and digits. */
  token: string;
  model: string;
  /** Unix seconds. */
  createdAt: number;
  body: unknown;
}

export interface Protocol {
  read(body: unknown): Reading;
  /** The answer in one piece. */
  whole(speech: Speech, occasion: Occasion): Json;
  /** The answer as server-sent events. */
  events(speech: Speech, occasion: Occasion): string[];
  /** The event that tells of an error after so many others; `data` instead of its usual words. */
  trouble(sent: number, data?: string): string;
}

/** What upstreams say when they break off. */
export const TROUBLE = 'The upstream model broke off, please try again later';
