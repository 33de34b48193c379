// A gateway that answers anything at all: no answer breaks the wait in an unknown way, and none ends a task wrongly.

import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImaRouterError, MemoryJournal, type Task, type TaskState } from '../../src/index.js';
import { serve, type TestServer } from '../support/server.js';
import { answersOf, type Meaning, meaningOf, type WireAnswer, wireOf } from './arbitrary-answers.js';
import { DIALECTS } from './dialects.js';
import { type Family, GATEWAYS } from './gateways.js';
import { isFull, replay, seed } from './support.js';

const RUNS = isFull ? 5000 : 200;

/** Tasks that are lived at once, on average. */
const BATCH = 10;

/** At the gateway that has most of them. */
const MOST_FAMILIES = 10;

type End = 'succeeded' | 'failed';

/** What the server has to say about a task: first anything, then for ever the truth. */
interface Script {
  answers: readonly WireAnswer[];
  end: End;
  asked: number;
}

const FINAL = 'https://results.example/final.mp4';

function json(value: unknown): WireAnswer {
  return {
    status: 200,
    contentType: 'application/json',
    body: JSON.stringify(value),
    coding: 'none',
    cut: false,
  };
}

function send(response: ServerResponse, answer: WireAnswer): void {
  const { bytes, headers } = wireOf(answer);
  const length = bytes.length + (answer.cut && bytes.length > 0 ? 1 : 0);
  response.writeHead(answer.status, length === 0 ? headers : { ...headers, 'content-length': String(length) });
  if (!answer.cut) response.end(bytes);
  else if (bytes.length === 0) response.socket?.destroy();
  else response.write(bytes, () => response.socket?.destroy());
}

/** The words of a request are its task's id, wherever the family has them. */
function idIn(body: string): string {
  return /task_\d+/.exec(body)?.[0] ?? '';
}

describe.each(GATEWAYS)('$name', (gateway) => {
  const dialect = DIALECTS[gateway.name];
  const scripts = new Map<string, Script>();
  let server: TestServer;
  const journal = new MemoryJournal();
  /** What each client can buy. */
  let shops: (readonly Family[])[] = [];

  beforeAll(async () => {
    server = await serve(({ method, url, body }, response) => {
      if (method === 'POST') {
        send(response, json(dialect.submitted(idIn(body))));
        return;
      }
      const script = scripts.get(url.split('/').at(-1) ?? '');
      if (script === undefined) throw new RangeError(`nobody bought ${url}`);
      send(response, script.answers[script.asked++] ?? json(dialect.truth(script.end, FINAL)));
    });
    const options = {
      apiKey: 'sk-test-0123456789',
      baseUrl: server.url,
      journal,
      validate: 'off',
      poll: { minMs: 1, maxMs: 1, perSecond: 1e6 },
      retry: { baseMs: 1, capMs: 2 },
      onWarning: () => {},
    } as const;
    // The platform's own way out and a user's, which may be another one.
    shops = [{}, { fetch: (input: string, init?: RequestInit) => fetch(input, init) }].map(
      (way) => gateway.open({ ...options, ...way }).families,
    );
  });
  afterAll(() => server.close());

  let bought = 0;

  /** One task, bought at a gateway that will answer so. */
  async function buy(at: { answers: readonly WireAnswer[]; end: End; client: number; buyer: number }) {
    const id = `task_${++bought}`;
    const script: Script = { answers: at.answers, end: at.end, asked: 0 };
    scripts.set(id, script);
    const shop = shops[at.client] ?? [];
    const task = await shop[at.buyer % shop.length]?.buy(id, {});
    if (task === undefined) throw new RangeError('there is no such client or buyer');
    return { task, script, meanings: at.answers.map((answer) => meaningOf(answer, dialect)) };
  }

  type Call = 'refresh' | 'result' | 'updates';
  type Ended = 'succeeded' | 'failed' | 'cancelled';

  /** How a call about the task came out: an end of the task, or an error that says that the asking ended. */
  async function outcomeOf(task: Task, call: Call): Promise<Ended | ImaRouterError | undefined> {
    try {
      if (call === 'refresh') await task.refresh();
      else if (call === 'result') await task.result();
      else await watched(task);
      return endOf(task.state);
    } catch (error) {
      if (!(error instanceof ImaRouterError)) throw new Error(`not one of ours: ${String(error)}`, { cause: error });
      if (error.name === 'TaskFailedError') return 'failed';
      return error.name === 'TaskCancelledError' ? 'cancelled' : error;
    }
  }

  function endOf({ status }: TaskState): Ended | undefined {
    return status === 'queued' || status === 'running' ? undefined : status;
  }

  async function watched(task: Task): Promise<void> {
    let before = 0;
    for await (const { progress = 0, status } of task.updates()) {
      expect(progress).toBeGreaterThanOrEqual(before);
      expect(progress === 1).toBe(status === 'succeeded');
      before = progress;
    }
  }

  /** Whether a wait may be given up with `error`, after answers that mean this: `before` it began, and those it `heard`. */
  function mayGiveUp(error: ImaRouterError, { before, heard }: { before: Meaning[]; heard: Meaning[] }): boolean {
    if (error.code === 'task_needs_input') return heard.some(({ isModal }) => isModal);
    if (error.code === 'succeeded_without_output') {
      return heard.length > 10 && [...before, ...heard].some(({ claimsSuccess }) => claimsSuccess);
    }
    return heard.at(-1)?.isAboutKey === true || (heard.length >= 3 && heard.slice(-3).every(({ refuses }) => refuses));
  }

  /** How one task is bought, answered about, and asked for. */
  interface Plan {
    answers: WireAnswer[];
    end: End;
    client: number;
    buyer: number;
    calls: Call[];
  }

  const plan: fc.Arbitrary<Plan> = fc.record({
    answers: answersOf(dialect),
    end: fc.constantFrom<End>('succeeded', 'failed'),
    client: fc.nat({ max: 1 }),
    buyer: fc.nat({ max: MOST_FAMILIES - 1 }),
    calls: fc.array(fc.constantFrom<Call[]>('refresh', 'result', 'updates'), { minLength: 1, maxLength: 6 }),
  });

  /** Buys a task and asks for it, by one call after the other, until it has ended; judges every step of the way. */
  async function live({ calls, ...at }: Plan): Promise<void> {
    const { task, script, meanings } = await buy(at);
    const states = async () => (await journal.list({ taskId: task.id })).map(({ state }) => state);
    let ended: Ended | undefined;
    for (let turn = 0; ended === undefined; turn++) {
      const begun = script.asked;
      // One that waits for its caller is not asked again by a wait.
      const call = task.state.needs === undefined ? (calls[turn % calls.length] ?? 'result') : 'refresh';
      const outcome = await outcomeOf(task, call);
      expect(script.asked).toBeGreaterThan(begun);
      const heard = { before: meanings.slice(0, begun), heard: meanings.slice(begun, script.asked) };
      expect(heard.heard.slice(0, -1).filter(({ mustRest }) => mustRest)).toEqual([]);
      if (typeof outcome === 'string') {
        ended = outcome;
        continue;
      }
      // An answer in a coding that was not asked for may be asked for once more.
      if (call === 'refresh') expect(script.asked).toBeLessThanOrEqual(begun + 2);
      else if (outcome === undefined) expect(task.state.needs).toBe('modal');
      else if (!mayGiveUp(outcome, heard))
        throw new Error(`gave up after ${begun} + ${heard.heard.length}: ${outcome}`);
      expect(endOf(task.state)).toBeUndefined();
      expect(await states()).toEqual(['submitted']);
    }
    expect(task.state.status).toBe(ended);
    expect(await states()).toEqual([ended]);
    expect(meanings.slice(0, script.asked - 1).filter(({ mustEnd }) => mustEnd)).toEqual([]);
    const places = task.state.outputs.map(({ url }) => url);
    expect(places.length > 0).toBe(ended === 'succeeded');
    expect(places.filter((url) => !URL.canParse(url))).toEqual([]);
    const meaning = meanings[script.asked - 1];
    if (meaning !== undefined) {
      expect([...meaning.mayEnd]).toContain(ended);
    } else {
      expect(script.asked).toBe(script.answers.length + 1);
      expect(ended).toBe(script.end);
      if (ended === 'succeeded') expect(places).toEqual([FINAL]);
    }
  }

  test('whatever is answered, the wait goes on to the true end, or ends at an answer that says so', async () => {
    // Some at once: most of a wait is waiting.
    const plans = fc.array(plan, { minLength: 1, maxLength: 2 * BATCH - 1, size: 'max' });
    const property = fc.asyncProperty(plans, async (some) => {
      const lives = await Promise.allSettled(some.map(live));
      for (const life of lives) if (life.status === 'rejected') throw life.reason;
      for (const { key } of await journal.list()) await journal.delete(key);
      scripts.clear();
    });
    await fc.assert(property, { numRuns: RUNS / BATCH, seed }).catch((cause: unknown) => {
      throw new Error(replay, { cause });
    });
  });
});
