// The door of the media room: local media on its way in, results on their way to disk.

export { Downloads } from './downloads.js';
export { draftOf, type FieldOfMedia, STAND_INS } from './draft.js';
export type {
  DownloadOptions,
  DownloadProgress,
  KeptFile,
  OutputFacts,
  SavedFile,
  TransferOptions,
} from './facts.js';
export { kindNamed, namesSetting, wordsOfName } from './field-names.js';
export { hosted } from './host.js';
export { identityOf } from './identity.js';
export { kindOfBytes, kindOfFile } from './kind-of-bytes.js';
export { type HostedField, type HostFile, type LocalOptions, localIssues } from './local.js';
export { Output } from './output.js';
export type { MediaKind } from './sniff.js';
export type { MediaAccess } from './transfer.js';
