import { ImaRouter } from 'ima-router';

const ima = new ImaRouter({ journal: 'batch-journal/' });
const animals = ['a fox', 'a crane', 'an otter'];
const requests = animals.map((prompt) => ({ model: 'gemini-2.5-flash-image', prompt }));

// Run it again after a crash, and it goes on: what is bought is not bought twice.
for await (const item of ima.batch(requests, { concurrency: 8, maxCostUsd: 5, outDir: 'animals/' })) {
  if (item.error) console.error(item.index, item.error.message);
  else console.log(item.index, item.files?.length, item.result?.costUsd);
}
