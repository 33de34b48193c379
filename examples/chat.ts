import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();

const answer = await ima.chat.completions.create({
  model: 'gpt-4.1',
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is in this picture?' },
        { type: 'image_url', image_url: { url: 'https://example.com/fox.png' } },
      ],
    },
  ],
});
console.log(answer.choices[0]?.message.content);

const stream = await ima.chat.completions.create({
  model: 'claude-sonnet-4-6',
  messages: [{ role: 'user', content: 'Write a short poem about a fox.' }],
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
console.log();
const { usage } = await stream.final(); // the whole message, once the loop has ended
console.log((await stream.text()).length, usage?.total_tokens);
