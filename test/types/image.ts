// What the editor says of image requests, family by family: checked by `npm run typecheck`, never run.

import { ImaRouter } from '../../src/index.js';

const ima = new ImaRouter();
const url = 'https://a.example/b.png';

export function gemini(): void {
  ima.submit({ model: 'gemini-3-pro-image-preview', prompt: 'x', aspect_ratio: '21:9', size: '4K', image: url });
  ima.submit({ model: 'gemini-3.1-flash-image-preview', prompt: 'x', aspect_ratio: '8:1', size: '512px' });
  ima.submit({ model: 'gemini-2.5-flash-image', prompt: 'x', images: [url, url] });
  // @ts-expect-error a text is needed
  ima.submit({ model: 'gemini-3-pro-image-preview', image: url });
  // @ts-expect-error the small size is for flash
  ima.submit({ model: 'gemini-3-pro-image-preview', prompt: 'x', size: '512px' });
  // @ts-expect-error so are the long ratios
  ima.submit({ model: 'gemini-3-pro-image-preview', prompt: 'x', aspect_ratio: '8:1' });
  // @ts-expect-error of another family
  ima.submit({ model: 'gemini-2.5-flash-image', prompt: 'x', seed: 1 });
}

export function seedream(): void {
  ima.submit({ model: 'doubao-seedream-4-5-251128', prompt: 'x', size: '4K', images: [url] });
  ima.submit({ model: 'doubao-seedream-5-0-lite-260128', prompt: 'x', size: '3K', output_format: 'png' });
  ima.submit({ model: 'seedream-5-0-260128', prompt: 'x', optimize_prompt_options: { mode: 'standard' } });
  // @ts-expect-error a size of 5.0
  ima.submit({ model: 'doubao-seedream-4-5-251128', prompt: 'x', size: '3K' });
  // @ts-expect-error a field of 5.0
  ima.submit({ model: 'doubao-seedream-4-5-251128', prompt: 'x', output_format: 'png' });
  // @ts-expect-error a format that it does not make
  ima.submit({ model: 'doubao-seedream-5-0-lite-260128', prompt: 'x', output_format: 'webp' });
  // @ts-expect-error a mode that does not exist
  ima.submit({ model: 'seedream-5-0-260128', prompt: 'x', optimize_prompt_options: { mode: 'fast' } });
  // @ts-expect-error a text is needed
  ima.submit({ model: 'seedream-5-0-260128', size: '2K' });
}

export function wan(): void {
  ima.submit({ model: 'wan2.6-t2i', prompt: 'x', size: '1280*1280', prompt_extend: true });
  ima.submit({ model: 'wan2.6-image', prompt: 'x', image: url, negative_prompt: 'y' });
  ima.submit({ model: 'wan2.7-image', prompt: 'x', size: '1234*567', bbox_list: [[[0, 0, 1, 1]]] });
  ima.submit({ model: 'wan2.7-image-pro', prompt: 'x', size: '4K', color_palette: [{ hex: '#fff', ratio: '0.5' }] });
  // @ts-expect-error a size with the wrong sign
  ima.submit({ model: 'wan2.6-t2i', prompt: 'x', size: '1280x1280' });
  // @ts-expect-error text to image takes no image
  ima.submit({ model: 'wan2.6-t2i', prompt: 'x', image: url });
  // @ts-expect-error an image is needed
  ima.submit({ model: 'wan2.6-image', prompt: 'x' });
  // @ts-expect-error a text is needed too
  ima.submit({ model: 'wan2.6-image', image: url });
  // @ts-expect-error boxes are lists of lists, one per image
  ima.submit({ model: 'wan2.7-image', prompt: 'x', bbox_list: [[0, 0, 1, 1]] });
  // @ts-expect-error a colour is two fields
  ima.submit({ model: 'wan2.7-image-pro', prompt: 'x', color_palette: [{ hex: '#fff' }] });
  // @ts-expect-error a field of 2.6
  ima.submit({ model: 'wan2.7-image', prompt: 'x', negative_prompt: 'y' });
}

export function gptImage(): void {
  ima.submit({ model: 'gpt-image-2', prompt: 'x', size: '1024x1024', n: 2, output_format: 'webp', mask: url });
  // @ts-expect-error a text is needed
  ima.submit({ model: 'gpt-image-2', images: [url] });
  // @ts-expect-error a format that it does not make
  ima.submit({ model: 'gpt-image-2', prompt: 'x', output_format: 'gif' });
  // @ts-expect-error a number is asked for
  ima.submit({ model: 'gpt-image-2', prompt: 'x', n: '2' });
  // @ts-expect-error of another family
  ima.submit({ model: 'gpt-image-2', prompt: 'x', aspect_ratio: '1:1' });
}

export function pruna(): void {
  ima.submit({ model: 'prunaai/p-image', prompt: 'x', aspect_ratio: 'custom', width: 512, height: 512 });
  ima.submit({ model: 'prunaai/p-image-edit', prompt: 'x', images: [url], turbo: true });
  ima.submit({ model: 'prunaai/p-image-edit', prompt: 'x', extra_fields: { images: [url] } });
  // @ts-expect-error a text is needed
  ima.submit({ model: 'prunaai/p-image', width: 512 });
  // @ts-expect-error it makes images of a text alone
  ima.submit({ model: 'prunaai/p-image', prompt: 'x', image: url });
  // @ts-expect-error an image is needed
  ima.submit({ model: 'prunaai/p-image-edit', prompt: 'x' });
  // @ts-expect-error custom sizes are for the other
  ima.submit({ model: 'prunaai/p-image-edit', prompt: 'x', image: url, aspect_ratio: 'custom' });
  // @ts-expect-error so is the width
  ima.submit({ model: 'prunaai/p-image-edit', prompt: 'x', image: url, width: 512 });
}

export function midjourney(): void {
  ima.submit({ model: 'mj_imagine', prompt: 'x --ar 16:9', botType: 'NIJI_JOURNEY' });
  ima.submit({ model: 'mj_blend', base64Array: [url, url], dimensions: 'SQUARE' });
  ima.submit({ model: 'mj_upscale', taskId: '1', customId: 'MJ::JOB::upsample::1' });
  ima.submit({ model: 'mj_custom_zoom', taskId: '1', customId: 'MJ::CustomZoom', prompt: 'x --zoom 2' });
  ima.submit({ model: 'mj_remix', taskId: '1', customId: 'MJ::RemixModal', prompt: 'x', maskBase64: url });
  // @ts-expect-error a bot that does not exist
  ima.submit({ model: 'mj_imagine', prompt: 'x', botType: 'NIJI' });
  // @ts-expect-error a shape that does not exist
  ima.submit({ model: 'mj_blend', base64Array: [url, url], dimensions: 'WIDE' });
  // @ts-expect-error a change names its parent
  ima.submit({ model: 'mj_variation', customId: 'MJ::JOB::variation::1' });
  // @ts-expect-error a change names its button
  ima.submit({ model: 'mj_reroll', taskId: '1' });
  // @ts-expect-error a change has no aspect ratio
  ima.submit({ model: 'mj_zoom', taskId: '1', customId: 'x', dimensions: 'SQUARE' });
  // @ts-expect-error a mask is for the remix
  ima.submit({ model: 'mj_pan', taskId: '1', customId: 'x', maskBase64: url });
  // @ts-expect-error a remix names its button
  ima.submit({ model: 'mj_remix', taskId: '1', prompt: 'x' });
  // @ts-expect-error a change is not an imagine
  ima.submit({ model: 'mj_high_variation', prompt: 'x' });
  // @ts-expect-error each verb has its path
  ima.submit({ model: 'mj_imagine', prompt: 'x' }, { endpoint: '/mj/submit/change' });
}
