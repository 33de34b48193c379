// One contender brings one film to a file, in a process of its own; prints what that cost as JSON.
// node download-caller.js <contender> <http|https> <url> <bytes> <folder>, with BENCH_URL, BENCH_OURS set by stage.ts,
// and NODE_EXTRA_CA_CERTS for https.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { get } from 'node:http';
import { get as getSecure } from 'node:https';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , name = '', scheme = '', base = '', bytes = '', folder = ''] = process.argv;

/** Fetched first, so that what is measured is loaded, compiled and has looked at the certificates. */
const WARM_BYTES = 64 * 1024;
/** As large as the pieces that ours gathers. */
const GATHERED_BYTES = 2 ** 20;
/**
 * Between the two: what a fresh process still compiles and clears away beside its first calls is no part of a download,
 * which comes minutes after them. Without it ours took 40 ms and 15 MB more for 64 MiB.
 */
const SETTLE_MS = 500;
const SAMPLE_MS = 10;
const MB = 2 ** 20;

/**
 * Each prepares the download of so many bytes into a folder that exists, and gives a function that does it and resolves
 * to the file's path.
 */
const CONTENDERS = {
  ours,
  'fetch + pipeline': async (size, into) => {
    const path = join(into, 'film.mp4');
    return async () => {
      await pipeline((await fetched(size)).body, createWriteStream(path));
      return path;
    };
  },
  'fetch + pipeline + sha256': async (size, into) => {
    const path = join(into, 'film.mp4');
    return async () => {
      const hash = createHash('sha256');
      const hashing = async function* (chunks) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      };
      await pipeline((await fetched(size)).body, hashing, createWriteStream(path));
      hash.digest('hex');
      return path;
    };
  },
  'node:http gathered + sha256': async (size, into) => {
    const path = join(into, 'film.mp4');
    return async () => {
      const handle = await open(path, 'w');
      const hash = createHash('sha256');
      try {
        await gathered(await got(urlOf(size)), handle, hash);
      } finally {
        await handle.close();
      }
      hash.digest('hex');
      return path;
    };
  },
  'sha256 alone': async (size) => {
    const block = Buffer.alloc(GATHERED_BYTES, 'a film');
    return async () => {
      const hash = createHash('sha256');
      for (let left = size; left > 0; left -= block.length) hash.update(block.subarray(0, left));
      hash.digest('hex');
    };
  },
};

let client;
async function ours(size, into) {
  if (client === undefined) {
    const { ImaRouter } = await import(process.env.BENCH_OURS ?? '');
    // The task is over already: there is no need to wait for it.
    const poll = { minMs: 1, maxMs: 1 };
    client = new ImaRouter({ apiKey: 'sk-bench-0123456789', baseUrl: process.env.BENCH_URL ?? '', poll });
  }
  const task = client.task(`task_${scheme}_${size}`, { pollPath: '/v1/videos/{task_id}' });
  const result = await task.result();
  return async () => (await result.download(`${into}/`))[0].path;
}

const urlOf = (size) => `${base}/${size}.mp4`;

async function fetched(size) {
  const response = await fetch(urlOf(size));
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response;
}

function got(url) {
  return new Promise((resolve, reject) => {
    (url.startsWith('https:') ? getSecure : get)(url, resolve).on('error', reject);
  });
}

/** Writes what has been gathered, and hashes it, while more is gathered; the socket waits when that is enough too. */
function gathered(message, handle, hash) {
  return new Promise((resolve, reject) => {
    let [chunks, size, at] = [[], 0, 0];
    let [isWriting, isOver] = [false, false];
    const flush = async () => {
      if (isWriting || (size < GATHERED_BYTES && !isOver)) return;
      if (size === 0) {
        resolve();
        return;
      }
      isWriting = true;
      const [batch, length] = [chunks, size];
      [chunks, size] = [[], 0];
      const writing = handle.writev(batch, at);
      for (const chunk of batch) hash.update(chunk);
      await writing;
      at += length;
      isWriting = false;
      message.resume();
      await flush();
    };
    message.on('data', (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (isWriting && size >= GATHERED_BYTES) message.pause();
      flush().catch(reject);
    });
    message.on('end', () => {
      isOver = true;
      flush().catch(reject);
    });
    message.on('error', reject);
  });
}

/** Most memory since the last `forgetPeak`, as the kernel knows it. */
function kernelPeakMb() {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}

/** `5` resets what the kernel remembers as the peak (proc_pid_clear_refs(5)). */
function forgetPeak() {
  writeFileSync('/proc/self/clear_refs', '5');
}

async function timed() {
  const prepare = CONTENDERS[name];
  if (prepare === undefined) throw new Error(`no contender "${name}"`);
  const warmFolder = join(folder, 'warm');
  await mkdir(warmFolder);
  const warm = await prepare(WARM_BYTES, warmFolder);
  const coldAt = performance.now();
  await warm();
  const firstMs = performance.now() - coldAt;

  const run = await prepare(Number(bytes), folder);
  await sleep(SETTLE_MS);
  forgetPeak();
  const before = process.memoryUsage.rss() / MB;
  let sampled = before;
  const sample = () => {
    sampled = Math.max(sampled, process.memoryUsage.rss() / MB);
  };
  const sampler = setInterval(sample, SAMPLE_MS);
  const [cpu, startedAt] = [process.cpuUsage(), performance.now()];
  const path = await run();
  const [{ user, system }, ms] = [process.cpuUsage(cpu), performance.now() - startedAt];
  const peak = kernelPeakMb();
  clearInterval(sampler);
  sample();
  return { path, ms, cpuMs: (user + system) / 1000, growthMb: peak - before, sampledMb: sampled - before, firstMs };
}

/**
 * curl, then `sync -d` of what it made. Its time is its own, from the first connection on; bash tells the CPU time to the
 * millisecond, less that of a curl that only starts, since none of the others is charged for its start.
 */
function curl() {
  const path = join(folder, 'film.mp4');
  // `-q`: nobody's settings; `--noproxy`: nor their proxy.
  const args = ['-q', '-sS', '-f', '--noproxy', '*', '-o', path, '-w', '%{time_total}'];
  const trust = scheme === 'https' ? ['--cacert', process.env.NODE_EXTRA_CA_CERTS ?? ''] : [];
  const script = `set -e
exec 3>&2 2>"$1/times"; TIMEFORMAT='%3R %3U %3S'; film=$2; shift 2
time curl --version >/dev/null 2>&3
time curl "$@" 2>&3
time sync -d "$film" 2>&3`;
  const printed = execFileSync('bash', ['-c', script, 'bash', folder, path, ...args, ...trust, urlOf(bytes)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [start, fetching, syncing] = readFileSync(join(folder, 'times'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [wall, user, system] = line.split(' ').map((seconds) => Number(seconds) * 1000);
      return { wall, cpu: user + system };
    });
  const startCpuMs = start.cpu;
  const [ms, cpuMs] = [Number(printed) * 1000, fetching.cpu - startCpuMs];
  return { path, ms, cpuMs, startCpuMs, syncMs: syncing.wall, syncCpuMs: syncing.cpu };
}

console.log(JSON.stringify(name === 'curl' ? curl() : await timed()));
process.exit();
