// The stream of a response: items and their parts grow by deltas, and the last event has the whole once more.

import { isRecord } from '../transport/index.js';
import { copied } from './join.js';
import { type Reading, type Taken, typedEvent } from './reading.js';
import { errorIn, isEnvelope, type Trouble, troubleOf } from './trouble.js';
import type { ResponseOutputItem, ResponseStreamEvent, ResponsesResponse } from './types-responses.js';

type Fields = Record<string, unknown>;

/** Whether `value` is a response that came whole. */
export function isResponse(value: unknown): value is ResponsesResponse {
  return isRecord(value) && Array.isArray(value.output) && value.output.every(isItem);
}

/** Why a response that came whole is none: the protocol says so inside of it, under a status of success. */
export function failureOf(response: ResponsesResponse): Trouble | undefined {
  return response.status === 'failed' ? failureIn(response) : undefined;
}

function failureIn(response: unknown): Trouble {
  return troubleOf((isRecord(response) ? errorIn(response) : undefined) ?? 'the response failed');
}

/** What the fields of its kind hold is taken on trust. */
const isItem = (value: unknown): value is ResponseOutputItem => isRecord(value) && typeof value.type === 'string';
const isEvent = (value: unknown): value is ResponseStreamEvent => isRecord(value) && typeof value.type === 'string';

const LAST = new Set(['response.completed', 'response.incomplete']);

/** Where a text grows: a field of the item, or of one of its parts. `makes` is the item, where nobody has announced it. */
interface Place {
  makes: string;
  field: string;
  /** The list of parts, the field that counts them, and their type. */
  list?: { name: string; counter: string; type: string };
}

const content = { name: 'content', counter: 'content_index' };
const summary = { name: 'summary', counter: 'summary_index' };
const PLACES: Readonly<Record<string, Place>> = {
  output_text: { makes: 'message', field: 'text', list: { ...content, type: 'output_text' } },
  refusal: { makes: 'message', field: 'refusal', list: { ...content, type: 'refusal' } },
  reasoning_text: { makes: 'reasoning', field: 'text', list: { ...content, type: 'reasoning_text' } },
  reasoning_summary_text: { makes: 'reasoning', field: 'text', list: { ...summary, type: 'summary_text' } },
  function_call_arguments: { makes: 'function_call', field: 'arguments' },
  mcp_call_arguments: { makes: 'mcp_call', field: 'arguments' },
  custom_tool_call_input: { makes: 'custom_tool_call', field: 'input' },
};

/** Joins the events of a response. */
export class ResponsesReading implements Reading<ResponseStreamEvent, ResponsesResponse> {
  readonly endsWithDone = false;
  readonly isAnswer = isResponse;
  #response: Fields = {};
  readonly #items = new Map<number, Fields>();
  #isWhole = false;

  get isWhole(): boolean {
    return this.#isWhole;
  }

  take(data: unknown, name: string | undefined): Taken<ResponseStreamEvent> {
    const event = typedEvent(data, name);
    const isForeign = event !== data && isEnvelope(event);
    if (event.type === 'error' || isForeign || !isEvent(event)) {
      return { trouble: troubleOf(errorIn(event) ?? (isRecord(data) ? event : data)) };
    }
    this.#add(event.type, event);
    if (event.type === 'response.failed') return { trouble: failureIn(event.response) };
    this.#isWhole ||= LAST.has(event.type);
    return { event, isLast: this.#isWhole };
  }

  #add(type: string, data: Fields): void {
    if (isRecord(data.response)) this.#response = copied(data.response);
    if (type.startsWith('response.output_item.') && isRecord(data.item)) {
      this.#items.set(this.#indexOf(data), copied(data.item));
      return;
    }
    const [, what = '', step] = /^response\.(\w+)\.(\w+)$/.exec(type) ?? [];
    if (what === 'content_part') this.#setPart(data, 'message', content);
    if (what === 'reasoning_summary_part') this.#setPart(data, 'reasoning', summary);
    const place = Object.hasOwn(PLACES, what) ? PLACES[what] : undefined;
    if (place === undefined) return;
    const holder = this.#holder(data, place);
    const held = holder[place.field];
    // What is done comes whole once more.
    const said = step === 'delta' ? data.delta : data[place.field];
    if (typeof said !== 'string') return;
    holder[place.field] = step === 'delta' && typeof held === 'string' ? held + said : said;
  }

  #setPart(data: Fields, makes: string, { name, counter }: typeof content): void {
    if (isRecord(data.part)) partsOf(this.#item(data, makes), name)[numbered(data[counter])] = copied(data.part);
  }

  #holder(data: Fields, { makes, list }: Place): Fields {
    const item = this.#item(data, makes);
    if (list === undefined) return item;
    const parts = partsOf(item, list.name);
    const at = numbered(data[list.counter]);
    const part = parts[at] ?? { type: list.type };
    parts[at] = part;
    return part;
  }

  #item(data: Fields, makes: string): Fields {
    const index = this.#indexOf(data);
    const item = this.#items.get(index) ?? newItem(makes, data.item_id);
    this.#items.set(index, item);
    return item;
  }

  #indexOf({ output_index: index, item_id: id }: Fields): number {
    if (typeof index === 'number') return index;
    const known = [...this.#items].find(([, item]) => id !== undefined && item.id === id);
    return known?.[0] ?? Math.max(0, this.#items.size - 1);
  }

  snapshot(): ResponsesResponse {
    const { output: told, ...fields } = copied(this.#response);
    const grown = [...this.#items].sort(([a], [b]) => a - b).map(([, item]) => copied<unknown>(item));
    // Some gateways leave it out of the last event, when it has been told in pieces.
    const output = this.#isWhole && Array.isArray(told) && told.length > 0 ? told : grown;
    return { ...fields, output: output.filter(isItem) };
  }
}

function newItem(type: string, id: unknown): Fields {
  const own = typeof id === 'string' ? { type, id } : { type };
  if (type === 'message') return { ...own, role: 'assistant', content: [] };
  if (type === 'reasoning') return { ...own, summary: [] };
  return type === 'function_call' ? { ...own, call_id: '', name: '', arguments: '' } : own;
}

/** More parts has no item: what counts further is no count. */
const MOST_PARTS = 10_000;

const numbered = (at: unknown): number => (typeof at === 'number' && at >= 0 && at < MOST_PARTS ? Math.trunc(at) : 0);

/** The parts of an item, as a list of its own. */
function partsOf(item: Fields, name: string): Fields[] {
  const held = item[name];
  const parts: Fields[] = Array.isArray(held) ? held : [];
  item[name] = parts;
  return parts;
}
