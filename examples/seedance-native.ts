import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const task = await ima.submit(
  {
    model: 'seedance-2.0',
    content: [
      { type: 'text', text: 'the camera circles the lighthouse at dusk' },
      { type: 'image_url', image_url: { url: 'https://example.com/lighthouse.png' }, role: 'first_frame' },
    ],
    resolution: '720p',
    duration: 5,
  },
  { endpoint: '/api/v1/contents/generations/tasks' },
);
const video = await task.result();
console.log(video.status, video.outputs.length, video.costUsd);

// The same at the common path, with the moderation that passes its verdict on.
const checked = await ima.generate(
  { model: 'seedance-2.0', prompt: 'the camera circles the lighthouse at dusk', duration: 5 },
  { headers: { 'x-moderation': 'enabled' } },
);
console.log(checked.status, checked.outputs.length);
