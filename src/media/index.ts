// The door of the media room: local media on its way in, results on their way to disk.

export type { DownloadOptions, DownloadProgress, OutputFacts, OutputOrigin, SavedFile } from './facts.js';
export {
  draftOf,
  type FieldOfMedia,
  type HostedField,
  type HostFile,
  hosted,
  type LocalOptions,
  localIssues,
  STAND_INS,
} from './local.js';
export { Output } from './output.js';
export type { MediaKind } from './sniff.js';
export type { MediaAccess } from './source.js';
