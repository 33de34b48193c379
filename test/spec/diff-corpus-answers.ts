// Edits of answers, status words, groups, keys and texts, each with the class and the lines that the report must hold.
import { answer, body, type Edit, KLING_NEW, KLING_OLD, kling } from './diff-edits.js';

export const answers: readonly Edit[] = [
  // Answers.
  {
    name: 'a field of an answer is dropped',
    edit: (d) =>
      d.field('ImaProQueryResponse').at('properties', 'results', 'items', 'properties').remove('content_type'),
    expect: 'breaking',
    lines: [
      'answer of GET /api/v1/contents/generations/tasks/{task_id}, GET /v1/videos/subtitle-erase/{task_id}, GET /v1/videos/{task_id} (38 models): `results[].content_type` is gone',
    ],
  },
  {
    name: 'a field of an answer is added',
    edit: (d) => d.schema('ImaProQueryResponse', 'properties').set({ queue_position: { type: 'integer' } }),
    expect: 'additive',
    lines: [
      'answer of GET /api/v1/contents/generations/tasks/{task_id}, GET /v1/videos/subtitle-erase/{task_id}, GET /v1/videos/{task_id} (38 models): `queue_position` is new (a whole number)',
    ],
  },
  {
    name: 'a field of an answer changes its type',
    edit: (d) => d.field('ImaProQueryResponse', 'progress').set({ type: 'string' }),
    expect: 'breaking',
    lines: [
      'answer of GET /api/v1/contents/generations/tasks/{task_id}, GET /v1/videos/subtitle-erase/{task_id}, GET /v1/videos/{task_id} (38 models): `progress` is text now, was a whole number',
    ],
  },
  {
    name: 'a field of an answer may be missing',
    edit: (d) => d.schema('TaskErrorResponse', 'required').drop('code'),
    expect: 'breaking',
    lines: [
      'answer 400 of GET /api/v1/contents/generations/tasks/{task_id}, GET /v1/audio/speech/{task_id}, GET /v1/images/generations/{task_id} and 12 more (53 models): `code` may be missing now',
      'answer 404 of GET /api/v1/contents/generations/tasks/{task_id}, GET /v1/video/generations/{task_id}, GET /v1/videos/subtitle-erase/{task_id} and 1 more (38 models): `code` may be missing now',
      'answer 500 of GET /api/v1/contents/generations/tasks/{task_id}, GET /v1/videos/subtitle-erase/{task_id}, GET /v1/videos/{task_id} and 2 more (38 models): `code` may be missing now',
    ],
  },
  {
    name: 'one more form of an answer holds what the others hold',
    edit: (d) => {
      const form = { ...structuredClone(d.schema('ImaImageCreateTaskResponse').object) };
      d.at('components', 'schemas').set({ NewImageCreateTaskResponse: { ...form, title: 'new', required: ['id'] } });
      answer(d, 'post', '/v1/images/generations')
        .at('content', 'application/json', 'schema', 'anyOf')
        .list.push({ $ref: '#/components/schemas/NewImageCreateTaskResponse' });
    },
    expect: 'additive',
    lines: [
      'answer of POST /v1/images/generations (13 models): the answer may be an object with `id`, `task_id`, `object`, `model`, `status`, `progress` too',
    ],
  },
  {
    name: 'an error answer is documented',
    edit: (d) =>
      d
        .at('paths', '/v1/embeddings', 'post', 'responses')
        .set({ 429: { description: 'slow down', headers: { 'Retry-After': { schema: { type: 'integer' } } } } }),
    expect: 'additive',
    lines: [
      'answer 429 of POST /v1/embeddings (2 models): header `retry-after` is documented now',
      'answer of POST /v1/embeddings (2 models): `429` is documented now',
    ],
  },

  // Status words.
  {
    name: 'a status word comes that the library knows',
    edit: (d) => d.field('VideoTaskResponse', 'status').at('enum').list.push('queued'),
    expect: 'additive',
    lines: [
      'answer of GET /kling/v1/videos/image2video/{task_id}, GET /kling/v1/videos/text2video/{task_id}, GET /v1/video/generations/{task_id} and 4 more (36 models): `status` has a new word: `"queued"`, known to the library as queued',
    ],
  },
  {
    name: 'a status word comes that the library does not know',
    edit: (d) => d.field('VideoTaskResponse', 'status').at('enum').list.push('archived'),
    expect: 'breaking',
    lines: [
      'answer of GET /kling/v1/videos/image2video/{task_id}, GET /kling/v1/videos/text2video/{task_id}, GET /v1/video/generations/{task_id} and 4 more (36 models): `status` has a new word: `"archived"`, unknown to the library: taken for running until src/tasks/state.ts has it',
    ],
  },
  {
    name: 'a status word goes',
    edit: (d) => d.field('ImaMusicTaskFetchResponse', 'data', 'status').at('enum').drop('queued'),
    expect: 'additive',
    lines: ['answer of GET /v1/music/generations/{task_id} (1 model): `data.status` no longer says `"queued"`'],
  },
  {
    name: 'a status word comes in a text',
    edit: (d) =>
      d.field('ImaProQueryResponse', 'status').set({
        description: 'OpenAI style status (e.g. `queued` / `in_progress` / `completed` / `failed` / `expired`).',
      }),
    expect: 'breaking',
    lines: [
      'answer of GET /api/v1/contents/generations/tasks/{task_id}, GET /v1/videos/subtitle-erase/{task_id}, GET /v1/videos/{task_id} (38 models): `status` has a new word: `"expired"`, unknown to the library: taken for running until src/tasks/state.ts has it',
    ],
  },

  // Groups, uploads, headers, keys, servers.
  {
    name: 'an alias group is split without another change',
    edit: (d) => {
      d.at('components', 'schemas').set({ KlingOld: kling(d, KLING_OLD), KlingNew: kling(d, KLING_NEW) });
      const list = body(d, '/v1/videos').at('schema', 'anyOf').list;
      list.splice(
        list.findIndex((item) => JSON.stringify(item).includes('KlingVideoRequest')),
        1,
        { $ref: '#/components/schemas/KlingOld' },
        { $ref: '#/components/schemas/KlingNew' },
      );
    },
    expect: 'cosmetic',
    lines: [
      'POST /v1/videos: the models of `KlingVideoRequest` are told apart now: `KlingNew` (4), `KlingOld` (3)',
      'parts of the document that are new: `KlingNew`, `KlingOld`',
      'POST /v1/videos: written in another way, with the same meaning',
    ],
  },
  {
    name: 'an alias group is split and one half may do more',
    edit: (d) => {
      d.at('components', 'schemas').set({ KlingOld: kling(d, KLING_OLD), KlingNew: kling(d, KLING_NEW) });
      d.field('KlingNew', 'mode').at('enum').list.push('4k');
      const list = body(d, '/v1/videos').at('schema', 'anyOf').list;
      list.splice(
        list.findIndex((item) => JSON.stringify(item).includes('KlingVideoRequest')),
        1,
        { $ref: '#/components/schemas/KlingOld' },
        { $ref: '#/components/schemas/KlingNew' },
      );
    },
    expect: 'additive',
    lines: [
      '4 models (kling-v2-1-master, kling-v2-5-turbo, kling-v2-6, …) on POST /v1/videos: `mode` also takes `"4k"`',
    ],
  },
  {
    name: 'alias groups are merged',
    edit: (d) => {
      const flash = d.field('Wan26I2VFlashVideoCreateRequest', 'model').at('enum').list;
      d.field('Wan26I2VVideoCreateRequest', 'model')
        .at('enum')
        .list.push(...flash);
      const list = body(d, '/v1/videos').at('schema', 'anyOf').list;
      list.splice(
        list.findIndex((item) => JSON.stringify(item).includes('Wan26I2VFlash')),
        1,
      );
    },
    expect: 'breaking',
    lines: [
      'wan2.6-i2v-flash on POST /v1/videos: `audio` is no longer taken',
      'wan2.6-i2v-flash on POST /v1/videos: `metadata.audio` is no longer taken',
      'wan2.6-i2v-flash on POST /v1/videos: `metadata.reference_video_urls` is no longer taken',
      'wan2.6-i2v-flash on POST /v1/videos: `reference_video_urls` is no longer taken',
    ],
  },
  {
    name: 'an upload model changes',
    edit: (d) =>
      d
        .at('paths', '/v1/videos', 'post', 'x-playground-portrait-asset-models')
        .set({ 'seedance-2.0': 'ima-pro-upload' }),
    expect: 'breaking',
    lines: ['seedance-2.0: takes assets uploaded under `ima-pro-upload` now, was `seedance-upload`'],
  },
  {
    name: 'a model gets an upload model',
    edit: (d) =>
      d
        .at('paths', '/v1/videos', 'post', 'x-playground-portrait-asset-models')
        .set({ 'kling-v3-video': 'seedance-upload' }),
    expect: 'additive',
    lines: ['kling-v3-video: takes assets that were uploaded under `seedance-upload`'],
  },
  {
    name: 'an optional header is added',
    edit: (d) =>
      d
        .at('paths', '/v1/videos', 'post', 'parameters')
        .list.push({ name: 'X-Priority', in: 'header', schema: { type: 'string' } }),
    expect: 'additive',
    lines: ['POST /v1/videos: header `x-priority` is a new optional parameter'],
  },
  {
    name: 'a header becomes required',
    edit: (d) => d.at('paths', '/v1/videos', 'post', 'parameters', 0).set({ required: true }),
    expect: 'breaking',
    lines: ['POST /v1/videos: header `x-moderation` is required now'],
  },
  {
    name: 'the key goes elsewhere',
    edit: (d) =>
      d.at('components', 'securitySchemes').set({ BearerAuth: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } }),
    expect: 'breaking',
    lines: ['all 38 endpoints: asks for a key in the header `X-Api-Key` now, was the HTTP scheme `bearer`'],
  },
  {
    name: 'an endpoint asks for no key any more',
    edit: (d) => d.at('paths', '/mj/image/{task_id}', 'get').set({ security: [] }),
    expect: 'additive',
    lines: ['GET /mj/image/{task_id}: asks for no key now, was the HTTP scheme `bearer`'],
  },
  {
    name: 'the server moves',
    edit: (d) => d.at('servers', 0).set({ url: 'https://api2.imarouter.com' }),
    expect: 'breaking',
    lines: ['server `https://api.imarouter.com` is gone', 'server `https://api2.imarouter.com` is new'],
  },

  // What nobody has to change anything for.
  {
    name: 'a description is reworded',
    edit: (d) => d.field('KlingVideoRequest', 'prompt').set({ description: 'Say what is to be seen.' }),
    expect: 'cosmetic',
    lines: ['texts reworded in parts of the document: `KlingVideoRequest`'],
  },
  {
    name: 'an example is added',
    edit: (d) =>
      body(d, '/v1/embeddings')
        .at('examples')
        .set({ again: { summary: 'again', value: { model: 'text-embedding-3-small', input: 'again' } } }),
    expect: 'cosmetic',
    lines: ['POST /v1/embeddings: examples changed'],
  },
  {
    name: 'the version is raised and nothing else',
    edit: (d) => d.at('info').set({ version: '1.5.18' }),
    expect: 'cosmetic',
    lines: ['`info` of the document changed'],
  },
  {
    name: 'a schema gets another name',
    edit: (d) => {
      d.at('components', 'schemas').rename('KlingText2VideoRequest', 'KlingNativeTextRequest');
      body(d, '/kling/v1/videos/text2video').set({ schema: { $ref: '#/components/schemas/KlingNativeTextRequest' } });
    },
    expect: 'cosmetic',
    lines: [
      'parts of the document that are gone: `KlingText2VideoRequest`',
      'parts of the document that are new: `KlingNativeTextRequest`',
      'POST /kling/v1/videos/text2video: written in another way, with the same meaning',
    ],
  },
  {
    name: 'a schema is written in place',
    edit: (d) => body(d, '/v1/embeddings').set({ schema: structuredClone(d.schema('EmbeddingRequest').object) }),
    expect: 'cosmetic',
    lines: [
      'POST /v1/embeddings: texts reworded',
      'POST /v1/embeddings: written in another way, with the same meaning',
    ],
  },
  {
    name: 'a schema that nothing uses changes',
    edit: (d) => d.schema('ConsumeCallbackEvent', 'properties').set({ extra: { type: 'string' } }),
    expect: 'cosmetic',
    lines: ['parts written in another way, or used by no endpoint: `ConsumeCallbackEvent`'],
  },
  {
    name: 'values are listed in another order',
    edit: (d) => d.field('KlingVideoRequest', 'mode').at('enum').list.reverse(),
    expect: 'cosmetic',
    lines: ['something else that means nothing changed, such as the order'],
  },
];
