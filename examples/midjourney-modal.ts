import { ImaRouter, TaskNeedsInputError } from 'ima-router';

const ima = new ImaRouter();
const grid = await (await ima.midjourney.imagine({ prompt: 'a fox in an autumn forest' })).result();

// A button that opens a window: it is answered beforehand, and a new task is made.
const remix = await ima.midjourney.modal(grid, { customId: 'Remix', prompt: 'a wolf in deep snow' });

// A window that opens by itself. With a `prompt` this zoom would need none: so it is sent past that rule here.
const zoom = await ima.midjourney.change(grid, 'Custom Zoom', { validate: 'schema' });
try {
  await zoom.result();
} catch (error) {
  if (!(error instanceof TaskNeedsInputError)) throw error;
  console.log('waits for:', zoom.state.needs);
  await ima.midjourney.modal(zoom, { prompt: 'a fox in an autumn forest --zoom 1.5' }); // the same id goes on
}
for (const picture of await Promise.all([remix.result(), zoom.result()])) {
  console.log(picture.model, picture.status, picture.outputs.length);
}
