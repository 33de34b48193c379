import { AwsClient } from 'aws4fetch';
import { ImaRouter } from 'ima-router';

const bucket = process.env.BUCKET_URL ?? 'https://my-account.r2.cloudflarestorage.com/my-bucket';
const r2 = new AwsClient({
  accessKeyId: process.env.R2_ACCESS_KEY_ID ?? '',
  secretAccessKey: process.env.R2_SECRET_ACCESS_KEY ?? '',
  region: 'auto',
  service: 's3',
});
const ima = new ImaRouter({
  hostFile: async (file) => {
    const url = `${bucket}/${crypto.randomUUID()}-${encodeURIComponent(file.name)}`;
    const { ok, status } = await r2.fetch(url, { method: 'PUT', body: file });
    if (!ok) throw new Error(`the bucket answered ${status}`);
    return (await r2.sign(`${url}?X-Amz-Expires=86400`, { aws: { signQuery: true } })).url;
  },
});

const task = await ima.submit({ model: 'wan2.6-i2v', prompt: 'the dog runs', image: './dog.png' });
console.log(task.id);
