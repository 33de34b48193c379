import Anthropic from '@anthropic-ai/sdk';
import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const anthropic = new Anthropic(ima.anthropicOptions()); // adds the `anthropic_version` that this gateway wants in the body

const message = await anthropic.messages.create({
  model: 'claude-sonnet-4-6',
  max_tokens: 1000,
  messages: [{ role: 'user', content: 'Name three uses of an API gateway.' }],
});
for (const block of message.content) if (block.type === 'text') console.log(block.text);
