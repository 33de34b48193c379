// How several waits are shown at once: bars on a terminal, one plain line per change elsewhere.

import cliProgress from 'cli-progress';

/** One line of progress per job. */
export interface Board {
  update(label: string, fraction: number, status: string): void;
  stop(): void;
}

/** Bars when `stream` is a terminal, lines otherwise. */
export function board(labels: readonly string[], stream: NodeJS.WriteStream): Board {
  return stream.isTTY === true ? bars(labels, stream) : lines(labels, stream);
}

function bars(labels: readonly string[], stream: NodeJS.WriteStream): Board {
  const multi = new cliProgress.MultiBar(
    { stream, format: '  {label} {bar} {percent}  {status}', hideCursor: true, clearOnComplete: false },
    cliProgress.Presets.shades_grey,
  );
  const width = Math.max(...labels.map((label) => label.length));
  const each = new Map(
    labels.map((label) => [label, multi.create(100, 0, { label: label.padEnd(width), percent: '   0 %', status: '' })]),
  );
  return {
    update(label, fraction, status) {
      const percent = Math.round(fraction * 100);
      each.get(label)?.update(percent, { percent: `${String(percent).padStart(4)} %`, status });
    },
    stop: () => multi.stop(),
  };
}

function lines(labels: readonly string[], stream: NodeJS.WriteStream): Board {
  const width = Math.max(...labels.map((label) => label.length));
  const last = new Map<string, string>();
  return {
    update(label, fraction, status) {
      const line = `  ${label.padEnd(width)} ${String(Math.round(fraction * 100)).padStart(4)} %  ${status}`;
      if (last.get(label) !== line) stream.write(`${line}\n`);
      last.set(label, line);
    },
    stop: () => {},
  };
}
