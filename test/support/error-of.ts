// What a promise rejects with, which must be an error of this library.

import { ImaRouterError } from '../../src/index.js';

export async function errorOf(promise: Promise<unknown>): Promise<ImaRouterError> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  if (!ImaRouterError.is(error)) throw error;
  return error;
}
