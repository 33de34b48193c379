// What somebody at a shell needs to try a mock by hand: a submit, the read of its task, and what its keys do.

import type { MockGateway } from './gateway.js';

/** Lines to copy and one to read, as the command line prints them. */
export function tryItAt(url: string, { tryIt, keys }: MockGateway, apiKey: string): string {
  const key = `-H 'Authorization: Bearer ${apiKey}'`;
  // In single quotes a shell takes everything but a single quote as it is.
  const body = JSON.stringify(tryIt.body).replaceAll("'", "'\\''");
  const rules = Object.entries(keys).map(
    ([name, { on, answer }]) => `${name} (${answer.status}${on === 'paid' ? ' for what costs money' : ''})`,
  );
  return `  curl -s ${url}${tryIt.path} ${key} -H 'Content-Type: application/json' \\
    -d '${body}'
  curl -s ${url}${tryIt.poll} ${key}

Keys: any${rules.length === 0 ? '' : `, except ${rules.join(' and ')}`}.
`;
}
