// `ima-router mock`: runs the mock gateway until Ctrl-C.

import { Command, InvalidArgumentError, Option } from 'commander';
import type { MockGatewayName } from '../../mock/index.js';

interface MockFlags {
  gateway: MockGatewayName;
  port: number;
  host: string;
  speed: number;
  seed?: number;
  chaos?: number;
}

/** All that the mock plays: it loads when it runs, and help must not wait for it. */
const GATEWAYS = Object.keys({ 'ima-router': true, imini: true } satisfies Record<MockGatewayName, true>);

/** Of flags that make no sense; 1 is for a mock that cannot start. */
const USAGE_EXIT = 2;

export function mockCommand(): Command {
  return new Command('mock')
    .description('run a mock gateway: no key, no cost, real answers and media files')
    .addOption(new Option('--gateway <name>', 'which one to play').choices(GATEWAYS).default('ima-router'))
    .option('--port <number>', 'port to listen on, 0 for any free one', wholeNumber, 4010)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--speed <factor>', '1 = as slow as the real gateway, 20 = twenty times faster', positive, 20)
    .option('--seed <number>', 'same seed, same ids and durations', wholeNumber)
    .option('--chaos <rate>', 'share of exchanges that go wrong, 0 to 1; the seed says which and how', share)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_EXIT))
    .action(run);
}

async function run({ chaos: rate = 0, ...flags }: MockFlags): Promise<void> {
  const { startMock } = await import('../../mock/index.js');
  const mock = await startMock({ ...flags, ...(rate > 0 && { chaos: { rate } }) });
  // Who reads the address may end it at once.
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  // The address alone goes to stdout, so that a script can read it.
  process.stdout.write(`${mock.url}\n`);
  process.stderr.write(`
Mock gateway for ${mock.gateway} (seed ${mock.seed}, ${flags.speed} times faster than the real one${rate > 0 ? `, chaos ${rate}` : ''}). Ctrl-C ends it. Try:

${mock.tryIt}`);
  await interrupted;
  await mock.close();
  const { submits, polls, downloads } = mock.ledger;
  const twice = mock.ledger.paidTwice().length;
  process.stderr.write(
    `\n${submits.length} submits, ${polls.length} polls, ${downloads.length} downloads; paid twice: ${twice}\n`,
  );
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError('It must be a whole number.');
  return number;
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('It must be a number greater than 0.');
  return number;
}

/** `Number('')` is 0, and no rate that anybody meant. */
function share(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0 && number <= 1)) {
    throw new InvalidArgumentError('It must be a share from 0 (nothing goes wrong) to 1 (everything does).');
  }
  return number;
}
