import { ImaRouter } from 'ima-router';

const ima = new ImaRouter();
const { endpoints } = ima.models.get('kling-v2-6') ?? { endpoints: [] };
console.log(endpoints.map(({ path }) => path).join(' '));

// Without `endpoint` the first one is taken. Each has its own body: the editor knows which.
const prompt = 'a puppy runs across a meadow';
const image = 'https://example.com/puppy.png';
const results = await Promise.all([
  ima.generate({ model: 'kling-v2-6', prompt, mode: 'pro' }),
  ima.generate({ model: 'kling-v2-6', prompt }, { endpoint: '/kling/v1/videos/text2video' }),
  ima.generate({ model: 'kling-v2-6', image }, { endpoint: '/kling/v1/videos/image2video' }),
  ima.generate({ model: 'kling-v2-6', prompt, metadata: { mode: 'pro' } }, { endpoint: '/v1/video/generations' }),
]);
for (const { status, outputs } of results) console.log(status, outputs[0]?.kind);
