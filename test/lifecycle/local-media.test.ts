// Local media in a request: hosted by the user's function before anything is bought, or refused with the way out.

import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type ClientOptions,
  ConfigError,
  type HostedField,
  ImaRouter,
  type ImaRouterError,
  InvalidRequestError,
  liveModel,
} from '../../src/index.js';
import { json, serve, type TestServer } from '../support/server.js';

// One black pixel; a second of nothing; both enough for their signatures.
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=',
  'base64',
);
const MP4 = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom'), Buffer.alloc(400)]);

let gateway: TestServer;
let folder = '';
let image = '';
let hosted: { file: File; about: HostedField }[] = [];

beforeAll(async () => {
  gateway = await serve((_, response) => json(response, { id: 'task_1', status: 'queued' }));
  folder = await mkdtemp(join(tmpdir(), 'ima-router-media-'));
  image = join(folder, 'dog photo.png');
  await writeFile(image, PNG);
  await writeFile(join(folder, 'clip.mp4'), MP4);
  await writeFile(join(folder, 'secret.txt'), 'root:x:0:0');
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  hosted = [];
  gateway.requests.length = 0;
});

/** A gateway far away, as far as the client knows. */
const client = (options: ClientOptions = {}) =>
  new ImaRouter({
    apiKey: 'sk-test-0123456789',
    baseUrl: 'https://gateway.example',
    fetch: (url, init) => fetch(url.replace('https://gateway.example', gateway.url), init),
    ...options,
  });
const hostFile = async (file: File, about: HostedField): Promise<string> => {
  hosted.push({ file, about });
  return `https://cdn.example/${hosted.length}/${encodeURIComponent(file.name)}`;
};
const sent = (): unknown => JSON.parse(gateway.requests.at(-1)?.body ?? 'null');
const failure = async (
  promise: Promise<unknown>,
): Promise<ImaRouterError & { issues?: InvalidRequestError['issues'] }> => {
  const error = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof InvalidRequestError || error instanceof ConfigError) return error;
  throw new Error(`expected a refusal, got ${String(error)}`);
};

const i2v = { model: 'wan2.6-i2v', prompt: 'the dog runs' } as const;

describe('without hostFile', () => {
  test.each([
    ['a path', { ...i2v, image: './dog.png' }, 'image: is a local file'],
    ['an absolute path', { ...i2v, image: '/home/me/dog.png' }, 'image: is a local file'],
    ['a Windows path', { ...i2v, image: 'C:\\dogs\\dog.png' }, 'image: is a local file'],
    ['a file URL', { ...i2v, image: 'file:///home/me/dog.png' }, 'image: is a local file'],
    [
      'a data URL',
      { ...i2v, images: ['https://a.example/1.png', `data:image/png;base64,${PNG.toString('base64')}`] },
      'images.1: is a data URL',
    ],
    ['bare base64', { ...i2v, image: Buffer.alloc(900, 7).toString('base64') }, 'image: is base64'],
    ['bytes', { ...i2v, image: new Uint8Array(PNG) }, 'image: holds bytes'],
    ['a Buffer', { ...i2v, image: PNG }, 'image: holds bytes'],
    ['an ArrayBuffer', { ...i2v, image: new Uint8Array(PNG).buffer }, 'image: holds bytes'],
    ['a Blob', { ...i2v, image: new Blob([PNG]) }, 'image: holds bytes'],
    [
      'a File, deep inside',
      { model: 'MiniMax-Hailuo-2.3-Fast', metadata: { first_frame_image: new File([PNG], 'a.png') } },
      'metadata.first_frame_image: holds bytes',
    ],
    [
      'an address of this network',
      { ...i2v, image: 'http://192.168.1.7/dog.png' },
      'image: is an address that only this network can reach',
    ],
    [
      'localhost',
      { ...i2v, image: 'http://localhost:3000/dog.png' },
      'image: is an address that only this network can reach',
    ],
  ])('%s is refused before anything is sent, with the way out', async (_, request, message) => {
    const ima = client();
    const error = await failure(ima.submit({ ...request, model: liveModel(request.model) }));
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error.message).toContain(message);
    expect(error).toMatchObject({ code: 'local_media', phase: 'validate', mayBeBilled: false });
    expect(error.hint).toContain('hostFile');
    expect(await failure(ima.validate(request))).toMatchObject({ code: 'local_media' });
    expect(gateway.requests).toEqual([]);
  });

  test('in one go: every such field is named, with what would be right', async () => {
    const request = {
      model: 'kling-v3-omni-video',
      prompt: 'x',
      images: ['a.png', 'https://a.example/b.png'],
      image_list: [{ image_url: '~/c.jpg' }],
    };
    const error = await failure(client().validate(request));
    expect(error.issues?.map(({ path }) => path)).toEqual([
      ['images', 0],
      ['image_list', 0, 'image_url'],
    ]);
    expect(error.issues?.[0]?.expected).toBe('a public http(s) URL');
  });

  test('what the gateway takes as bytes becomes a data URL', async () => {
    const ima = client();
    await ima.submit({ model: 'mj_blend', base64Array: [PNG, new Blob([PNG])], dimensions: 'SQUARE' });
    const url = `data:image/png;base64,${PNG.toString('base64')}`;
    expect(sent()).toMatchObject({ base64Array: [url, url] });
    await ima.submit({ model: 'mj_blend', base64Array: [url, url], dimensions: 'SQUARE' });
    expect(sent()).toMatchObject({ base64Array: [url, url] });
  });

  test('where the document is silent (gpt-image-2) a data URL goes out as it is, bytes do not', async () => {
    const ima = client();
    const url = `data:image/png;base64,${PNG.toString('base64')}`;
    await ima.submit({ model: 'gpt-image-2', prompt: 'x', image: url });
    expect(sent()).toMatchObject({ image: url });
    expect(await failure(ima.submit({ model: 'gpt-image-2', prompt: 'x', image: PNG }))).toMatchObject({
      code: 'local_media',
    });
  });

  test('words in other fields are words', async () => {
    const prompt = './dog.png, data:image/png;base64,AAAA and /etc/passwd';
    await client().submit({ model: 'kling-v3-video', prompt });
    expect(sent()).toEqual({ model: 'kling-v3-video', prompt });
  });

  test("'schema' and 'off' leave texts alone; bytes can never be sent", async () => {
    const ima = client();
    const request = { ...i2v, image: `data:image/png;base64,${PNG.toString('base64')}` };
    await ima.submit(request, { validate: 'schema' });
    expect(sent()).toEqual(request);
    await ima.submit({ ...i2v, image: './dog.png' }, { validate: 'off' });
    expect(sent()).toMatchObject({ image: './dog.png' });
    for (const validate of ['schema', 'off'] as const) {
      expect(await failure(ima.submit({ ...i2v, image: PNG }, { validate }))).toMatchObject({ code: 'local_media' });
    }
  });

  test('a gateway on this machine reaches what this machine reaches', async () => {
    const ima = client({ baseUrl: gateway.url });
    await ima.submit({ ...i2v, image: 'http://localhost:3000/dog.png' });
    expect(sent()).toMatchObject({ image: 'http://localhost:3000/dog.png' });
  });
});

describe('with hostFile', () => {
  test.each<[string, () => ClientRequest, string, string]>([
    ['a path', () => ({ ...i2v, image }), 'dog photo.png', 'image/png'],
    ['a relative path', () => ({ ...i2v, image: relative(process.cwd(), image) }), 'dog photo.png', 'image/png'],
    ['a file URL as text', () => ({ ...i2v, image: pathToFileURL(image).href }), 'dog photo.png', 'image/png'],
    ['a file URL', () => ({ ...i2v, image: pathToFileURL(image) }), 'dog photo.png', 'image/png'],
    [
      'a data URL',
      () => ({ ...i2v, image: `data:image/png;base64,${PNG.toString('base64')}` }),
      'image.png',
      'image/png',
    ],
    ['bytes', () => ({ ...i2v, image: new Uint8Array(PNG) }), 'image.png', 'image/png'],
    ['a Buffer', () => ({ ...i2v, image: PNG }), 'image.png', 'image/png'],
    [
      'a Blob that claims to be something else',
      () => ({ ...i2v, image: new Blob([PNG], { type: 'text/html' }) }),
      'image.png',
      'image/png',
    ],
    ['a File', () => ({ ...i2v, image: new File([PNG], 'rex.png') }), 'rex.png', 'image/png'],
  ])('%s is hosted, then the URL is sent', async (_, request, name, type) => {
    const ima = client({ hostFile });
    await ima.submit({ ...request(), model: liveModel('wan2.6-i2v') });
    expect(hosted).toHaveLength(1);
    const [{ file, about } = { file: new File([], ''), about: undefined }] = hosted;
    expect({ name: file.name, type: file.type, about }).toEqual({
      name,
      type,
      about: { model: 'wan2.6-i2v', field: 'image', signal: undefined },
    });
    expect(Buffer.from(await file.arrayBuffer())).toEqual(PNG);
    expect(sent()).toEqual({ ...i2v, image: `https://cdn.example/1/${encodeURIComponent(name)}` });
  });

  test('the order of the fields and the object of the caller stay as they are', async () => {
    const request = {
      images: [image, 'https://a.example/b.png', new File([PNG], 'c.png')],
      model: 'kling-v3-video',
      prompt: 'x',
    };
    const before = [...request.images];
    await client({ hostFile }).submit({ ...request, model: liveModel('kling-v3-video') });
    expect(gateway.requests.at(-1)?.body).toBe(
      JSON.stringify({
        images: ['https://cdn.example/2/dog%20photo.png', 'https://a.example/b.png', 'https://cdn.example/1/c.png'],
        model: 'kling-v3-video',
        prompt: 'x',
      }),
    );
    expect(request.images).toEqual(before);
  });

  test('the same file in two fields is hosted once', async () => {
    const file = new File([PNG], 'a.png');
    await client({ hostFile }).submit({
      model: 'kling-v3-video',
      first_frame_url: file,
      last_frame_url: file,
      prompt: 'x',
    });
    expect(hosted).toHaveLength(1);
    expect(sent()).toMatchObject({
      first_frame_url: 'https://cdn.example/1/a.png',
      last_frame_url: 'https://cdn.example/1/a.png',
    });
  });

  test('the same bytes in two fields are one file, also to the rules; different bytes are two', async () => {
    const bytes = Buffer.from(PNG);
    const ima = client({ hostFile });
    await ima.submit({ model: 'happyhorse-1.0-i2v', image: bytes, images: [bytes] });
    expect(hosted).toHaveLength(1);
    const two = ima.submit({ model: 'happyhorse-1.0-i2v', image: bytes, images: [Buffer.from(PNG)] });
    expect(await failure(two)).toMatchObject({ code: 'invalid_request' });
    await ima.submit({ model: 'kling-v3-video', prompt: 'x', images: [image, image] });
    expect(hosted).toHaveLength(2);
  });

  test('a list with holes is hosted where its files stand', async () => {
    const images: Blob[] = [];
    images[1] = new Blob([PNG]);
    await client({ hostFile }).submit({ model: liveModel('viduq2-pro'), images }, { validate: 'off' });
    expect(sent()).toEqual({ model: 'viduq2-pro', images: [null, 'https://cdn.example/1/1.png'] });
  });

  test('bytes where no media belong are refused, not turned into words', async () => {
    const ima = client({ hostFile });
    for (const request of [
      { model: 'sonic', prompt: new Blob([PNG]) },
      { model: 'kling-v3-video', prompt: 'x', negative_prompt: PNG },
      { model: 'kling-v2-6', prompt: 'x', cfg_scale: PNG },
      { model: PNG, prompt: 'x' },
    ]) {
      const error = await failure(ima.submit({ ...request, model: liveModel(request.model as string) }));
      expect(error.message).not.toContain('hosted.invalid');
    }
    expect(hosted).toEqual([]);
    expect(gateway.requests).toEqual([]);
  });

  test('fields that the document only speaks of are media too', async () => {
    const ima = client({ hostFile });
    await ima.submit({ model: 'prunaai/p-image-edit', prompt: 'x', extra_fields: { input: { images: [image] } } });
    expect(sent()).toMatchObject({ extra_fields: { input: { images: ['https://cdn.example/1/dog%20photo.png'] } } });
    await ima.submit({ model: liveModel('kling-v2-6'), prompt: 'x', image: PNG, metadata: { image_tail: image } });
    expect(sent()).toMatchObject({ metadata: { image_tail: expect.stringContaining('https://cdn.example/') } });
    const video = {
      model: liveModel('kling-v2-6'),
      prompt: 'x',
      image: PNG,
      metadata: { image_tail: new Blob([MP4]) },
    };
    expect(await failure(ima.submit(video))).toMatchObject({ code: 'local_media' });
  });

  test('a path where the gateway takes bytes is read, and sent as a data URL', async () => {
    await client().submit({ model: 'mj_blend', base64Array: [image, PNG], dimensions: 'SQUARE' });
    const url = `data:image/png;base64,${PNG.toString('base64')}`;
    expect(sent()).toMatchObject({ base64Array: [url, url] });
    const video = { model: liveModel('mj_blend'), base64Array: [PNG, MP4], dimensions: 'SQUARE' };
    expect(await failure(client().submit(video))).toMatchObject({ code: 'local_media' });
  });

  test.each([
    'dog',
    'sub/dog',
    's3://b/k.png',
    'ftp://a.example/x.png',
    'blob:nodedata:1',
    'https:a.example/x.png',
    ' https://a.example/x.png',
    'file-abc123',
    'asset://x',
  ])('%j is not an address that can be fetched', async (text) => {
    for (const request of [
      { model: 'kling-v2-6', image: text },
      { model: 'viduq2-pro', images: [text] },
      { model: 'wan2.6-i2v', images: ['https://a.example/x.png', text] },
    ]) {
      const error = await failure(client().submit({ ...request, prompt: 'x', model: liveModel(request.model) }));
      expect(error.issues?.[0]?.path[0], request.model).toMatch(/^images?$/);
    }
    expect(gateway.requests).toEqual([]);
  });

  test('an abort ends the wait for hosting at once, and is told as one', async () => {
    const never = client({ hostFile: () => new Promise(() => {}) });
    const controller = new AbortController();
    const waiting = never.submit({ ...i2v, image }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'aborted', mayBeBilled: false });
    const obedient = client({
      hostFile: (_, { signal }) =>
        new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    });
    const again = new AbortController();
    const second = obedient.submit({ ...i2v, image }, { signal: again.signal });
    setTimeout(() => again.abort(), 20);
    await expect(second).rejects.toMatchObject({ name: 'AbortError', code: 'aborted' });
    expect(gateway.requests).toEqual([]);
  });

  test('what is no regular file is not waited for', async () => {
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', [join(folder, 'pipe.png')]);
    const error = await failure(client({ hostFile }).submit({ ...i2v, image: join(folder, 'pipe.png') }));
    expect(error.message).toContain('it is not a regular file');
  });

  test('a file name is a name: no folders, no control characters, not endless', async () => {
    const ima = client({ hostFile });
    for (const name of ['../../etc/x.png', 'C:\\Users\\me\\x.png', 'x\n.png', `${'y'.repeat(5000)}.png`]) {
      await ima.submit({ ...i2v, image: new File([PNG], name) });
      expect(hosted.at(-1)?.file.name).toMatch(/^[xy]{1,196}\.png$/);
    }
  });

  test('a model that makes no task uploads nothing', async () => {
    const request = { model: liveModel('seedance-upload'), group_id: 'g', url: new Blob([PNG]) };
    expect(await failure(client({ hostFile }).submit(request))).toMatchObject({ code: 'not_a_task' });
    expect(hosted).toEqual([]);
  });

  test('fields that are no media stay what they are, whatever they look like', async () => {
    const ima = client({ hostFile });
    for (const request of [
      { model: 'mj_imagine', prompt: 'cat', state: image },
      { model: 'mj_imagine', prompt: 'cat', state: `data:image/png;base64,${PNG.toString('base64')}` },
      { model: 'kling-v3-video', prompt: 'x', voice_list: [{ voice_id: 'v.mp4' }] },
      { model: 'sonic', prompt: image, title: 'a.mp3', tags: '/x' },
      { model: 'seed-tts-2.0', text: './dog.png', voice: '/v.mp3' },
      {
        model: 'viduq3-pro',
        prompt: 'x',
        metadata: { watermark: '/x', callback_url: 'http://10.0.0.1/x.png', file_name: image },
      },
    ]) {
      await ima.submit({ ...request, model: liveModel(request.model) });
      expect(sent()).toEqual(request);
    }
    expect(hosted).toEqual([]);
    const asset = {
      model: 'ima-pro-upload-cn',
      asset_type: 'Image',
      url: 'https://a.example/a.png',
      group_id: 'g',
      name: 'dog.png',
    };
    expect(await ima.validate(asset)).toBe(asset);
    const chat = { model: 'gpt-4.1', messages: [{ role: 'user', content: './dog.png' }], stop: ['/'] };
    expect(await ima.validate(chat)).toBe(chat);
  });

  test('asset:// goes to the models that keep assets, and no other scheme does', async () => {
    const ima = client({ hostFile });
    await ima.submit({ model: 'seedance-2.0', prompt: 'x', images: ['asset://asset-1'] });
    expect(sent()).toMatchObject({ images: ['asset://asset-1'] });
    for (const text of ['s3://b/k.png', 'ftp://h/x', 'mailto:a@b', 'x:y', 'asset:abc', 'asset://']) {
      const error = await failure(ima.submit({ model: 'seedance-2.0', prompt: 'x', images: [text] }));
      expect(error.issues?.[0]?.path, text).toEqual(['images', 0]);
    }
  });

  test('what JSON would lose is told, not sent as nothing', async () => {
    const ima = client({ hostFile });
    const { createReadStream } = await import('node:fs');
    const stream = createReadStream(image);
    const { runInNewContext } = await import('node:vm');
    for (const lost of [
      { toJSON: () => Buffer.from([1, 2, 3]) },
      { toJSON: () => new Blob([PNG]) },
      Promise.resolve('https://a.example/a.png'),
      new Map([['a', 1]]),
      new Response('x'),
      new FormData(),
      stream,
    ]) {
      const request = { model: 'viduq3-pro', prompt: 'x', metadata: { image: lost } };
      const error = await failure(ima.submit({ ...request, model: liveModel(request.model) }, { validate: 'off' }));
      expect(error).toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('cannot be written as JSON'),
      });
    }
    stream.destroy();
    expect(gateway.requests).toEqual([]);
    // A buffer of another realm is bytes like any other.
    const foreign: unknown = runInNewContext(`Uint8Array.from([${[...PNG].join()}]).buffer`);
    await ima.submit({ ...i2v, image: foreign as ArrayBuffer });
    expect(Buffer.from((await hosted[0]?.file.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(PNG);
  });

  test('what is empty, or plainly something else, is not hosted', async () => {
    const ima = client({ hostFile });
    await writeFile(join(folder, 'empty.png'), '');
    await writeFile(join(folder, 'page.jpg'), '<html><body>404</body></html>');
    for (const wrong of [
      join(folder, 'empty.png'),
      join(folder, 'page.jpg'),
      'data:image/png;base64,',
      'data:text/html,<b>',
      Buffer.alloc(0),
      new Blob([]),
      'Lorem ipsum dolor '.repeat(20),
      Buffer.from('just some words, and no picture '.repeat(10)).toString('base64'),
    ]) {
      expect(await failure(ima.submit({ ...i2v, image: wrong })), String(wrong).slice(0, 40)).toMatchObject({
        phase: 'validate',
        mayBeBilled: false,
      });
    }
    // The same file as an image here and as a video there: the second use is looked at too.
    const both = { model: 'kling-v3-omni-video', prompt: 'x', image_list: [image], video_list: [image] };
    expect(await failure(ima.submit({ ...both, model: liveModel(both.model) }))).toMatchObject({ code: 'local_media' });
    expect(gateway.requests).toEqual([]);
  });

  test.each([
    ...['dog', 'my_first-picture_of_the_dog', 'the+dog/runs/home=\n', 'the+dog/runs/home==='],
    ...['s3://b/x.png', 'blob:abc', 'http://10.0.0.1/a.png', 'data:text/html,x'],
  ])('nor does a field that takes bytes take %j', async (text) => {
    const request = { model: 'mj_blend' as const, dimensions: 'SQUARE' as const };
    const ok = ` data:image/png;base64,${PNG.toString('base64')}`;
    expect(await failure(client().submit({ ...request, base64Array: [ok, text] }))).toMatchObject({
      phase: 'validate',
    });
    await client().submit({ ...request, base64Array: [ok, PNG.toString('base64'), '/9j/4AAQSkZJRg=='] });
  });

  test('bytes that are gone are a refusal like any other', async () => {
    const bytes = new Uint8Array(PNG);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(await failure(client({ hostFile }).submit({ ...i2v, image: bytes }))).toMatchObject({
      phase: 'validate',
    });
  });

  test('the URL of a hosted file goes out as a URL is written', async () => {
    await client({ hostFile: async () => 'https://cdn.example/日本 1.png\n' }).submit({ ...i2v, image });
    expect(sent()).toMatchObject({ image: 'https://cdn.example/%E6%97%A5%E6%9C%AC%201.png' });
  });

  test('a hundred files go up a few at a time', async () => {
    let [now, most] = [0, 0];
    const slow = async (file: File): Promise<string> => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
      return `https://cdn.example/${file.size}`;
    };
    const images = Array.from({ length: 100 }, (_, at) => Buffer.concat([PNG, Buffer.alloc(at)]));
    await client({ hostFile: slow }).submit({ model: 'seedance-2.0', prompt: 'x', images });
    expect(most).toBeLessThanOrEqual(6);
    expect(sent()).toMatchObject({ images: images.map((image) => `https://cdn.example/${image.length}`) });
  });

  test('a request that would be refused is not hosted, nor one without a key, nor an aborted one', async () => {
    const wrong = { ...i2v, image, duration: 99 };
    expect(await failure(client({ hostFile }).submit({ ...wrong, model: liveModel('wan2.6-i2v') }))).toMatchObject({
      code: 'invalid_request',
    });
    expect(await failure(client({ hostFile, apiKey: '' }).submit({ ...i2v, image }))).toMatchObject({
      code: 'missing_api_key',
    });
    const aborted = client({ hostFile }).submit({ ...i2v, image }, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'aborted', mayBeBilled: false });
    expect(await client({ hostFile }).validate({ ...i2v, image })).toEqual({ ...i2v, image });
    expect(hosted).toEqual([]);
    expect(gateway.requests).toEqual([]);
  });

  test('a file that is not there, not media, or of another kind is refused', async () => {
    const ima = client({ hostFile });
    const wrong = async (path: string) => failure(ima.submit({ ...i2v, image: path }));
    expect(await wrong(join(folder, 'cat.png'))).toMatchObject({
      code: 'local_media',
      message: expect.stringContaining('cannot be read'),
    });
    // A path is read only if it holds what the field is for: never a secret that somebody slipped into a form.
    expect((await wrong(join(folder, 'secret.txt'))).issues?.[0]?.path).toEqual(['image']);
    expect(await wrong(join(folder, 'clip.mp4'))).toMatchObject({
      code: 'local_media',
      message: expect.stringContaining('holds video/mp4, expected an image'),
    });
    expect((await wrong(join(folder, 'secret.txt'))).message).toContain('holds something of no known kind');
    await symlink(join(folder, 'secret.txt'), join(folder, 'link'));
    expect(await wrong(join(folder, 'link'))).toMatchObject({ code: 'local_media' });
    expect(await wrong(folder)).toMatchObject({ code: 'local_media' });
    expect(await wrong('data:image/png;base64,%%%')).toMatchObject({ code: 'local_media' });
    expect(hosted).toEqual([]);
    expect(gateway.requests).toEqual([]);
  });

  test('bytes of a kind that we do not know are taken at their word; a known other kind is not', async () => {
    const ima = client({ hostFile });
    await ima.submit({ ...i2v, image: new Blob(['<svg/>'], { type: 'image/svg+xml' }) });
    expect(hosted[0]?.file.type).toBe('image/svg+xml');
    await ima.submit({ ...i2v, image: Buffer.from('raw sensor data') });
    expect(hosted).toHaveLength(2);
    expect(await failure(ima.submit({ ...i2v, image: MP4 }))).toMatchObject({ code: 'local_media' });
  });

  test('when hosting fails, nothing was sent and the reason is attached', async () => {
    const cause = new Error('bucket is gone');
    const answers: [() => unknown, string][] = [
      [() => Promise.reject(cause), 'failed (bucket is gone)'],
      [() => '', 'gave no http(s) URL'],
      [() => undefined, 'gave no http(s) URL'],
      [() => 'ftp://cdn.example/a.png', 'gave no http(s) URL'],
      [() => 'http://localhost:9000/a.png', 'gave an address that only this network can reach'],
    ];
    for (const [answer, what] of answers) {
      const error = await failure(client({ hostFile: answer as typeof hostFile }).submit({ ...i2v, image }));
      expect(error).toMatchObject({ code: 'host_file_failed', mayBeBilled: false, param: 'image' });
      expect(error.message).toBe(`hostFile ${what} for image: nothing was sent.`);
      if (what.startsWith('failed')) expect(error.cause).toBe(cause);
    }
    expect(gateway.requests).toEqual([]);
  });

  test('what is hosted must fit the schema too: plain http where only https is taken', async () => {
    const request = {
      model: 'seedance-2.0',
      content: [
        { type: 'text', text: 'x' },
        { type: 'image_url', image_url: { url: image } },
      ],
    };
    const at = { endpoint: '/api/v1/contents/generations/tasks' };
    const http = client({ hostFile: async () => 'http://cdn.example/a.png' });
    expect(await failure(http.submit({ ...request, model: liveModel('seedance-2.0') }, at))).toMatchObject({
      code: 'invalid_request',
    });
    await client({ hostFile: async () => new URL('https://cdn.example/a.png') }).submit(
      { ...request, model: liveModel('seedance-2.0') },
      at,
    );
    expect(sent()).toMatchObject({ content: [{}, { image_url: { url: 'https://cdn.example/a.png' } }] });
  });

  test('bytes in a model that nobody knows are hosted wherever they stand', async () => {
    const ima = client({ hostFile });
    const index = [{ modelId: 'new-1', endpoints: ['POST /v1/videos'], pollEndpoint: '/v1/videos/{task_id}' }];
    const served = await serve((_, response) => json(response, index));
    await ima.models.refresh({ url: `${served.url}/model-index.json` });
    await served.close();
    await ima.submit({
      model: liveModel('new-1'),
      a: { b: [new Blob([MP4])] },
      cover_image: image,
      note: './dog.png',
      when: new Date(0),
    });
    expect(sent()).toEqual({
      model: 'new-1',
      a: { b: [expect.stringMatching(/^https:\/\/cdn\.example\/\d\/0\.mp4$/)] },
      note: './dog.png',
      cover_image: expect.stringMatching(/^https:\/\/cdn\.example\/\d\/dog%20photo\.png$/),
      when: '1970-01-01T00:00:00.000Z',
    });
    expect(hosted.map(({ about }) => about.field).sort()).toEqual(['a.b.0', 'cover_image']);
  });

  test('what the caller does to the object after the call changes nothing', async () => {
    const request = { ...i2v, images: [new File([PNG], 'a.png')] };
    const submitted = client({ hostFile }).submit(request);
    request.images.push(new File([PNG], 'b.png'));
    Reflect.set(request, 'prompt', 'something else');
    await submitted;
    expect(sent()).toEqual({ ...i2v, images: ['https://cdn.example/1/a.png'] });
  });

  test('a circle is told as one', async () => {
    const circle: Record<string, unknown> = { model: 'wan2.6-i2v', image: PNG };
    circle.self = circle;
    const error = await failure(client({ hostFile }).submit({ ...circle, model: liveModel('wan2.6-i2v') }));
    expect(error.message).toBe('The request cannot be written as JSON: nothing was sent.');
  });

  test('bytes inside what writes itself are not sent as an empty object', async () => {
    const request = { model: liveModel('sonic'), prompt: 'x', cover: { toJSON: () => ({ image: new Blob([PNG]) }) } };
    const error = await failure(client({ hostFile }).submit(request, { validate: 'off' }));
    expect(error).toMatchObject({
      code: 'invalid_request',
      cause: expect.objectContaining({ message: 'JSON loses what is in image' }),
    });
    expect(gateway.requests).toEqual([]);
  });
});

interface ClientRequest {
  [field: string]: unknown;
}
