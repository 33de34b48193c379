// Edits of models and endpoints, as a vendor may make them, each with the class and the lines that the report must hold.
import { body, type Edit, replaceIds } from './diff-edits.js';

export const models: readonly Edit[] = [
  // Models.
  {
    name: 'a model is added to an enum',
    edit: (d) => d.field('ImaProVideoCreateRequest', 'model').at('enum').list.push('seedance-3.0'),
    expect: 'additive',
    lines: ['seedance-3.0: is new (video, `POST /v1/videos`)'],
  },
  {
    name: 'a model is added in prose only',
    edit: (d) => {
      const place = d.at('paths', '/v1/chat/completions', 'post');
      place.set({ description: `${place.at('description').value}\n\n**More models:**\n- \`gpt-9-mini\`\n` });
    },
    expect: 'additive',
    lines: [
      'gpt-9-mini: is new (chat, `POST /v1/chat/completions`, named without a request schema: no types, no validation)',
    ],
  },
  {
    name: 'a model is removed',
    edit: (d) => {
      d.field('VeoVideoCreateRequest', 'model').at('enum').drop('veo-3.0-generate-001');
      replaceIds(d.at('paths', '/v1/videos', 'post'), 'veo-3.0-generate-001', 'veo-3.1-fast-generate-001');
    },
    expect: 'breaking',
    lines: ['veo-3.0-generate-001: is gone (video, `POST /v1/videos`)'],
  },
  {
    name: 'a model is renamed',
    edit: (d) => replaceIds(d, 'sonic', 'sonic-v5'),
    expect: 'breaking',
    lines: ['sonic: is gone; `sonic-v5` is new with the same endpoints and fields (its new name, or what follows it)'],
  },
  {
    name: 'a model is struck out in the text',
    edit: (d) => {
      const place = d.field('VeoVideoCreateRequest', 'model');
      place.set({ description: '- ~~`veo-3.0-generate-001`~~ (please use `veo-3.1-fast-generate-001`)' });
    },
    expect: 'additive',
    lines: ["veo-3.0-generate-001: is deprecated: `please use 'veo-3.1-fast-generate-001'`"],
  },
  {
    name: 'a model makes video only from an image now',
    edit: (d) => {
      const place = d.field('ViduVideoRequest', 'prompt');
      place.set({ description: 'Note: `viduq1` is image-to-video only.' });
    },
    expect: 'breaking',
    lines: ['viduq1: makes video only from an image now, as the text says'],
  },
  {
    name: 'models leave one of their endpoints',
    edit: (d) => body(d, '/v1/video/generations').at('schema', 'anyOf').list.splice(3, 1),
    expect: 'breaking',
    lines: [
      'pixverse-c1, pixverse-v6: has no request schema on `POST /v1/video/generations` any more: no types, no validation',
    ],
  },
  {
    name: 'models move to another endpoint',
    edit: (d) => {
      const list = body(d, '/v1/videos').at('schema', 'anyOf').list;
      const place = list.findIndex((item) => JSON.stringify(item).includes('VeoVideo'));
      const [leaf = null] = list.splice(place, 1);
      body(d, '/v1/video/generations').at('schema', 'anyOf').list.push(leaf);
      const page = d.at('paths', '/v1/videos', 'post', 'requestBody', 'content', 'application/json');
      page.remove('examples');
    },
    expect: 'breaking',
    lines: [
      'veo-3.0-generate-001, veo-3.1-fast-generate-001: goes to `POST /v1/video/generations` where no endpoint is asked for, was `POST /v1/videos`',
      'veo-3.0-generate-001, veo-3.1-fast-generate-001: has no request schema on `POST /v1/videos` any more: no types, no validation',
      'veo-3.0-generate-001, veo-3.1-fast-generate-001: is on `POST /v1/video/generations` too',
    ],
  },
  {
    name: 'a model leaves the endpoint that was preferred',
    edit: (d) => {
      d.field('KlingVideoRequest', 'model').at('enum').drop('kling-v1');
      replaceIds(d.at('paths', '/v1/videos', 'post'), 'kling-v1', 'kling-v1-6');
    },
    expect: 'breaking',
    lines: [
      'kling-v1: goes to `POST /kling/v1/videos/text2video` where no endpoint is asked for, was `POST /v1/videos`',
      'kling-v1: is no longer on `POST /v1/videos`',
    ],
  },
  {
    name: 'a model comes to another endpoint too',
    edit: (d) => d.schema('KlingText2VideoRequest', 'properties', 'model', 'enum').list.push('kling-v3-video'),
    expect: 'additive',
    lines: ['kling-v3-video: is on `POST /kling/v1/videos/text2video` too'],
  },
  {
    name: 'a model that only the text named gets a schema',
    edit: (d) => d.schema('ChatCompletionRequest', 'properties', 'model', 'enum').list.push('gemini-2.5-pro'),
    expect: 'additive',
    lines: ['gemini-2.5-pro: has a request schema on `POST /v1/chat/completions` now: typed and validated'],
  },

  // Endpoints.
  {
    name: 'an endpoint is added',
    edit: (d) =>
      d.at('paths').set({
        '/v1/images/upscale': {
          post: { ...structuredClone(d.at('paths', '/v1/assets/get', 'post').object), operationId: 'upscaleImage' },
        },
      }),
    expect: 'additive',
    lines: ['POST /v1/images/upscale: is new'],
  },
  {
    name: 'an endpoint is removed',
    edit: (d) => d.at('paths').remove('/v1/assets/quota'),
    expect: 'breaking',
    lines: ['POST /v1/assets/quota: is gone'],
  },
  {
    name: 'an endpoint moves',
    edit: (d) => {
      d.at('paths').rename('/v1/music/generations', '/v1/music/create');
      d.at('paths').rename('/v1/music/generations/{task_id}', '/v1/music/create/{task_id}');
    },
    expect: 'breaking',
    lines: [
      'sonic on GET /v1/music/generations/{task_id}: moved to `GET /v1/music/create/{task_id}`',
      'sonic on POST /v1/music/generations: moved to `POST /v1/music/create`',
    ],
  },
  {
    name: 'an endpoint moves and its id was made of the path',
    edit: (d) => {
      d.at('paths').rename('/v1/messages', '/v2/messages');
      d.at('paths', '/v2/messages', 'post').remove('operationId');
    },
    expect: 'breaking',
    lines: [
      'glm-5.1: is listed under other now, was chat',
      '8 models (claude-haiku-4-5-20251001, claude-opus-4-5-20251101, claude-opus-4-6, …) on POST /v1/messages: moved to `POST /v2/messages`',
    ],
  },
  {
    name: 'the poll path of an endpoint moves alone',
    edit: (d) => d.at('paths').rename('/v1/audio/speech/{task_id}', '/v1/audio/tasks/{task_id}'),
    expect: 'breaking',
    lines: [
      'GET /v1/audio/speech/{task_id}: moved to `GET /v1/audio/tasks/{task_id}`',
      'seed-tts-2.0 on POST /v1/audio/speech: has no place to poll any more, was `/v1/audio/speech/{task_id}`',
    ],
  },
  {
    name: 'an answer that was final becomes a task',
    edit: (d) =>
      d.at('paths').set({
        '/v1/embeddings/{task_id}': {
          get: {
            ...structuredClone(d.at('paths', '/v1/audio/speech/{task_id}', 'get').object),
            operationId: 'getEmbeddings',
          },
        },
      }),
    expect: 'breaking',
    lines: [
      'text-embedding-3-large, text-embedding-3-small on POST /v1/embeddings: answers with a task now, to be polled at `/v1/embeddings/{task_id}`; was final',
      'GET /v1/embeddings/{task_id}: is new',
    ],
  },
  {
    name: 'an endpoint is deprecated',
    edit: (d) => d.at('paths', '/v1/video/generations', 'post').set({ deprecated: true }),
    expect: 'additive',
    lines: [
      '18 models (MiniMax-Hailuo-02, MiniMax-Hailuo-2.3, MiniMax-Hailuo-2.3-Fast, …) on POST /v1/video/generations: is deprecated',
    ],
  },
  {
    name: 'an endpoint calls back',
    edit: (d) =>
      d.at('paths', '/v1/embeddings', 'post').set({
        callbacks: {
          done: { '{$request.body#/callback_url}': { post: { responses: { 200: { description: 'ok' } } } } },
        },
      }),
    expect: 'breaking',
    lines: ['POST /v1/embeddings: could not be compared: `callbacks` changed'],
  },
];
