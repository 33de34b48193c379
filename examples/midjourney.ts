import { ImaRouter } from 'ima-router';

const ima = new ImaRouter({ journal: 'pictures/tasks/' });
const { midjourney } = ima;

const grid = await (await midjourney.imagine({ prompt: 'a fox in an autumn forest --ar 16:9' })).result();
console.log(
  'it can:',
  midjourney
    .buttons(grid)
    .map(({ label }) => label)
    .join(', '),
);

const variation = await midjourney.change(grid, 'V3'); // a label, a customId, a button, or words
const upscaled = await midjourney.change(await variation.result(), 'upscale 1');
const [file] = await (await upscaled.result()).download('pictures/');
console.log(file?.path, file?.contentType);

const [record] = await ima.journal.list({ taskId: upscaled.id });
console.log('made of', record?.ancestry?.length, 'tasks before it');

const first = midjourney.image(grid.id); // the gateway's own copy of the first picture
console.log('first picture:', (await first.arrayBuffer()).byteLength > 0);
