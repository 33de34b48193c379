import { ImaRouter, liveModel } from 'ima-router';

const ima = new ImaRouter();
const { added, removed } = await ima.models.refresh(); // the vendor's live index; without the key, with its ETag
console.log(`${added.length} new, ${removed.length} gone`);

// A model that this package has no types for: its fields are `unknown`, and checked by the gateway alone.
const newest = liveModel(added[0] ?? 'kling-v3-video');
const task = await ima.submit({ model: newest, prompt: 'a puppy runs across a meadow' });
console.log(task.model);
