// Entry of `npm run spec:pull`: reads the options, pulls, says in a few lines what changed.
import { Command } from 'commander';
import { gatewayNamed } from './gateways.js';
import { pull } from './spec/pull.js';

interface Options {
  from?: string;
  origin?: string;
  base?: string;
  gateway: string;
  openapiDir?: string;
  allowShrink?: true;
}

const { from, origin, base, gateway, openapiDir, allowShrink } = new Command()
  .name('spec:pull')
  .description("Bring openapi/ up to date with the vendor's published files, or with one document.")
  .option('--from <file or URL>', 'one OpenAPI document, import form or #alias form; the rest is derived from it')
  .option('--origin <url>', 'with a local --from: the address it was copied from, for sources.lock.json')
  .option('--base <url>', "another origin for the vendor's files")
  .option('--gateway <name>', 'which gateway of scripts/gateways.ts', 'ima-router')
  .option('--openapi-dir <dir>', 'where the files stand')
  .option('--allow-shrink', 'take a document that has lost much of the copy here, or ends as if cut off')
  .parse()
  .opts<Options>();

try {
  const config = gatewayNamed(gateway);
  const dir = openapiDir ?? config.openapiDir;
  const log = (line: string): void => console.log(line);
  const { changed, lock } = await pull({ gateway: config, dir, from, origin, base, allowShrink, log });
  console.log(
    changed.length === 0
      ? `Up to date: ${config.name} ${lock.specVersion}, nothing changed.`
      : `${config.name} ${lock.specVersion}: ${changed.join(', ')} changed. Next: npm run generate.`,
  );
} catch (error) {
  console.error(`spec:pull failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
