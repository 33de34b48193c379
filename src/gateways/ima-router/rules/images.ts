// What the image models refuse or ignore: Wan 2.6 and 2.7, gpt-image-2, PrunaAI.

import type { Body, Rule } from '../../../catalog/index.js';
import { isRecord, numberOf, textOf } from '../../../transport/index.js';
import { finding, given, listOf, mediaIn } from './fields.js';

const paths = ['/v1/images/generations'];
const WAN27 = ['wan2.7-image', 'wan2.7-image-pro'];

const PIXELS_768 = 768 * 768;
const PIXELS_2K = 2048 * 2048;
const PIXELS_4K = 4096 * 4096;
/** Width to height, and height to width. */
const MAX_WAN27_RATIO = 8;

function imageCount(body: Body): number {
  return listOf(body.image).length + listOf(body.images).length;
}

/** Of `1024*1024`; null for 1K, 2K, 4K and everything else. */
function sidesOf(size: unknown): { width: number; height: number } | null {
  const [, width, height] = /^(\d+)\*(\d+)$/.exec(textOf(size) ?? '') ?? [];
  return width === undefined || height === undefined ? null : { width: Number(width), height: Number(height) };
}

/** `50.00%` in hundredths of a percent: whole numbers, which add up exactly. */
function hundredths(item: unknown): number {
  const ratio = isRecord(item) && typeof item.ratio === 'string' ? item.ratio : '';
  return Math.round((numberOf(ratio.replace(/%$/, '')) ?? 0) * 100);
}

export const images: readonly Rule[] = [
  {
    id: 'wan27.bbox-needs-images',
    source: 'POST /v1/images/generations: "`bbox_list` is only for image-to-image requests with input images"',
    models: WAN27,
    paths,
    check(body) {
      if (!given(body.bbox_list) || imageCount(body) > 0) return [];
      return finding(['bbox_list'], 'is for requests with input images only', 'images, or no bbox_list');
    },
  },
  {
    id: 'wan27.bbox-count',
    source: 'Wan27BBoxList: "Its length must match the number of input images"',
    models: WAN27,
    paths,
    check(body) {
      // An image without a box has an empty entry.
      const boxes = Array.isArray(body.bbox_list) ? body.bbox_list.length : 0;
      const count = imageCount(body);
      // With image and images both, nothing says which of them are taken.
      if (boxes === 0 || count === 0 || (given(body.image) && given(body.images)) || boxes === count) return [];
      return finding(['bbox_list'], 'does not have one entry per input image', `${count} (the number of images)`);
    },
  },
  {
    id: 'wan27.thinking-with-sequential',
    source: 'thinking_mode: "Mutually exclusive with `enable_sequential=true`; sending both returns a parameter error"',
    models: WAN27,
    paths,
    check(body) {
      if (body.thinking_mode !== true || body.enable_sequential !== true) return [];
      return finding(['thinking_mode'], 'is mutually exclusive with enable_sequential=true', 'one of the two');
    },
  },
  {
    id: 'wan27.palette-with-sequential',
    source: 'color_palette: "do not send it together with `enable_sequential=true`"',
    models: WAN27,
    paths,
    check(body) {
      if (!given(body.color_palette) || body.enable_sequential !== true) return [];
      return finding(['color_palette'], 'is mutually exclusive with enable_sequential=true', 'one of the two');
    },
  },
  {
    id: 'wan27.palette-sum',
    source: 'Wan27ColorPaletteItem.ratio: "The sum of all `ratio` values must equal `100.00%`"',
    models: WAN27,
    paths,
    check(body) {
      if (!given(body.color_palette)) return [];
      const sum = listOf(body.color_palette).reduce<number>((total, item) => total + hundredths(item), 0);
      if (sum === 100_00) return [];
      return finding(['color_palette'], `has ratios that add up to ${(sum / 100).toFixed(2)}%`, 'a sum of 100.00%');
    },
  },
  {
    id: 'wan27.size',
    source: 'Wan27ImageGenerationRequest.size on wan2.7-image',
    models: ['wan2.7-image'],
    paths,
    check(body) {
      if (body.size === '4K') return finding(['size'], 'is for wan2.7-image-pro only', '1K, 2K or width*height');
      const sides = sidesOf(body.size);
      if (sides === null) return [];
      const { width, height } = sides;
      const pixels = width * height;
      const ratioFits = width <= MAX_WAN27_RATIO * height && height <= MAX_WAN27_RATIO * width;
      if (pixels >= PIXELS_768 && pixels <= PIXELS_2K && ratioFits) return [];
      return finding(
        ['size'],
        'is out of the range of this model',
        'width*height between 768*768 and 2048*2048 pixels, with a ratio between 1:8 and 8:1',
      );
    },
  },
  {
    id: 'wan27.pro-size',
    source:
      'Wan27ImageGenerationRequest.size on wan2.7-image-pro: 4K "only text-to-image without input images and without sequential mode"',
    models: ['wan2.7-image-pro'],
    paths,
    check(body) {
      const sides = sidesOf(body.size);
      const pixels = body.size === '4K' ? PIXELS_4K : sides === null ? 0 : sides.width * sides.height;
      if (imageCount(body) === 0 && body.enable_sequential !== true) {
        return pixels <= PIXELS_4K ? [] : finding(['size'], 'is too large', 'at most 4096*4096 pixels');
      }
      if (pixels <= PIXELS_2K) return [];
      return finding(
        ['size'],
        'is too large with input images or in sequential mode',
        'at most 2K or 2048*2048 pixels',
      );
    },
  },
  {
    id: 'wan26.one-image',
    source: 'Wan26I2IImageGenerationRequest.image: "mutually exclusive with `images`"',
    models: ['wan2.6-image'],
    paths,
    check(body) {
      if (!given(body.image) || !given(body.images)) return [];
      return finding(['images'], 'is mutually exclusive with image', 'one of the two');
    },
  },
  {
    id: 'gpt-image.png-compression',
    source: 'GptImage2ImageGenerationRequest.output_compression: 400 `invalid_png_output_compression`',
    models: ['gpt-image-2'],
    paths,
    check(body) {
      const png = !given(body.output_format) || body.output_format === 'png';
      if (!png || !given(body.output_compression) || body.output_compression === 100) return [];
      return finding(
        ['output_compression'],
        'does not apply to png, the default format',
        '100, or jpeg or webp as output_format',
      );
    },
  },
  {
    id: 'gpt-image.mask-needs-image',
    source:
      'GptImage2ImageGenerationRequest.mask: "With image input and `mask`, the request is treated as `image_edit`"',
    models: ['gpt-image-2'],
    paths,
    check(body) {
      if (!given(body.mask) || imageCount(body) > 0) return [];
      return finding(['mask'], 'has no image to work on', 'image or images beside it');
    },
  },
  {
    id: 'pruna.custom-size',
    source: 'PrunaPImageGenerationRequest.width, height: "used only with `aspect_ratio=custom`"',
    models: ['prunaai/p-image'],
    paths,
    check(body) {
      // `size` says of itself that custom dimensions "can be used with `width` / `height`": it is given the benefit.
      if (body.aspect_ratio === 'custom' || (!given(body.aspect_ratio) && given(body.size))) return [];
      return ['width', 'height']
        .filter((name) => given(body[name]))
        .flatMap((name) => finding([name], 'is used with aspect_ratio=custom only', 'aspect_ratio=custom'));
    },
  },
  {
    id: 'pruna.edit-needs-image',
    source: 'POST /v1/images/generations: `prunaai/p-image-edit` "requires both `prompt` and image input"',
    models: ['prunaai/p-image-edit'],
    paths,
    check(body) {
      if (imageCount(body) > 0 || mediaIn(body.extra_fields).length > 0) return [];
      return finding([], 'there is no image to edit', 'image, images or extra_fields.input.images');
    },
  },
];
