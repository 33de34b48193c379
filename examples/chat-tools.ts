import { type ChatRequest, ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const request: ChatRequest = {
  model: 'gpt-5.1',
  messages: [{ role: 'user', content: 'How is the weather in Shanghai?' }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'get_weather',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
    },
  ],
};

// The pieces of the tool calls come in many chunks; `final()` has them joined.
const stream = await ima.chat.completions.create({ ...request, stream: true });
const message = (await stream.final()).choices[0]?.message;
const results = (message?.tool_calls ?? []).map(({ id }) => ({
  role: 'tool' as const,
  tool_call_id: id,
  content: '24 °C, sunny',
}));
console.log(message?.tool_calls?.map((call) => call.type === 'function' && call.function.name));

if (message !== undefined) {
  const messages = [...request.messages, message, ...results];
  const answer = await ima.chat.completions.create({ ...request, messages, stream: false });
  console.log(answer.choices[0]?.finish_reason);
}
