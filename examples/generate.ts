import { ImaRouter } from 'ima-router';

const ima = new ImaRouter(); // the key comes from IMAROUTER_API_KEY
const video = await ima.generate({
  model: 'kling-v3-video',
  prompt: 'a puppy runs across a meadow',
  duration: 5,
});
const [file] = await video.download('out/');
console.log(file?.path, file?.sha256, video.costUsd);
