// What callers hand in, looked at before anything is done: a misspelt option would be none, and some are about money.

import { ConfigError } from './errors.js';

/** Throws `ConfigError` for what holds no options, or one that does not exist. `where` names it: `poll`, `retry`. */
export function checkNames(options: unknown, known: readonly string[], where = ''): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw bad(where || 'options', 'must be an object', 'Leave it out for the defaults.');
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw bad(where === '' ? name : `${where}.${name}`, 'is not an option', `Known: ${known.join(', ')}.`);
  }
}

/** Throws `ConfigError` for what is no signal. By its shape: signals of other realms are no instances of this one's class. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  const isSignal =
    typeof signal === 'object' && signal !== null && 'aborted' in signal && typeof signal.aborted === 'boolean';
  if (isSignal && 'addEventListener' in signal && typeof signal.addEventListener === 'function') return;
  throw bad('signal', 'must be an AbortSignal', 'Pass the `signal` of an AbortController, or leave it out.');
}

/** An option that cannot be meant. */
export function bad(param: string, what: string, hint = 'Leave it out for the default.'): ConfigError {
  return new ConfigError(`${param} ${what}.`, { code: 'bad_option', phase: 'config', param, hint });
}
