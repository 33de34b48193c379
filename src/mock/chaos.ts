// A seeded bad day: which exchanges are struck and by what, the same in every run with that seed, in whatever order.

import type { Fault } from './faults.js';
import type { Refusal, Troubles } from './gateway.js';
import type { Json } from './json.js';
import { EXPIRED, HTML_TYPE, PAGE, XML_TYPE } from './pages.js';
import { chance, oneOf } from './random.js';
import { SLOW_PIECES, type Strike, type Way } from './strike.js';

type On = Fault['on'];

/** A day on which that share of exchanges goes wrong. */
export interface ChaosOptions {
  /** Share of exchanges that are struck, and of tasks that are stuck: 0 to 1. */
  rate: number;
  /** Which exchanges are struck, and by what. Default: the mock's own seed. */
  seed?: number;
  /** Only these; default all. */
  kinds?: readonly ChaosKind[];
  /** How long a silent connection stays open before it is reset, in milliseconds. Default 30,000 / `speed`. */
  hangMs?: number;
}

/**
 * What can go wrong.
 *
 * At submits and reads of a state:
 * - `rate-limit`, `retry-after`: 429 in one of the gateway's forms, without and with `Retry-After`.
 * - `server-error`: 5xx in the gateway's own envelope. `busy` (submits only): 200 that says why there is no task.
 * - `null`, `nothing`: 200 with `null`, or with an envelope around nothing.
 * - `unknown-word`: the true answer, with a status word that nobody knows.
 *
 * There and at reads of files:
 * - `reset-before`, `reset-after`, `hang`, `truncate`, `slow`: as the scripted faults of these names. A file is cut
 *   anywhere; of the others half arrives, at times as if that were all.
 * - `edge-page`: 502, 503, 504 or 520 with a page or nothing. `page`: 200 with a page. `empty`: 200 without a body.
 *
 * At reads of files only:
 * - `expired` (403, 404 or 410, this once), `wrong-type` (a page under the type of a picture, video or song).
 * - `stall`: as the scripted fault, after any share of the file.
 *
 * Of tasks: `stuck` in one state for three times their whole life.
 *
 * After `null`, `nothing`, `hang`, `edge-page`, `page` and `empty` a caller cannot know whether a submit was taken: the
 * seed decides. The gateway's own refusals take nothing.
 */
export type ChaosKind = (typeof CHAOS_KINDS)[number];

export const CHAOS_KINDS = [
  'rate-limit',
  'retry-after',
  'server-error',
  'busy',
  'null',
  'nothing',
  'unknown-word',
  'reset-before',
  'reset-after',
  'hang',
  'truncate',
  'stall',
  'slow',
  'edge-page',
  'page',
  'empty',
  'expired',
  'wrong-type',
  'stuck',
] as const;

/** When a stuck task stands still, and for how long, both in parts of its whole time. */
export interface Standstill {
  at: number;
  for: number;
}

/** Times of the real gateway, which `speed` divides: its read timeout, a slow answer, what Retry-After asks for. */
const HANG_MS = 30_000;
const SLOW_MS = 5_000;
const RETRY_AFTER_SECONDS = 2;

/** A stuck task outlives any patience that was guessed from its kind's usual time. */
const STANDSTILL_TIMES = 3;

const EDGE_STATUSES = [502, 503, 504, 520];
const EXPIRED_STATUSES = [403, 404, 410];
const MEDIA_TYPES = ['video/mp4', 'image/png', 'audio/mpeg'];

/** One form of a kind of trouble; the seed decides what it leaves open. */
interface Form extends Pick<Strike, 'answer' | 'word'> {
  /** `perhaps`: nobody outside can tell whether the request was taken. */
  readonly taken: boolean | 'perhaps';
  readonly way: Way | ((next: () => number) => Way);
}

interface Trouble {
  kind: ChaosKind;
  forms: Form[];
}

export class Chaos {
  private readonly rate: number;
  private readonly seed: number;
  private readonly sticks: boolean;
  private readonly troubles: Record<On, Trouble[]>;
  /** Exchanges seen, by what they are about. */
  private readonly seen = new Map<string, number>();

  /** Throws `RangeError` for a rate that is no share, an unknown kind, or a hang without an end. */
  constructor(options: ChaosOptions, gateway: { troubles: Troubles; speed: number; seed: number }) {
    const { rate, seed = gateway.seed, kinds = CHAOS_KINDS, hangMs = HANG_MS / gateway.speed } = options;
    if (!(rate >= 0 && rate <= 1)) throw new RangeError(`chaos.rate is a share from 0 to 1, got ${rate}`);
    if (!(hangMs > 0 && hangMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`chaos.hangMs must be greater than 0, got ${hangMs}`);
    }
    const known: readonly string[] = CHAOS_KINDS;
    const stranger = kinds.find((kind) => !known.includes(kind));
    if (stranger !== undefined) throw new RangeError(`chaos.kinds has '${stranger}'; known: ${known.join(', ')}`);
    this.rate = rate;
    this.seed = seed;
    this.sticks = kinds.includes('stuck');
    this.troubles = troublesOf(gateway, hangMs, (kind) => kinds.includes(kind));
  }

  /**
   * Counts one exchange about `id` (a submit's trace id, a task's id, a file's path) and says what strikes it. That
   * follows from the seed, `on`, `id` and the count alone.
   */
  strike(on: On, id: string): Strike | undefined {
    const name = `${on} ${id}`;
    const count = (this.seen.get(name) ?? 0) + 1;
    this.seen.set(name, count);
    const next = chance(this.seed, 'strike', name, count);
    if (next() >= this.rate) return undefined;
    const trouble = oneOf(this.troubles[on], next);
    const form = oneOf(trouble?.forms ?? [], next);
    if (trouble === undefined || form === undefined) return undefined;
    const taken = form.taken === 'perhaps' ? next() < 0.5 : form.taken;
    const way = typeof form.way === 'function' ? form.way(next) : form.way;
    return { ...form, name: trouble.kind, taken, way };
  }

  /** Where the task of that id stands still; undefined for one that does not. */
  standstill(id: string): Standstill | undefined {
    const next = chance(this.seed, 'stuck', id);
    return this.sticks && next() < this.rate ? { at: next(), for: STANDSTILL_TIMES } : undefined;
  }
}

/** What can strike where; kinds that are not wanted, and those that this gateway has no words for, are left out. */
function troublesOf(
  { troubles, speed }: { troubles: Troubles; speed: number },
  hangMs: number,
  wanted: (kind: ChaosKind) => boolean,
): Record<On, Trouble[]> {
  const retryAfter = { 'retry-after': String(Math.round(RETRY_AFTER_SECONDS / speed)) };
  const limits = (more: Record<string, string>) =>
    troubles.rateLimits.map(({ status, body }) => said(status, body, { taken: false, headers: more }));
  const refusals = (list: readonly Refusal[]) => list.map(({ status, body }) => said(status, body, { taken: false }));
  const calls: Trouble[] = [
    { kind: 'rate-limit', forms: limits({}) },
    { kind: 'retry-after', forms: limits(retryAfter) },
    { kind: 'server-error', forms: refusals(troubles.serverErrors) },
    { kind: 'null', forms: [said(200, null)] },
    { kind: 'nothing', forms: troubles.nothing.map((body) => said(200, body)) },
    {
      kind: 'unknown-word',
      forms: troubles.unknownWords.map((word) => ({ taken: true, word, way: { how: 'whole' } })),
    },
    { kind: 'truncate', forms: [lost({ how: 'cut', part: { share: 0.5 } }), lost({ how: 'half' })] },
  ];
  const anything: Trouble[] = [
    { kind: 'reset-before', forms: [{ taken: false, way: { how: 'reset' } }] },
    { kind: 'reset-after', forms: [lost({ how: 'reset' })] },
    { kind: 'hang', forms: [{ taken: 'perhaps', way: { how: 'hang', forMs: hangMs } }] },
    { kind: 'slow', forms: [{ taken: true, way: { how: 'slow', everyMs: SLOW_MS / SLOW_PIECES / speed } }] },
    { kind: 'edge-page', forms: EDGE_STATUSES.flatMap((status) => [page(status, PAGE), page(status, '')]) },
    { kind: 'page', forms: [page(200, PAGE)] },
    { kind: 'empty', forms: [page(200, '')] },
  ];
  const files: Trouble[] = [
    { kind: 'expired', forms: EXPIRED_STATUSES.map((status) => page(status, EXPIRED, XML_TYPE)) },
    { kind: 'wrong-type', forms: MEDIA_TYPES.map((type) => page(200, PAGE, type)) },
    // Half a file that claims to be all of it could be told by nobody.
    { kind: 'truncate', forms: [lost((next) => ({ how: 'cut', part: { share: next() } }))] },
    { kind: 'stall', forms: [lost((next) => ({ how: 'stall', part: { share: next() }, forMs: hangMs }))] },
  ];
  const possible = (list: Trouble[]) => list.filter(({ kind, forms }) => forms.length > 0 && wanted(kind));
  return {
    submit: possible([...calls, { kind: 'busy', forms: refusals(troubles.busy) }, ...anything]),
    poll: possible([...calls, ...anything]),
    download: possible([...files, ...anything]),
  };
}

/** JSON, or nothing at all where there is no body. */
function said(
  status: number,
  body: Json | undefined,
  { taken = 'perhaps', headers = {} }: { taken?: Form['taken']; headers?: Record<string, string> } = {},
): Form {
  const answer =
    body === undefined
      ? { status, headers, body: '' }
      : {
          status,
          headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
          body: JSON.stringify(body),
          isTemplate: true,
        };
  return { taken, answer, way: { how: 'whole' } };
}

/** What somebody else says in the gateway's place. */
function page(status: number, body: string, type = HTML_TYPE): Form {
  return { taken: 'perhaps', answer: { status, headers: { 'content-type': type }, body }, way: { how: 'whole' } };
}

/** Taken, and the answer does not arrive as it should. */
function lost(way: Form['way']): Form {
  return { taken: true, way };
}
