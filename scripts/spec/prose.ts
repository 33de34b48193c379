// What the vendor says of its models only in prose, and how far prose is trusted: ids under a "models" heading, and two phrases.

export interface ProseMention {
  id: string;
  /** The endpoint the list speaks of: the one whose description it stands in, unless a table row names another. */
  path: string;
}

// An id has at least two parts (`gpt-5`, `wan2.7-image`, `prunaai/p-image`); words, field names and paths do not look like that.
const ID = /^[A-Za-z][A-Za-z0-9]*(?:[._/-][A-Za-z0-9]+)+$/;
const CODE = /`([^`]+)`/g;
const HEADING = /\bmodels?\b[^|]*:\**\s*$/i;
const INLINE_LIST = /\bmodels?\b[^`|]*:\**\s*(`[^`]+`(?:\s*(?:,|and)\s*`[^`]+`)*)\s*\.?$/i;
const MODEL_FIELD = /^(\s*)[-*]\s+`model`/;
const ITEM = /^(\s*)[-*]\s+(?:~~)?`([^`]+)`/;

const codes = (text: string): string[] => [...text.matchAll(CODE)].map((match) => match[1] ?? '');

/** Ids in the list or table that follows a heading such as "**Available models (47):**", or on the heading's own line. */
export function modelsNamedIn(description: string, ownPath: string, knownPaths: ReadonlySet<string>): ProseMention[] {
  const found = new Map<string, ProseMention>();
  const add = (id: string, path: string): void => {
    if (ID.test(id) && !knownPaths.has(id)) found.set(`${path} ${id}`, { id, path });
  };
  let list: { minIndent: number; columns: number[] | undefined } | undefined;
  for (const line of description.split('\n')) {
    const inline = INLINE_LIST.exec(line);
    const field = MODEL_FIELD.exec(line);
    if (inline) {
      for (const id of codes(inline[1] ?? '')) add(id, ownPath);
      list = undefined;
    } else if (field) {
      list = { minIndent: (field[1] ?? '').length + 1, columns: undefined };
    } else if (HEADING.test(line)) {
      list = { minIndent: 0, columns: undefined };
    } else if (list && line.trimStart().startsWith('|')) {
      const cells = line.split('|');
      if (!list.columns) {
        list.columns = cells.flatMap((cell, index) => (/models?/i.test(cell) ? [index] : []));
        continue;
      }
      const path = codes(line).find((code) => knownPaths.has(code)) ?? ownPath;
      for (const column of list.columns) for (const id of codes(cells[column] ?? '')) add(id, path);
    } else if (list && line.trim() !== '') {
      const item = ITEM.exec(line);
      if (item && (item[1] ?? '').length >= list.minIndent) add(item[2] ?? '', ownPath);
      else list = undefined;
    }
  }
  return [...found.values()];
}

/** Ids that a line calls "image-to-video only": all code spans before the phrase. */
export function imageToVideoOnlyIn(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const at = line.search(/image-to-video only/i);
    return at < 0 ? [] : codes(line.slice(0, at));
  });
}

/** Struck-through list items, `~~`id`~~ (why)`: id → why. */
export function struckOutIn(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const match of text.matchAll(/~~`([^`]+)`~~\s*(?:\(([^)]*)\))?/g)) {
    if (match[1] !== undefined) found.set(match[1], match[2]?.trim() ?? 'struck out in the documentation');
  }
  return found;
}
