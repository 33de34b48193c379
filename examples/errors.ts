import { ImaRouter, ImaRouterError } from 'ima-router';

const ima = new ImaRouter();
try {
  await ima.generate({ model: 'gpt-image-2', prompt: 'a watch on marble' }, { timeoutMs: 600_000 });
} catch (error) {
  if (!ImaRouterError.is(error)) throw error;
  console.error(error.message); // what happened, to what
  console.error(error.hint); // what to do next
  if (error.mayBeBilled) console.error('keep this:', error.taskId ?? error.traceId);
}
