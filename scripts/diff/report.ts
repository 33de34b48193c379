// How a diff is told: as text for a terminal, as Markdown for a pull request, as JSON for a program; and its exit code. Same diff, same bytes.
import { type Change, type ChangeClass, CLASSES, lineOf, subjectOf } from './change.js';
import type { Diff } from './diff.js';
import { code, listed } from './words.js';

/** Nothing or texts only; wrong use; more is possible; something may break. */
export const EXIT_CODES = { nothing: 0, cosmetic: 0, wrongUse: 1, additive: 10, breaking: 20 } as const;

export const exitCodeOf = ({ verdict }: Diff): number => EXIT_CODES[verdict ?? 'nothing'];

const TITLES: Readonly<Record<ChangeClass, string>> = {
  breaking: 'Breaking',
  additive: 'Additive',
  cosmetic: 'Cosmetic',
};

const ofClass = ({ changes }: Diff, kind: ChangeClass): Change[] => changes.filter((change) => change.class === kind);

function counts(diff: Diff): string {
  return CLASSES.map((kind) => `${ofClass(diff, kind).length} ${kind}`).join(', ');
}

function versions({ gateway, before, after }: Diff): string {
  const same = before.version === after.version;
  return `${gateway} ${same ? `${after.version} (the version did not move)` : `${before.version} → ${after.version}`}`;
}

/** The first lines of every report: the date if it moved, then the verdict. */
function head(diff: Diff): string[] {
  const { before, after } = diff;
  const date = diff.dateMoved
    ? [
        `Breaking changes since: ${after.breakingChangesSince ?? 'no date'} (was ${before.breakingChangesSince ?? 'no date'}).`,
      ]
    : [];
  const verdict = diff.verdict === undefined ? 'nothing changed' : `${diff.verdict} (${counts(diff)})`;
  return [...date, `${versions(diff)}: ${verdict}.`];
}

export function textReport(diff: Diff): string {
  const parts = CLASSES.flatMap((kind) => {
    const changes = ofClass(diff, kind);
    return changes.length === 0 ? [] : ['', TITLES[kind], ...changes.map((change) => `  ${lineOf(change)}`)];
  });
  return `${[...head(diff), ...parts].join('\n')}\n`;
}

export function jsonReport(diff: Diff): string {
  const { gateway, before, after, dateMoved, verdict, changes } = diff;
  const report = {
    gateway,
    from: { version: before.version, breakingChangesSince: before.breakingChangesSince ?? null },
    to: { version: after.version, breakingChangesSince: after.breakingChangesSince ?? null },
    dateMoved,
    verdict: verdict ?? 'nothing',
    exitCode: exitCodeOf(diff),
    counts: Object.fromEntries(CLASSES.map((kind) => [kind, ofClass(diff, kind).length])),
    changes: changes.map((change) => ({ ...change, line: lineOf(change) })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** `notes`: what is to be said between the verdict and the tables, such as how the tests ended. */
export function markdownReport(diff: Diff, notes: readonly string[] = []): string {
  const [first = '', ...others] = head(diff);
  const blocks = [
    ...(diff.dateMoved
      ? [`**${first}** The vendor says so on its entry page: read its changelog before merging.`]
      : []),
    `**${(diff.dateMoved ? others : [first]).join(' ')}**`,
    ...notes,
    ...(['breaking', 'additive'] as const).flatMap((kind) => table(TITLES[kind], ofClass(diff, kind))),
    ...folded(ofClass(diff, 'cosmetic')),
    ...whatToDo(diff),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function table(title: string, changes: readonly Change[]): string[] {
  if (changes.length === 0) return [];
  const rows = changes.map((change) => `| ${cell(change.what)} | ${cell(whoOf(change))} | ${cell(whereOf(change))} |`);
  return [`## ${title} (${changes.length})`, ['| What | Models | Where |', '|---|---|---|', ...rows].join('\n')];
}

/** All that call for a change; of an answer, which many share, some. */
function whoOf({ models, part }: Change): string {
  const names = models.map(code);
  return `${models.length > 1 ? `${models.length}: ` : ''}${part === '' ? names.join(', ') : listed(names)}`;
}

const whereOf = ({ endpoints, part, everywhere }: Change): string =>
  `${part === '' ? '' : `${part} of `}${everywhere ? `all ${endpoints.length} endpoints` : endpoints.map(code).join(', ')}`;

/** A cell ends at a bar, even in a code span. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

function folded(changes: readonly Change[]): string[] {
  if (changes.length === 0) return [];
  const lines = changes.map((change) => {
    const subject = subjectOf(change);
    return `- ${subject === '' ? '' : `${code(subject)}: `}${change.what}`;
  });
  return [`<details>\n<summary>Cosmetic (${changes.length})</summary>\n\n${lines.join('\n')}\n\n</details>`];
}

function whatToDo(diff: Diff): string[] {
  const steps: string[] = [];
  const has = (test: (change: Change) => boolean): boolean => diff.changes.some(test);
  if (diff.verdict === undefined || diff.verdict === 'cosmetic') {
    return ['## What to do', '- Nothing changes for users. Merge if the tests are green.'].map((line) => line);
  }
  if (diff.dateMoved)
    steps.push(
      "Read the vendor's changelog: the date says that something breaks, and the document may not show all of it.",
    );
  if (diff.verdict === 'breaking') {
    steps.push(
      'Go through the breaking lines one by one; each goes into CHANGELOG.md under "Breaking", with what users do instead.',
    );
    steps.push('Release it as a new major version (a new minor one while the major version is 0).');
  } else steps.push('Name what is new in CHANGELOG.md and release a new minor version.');
  if (has(({ what }) => what.includes('could not be compared'))) {
    steps.push(
      'What could not be compared counts as breaking. Read it in the document, and say in this pull request what it is.',
    );
  }
  if (has(({ area, class: kind }) => area === 'status' && kind === 'breaking')) {
    steps.push('Add the new status words to `src/tasks/state.ts`: an unknown word is taken for running.');
  }
  if (has(({ area, class: kind }) => kind === 'breaking' && ['endpoint', 'poll', 'auth', 'server'].includes(area))) {
    steps.push(
      "Check the gateway's folder under `src/gateways/` and `scripts/gateways.ts`: paths, keys and servers stand there too.",
    );
  }
  if (has(({ area }) => area === 'model'))
    steps.push('Look at the prose rules (`docs/rules.md`): a new model may need one, a rule of a gone model may go.');
  return ['## What to do', steps.map((step) => `- ${step}`).join('\n')];
}
