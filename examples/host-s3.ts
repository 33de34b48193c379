import { AwsClient } from 'aws4fetch';
import { ImaRouter } from 'ima-router';

const bucket = process.env.BUCKET_URL ?? 'https://my-bucket.s3.eu-central-1.amazonaws.com';
const s3 = new AwsClient({
  accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? '',
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? '',
  region: 'eu-central-1',
  service: 's3',
});
const ima = new ImaRouter({
  hostFile: async (file) => {
    const url = `${bucket}/${crypto.randomUUID()}-${encodeURIComponent(file.name)}`;
    const { ok, status } = await s3.fetch(url, { method: 'PUT', body: file });
    if (!ok) throw new Error(`the bucket answered ${status}`);
    // A signed URL that holds for a day: the bucket itself stays private.
    return (await s3.sign(`${url}?X-Amz-Expires=86400`, { aws: { signQuery: true } })).url;
  },
});

const task = await ima.submit({ model: 'wan2.6-i2v', prompt: 'the dog runs', image: './dog.png' });
console.log(task.id);
