import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const texts = ['a fox in the snow', 'a fox in winter', 'an invoice'];
const { data, usage } = await ima.embeddings.create(
  { model: 'text-embedding-3-small', input: texts, dimensions: 256 },
  { batchSize: 2 }, // of long lists so many go in one call; 2,048 unless given
);

const [snow, winter, invoice] = data.map(({ embedding }) => embedding);
const likeness = (a: number[] = [], b: number[] = []) => a.reduce((sum, x, at) => sum + x * (b[at] ?? 0), 0);
console.log(data.length, usage?.total_tokens, likeness(snow, winter) <= 1, likeness(snow, invoice) <= 1);
