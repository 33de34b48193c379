import { ImaRouter, textOf } from 'ima-router';

const ima = new ImaRouter();
const response = await ima.responses.create({
  model: 'gpt-5.5',
  instructions: 'Answer in one sentence.',
  input: 'What does an API gateway do?',
});
console.log(response.status, textOf(response));

const stream = await ima.responses.create({ model: 'gpt-5.5', input: 'Count to three.', stream: true });
for await (const event of stream) {
  if (event.type === 'response.output_text.delta') process.stdout.write(event.delta);
}
console.log();
