// When a text that came for an OpenAPI document, a JSON file or the entry page is taken for one, and what is said when it is not.
import {
  arrayAt,
  atPointer,
  isObject,
  type JsonObject,
  objectAt,
  readJson,
  readYaml,
  stringAt,
  walkObjects,
} from './json.js';

/** `import`: the form without aliases; `either`: a document with `#alias` pages is welcome too. */
export type ExpectedForm = 'import' | 'either';

/** The document in `text`; throws one sentence that names `where` and the fault. */
export function checkDocument(text: string, where: string, form: ExpectedForm): JsonObject {
  refuseWebPage(text, where, 'an OpenAPI document in YAML');
  const document = readYaml(text, where);
  if (!isObject(document))
    throw new Error(`${where} is not an OpenAPI document: it holds no mapping at its top level.`);
  const paths = objectAt(document, 'paths');
  if (!paths || Object.keys(paths).length === 0) {
    throw new Error(`${where} has no \`paths\`: it is not a usable OpenAPI document.`);
  }
  if (!stringAt(document, 'openapi')?.startsWith('3.')) {
    throw new Error(`${where} does not say \`openapi: 3.x\`; only OpenAPI 3 is understood.`);
  }
  const aliased = Object.keys(paths).find((path) => path.includes('#'));
  if (form === 'import' && aliased !== undefined) {
    throw new Error(
      `${where} should be the import form, but its path ${aliased} holds a "#" (an alias page). ` +
        'If this is the human-readable form on purpose, pass it with --from under a name that does not end in .import.yaml.',
    );
  }
  walkObjects(document, (object, path) => {
    const reference = stringAt(object, '$ref');
    if (reference === undefined || path.at(-1) === 'properties') return;
    if (atPointer(document, reference) === undefined) {
      throw new Error(
        `${where} refers to ${reference}, which is not in it: the file was probably cut off. Pull it again.`,
      );
    }
  });
  const schemes = objectAt(objectAt(document, 'components'), 'securitySchemes') ?? {};
  const unknown = arrayAt(document, 'security')
    .flatMap((requirement) => (isObject(requirement) ? Object.keys(requirement) : []))
    .find((name) => !(name in schemes));
  if (unknown !== undefined) {
    throw new Error(
      `${where} asks for the security scheme ${unknown}, which is not in it: the file was probably cut off.`,
    );
  }
  return document;
}

export function checkJson(text: string, where: string): JsonObject {
  refuseWebPage(text, where, 'JSON');
  const value = readJson(text, where);
  // A list is legal for test cases and for an index; it is wrapped so that every caller gets an object.
  if (Array.isArray(value)) return { data: value };
  if (!isObject(value)) throw new Error(`${where} should hold a JSON object or list, but holds ${typeof value}.`);
  return value;
}

/** The date after "Breaking changes since:", or null where the page has none. */
export function checkEntryPage(text: string, where: string): string | null {
  refuseWebPage(text, where, 'a plain text page');
  return /Breaking changes since:\s*(\d{4}-\d{2}-\d{2})/i.exec(text)?.[1] ?? null;
}

function refuseWebPage(text: string, where: string, expected: string): void {
  if (text.trim() === '') throw new Error(`${where} is empty; expected ${expected}.`);
  if (/^\uFEFF?\s*<(?:!doctype|html|head|body|\?xml)/i.test(text)) {
    throw new Error(`${where} is a web page (HTML), not ${expected}: the address is probably wrong or needs a login.`);
  }
}
