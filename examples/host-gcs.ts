import { AwsClient } from 'aws4fetch';
import { ImaRouter } from 'ima-router';

// HMAC keys: Cloud Storage → Settings → Interoperability.
const bucket = process.env.BUCKET_URL ?? 'https://storage.googleapis.com/my-bucket';
const gcs = new AwsClient({
  accessKeyId: process.env.GCS_HMAC_ID ?? '',
  secretAccessKey: process.env.GCS_HMAC_SECRET ?? '',
  region: 'auto',
  service: 's3',
});
const ima = new ImaRouter({
  hostFile: async (file) => {
    const url = `${bucket}/${crypto.randomUUID()}-${encodeURIComponent(file.name)}`;
    const { ok, status } = await gcs.fetch(url, { method: 'PUT', body: file });
    if (!ok) throw new Error(`the bucket answered ${status}`);
    return (await gcs.sign(`${url}?X-Amz-Expires=86400`, { aws: { signQuery: true } })).url;
  },
});

const task = await ima.submit({ model: 'wan2.6-i2v', prompt: 'the dog runs', image: './dog.png' });
console.log(task.id);
