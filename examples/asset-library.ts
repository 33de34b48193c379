import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const model = 'seedance-upload'; // the channel: for seedance-2.0 and seedance-2.0-fast

const { enabled, count, maxCount } = await ima.assets.quota();
console.log(enabled, count < (maxCount ?? Number.POSITIVE_INFINITY));

const group = await ima.assets.groups.create({ model, name: 'marketing' });
await ima.assets.groups.update({ id: group.id, description: 'portraits for the spring campaign' });
console.log((await ima.assets.groups.get(group.id)).description);
for await (const { id, name } of ima.assets.groups.list({ model })) if (id === group.id) console.log(name);

// This is the one call that costs.
const asset = await ima.assets.create({
  model,
  group_id: group.id,
  url: 'https://example.com/portrait.png',
  asset_type: 'Image',
});
console.log((await ima.assets.ready(asset)).status); // waits for the review
await ima.assets.update({ id: asset.id, name: 'spring portrait' });
for await (const { id, name } of ima.assets.list({ model, filters: { group_ids: [group.id] } })) {
  console.log(id === asset.id, name);
}
console.log((await ima.assets.get(asset.id)).url === `asset://${asset.id}`);
