// What Midjourney's answers say beyond those of other tasks: a window that waits for words, and a task that was there before.

import type { StateReading, SubmitReading } from '../../tasks/index.js';
import { isRecord, numberOf, textOf, valueAt } from '../../transport/index.js';

/** Paths of the document ("Midjourney"). */
export const IMAGINE = '/mj/submit/imagine';
export const BLEND = '/mj/submit/blend';
export const CHANGE = '/mj/submit/change';
export const MODAL = '/mj/submit/modal';
export const POLL = '/mj/task/{task_id}/fetch';

/**
 * With this code the answer names a task that is there already: an equal one, or one that waits at a window. Which of them
 * only the words tell (public midjourney-proxy forks, docs/api.md: "21: the task exists").
 */
const EXISTS = 21;

/**
 * "Waiting for window confirm", "窗口等待", "弹窗确认": whole phrases, since a description may repeat the prompt, and pictures
 * have windows. Where the words are others the status tells it at the first poll.
 */
const SPEAKS_OF_WINDOW = /\b(?:window|modal) confirm|窗口等待|(?:窗口|弹窗)确认/i;

/** What a submit's answer adds to its id; nothing at other paths. */
export function readMidjourneySubmit(
  body: unknown,
  { path, id }: { path: string; id: string },
): Pick<Extract<SubmitReading, { id: string }>, 'known' | 'state'> | undefined {
  if (![IMAGINE, BLEND, CHANGE, MODAL].includes(path) || !isRecord(body)) return undefined;
  const isThere = numberOf(body.code) === EXISTS;
  const status = textOf(valueAt(body, ['properties', 'status']))
    ?.trim()
    .toLowerCase();
  const isWaiting = isThere && (status === 'modal' || SPEAKS_OF_WINDOW.test(textOf(body.description) ?? ''));
  // No status word: the task is where it was, and the description is kept in `raw`.
  const state: StateReading = { word: undefined, outputs: [] };
  return {
    // A window is answered under the id of the task that opened it.
    known: path === MODAL ? 'answered' : isThere ? 'maybe' : undefined,
    state: isWaiting ? { ...state, ...atWindow(id) } : state,
  };
}

/** The part of a reading that says that the task waits for its caller, and how it is answered. */
export function atWindow(id: string | undefined): Pick<StateReading, 'needs' | 'needsHint'> {
  const task = id === undefined ? 'task' : `'${id}'`;
  return {
    needs: 'modal',
    needsHint: `Answer its window: \`ima.midjourney.modal(${task}, { customId, prompt })\`, with the \`customId\` of the button that opened it.`,
  };
}
