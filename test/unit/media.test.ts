// What bytes are, and what a file may be called.

import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { safeName } from '../../src/media/names.js';
import { sniff } from '../../src/media/sniff.js';

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat([
    ...parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
    Buffer.alloc(64),
  ]);

describe('signatures', () => {
  test.each([
    ['picture.png', 'image/png'],
    ['clip.mp4', 'video/mp4'],
    ['tone.mp3', 'audio/mpeg'],
  ])('the fixture %s', async (name, contentType) => {
    expect(sniff(await readFile(new URL(`../../src/mock/media/${name}`, import.meta.url)))).toMatchObject({
      contentType,
    });
  });

  test.each([
    ['an MPEG frame without a tag', bytes([0xff, 0xfb, 0x90, 0x64]), 'audio/mpeg'],
    ['an audio-only MP4', bytes([0, 0, 0, 32], 'ftypM4A '), 'audio/mp4'],
    ['AVIF', bytes([0, 0, 0, 32], 'ftypavif'), 'image/avif'],
    ['WebM', bytes([0x1a, 0x45, 0xdf, 0xa3, 0x9f], 'B\x86\x81\x01B\x82\x84webm'), 'video/webm'],
    ['Ogg Opus', bytes('OggS', [0, 2], 'OpusHead'), 'audio/ogg'],
    ['WebP', bytes('RIFF', [1, 0, 0, 0], 'WEBPVP8 '), 'image/webp'],
    ['JPEG', bytes([0xff, 0xd8, 0xff, 0xe0, 0, 16], 'JFIF'), 'image/jpeg'],
  ])('%s', (_, head, contentType) => {
    expect(sniff(head)?.contentType).toBe(contentType);
  });

  test.each([
    ['HTML', bytes('<!doctype html><html>')],
    ['JSON', bytes('{"error":"gone"}')],
    ['UTF-16 JSON', bytes([0xff, 0xfe, 0x7b, 0x00, 0x22, 0x00])],
    ['XML', bytes('<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>')],
    ['text that begins like a picture', bytes('GIF of the day')],
    ['more of it', bytes('BM is not a bitmap')],
    ['a gateway’s words', bytes('Gateway timeout')],
    ['nothing', Buffer.alloc(0)],
  ])('%s is no media', (_, head) => {
    expect(sniff(head)?.kind).toBeUndefined();
  });
});

describe('names', () => {
  test.each([
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['com¹', '_com¹'],
    ['..', '_'],
    ['a/b\\c:d', 'a_b_c_d'],
    [' .hidden. ', 'hidden'],
    ['gnp\u202e.exe', 'gnp.exe'],
    ['\ud800x', 'x'],
    ['prunaai/p-image', 'prunaai_p-image'],
  ])('%j → %s', (text, expected) => {
    expect(safeName(text)).toBe(expected);
  });

  test('any text gives one safe segment', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 300, maxLength: 5000 })), (text) => {
        const name = safeName(text);
        expect(name).not.toBe('');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
        expect(name).not.toMatch(/[/\\\u0000-\u001f:*?"<>|]/);
        expect(name).not.toMatch(/^\.|[. ]$/);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(201);
      }),
    );
  });
});
