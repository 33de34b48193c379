import { ImaRouter } from 'ima-router';

const ima = new ImaRouter({ journal: 'journal/' }); // remembers uploads: the next run pays for none of them again
const face = await ima.assets.ensure('https://example.com/ann.png', { for: 'seedance-2.0', name: 'Ann' });
console.log(face); // asset://…, reviewed

const video = await ima.generate({ model: 'seedance-2.0', prompt: 'she smiles at the camera', images: [face] });
const [file] = await video.download('out/');
console.log(file?.path);
