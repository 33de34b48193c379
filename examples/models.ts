import { ImaRouter, UnknownModelError } from 'ima-router';

const ima = new ImaRouter();
for (const { id, endpoints, imageToVideoOnly } of ima.models.list({ modality: 'video' })) {
  console.log(id, endpoints[0]?.path, imageToVideoOnly ? 'needs an image' : '');
}

try {
  ima.models.route('可灵 2.6');
} catch (error) {
  if (error instanceof UnknownModelError) console.log('did you mean', error.suggestions);
}
