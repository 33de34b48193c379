// The door of the media room: results, and how they get to disk.

export type { DownloadOptions, DownloadProgress, OutputFacts, OutputOrigin, SavedFile } from './facts.js';
export { Output } from './output.js';
export type { MediaKind } from './sniff.js';
export type { MediaAccess } from './source.js';
