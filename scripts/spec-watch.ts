// Entry of `npm run spec:watch`: what .github/workflows/spec.yml runs, and what runs on any checkout; ends with 0 where all went well, also where nothing moved.
import { resolve } from 'node:path';
import { Command } from 'commander';
import { publish, watch } from './diff/watch.js';
import { gatewayNamed } from './gateways.js';

interface Options {
  gateway: string;
  base?: string;
  root: string;
  report: string;
  check: string[];
  publish?: true;
}

/** What .ci/run runs of the code itself. */
const CHECKS = ['npm run lint', 'npm run typecheck', 'npm run build', 'npm test'];

const options = new Command()
  .name('spec:watch')
  .description(
    'Pull, diff, generate and check; where something moved, leave a branch with it and a report for a pull request.',
  )
  .option('--gateway <name>', 'which gateway of scripts/gateways.ts', 'ima-router')
  .option('--base <url>', "another origin for the vendor's files")
  .option('--root <dir>', 'the checkout', '.')
  .option('--report <file>', 'where the report goes; not into the checkout, or ignored there', 'spec-report.md')
  .option('--check <commands...>', 'what must pass, split at spaces', CHECKS)
  .option('--publish', 'push the branch and open its pull request with `gh`')
  .parse()
  .opts<Options>();

try {
  const root = resolve(options.root);
  const reportFile = resolve(options.report);
  const log = (line: string): void => console.log(line);
  const checks = options.check.map((command) => command.split(' ').filter((word) => word !== ''));
  const gateway = gatewayNamed(options.gateway);
  const result = await watch({ gateway, root, base: options.base, reportFile, checks, log });
  if (result.kind === 'unchanged') console.log('Nothing moved: no branch, no report.');
  else {
    console.log(`${result.title}. Branch ${result.branch}, report ${reportFile}.`);
    if (options.publish) {
      const isNew = await publish({ root, result, reportFile, remote: 'origin', gh: 'gh' });
      console.log(
        isNew ? 'The pull request is open.' : 'There was a pull request for this edition before: left as it is.',
      );
    }
  }
} catch (error) {
  console.error(`spec:watch failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
