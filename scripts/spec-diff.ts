// Entry of `npm run spec:diff`: reads the options, compares two editions of a document, says what changes for users, ends with a code that tells the class.
import { Command, CommanderError } from 'commander';
import { diffDocuments } from './diff/diff.js';
import { EXIT_CODES, exitCodeOf, jsonReport, markdownReport, textReport } from './diff/report.js';
import { readSide } from './diff/source.js';
import { gatewayNamed } from './gateways.js';

interface Options {
  from?: string;
  to?: string;
  gateway: string;
  json?: true;
  markdown?: true;
}

const command = new Command()
  .name('spec:diff')
  .description("Say what a new edition of the vendor's document changes for users of this library.")
  .option('--from <file or rev:path>', 'the older edition (default: the committed one, HEAD:openapi/…)')
  .option('--to <file or rev:path>', 'the newer edition (default: the one in openapi/)')
  .option('--gateway <name>', 'which gateway of scripts/gateways.ts', 'ima-router')
  .option('--json', 'as JSON')
  .option('--markdown', 'as Markdown, for a pull request')
  .addHelpText('after', '\nExit codes: 0 nothing or texts only, 1 wrong use, 10 additive, 20 breaking.')
  .allowExcessArguments(false)
  .exitOverride();

try {
  const { from, to, gateway, json, markdown } = command.parse().opts<Options>();
  if (json && markdown) throw new Error('--json and --markdown are two forms of one report: pass one of them.');
  const config = gatewayNamed(gateway);
  const file = `${config.openapiDir}/${config.document}`;
  const before = await readSide(from ?? `HEAD:${file}`, config);
  const after = await readSide(to ?? file, config);
  const diff = diffDocuments(before, after, config);
  process.stdout.write(json ? jsonReport(diff) : markdown ? markdownReport(diff) : textReport(diff));
  process.exitCode = exitCodeOf(diff);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_CODES.wrongUse;
  else {
    console.error(`spec:diff failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = EXIT_CODES.wrongUse;
  }
}
