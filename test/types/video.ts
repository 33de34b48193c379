// What the editor says of video requests, family by family: checked by `npm run typecheck`, never run.

import { ImaRouter } from '../../src/index.js';

const ima = new ImaRouter();
const url = 'https://a.example/b.png';

export function seedance(): void {
  ima.submit({ model: 'seedance-2.0', prompt: 'x', duration: 5, metadata: { resolution: '1080p', audio: true } });
  ima.submit({ model: 'seedance-2.0-fast-cn', images: [url], metadata: { role_mode: 'frame', any_vendor_field: 1 } });
  ima.submit({ model: 'ima-pro', prompt: 'x', seconds: '5', input_reference: url });
  ima.submit({ model: 'ima-pro-fast', metadata: { reference_audio_urls: [url], mcp_list: [{ tool_name: 'x' }] } });
  // @ts-expect-error a resolution that it does not make
  ima.submit({ model: 'seedance-2.0', prompt: 'x', metadata: { resolution: '4k' } });
  // @ts-expect-error a role that it does not know
  ima.submit({ model: 'seedance-2.0', images: [url], metadata: { role_mode: 'last' } });
  // @ts-expect-error a number where text is asked for
  ima.submit({ model: 'seedance-2.0', prompt: 'x', seconds: 5 });
  // @ts-expect-error one image, not a list
  ima.submit({ model: 'seedance-2.0', prompt: 'x', image: url });
  // @ts-expect-error the aspect ratio of this family stands in metadata
  ima.submit({ model: 'ima-pro', prompt: 'x', aspect_ratio: '16:9' });
}

export function seedanceNative(): void {
  const at = { endpoint: '/api/v1/contents/generations/tasks' } as const;
  ima.submit({ model: 'seedance-2.0', content: [{ type: 'text', text: 'x' }], ratio: 'adaptive', duration: 5 }, at);
  ima.submit(
    { model: 'seedance-2.0-cn', content: [{ type: 'image_url', image_url: { url }, role: 'first_frame' }] },
    at,
  );
  // @ts-expect-error content is what it is made of
  ima.submit({ model: 'seedance-2.0', duration: 5 }, at);
  // @ts-expect-error a prompt is a text in content here
  ima.submit({ model: 'seedance-2.0', content: [], prompt: 'x' }, at);
  // @ts-expect-error a kind of content that does not exist
  ima.submit({ model: 'seedance-2.0', content: [{ type: 'image', image_url: { url } }] }, at);
  // @ts-expect-error the url goes into an object
  ima.submit({ model: 'seedance-2.0', content: [{ type: 'image_url', image_url: url }] }, at);
  // @ts-expect-error a role that does not exist
  ima.submit({ model: 'seedance-2.0', content: [{ type: 'image_url', image_url: { url }, role: 'middle' }] }, at);
  // @ts-expect-error the fields of one item are known
  ima.submit({ model: 'seedance-2.0', content: [{ type: 'text', txt: 'x' }] }, at);
  // @ts-expect-error a ratio outside the list
  ima.submit({ model: 'seedance-2.0', content: [], ratio: '2:1' }, at);
  // @ts-expect-error the other seedance path's metadata
  ima.submit({ model: 'seedance-2.0', content: [], metadata: {} }, at);
  // @ts-expect-error ima-pro is not served here
  ima.submit({ model: 'ima-pro', content: [] }, at);
}

export function hailuo(): void {
  const legacy = { endpoint: '/v1/video/generations' } as const;
  ima.submit({ model: 'MiniMax-Hailuo-02', prompt: 'x', duration: 6, size: '512p' });
  ima.submit({ model: 'MiniMax-Hailuo-2.3', prompt: 'x', metadata: { first_frame_image: url, any_vendor_field: 1 } });
  ima.submit({ model: 'MiniMax-Hailuo-2.3-Fast', metadata: { first_frame_image: url } });
  ima.submit({ model: 'MiniMax-Hailuo-02', prompt: 'x', size: '512p' }, legacy);
  ima.submit({ model: 'MiniMax-Hailuo-2.3-Fast', metadata: { first_frame_image: url } }, legacy);
  // @ts-expect-error 512p is of 02 alone
  ima.submit({ model: 'MiniMax-Hailuo-2.3', prompt: 'x', size: '512p' });
  // @ts-expect-error six or ten seconds
  ima.submit({ model: 'MiniMax-Hailuo-02', prompt: 'x', duration: 5 });
  // @ts-expect-error it only animates an image
  ima.submit({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x' });
  // @ts-expect-error it only animates an image, which stands in metadata
  ima.submit({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x', metadata: {} });
  // @ts-expect-error images come in metadata
  ima.submit({ model: 'MiniMax-Hailuo-02', prompt: 'x', image: url });
  // @ts-expect-error it only animates an image, there too
  ima.submit({ model: 'MiniMax-Hailuo-2.3-Fast', prompt: 'x' }, legacy);
  // @ts-expect-error 512p is of 02 alone, there too
  ima.submit({ model: 'MiniMax-Hailuo-2.3', prompt: 'x', size: '512p' }, legacy);
  // @ts-expect-error the legacy path closes its metadata
  ima.submit({ model: 'MiniMax-Hailuo-02', prompt: 'x', metadata: { any_vendor_field: 1 } }, legacy);
}

export function vidu(): void {
  ima.submit({ model: 'viduq1', prompt: 'x', metadata: { resolution: '1080p' } });
  ima.submit({ model: 'viduq2-turbo', images: [url], duration: 8 });
  ima.submit({ model: 'viduq3-pro', prompt: 'x' }, { endpoint: '/v1/video/generations' });
  // @ts-expect-error a resolution that it does not make
  ima.submit({ model: 'viduq3-turbo', prompt: 'x', metadata: { resolution: '480p' } });
  // @ts-expect-error metadata holds one field
  ima.submit({ model: 'viduq2', prompt: 'x', metadata: { style: 'anime' } });
  // @ts-expect-error of another family
  ima.submit({ model: 'viduq2-pro', prompt: 'x', aspect_ratio: '16:9' });
  // @ts-expect-error of another family, there too
  ima.submit({ model: 'viduq2-pro', prompt: 'x', quality: '720p' }, { endpoint: '/v1/video/generations' });
}

export function klingLegacy(): void {
  ima.submit({ model: 'kling-v1', prompt: 'x', mode: 'pro', cfg_scale: 0.5, camera_control: { type: 'simple' } });
  ima.submit({ model: 'kling-v2-6', image: url, image_tail: url, duration: 10 });
  ima.submit({ model: 'kling-video-o1', prompt: 'x' }, { endpoint: '/kling/v1/videos/text2video' });
  ima.submit({ model: 'kling-v2-master', image: url }, { endpoint: '/kling/v1/videos/image2video' });
  ima.submit({ model: 'kling-v1-6', prompt: 'x', size: '9:16' }, { endpoint: '/v1/video/generations' });
  // @ts-expect-error five or ten seconds
  ima.submit({ model: 'kling-v2-1-master', prompt: 'x', duration: 8 });
  // @ts-expect-error a mode that does not exist
  ima.submit({ model: 'kling-v2-5-turbo', prompt: 'x', mode: 'ultra' });
  // @ts-expect-error sound came with v3
  ima.submit({ model: 'kling-v2-6', prompt: 'x', sound: 'on' });
  // @ts-expect-error text to video needs a text
  ima.submit({ model: 'kling-v1', mode: 'std' }, { endpoint: '/kling/v1/videos/text2video' });
  // @ts-expect-error text to video takes no image
  ima.submit({ model: 'kling-v1', prompt: 'x', image: url }, { endpoint: '/kling/v1/videos/text2video' });
  // @ts-expect-error image to video needs an image
  ima.submit({ model: 'kling-v1', prompt: 'x' }, { endpoint: '/kling/v1/videos/image2video' });
  // @ts-expect-error an aspect ratio outside the list
  ima.submit({ model: 'kling-v1', image: url, aspect_ratio: '4:3' }, { endpoint: '/kling/v1/videos/image2video' });
  // @ts-expect-error the unified path calls it size
  ima.submit({ model: 'kling-v1', prompt: 'x', aspect_ratio: '1:1' }, { endpoint: '/v1/video/generations' });
  // @ts-expect-error the unified path puts the mode into metadata
  ima.submit({ model: 'kling-v1', prompt: 'x', mode: 'pro' }, { endpoint: '/v1/video/generations' });
  // @ts-expect-error a mode that does not exist, there too
  ima.submit({ model: 'kling-v1', metadata: { mode: 'ultra' } }, { endpoint: '/v1/video/generations' });
}

export function klingV3(): void {
  ima.submit({ model: 'kling-v3-video', prompt: 'x', duration: 15, seconds: '15', sound: 'on', aspect_ratio: '9:16' });
  ima.submit({ model: 'kling-v3-video', images: [url, url], multi_prompt: [{ index: 1, prompt: 'x', duration: 3 }] });
  ima.submit({ model: 'kling-v3-omni-video', video_list: [url, { video_url: url, keep_original_sound: 'yes' }] });
  ima.submit({ model: 'kling-v3-omni-video', image_list: [{ image_url: url, type: 'end_frame' }] });
  // @ts-expect-error longer than it can
  ima.submit({ model: 'kling-v3-video', prompt: 'x', duration: 16 });
  // @ts-expect-error on or off are words
  ima.submit({ model: 'kling-v3-video', prompt: 'x', sound: true });
  // @ts-expect-error an element is an object
  ima.submit({ model: 'kling-v3-video', prompt: 'x', element_list: [12345] });
  // @ts-expect-error a shot type that does not exist
  ima.submit({ model: 'kling-v3-video', prompt: 'x', metadata: { shot_type: 'single' } });
  // @ts-expect-error references to videos are for omni
  ima.submit({ model: 'kling-v3-video', prompt: 'x', video_url: url });
  // @ts-expect-error what is unwanted is not said to omni
  ima.submit({ model: 'kling-v3-omni-video', prompt: 'x', negative_prompt: 'y' });
  // @ts-expect-error yes or no are words
  ima.submit({ model: 'kling-v3-omni-video', video_list: [{ url, keep_original_sound: true }] });
  // @ts-expect-error omni has one shot type in metadata
  ima.submit({ model: 'kling-v3-omni-video', prompt: 'x', metadata: { shot_type: 'intelligence' } });
  // @ts-expect-error v3 is not on kling's own paths
  ima.submit({ model: 'kling-v3-video', prompt: 'x' }, { endpoint: '/kling/v1/videos/text2video' });
}

export function wan26(): void {
  ima.submit({
    model: 'wan2.6-t2v',
    prompt: 'x',
    duration: 15,
    size: '1080P',
    aspect_ratio: '4:3',
    shot_type: 'multi',
  });
  ima.submit({ model: 'wan2.6-i2v', image: url, seconds: '5', template: 'x' });
  ima.submit({ model: 'wan2.6-i2v', images: [url], metadata: { resolution: '720P' } });
  ima.submit({ model: 'wan2.6-i2v-flash', image: url, audio: true, reference_video_urls: [url] });
  ima.submit({ model: 'wan2.6-r2v', prompt: 'x', video_url: url, duration: 10 });
  ima.submit({ model: 'wan2.6-r2v', reference_video_urls: [url], image: url });
  // @ts-expect-error text to video needs a text
  ima.submit({ model: 'wan2.6-t2v', duration: 5 });
  // @ts-expect-error text to video takes no image
  ima.submit({ model: 'wan2.6-t2v', prompt: 'x', image: url });
  // @ts-expect-error a size in small letters
  ima.submit({ model: 'wan2.6-t2v', prompt: 'x', size: '720p' });
  // @ts-expect-error an image is needed
  ima.submit({ model: 'wan2.6-i2v', prompt: 'x' });
  // @ts-expect-error the aspect ratio is the image's
  ima.submit({ model: 'wan2.6-i2v', image: url, aspect_ratio: '16:9' });
  // @ts-expect-error sound is for flash
  ima.submit({ model: 'wan2.6-i2v', image: url, audio: true });
  // @ts-expect-error an image is needed, a video is not enough
  ima.submit({ model: 'wan2.6-i2v-flash', prompt: 'x', reference_video_urls: [url] });
  // @ts-expect-error a reference is needed
  ima.submit({ model: 'wan2.6-r2v', prompt: 'x' });
  // @ts-expect-error fifteen seconds are not for references
  ima.submit({ model: 'wan2.6-r2v', video_url: url, duration: 15 });
}

export function happyhorse(): void {
  ima.submit({ model: 'happyhorse-1.0-t2v', prompt: 'x', duration: 3, aspect_ratio: '3:4', seed: 42 });
  ima.submit({ model: 'happyhorse-1.0-i2v', image: url, size: '720P' });
  ima.submit({ model: 'happyhorse-1.0-i2v', media: [{ type: 'first_frame', url }] });
  ima.submit({ model: 'happyhorse-1.0-i2v', metadata: { first_frame_url: url } });
  ima.submit({ model: 'happyhorse-1.0-r2v', prompt: 'x', reference_image_urls: [url] });
  ima.submit({ model: 'happyhorse-1.0-video-edit', prompt: 'x', video_url: url, audio_setting: 'origin' });
  ima.submit({ model: 'happyhorse-1.0-video-edit', prompt: 'x', metadata: { media: [{ type: 'video', url }] } });
  // @ts-expect-error text to video needs a text
  ima.submit({ model: 'happyhorse-1.0-t2v', seed: 42 });
  // @ts-expect-error shorter than it can
  ima.submit({ model: 'happyhorse-1.0-t2v', prompt: 'x', duration: 2 });
  // @ts-expect-error an image is needed, in one of its places
  ima.submit({ model: 'happyhorse-1.0-i2v', prompt: 'x' });
  // @ts-expect-error an image is needed, metadata without one is none of its places
  ima.submit({ model: 'happyhorse-1.0-i2v', prompt: 'x', metadata: { seed: 1 } });
  // @ts-expect-error the media of this model are first frames
  ima.submit({ model: 'happyhorse-1.0-i2v', media: [{ type: 'reference_image', url }] });
  // @ts-expect-error a text is needed beside the reference
  ima.submit({ model: 'happyhorse-1.0-r2v', images: [url] });
  // @ts-expect-error a reference is needed
  ima.submit({ model: 'happyhorse-1.0-r2v', prompt: 'x' });
  // @ts-expect-error a video is needed
  ima.submit({ model: 'happyhorse-1.0-video-edit', prompt: 'x', reference_image_urls: [url] });
  // @ts-expect-error an edit is as long as its source
  ima.submit({ model: 'happyhorse-1.0-video-edit', prompt: 'x', video_url: url, duration: 5 });
  // @ts-expect-error a sound that does not exist
  ima.submit({ model: 'happyhorse-1.0-video-edit', prompt: 'x', video_url: url, audio_setting: 'mute' });
}

export function veo(): void {
  ima.submit({ model: 'veo-3.0-generate-001', prompt: 'x', duration: 4, resolution: '720p', aspectRatio: '16:9' });
  ima.submit({
    model: 'veo-3.1-fast-generate-001',
    prompt: 'x',
    image: url,
    metadata: { personGeneration: 'allow_all' },
  });
  // @ts-expect-error a text is needed
  ima.submit({ model: 'veo-3.0-generate-001', image: url });
  // @ts-expect-error four or eight seconds
  ima.submit({ model: 'veo-3.0-generate-001', prompt: 'x', duration: 5 });
  // @ts-expect-error seconds is text here
  ima.submit({ model: 'veo-3.0-generate-001', prompt: 'x', seconds: 8 });
  // @ts-expect-error it is spelt 4k
  ima.submit({ model: 'veo-3.1-fast-generate-001', prompt: 'x', resolution: '4K' });
  // @ts-expect-error what is unwanted stands in metadata
  ima.submit({ model: 'veo-3.1-fast-generate-001', prompt: 'x', negativePrompt: 'y' });
  // @ts-expect-error metadata is closed
  ima.submit({ model: 'veo-3.1-fast-generate-001', prompt: 'x', metadata: { audio: true } });
}

export function pixverse(): void {
  ima.submit({ model: 'pixverse-c1', prompt: 'x', size: '16:9', quality: '720p' });
  ima.submit({ model: 'pixverse-v6', prompt: 'x', metadata: { audio: true, any_vendor_field: 1 } });
  ima.submit({ model: 'pixverse-v6', prompt: 'x' }, { endpoint: '/v1/video/generations' });
  // @ts-expect-error a text is needed
  ima.submit({ model: 'pixverse-c1', quality: '720p' });
  // @ts-expect-error a quality that it does not make
  ima.submit({ model: 'pixverse-c1', prompt: 'x', quality: '480p' });
  // @ts-expect-error size is a ratio here
  ima.submit({ model: 'pixverse-v6', prompt: 'x', size: '1080p' });
  // @ts-expect-error an image goes by its id, in metadata
  ima.submit({ model: 'pixverse-v6', prompt: 'x', image: url });
  // @ts-expect-error an image goes by its id, a number
  ima.submit({ model: 'pixverse-v6', prompt: 'x', metadata: { img_id: '1' } });
}

export function subtitleErase(): void {
  ima.submit({ model: 'doubao-video-subtitle-erase-cn', video_url: url });
  // @ts-expect-error a video is needed
  ima.submit({ model: 'doubao-video-subtitle-erase-cn' });
  // @ts-expect-error it takes nothing else
  ima.submit({ model: 'doubao-video-subtitle-erase-cn', video_url: url, prompt: 'x' });
  // @ts-expect-error it has a path of its own
  ima.submit({ model: 'doubao-video-subtitle-erase-cn', video_url: url }, { endpoint: '/v1/videos' });
}
