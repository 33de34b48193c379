import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const task = await ima.submit({ model: 'sonic', prompt: 'bright synth-pop with a catchy chorus' });
const saved = JSON.stringify(task); // keep this: it is all that another process needs

const later = new ImaRouter().task(JSON.parse(saved));
for await (const state of later.updates()) console.log(state.status, state.progress);
const song = await later.result();
for (const file of await song.download('out/', { name: 'song' })) console.log(file.path);
