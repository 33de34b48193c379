// Bytes to events: however they are cut, whatever ends the lines, and however large an event wants to become.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventTooLarge, serverEvents } from '../../src/protocols/sse.js';
import { all } from './support.js';

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const to of [...cuts].sort((a, b) => a - b)) {
    yield bytes.subarray(from, to);
    from = Math.max(from, to);
  }
  yield bytes.subarray(from);
}
const read = (text: string, cuts: readonly number[] = []) =>
  all(serverEvents(pieces(new TextEncoder().encode(text), cuts)));

const SAMPLE =
  '\uFEFF: hello\nretry: 10\ndata: {"a":"é漢🎬"}\n\nevent: ping\r\ndata: {}\r\n\r\nid: 7\rdata: one\rdata: two\r\r: bye\n\nfoo: bar\ndata:[DONE]\n\n';
const EVENTS = [
  { name: undefined, data: '{"a":"é漢🎬"}', isWhole: true },
  { name: 'ping', data: '{}', isWhole: true },
  { name: undefined, data: 'one\ntwo', isWhole: true },
  { name: undefined, data: '[DONE]', isWhole: true },
];

describe('server-sent events', () => {
  test('in all line endings, with a mark at the beginning, comments, names, and fields that nobody knows', async () => {
    expect(await read(SAMPLE)).toEqual(EVENTS);
  });

  test('are the same wherever the bytes are cut, in the middle of a character too', async () => {
    const { length } = new TextEncoder().encode(SAMPLE);
    for (let at = 0; at <= length; at++) expect(await read(SAMPLE, [at])).toEqual(EVENTS);
    expect(
      await read(
        SAMPLE,
        Array.from({ length }, (_, at) => at),
      ),
    ).toEqual(EVENTS);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: length })), async (cuts) => {
        expect(await read(SAMPLE, cuts)).toEqual(EVENTS);
      }),
    );
  });

  test('are those that were written, whatever texts they hold', async () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text));
    const ending = fc.constantFrom('\n', '\r\n', '\r');
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1 }), ending, fc.array(fc.nat(400)), async (lines, end, cuts) => {
        const text = lines.map((data) => `data: ${data}${end}:${end}${end}`).join('');
        expect((await read(text, cuts)).map(({ data }) => data)).toEqual(lines);
      }),
    );
  });

  test('what the end of the body cuts off is given too, and marked', async () => {
    const cut = { name: 'x', data: '{"a":', isWhole: false };
    for (const end of ['', '\n', '\r'])
      expect(await read(`data: 1\n\nevent: x\ndata: {"a":${end}`)).toEqual([
        { name: undefined, data: '1', isWhole: true },
        cut,
      ]);
    expect(await read('data: 1\n\n: nothing\nevent: x')).toHaveLength(1);
    expect(await read('')).toEqual([]);
  });

  test('one that is too large ends them, however it comes', async () => {
    const bytes = new TextEncoder().encode(`data: 1\n\ndata: ${'x'.repeat(5000)}\n\n`);
    const lines = new TextEncoder().encode(`data: 1\n\n${'data: xxxxxxx\n'.repeat(500)}\n`);
    for (const body of [bytes, lines]) {
      const come: string[] = [];
      const reading = (async () => {
        const cuts = Array.from({ length: 40 }, (_, at) => at * 100);
        for await (const { data } of serverEvents(pieces(body, cuts), undefined, 1000)) come.push(data);
      })();
      await expect(reading).rejects.toThrow(EventTooLarge);
      expect(come).toEqual(['1']);
    }
  });

  test('who leaves early leaves the bytes, and what they throw is thrown', async () => {
    let isLeft = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new TextEncoder().encode('data: 1\n\n');
      } finally {
        isLeft = true;
      }
    }
    for await (const _ of serverEvents(endless())) break;
    expect(isLeft).toBe(true);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('data: 1\n\ndata: 2');
      throw new Error('reset');
    }
    await expect(all(serverEvents(broken()))).rejects.toThrow('reset');
  });
});
