import { ImaRouter } from 'ima-router';
import { Imini } from 'ima-router/imini';

const journal = 'tasks/'; // one folder for both: each client takes up its own purchases only
const ima = new ImaRouter({ journal }); // the key comes from IMAROUTER_API_KEY
const imini = new Imini({ journal }); // and from IMINI_API_KEY

const [video, image] = await Promise.all([
  ima.generate({ model: 'kling-v3-video', prompt: 'a puppy runs across a meadow', duration: 5 }),
  imini.generate({ model: 'google/nano-banana', prompt: 'a puppy in a meadow', aspect_ratio: '1:1' }),
]);
for (const result of [video, image]) {
  const [file] = await result.download('out/');
  console.log(result.model, file?.contentType, file?.sha256);
}
