import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const task = await ima.midjourney.blend({
  base64Array: ['https://example.com/fox.png', 'https://example.com/forest.png'],
});
const blended = await task.result();
for (const { path } of await blended.download('out/', { overwrite: true })) console.log(path);
