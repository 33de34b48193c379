import { ImaRouter, ImaRouterError, textOf } from 'ima-router';
import { startMock } from 'ima-router/mock';

// A stream that breaks off in the middle: what had come is paid for, and is kept.
const mock = await startMock({ speed: 1000, faults: [{ on: 'submit', act: 'truncate', at: 0.5 }] });
const ima = new ImaRouter({ baseUrl: mock.url, apiKey: mock.apiKey });

const stream = await ima.chat.completions.create({
  model: 'gpt-4.1',
  messages: [{ role: 'user', content: 'Write a short poem about a fox.' }],
  stream: true,
});
try {
  console.log(await stream.text());
} catch (error) {
  if (!ImaRouterError.is(error)) throw error;
  console.log(error.code, error.mayBeBilled, textOf(stream.snapshot).length > 0); // the same stands in `error.partial`
}
await mock.close();
