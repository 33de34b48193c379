// What Seedance refuses on POST /api/v1/contents/generations/tasks: items, roles, and modes that exclude each other.

import type { Body, Rule } from '../../../catalog/index.js';
import { isRecord } from '../../../transport/index.js';
import { finding, given } from './fields.js';

const paths = ['/api/v1/contents/generations/tasks'];
const models = ['seedance-2.0', 'seedance-2.0-fast', 'seedance-2.0-cn', 'seedance-2.0-fast-cn'];

const FIELDS = ['text', 'image_url', 'video_url', 'audio_url'];
const ROLES = new Map([
  ['image_url', ['first_frame', 'last_frame', 'reference_image']],
  ['video_url', ['reference_video']],
  ['audio_url', ['reference_audio']],
]);

interface Item {
  path: readonly (string | number)[];
  type: string;
  /** Undefined when none is given. */
  role: string | undefined;
  item: Body;
}

function itemsOf(body: Body): Item[] {
  const content: unknown[] = Array.isArray(body.content) ? body.content : [];
  return content.flatMap((item, index) => {
    if (!isRecord(item) || typeof item.type !== 'string') return [];
    const role = typeof item.role === 'string' ? item.role : undefined;
    return [{ path: ['content', index], type: item.type, role, item }];
  });
}

function isFrame({ role }: Item): boolean {
  return role === 'first_frame' || role === 'last_frame';
}

function isReference({ type, role }: Item): boolean {
  return role?.startsWith('reference_') === true || type === 'video_url' || type === 'audio_url';
}

export const contents: readonly Rule[] = [
  {
    id: 'contents.item-field',
    source: 'SeedanceContentsGenerationContentItem: "`type` determines which one of … should be provided"',
    models,
    paths,
    check: (body) =>
      itemsOf(body).flatMap(({ path, type, item }) => {
        if (!FIELDS.includes(type)) return [];
        if (item[type] === undefined) {
          return finding(
            [...path, type],
            `is required by an item of type ${type}`,
            type === 'text' ? 'a text' : '{ url }',
          );
        }
        return FIELDS.filter((field) => field !== type && item[field] !== undefined).flatMap((field) =>
          finding(
            [...path, field],
            `does not belong to an item of type ${type}`,
            `only ${type}, or an item of its own`,
          ),
        );
      }),
  },
  {
    id: 'contents.item-role',
    source: 'SeedanceContentsGenerationContentItem.role: which roles images, video and audio take',
    models,
    paths,
    check: (body) =>
      itemsOf(body).flatMap(({ path, type, role }) => {
        const roles = ROLES.get(type);
        // Without a role the mode decides; only a wrong one is refused.
        if (roles === undefined || role === undefined || roles.includes(role)) return [];
        return finding([...path, 'role'], `is not a role of ${type}`, roles.join(' or '));
      }),
  },
  {
    id: 'contents.mixed-modes',
    source:
      'SeedanceContentsGenerationContentItem.role: "First/last-frame mode and multimodal reference mode cannot be mixed"',
    models,
    paths,
    check(body) {
      const items = itemsOf(body);
      const reference = items.find(isReference);
      if (reference === undefined || !items.some(isFrame)) return [];
      return finding(
        [...reference.path, 'role'],
        'cannot be mixed with first_frame or last_frame',
        'only frames, or only references',
      );
    },
  },
  {
    id: 'contents.silent-with-audio',
    source: 'generate_audio: "Do not send `reference_audio` when `generate_audio=false`"',
    models,
    paths,
    check(body) {
      const audio = itemsOf(body).find(({ type, role }) => type === 'audio_url' || role === 'reference_audio');
      if (audio === undefined || body.generate_audio !== false) return [];
      return finding(audio.path, 'is a reference audio, with generate_audio=false', 'generate_audio=true, or no audio');
    },
  },
  {
    id: 'contents.fast-1080p',
    source: 'resolution: "Fast models do not support `1080p`"',
    models: ['seedance-2.0-fast', 'seedance-2.0-fast-cn'],
    paths,
    check(body) {
      if (body.resolution !== '1080p') return [];
      return finding(['resolution'], 'cannot be 1080p on a fast model', '480p or 720p, or the model without "fast"');
    },
  },
  {
    id: 'contents.text-required',
    source: 'TaskErrorResponse: "text_to_video requires one text content item"',
    models,
    paths,
    check(body) {
      const items = itemsOf(body);
      if (items.some(({ type, item }) => type !== 'text' || given(item.text))) return [];
      return finding(['content'], 'has neither text nor media', 'a text item that is not blank');
    },
  },
];
