// Entry of `npm run generate`: reads the options, generates, says what was made and how large it is.
import { Command } from 'commander';
import { gatewayNamed, gateways } from './gateways.js';
import { generate } from './generate/generate.js';

interface Options {
  gateway?: string;
  openapiDir?: string;
  out?: string;
}

/** Whose folders are meant where only folders are named. */
const FIRST = 'ima-router';

const { gateway, openapiDir, out } = new Command()
  .name('generate')
  .description('Make types, catalogue and validation schemas of openapi/.')
  .option('--gateway <name>', `only this one of scripts/gateways.ts (with other folders: ${FIRST} unless named)`)
  .option('--openapi-dir <dir>', 'where the documents stand')
  .option('--out <dir>', 'where to write')
  .parse()
  .opts<Options>();

try {
  const isAll = gateway === undefined && openapiDir === undefined && out === undefined;
  for (const config of isAll ? gateways : [gatewayNamed(gateway ?? FIRST)]) {
    const started = performance.now();
    const result = await generate({
      gateway: config,
      openapiDir: openapiDir ?? config.openapiDir,
      outDir: out ?? config.generatedDir,
      log: (line) => console.log(line),
    });
    console.log(`\n${config.name}`);
    for (const [name, bytes] of result.sizes) {
      console.log(
        `${name.padEnd(14)} ${String(bytes).padStart(8)} bytes${result.changed.includes(name) ? '  changed' : ''}`,
      );
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${result.models} models, ${result.schemas} request schemas, ${seconds} s.`);
  }
} catch (error) {
  console.error(`generate failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
