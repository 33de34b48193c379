// Local media on their way to the web: read, looked at, given to the user's `hostFile`, their URLs put in their place.

import { ConfigError, type ImaRouterError, messageOf } from '../transport/index.js';
import { type Draft, type Local, type Path, setAt } from './draft.js';
import {
  goesInline,
  type HostedField,
  type HostFile,
  isNamedLikeMedia,
  isOutOfReach,
  type LocalOptions,
  WEB,
} from './local.js';

/** Uploads at once; more would only crowd each other. */
const MOST_UPLOADS = 6;

/** Replaces the stand-ins of `draft`: what a field takes as it is becomes a data URL, the rest is hosted. */
export async function hosted(draft: Draft, options: LocalOptions, signal: AbortSignal | undefined): Promise<void> {
  const { hostFile, model } = options;
  // One piece of work per thing and use of it: the same file may be wanted as an image here and as a video there.
  const works = new Map<string, { local: Local; paths: Path[] }>();
  for (const local of draft.locals) {
    const use = `${local.standIn} ${local.field?.kind ?? ''} ${goesInline(local.field, options)}`;
    const held = works.get(use);
    if (held === undefined) works.set(use, { local, paths: [local.path] });
    else held.paths.push(local.path);
  }
  const urlOf = async (local: Local): Promise<string> => {
    const file = await fileOf(local, options);
    if (goesInline(local.field, options)) return dataUrl(file);
    if (hostFile === undefined) throw new TypeError('local media without hostFile were let through');
    return hostedUrl(hostFile, file, { model, field: local.path.join('.'), signal }, options);
  };
  const rest = [...works.values()];
  const work = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined && !signal?.aborted; next = rest.shift()) {
      const url = await urlOf(next.local);
      for (const path of next.paths) setAt(draft.body, path, url);
    }
  };
  await Promise.all(Array.from({ length: Math.min(MOST_UPLOADS, rest.length) }, work));
}

async function hostedUrl(hostFile: HostFile, file: File, about: HostedField, options: LocalOptions): Promise<string> {
  const failed = (what: string, cause?: unknown): ImaRouterError =>
    new ConfigError(`hostFile ${what} for ${about.field}: nothing was sent.`, {
      code: 'host_file_failed',
      phase: 'validate',
      param: about.field,
      retryable: cause !== undefined,
      hint: 'hostFile takes a File and resolves to the public URL of it; see docs/media.md.',
      cause,
    });
  let answer: unknown;
  try {
    answer = await hostFile(file, about);
  } catch (cause) {
    throw failed(`failed (${messageOf(cause)})`, cause);
  }
  const url = answer instanceof URL ? answer.href : answer;
  if (typeof url !== 'string' || !WEB.test(url) || !URL.canParse(url)) throw failed('gave no http(s) URL');
  if (isOutOfReach(url) && !options.isLocalGateway) throw failed('gave an address that only this network can reach');
  // As a URL writes itself: spaces and letters of the world encoded.
  return new URL(url).href;
}

async function fileOf({ source, path, field }: Local, options: LocalOptions): Promise<File> {
  // File system and signatures load with the first local file.
  const { fileFrom } = await import('./local-file.js');
  const maxBytes = goesInline(field, options) ? field?.maxBytes : undefined;
  return fileFrom(source, path, { kind: field?.kind, isNamedLikeMedia, maxBytes });
}

async function dataUrl(file: File): Promise<string> {
  return `data:${file.type || 'application/octet-stream'};base64,${base64Of(new Uint8Array(await file.arrayBuffer()))}`;
}

function base64Of(bytes: Uint8Array<ArrayBuffer>): string {
  // Many times faster than text made of single bytes; edge runtimes may have none.
  if (typeof Buffer !== 'undefined') return Buffer.from(bytes.buffer).toString('base64');
  let binary = '';
  // In pieces: the arguments of one call are limited.
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}
