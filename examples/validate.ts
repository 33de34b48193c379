import { ImaRouter, InvalidRequestError } from 'ima-router';

const ima = new ImaRouter();
const request = { model: 'kling-v3-video', promt: 'a puppy', duration: 99 };
try {
  await ima.validate(request); // sends nothing
} catch (error) {
  if (!(error instanceof InvalidRequestError)) throw error;
  for (const { path, expected, received } of error.issues) {
    console.log(path.join('.'), 'expected', expected, 'received', received);
  }
}
