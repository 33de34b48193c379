// Every shape in which a task's states arrive, from every submit path, and every example of the vendor's document.

import { describe, expect, test } from 'vitest';
import { catalog } from '../../src/models.js';
import { fold, INITIAL, type Progressed, statusOf } from '../../src/tasks/state.js';
import { type Example, examples } from './document.js';
import { phases, read, refused, shapes, stateOf, submitted } from './support.js';

describe('the shapes', () => {
  test.each(phases.map(({ name, ...rest }) => [name, rest] as const))('%s', (_, { phase, modality }) => {
    expect(stateOf(phase.body, modality)).toEqual(phase.state);
  });

  test.each(shapes)('%s: from the submit over all its states to success', (_, { submit, phases, modality }) => {
    let state: Progressed = INITIAL;
    if (submit !== undefined) {
      const reading = submitted(submit.body);
      expect(reading).toMatchObject({ id: submit.id });
      const first = reading !== null && 'state' in reading ? reading.state : null;
      if (first !== null) state = fold(state, first).state;
      expect(first === null ? null : state.status).toBe(submit.status);
    }
    // A replica that lags behind, and a word of success that comes twice.
    for (const name of ['pending', 'running', 'pending', 'succeeded', 'running', 'failed', 'succeeded'] as const) {
      state = stateOf(phases[name].body, modality, state);
    }
    expect(state).toMatchObject({ status: 'succeeded', progress: 1, outputs: phases.succeeded.state.outputs });
    expect(state.error).toBeUndefined();
  });

  test.each(shapes)('%s: a failure after all is one, and stands', (_, { phases, modality }) => {
    let state: Progressed = INITIAL;
    for (const name of ['pending', 'running', 'failed', 'running', 'succeeded'] as const) {
      state = stateOf(phases[name].body, modality, state);
    }
    expect(state).toMatchObject({ status: 'failed', error: phases.failed.state.error, outputs: [] });
  });

  test('there is one for every path that makes tasks', () => {
    const endpoints = catalog.models.flatMap((model) => model.endpoints).filter(({ pollPath }) => pollPath !== null);
    const known = new Set(shapes.flatMap(([, shape]) => shape.endpoints));
    expect([...new Set(endpoints.map(({ path }) => path))].filter((path) => !known.has(path))).toEqual([]);
    expect(known.size).toBeGreaterThanOrEqual(13);
  });

  test('each says where it is known from; what is said to be of the document stands there', () => {
    const documented = examples();
    const quotes = shapes.flatMap(([file, { submit, phases }]) =>
      [submit, ...Object.values(phases)].flatMap((phase) => (phase === undefined ? [] : [{ file, ...phase }])),
    );
    let found = 0;
    for (const { file, source, body } of quotes) {
      expect(source.length, file).toBeGreaterThan(5);
      const [, method, path, status, name] =
        /^openapi\/en\.import\.yaml (GET|POST) (\S+) (\d+) "(.+)"$/.exec(source) ?? [];
      if (method === undefined) continue;
      const isQuoted = (example: Example) =>
        example.method === method.toLowerCase() &&
        example.path === path &&
        example.status === Number(status) &&
        example.name === name;
      expect(documented.find(isQuoted)?.value, source).toEqual(body);
      found++;
    }
    expect(found).toBeGreaterThanOrEqual(20);
  });
});

describe('the vendor’s document', () => {
  const all = examples();
  const polls = all.filter(({ method, path }) => method === 'get' && path.includes('{task_id}'));

  test('two examples of states are bare names, the others have a body', () => {
    expect(polls.filter((example) => !('value' in example)).map(({ path, name }) => `${path} ${name}`)).toEqual([
      '/v1/videos/subtitle-erase/{task_id} 处理中',
      '/v1/videos/subtitle-erase/{task_id} 已完成',
    ]);
  });

  const states = polls.filter(({ status, ...example }) => status === 200 && 'value' in example);
  test.each(states.map((example) => [`${example.path} ${example.name}`, example] as const))(
    '%s',
    (_, { path, value }) => {
      const modality = path.includes('music') ? 'music' : path.includes('images') ? 'image' : 'video';
      const reading = read(value, modality);
      expect(statusOf(reading?.word ?? 'no word')).toBeDefined();
      if (reading === null) throw new Error('says nothing');
      const { state, unknownWord, withoutOutput } = fold(INITIAL, reading);
      expect({ unknownWord, withoutOutput }).toEqual({ unknownWord: false, withoutOutput: false });
      if (state.status === 'failed') expect(state.error?.message).toBeTruthy();
    },
  );

  test('its states are of all kinds, and many', () => {
    const kinds = states.map(({ value }) => stateOf(value).status);
    const count = (status: string) => kinds.filter((kind) => kind === status).length;
    expect(count('succeeded')).toBeGreaterThanOrEqual(20);
    expect(count('running')).toBeGreaterThanOrEqual(6);
    expect(count('queued')).toBeGreaterThanOrEqual(1);
    expect(count('failed')).toBeGreaterThanOrEqual(6);
  });

  test('its refusals are read as such, with their words; none of them is tried again but the gateway’s own trouble', () => {
    const refusals = all.filter((example) => example.status >= 400 && 'value' in example);
    expect(refusals.length).toBeGreaterThanOrEqual(35);
    for (const { path, name, status, value } of refusals) {
      const refusal = refused(value, status);
      expect(refusal?.message, `${path} ${name}`).toBeTruthy();
      expect(JSON.stringify(value), name).toContain(JSON.stringify(refusal?.message).slice(1, -1));
      const kind =
        status === 401
          ? 'authentication'
          : name.startsWith('task does not exist') || name === 'task_not_found'
            ? 'task-not-found'
            : status === 500
              ? 'server'
              : 'invalid';
      expect([name, refusal?.kind]).toEqual([name, kind]);
    }
  });

  test('its accepted submits of tasks all give an id', () => {
    const taskPaths = new Set(shapes.flatMap(([, shape]) => shape.endpoints));
    const submits = all.filter(
      ({ method, path, status, ...rest }) =>
        method === 'post' && status === 200 && taskPaths.has(path) && 'value' in rest,
    );
    expect(submits.length).toBeGreaterThanOrEqual(25);
    for (const { value, name } of submits) expect(submitted(value), name).toHaveProperty('id');
  });
});
