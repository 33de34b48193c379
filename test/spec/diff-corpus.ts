// The corpus of `spec:diff`: all edits, each told by one edition against the frozen one.
import { answers } from './diff-corpus-answers.js';
import { models } from './diff-corpus-models.js';
import { requests } from './diff-corpus-requests.js';
import type { Edit } from './diff-edits.js';

export const edits: readonly Edit[] = [...models, ...requests, ...answers];
