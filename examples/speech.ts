import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const speech = await ima.generate({
  model: 'seed-tts-2.0',
  input: 'Good morning. Your video is ready.',
  voice: 'en_male_tim_uranus_bigtts',
});
const [file] = await speech.download('out/', { overwrite: true });
console.log(file?.contentType, file?.bytes);
