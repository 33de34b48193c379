import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const clean = await ima.generate({
  model: 'doubao-video-subtitle-erase-cn',
  video_url: 'https://example.com/with-subtitles.mp4',
});
const [file] = await clean.download('clean/');
console.log(file?.path, file?.contentType);
