import { ImaRouter } from 'ima-router';

const ima = new ImaRouter({ journal: 'tasks/' }); // a directory: one file per task, never a key
const task = await ima.submit({ model: 'sonic', prompt: 'a slow waltz for a rainy day' });
console.log('bought', task.id); // it is on the disk before this line; the process may die here

// … later, after a crash, a deploy or a reboot:
const later = new ImaRouter({ journal: 'tasks/' });
for (const unfinished of await later.resume()) {
  const song = await unfinished.result({ timeoutMs: 600_000 });
  console.log('finished', song.id, song.outputs.length);
}
