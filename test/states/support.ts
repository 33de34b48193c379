// Answers of the gateway as the readers see them, and the fixtures of its shapes.

import { readdirSync, readFileSync } from 'node:fs';
import type { Modality } from '../../src/catalog/index.js';
import { readers } from '../../src/gateways/ima-router/readers.js';
import { readRefusal } from '../../src/gateways/ima-router/refusal.js';
import { fold, INITIAL, type Progressed, type StateReading, type SubmitReading } from '../../src/tasks/state.js';
import { Answer, type Refusal } from '../../src/transport/index.js';

/** An answer with `text` for its body. */
function answerOf(text: string, status = 200, headers: Record<string, string> = {}): Answer {
  return new Answer(status, new Headers(headers), new TextEncoder().encode(text));
}

/** An answer with `body` as JSON. */
function answer(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return answerOf(JSON.stringify(body), status, headers);
}

export function read(body: unknown, modality: Modality = 'video'): StateReading | null {
  return readers.readState(answer(body), { pollPath: '/v1/videos/{task_id}', modality });
}

/** As `read`, of a body that may be anything. */
export function readText(text: string): StateReading | null {
  return readers.readState(answerOf(text), { pollPath: '/v1/videos/{task_id}', modality: 'video' });
}

export function submitted(body: unknown): SubmitReading {
  return submittedText(JSON.stringify(body));
}

/** As `submitted`, of a body that is written as it stands here. */
export function submittedText(text: string): SubmitReading {
  return readers.readSubmit(answerOf(text), { path: '/v1/videos', modality: 'video' });
}

export function refused(body: unknown, status: number, headers = {}): Refusal | null {
  return readRefusal(answer(body, status, headers));
}

/** The state of a task that nothing was known of before `body`, or of one in state `before`. */
export function stateOf(body: unknown, modality: Modality = 'video', before = INITIAL): Progressed {
  const reading = read(body, modality);
  return reading === null ? before : fold(before, reading).state;
}

/** One answer of a shape, where it is known from, and what it must be read as. */
export interface Phase {
  source: string;
  body: Record<string, unknown>;
  state: Progressed;
}

/** One shape in which a task's states arrive. */
export interface Shape {
  shape: string;
  source: string;
  /** Submit paths of which it is known. */
  endpoints: string[];
  modality: Modality;
  submit?: { source: string; body: Record<string, unknown>; id: string; status: Progressed['status'] | null };
  phases: Record<'pending' | 'running' | 'succeeded' | 'failed', Phase> & { modal?: Phase; cancelled?: Phase };
}

const folder = new URL('fixtures/', import.meta.url);

/** All shapes, by the names of their files. */
export const shapes: [string, Shape][] = readdirSync(folder).map((file) => {
  const shape: Shape = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  return [file.replace('.json', ''), shape];
});

/** All answers of all shapes. */
export const phases: { name: string; modality: Modality; phase: Phase }[] = shapes.flatMap(([file, shape]) =>
  Object.entries(shape.phases).map(([name, phase]) => ({ name: `${file} ${name}`, modality: shape.modality, phase })),
);
