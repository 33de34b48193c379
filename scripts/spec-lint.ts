// Entry of `npm run spec:lint`: lists the defects of a document. It is a listing, so it ends with 0; with --strict, 1 if there is any.
import { join } from 'node:path';
import { Command } from 'commander';
import { gatewayNamed } from './gateways.js';
import { lintDocument, listing } from './lint/lint.js';
import { checkDocument } from './spec/check.js';
import { readText } from './spec/files.js';
import { SPEC_FILES } from './spec/pull.js';

interface Options {
  gateway: string;
  json?: true;
  all?: true;
  strict?: true;
}

const command = new Command()
  .name('spec:lint')
  .description("List the defects of the vendor's document, by rule, with JSON pointers.")
  .argument('[file]', 'the document; as a rule the `#alias` form, where the defects stand, else the import form')
  .option('--gateway <name>', 'which gateway of scripts/gateways.ts', 'ima-router')
  .option('--json', 'all findings as JSON')
  .option('--all', 'all findings of each rule, not the first five')
  .option('--strict', 'exit code 1 if there is any finding')
  .parse();

/** The first of `files` that is there; the last one without text if none is. */
async function firstOf(files: readonly string[]): Promise<{ file: string; text: string | undefined }> {
  for (const file of files) {
    const text = await readText(file);
    if (text !== undefined) return { file, text };
  }
  return { file: files.at(-1) ?? '', text: undefined };
}

try {
  const { gateway, json, all, strict } = command.opts<Options>();
  const config = gatewayNamed(gateway);
  const forms = config.published === undefined ? [] : [SPEC_FILES.aliasForm];
  const pulled = [...forms, config.document].map((name) => join(config.openapiDir, name));
  const [named] = command.processedArgs.filter((argument) => typeof argument === 'string');
  const { file, text } = await firstOf(named === undefined ? pulled : [named]);
  if (text === undefined) throw new Error(`${file} does not exist. Run npm run spec:pull first, or name another file.`);
  const findings = lintDocument(checkDocument(text, file, 'either'), config);
  if (json) console.log(JSON.stringify(findings, null, 2));
  else {
    console.log(listing(findings, all ? Number.POSITIVE_INFINITY : 5));
    console.log(`${findings.length} findings in ${file}.`);
  }
  if (strict && findings.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(`spec:lint failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
