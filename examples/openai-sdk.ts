import { ImaRouter } from 'ima-router';
import OpenAI from 'openai';

const ima = new ImaRouter();
const openai = new OpenAI(ima.openaiOptions()); // key, base URL, and a fetch that buys nothing twice

const stream = await openai.chat.completions.create({
  model: 'claude-sonnet-4-6',
  messages: [{ role: 'user', content: 'Name three uses of an API gateway.' }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');

const response = await openai.responses.create({ model: 'gpt-5.5', input: 'Say hello.' });
console.log(response.output_text);
