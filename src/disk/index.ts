// The door of the disk room: files that are whole or not there, who holds them, and work in turn. Needs Node's file system.

export {
  codeOf,
  createFile,
  DirectorySync,
  type FileRead,
  giveName,
  isMissing,
  isSameFile,
  isThere,
  makeDirectories,
  overwriteFile,
  padded,
  readWhole,
  renamed,
  replaceFile,
  type Stamp,
  secondName,
  syncDirectory,
} from './files.js';
export { HEARTBEAT_MS, type Owner, readOwner, thisProcess, type Verdict, verdictOn } from './owner.js';
export { eachOf, Gate, KeyedQueue } from './queues.js';
