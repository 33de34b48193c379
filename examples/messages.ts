import { ImaRouter, textOf } from 'ima-router';

const ima = new ImaRouter();
const message = await ima.messages.create({
  model: 'claude-sonnet-4-6',
  anthropic_version: 'bedrock-2023-05-31', // this gateway wants it in the body
  max_tokens: 1000,
  messages: [{ role: 'user', content: 'Name three uses of an API gateway.' }],
});
console.log(message.stop_reason, textOf(message));

const stream = await ima.messages.create({
  model: 'claude-sonnet-4-6',
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 1000,
  messages: [{ role: 'user', content: 'Count to three.' }],
  stream: true,
});
for await (const event of stream) {
  if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') process.stdout.write(event.delta.text);
}
console.log();
