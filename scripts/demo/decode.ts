// Whether a saved file is really playable: decoded by ffmpeg where there is one, else by JavaScript readers.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { PNG } from 'pngjs';

const run = promisify(execFile);

/** What was found in a file. `by` names the judge, `nobody` when none here reads the format. */
export interface Decoded {
  summary: string;
  by: 'ffmpeg' | 'pngjs' | 'mediabunny' | 'nobody';
}

/** Decodes (ffmpeg, pngjs) or walks every packet of (mediabunny) `path`. Throws when the file is broken. */
export async function decode(path: string): Promise<Decoded> {
  const bytes = await readFile(path);
  const own = await decodeHere(bytes);
  return (await decodedByFfmpeg(path)) ? { ...own, by: 'ffmpeg' } : own;
}

async function decodeHere(bytes: Buffer): Promise<Decoded> {
  if (bytes.subarray(1, 4).toString('latin1') === 'PNG') return { summary: decodePng(bytes), by: 'pngjs' };
  const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS });
  // JPEG, WebP and other still pictures: only ffmpeg, where there is one, can say.
  if (!(await input.canRead())) return { summary: `${bytes.length} bytes`, by: 'nobody' };
  return { summary: await walkPackets(input), by: 'mediabunny' };
}

function decodePng(bytes: Buffer): string {
  const { width, height } = PNG.sync.read(bytes);
  return `${width}×${height}`;
}

/** Reads all packets of all tracks, so that a cut or a hole shows. */
async function walkPackets(input: Input): Promise<string> {
  const tracks = await input.getTracks();
  if (tracks.length === 0) throw new Error('no track inside');
  const parts: string[] = [];
  for (const track of tracks) {
    let packets = 0;
    for await (const packet of new EncodedPacketSink(track).packets()) packets += packet.data.length > 0 ? 1 : 0;
    if (packets === 0) throw new Error(`the ${track.type} track holds nothing`);
    const size = track.isVideoTrack() ? `${track.displayWidth}×${track.displayHeight} ` : '';
    parts.push(`${size}${track.codec ?? track.type}`);
  }
  return `${parts.join(' + ')} ${(await input.computeDuration()).toFixed(1)} s`;
}

/** True when ffmpeg decoded every frame; false when there is no ffmpeg. Throws when it found an error. */
async function decodedByFfmpeg(path: string): Promise<boolean> {
  try {
    await run('ffmpeg', ['-v', 'error', '-xerror', '-i', path, '-f', 'null', '-']);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
