// What a refusal or a failed task of ima-router is about, by its words: a kind, what to do, and which input it names.

import type { TaskError } from '../../tasks/index.js';

/** What some words are about. */
export interface Verdict {
  kind: TaskError['kind'];
  /** What to do next, where more is known than the kind tells. */
  hint?: string;
  /** Which input the words name, from 0 in the list that they speak of. */
  inputIndex?: number;
}

const AUDIO_OFF =
  'The sound of the result was refused: submit again with audio off (`metadata.audio: false` at /v1/videos, `generate_audio: false` at the contents path), a new, paid task.';
const AS_ASSET =
  'It is taken for a real person: upload it as an asset and send `asset://<id>` where the model takes one, or use other media.';
const WELL_KNOWN =
  'It is taken for the likeness of somebody well known, which is not taken as an asset either: use other media or another prompt.';
const MORE_PIXELS = 'A reference video needs at least 409,600 pixels (640 x 640).';

/** Words that the gateway and its upstreams have for an account that cannot pay. */
export const NO_BALANCE =
  /insufficient[ _](?:user[ _])?(?:quota|balance)|quota(?:[ _]is)?[ _](?:not[ _]enough|exhausted)|余额不足|额度不足|预扣费额度失败/i;

/**
 * By words, the first that fits. Numbers count only where they stand for themselves or are called a status: "at most
 * 1500 characters" is no HTTP 500. Sources: field-notes A1 ("Per-model quirks"), the document's examples of failures;
 * the general words of moderation are those that upstreams commonly use.
 */
const VERDICTS: readonly { says: Verdict; words: readonly RegExp[] }[] = [
  {
    says: { kind: 'moderation', hint: AUDIO_OFF },
    words: [/OutputAudioSensitive/i, /output audio\b.{0,60}\bsensitive/i],
  },
  // Before real persons: assets are for amateurs (the document, "only amateurs are allowed"), and an upload is paid.
  { says: { kind: 'moderation', hint: WELL_KNOWN }, words: [/celebrit|likeness/i] },
  {
    says: { kind: 'moderation', hint: AS_ASSET },
    words: [/PrivacyInformation/i, /real person/i, /\bportraits? (?:is|are) not/i, /\b601400\b/, /肖像|真人/],
  },
  { says: { kind: 'input', hint: MORE_PIXELS }, words: [/\b601300\b/] },
  {
    says: { kind: 'moderation' },
    words: [
      /SensitiveContent/i,
      /(?<!case[- ])\bsensitive\b/i,
      // Not the field of that name.
      /moderation(?! (?:must|should|is not))/i,
      /\bcopyright/i,
      /\b(?:nsfw|unsafe|prohibited)\b/i,
      /\bbanned[ _-](?:prompt|word)/i,
      /\bsafety (?:system|filter|polic|check)/i,
      /\b(?:content|usage)[ _-]?polic/i,
      /审核|敏感|违规|违禁|版权|不合规|风控/,
    ],
  },
  { says: { kind: 'balance' }, words: [NO_BALANCE] },
  { says: { kind: 'timeout' }, words: [/time[ds]?[ _-]?out/i, /deadline exceeded/i, /超时/] },
  {
    says: { kind: 'input' },
    words: [
      /pixel|\b(?:resolution|aspect ratio|duration)\b/i,
      /\binvalid[ _]?(?:param|request|input|prompt|image|video|audio|url|format|size|file|value|argument)/i,
      /unsupported|\bnot support/i,
      /\bmust (?:not )?be\b/i,
      /\bis required\b/i,
      /too (?:long|large|big|small|short|many)\b(?! (?:connections|requests))/i,
      /download failed|failed to download/i,
    ],
  },
  {
    says: { kind: 'upstream' },
    words: [
      /internal[ _](?:server[ _])?error/i,
      /upstream/i,
      /unavailable|overload|bad gateway|server (?:is )?busy/i,
      // The gateway's own machinery: its store, its connections.
      /connect(?:ion)?(?: was)? (?:refused|reset)|connection pool|too many connections|broken pipe/i,
      /负载已饱和|系统繁忙|数据库|服务器错误/,
      /\b(?:http|status(?:[ _-]?code)?)[ =:]{1,3}5\d\d\b/i,
    ],
  },
];

/** Reads `text`: a code and a message, in that order. */
export function verdictOn(text: string): Verdict {
  const verdict = VERDICTS.find(({ words }) => words.some((word) => word.test(text)))?.says ?? { kind: 'unknown' };
  if (verdict.kind !== 'moderation' && verdict.kind !== 'input') return verdict;
  const inputIndex = inputIndexOf(text);
  return inputIndex === undefined ? verdict : { ...verdict, inputIndex };
}

/** A field and a place in it, from 0: `content[1]`, `metadata.image_list[2]`. */
const FIELD = /([a-z][\w.]{0,60})\[(\d{1,3})\]/gi;
/** Fields of requests that are lists of inputs. */
const INPUTS =
  /(?:^|[._])(?:contents?|images?|videos?|audios?|inputs?|media|references?|base64array)(?:_(?:urls?|list|inputs?))*$/i;
/** Lists of the same names on the other side. */
const RESULTS = /^(?:output|result|generated|response)/i;

const NOUN = '(?:image|picture|photo|video|audio|input)';
/** "image 2", "video #1", from 1; not "image 1024x1024", "video 16:9", "image 2.5 MB" or "gpt-image-2". */
const NUMBERED = new RegExp(
  `(?<![\\w-])${NOUN} (?:#|no\\.? ?|number )?(\\d{1,2})(?![\\w%×-]|[.:,]\\d| ?(?:[kmg]b|px|pixels?|bytes?|s|secs?|seconds?|minutes?|ms|fps|x|×|%|${NOUN}s?|files?|characters?)(?!\\w))`,
  'gi',
);
/** "2nd image", "second reference image", from 1. */
const ORDINAL = new RegExp(
  `\\b(?:(\\d{1,2})(?:st|nd|rd|th)|(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)) (?:input |reference |source )?${NOUN}\\b`,
  'gi',
);
const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth'];
/** "第2张", "第二个视频", from 1. */
const CHINESE = /第 ?(?:(\d{1,2})|([一二三四五六七八九])) ?(?:[张幅]|[个段条] ?(?:图|视频|音频|素材|参考|输入))/g;
const DIGITS = '一二三四五六七八九';

/**
 * The one input that `text` names; undefined where it names none, or several. A place in a field goes before words.
 */
export function inputIndexOf(text: string): number | undefined {
  const fields = [...text.matchAll(FIELD)].flatMap(([, name = '', index]) =>
    INPUTS.test(name) && !RESULTS.test(name) ? [Number(index)] : [],
  );
  if (fields.length > 0) return theOnly(fields);
  const counted = [
    ...[...text.matchAll(NUMBERED)].map(([, number]) => Number(number)),
    ...[...text.matchAll(ORDINAL)].map(([, number, word]) =>
      word === undefined ? Number(number) : ORDINALS.indexOf(word.toLowerCase()) + 1,
    ),
    ...[...text.matchAll(CHINESE)].map(([, number, digit]) =>
      digit === undefined ? Number(number) : DIGITS.indexOf(digit) + 1,
    ),
  ];
  const index = theOnly(counted);
  return index === undefined || index === 0 ? undefined : index - 1;
}

function theOnly(numbers: readonly number[]): number | undefined {
  const [first, ...others] = new Set(numbers);
  return others.length === 0 ? first : undefined;
}
