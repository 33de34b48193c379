// Midjourney: pictures, and what can be made of them. Each step is a task like any other, and knows what it builds on.

import type { MediaInput, MidjourneyImagineBody, MidjourneyModalBody } from '../../../generated/ima-router/requests.js';
import type { Rooms, SubmitOptions } from '../../client.js';
import type { Output } from '../../media/index.js';
import type { Nameless } from '../../request.js';
import { checkedTaskId, type JournalRecord, Task, type TaskRef, type TaskState } from '../../tasks/index.js';
import {
  bad,
  checkNames,
  cleanHeaders,
  ImaRouterError,
  InvalidRequestError,
  messageOf,
  textOf,
} from '../../transport/index.js';
import { atWindow, BLEND, CHANGE, IMAGINE, MODAL, POLL } from './midjourney-answers.js';
import {
  buttonNamed,
  buttonsIn,
  type ChangeModel,
  type MidjourneyButton,
  modelOf,
  windowlessModelOf,
} from './midjourney-buttons.js';

/** What a step builds on: a task, its state, result or JSON, or its id. */
export type MidjourneyParent = Task | MidjourneyParentData | string;

/** The part of a task's state, result or JSON that counts here. */
interface MidjourneyParentData extends Pick<TaskState, 'id'>, Partial<Pick<TaskState, 'needs' | 'raw'>> {}

/** Options of a Midjourney step: those of `submit`. */
export interface MidjourneyOptions extends Omit<SubmitOptions, 'endpoint'> {
  /** Sent as the header `x-youchuan-setting`, which the vendor's own SDKs have; its values are the vendor's. */
  youchuanSetting?: string | undefined;
}

/** Options of `change`. */
export interface ChangeOptions extends MidjourneyOptions {
  /** `mj_custom_zoom` needs it, e.g. `--ar 16:9 --zoom 1.5`. */
  prompt?: string | undefined;
  /** Echoed in callbacks. */
  state?: string | undefined;
  /** The action, for a button that this library does not know. */
  model?: ChangeModel | undefined;
}

/** 2 to 5 images made into one. */
export interface BlendBody {
  /** Public URLs, or local images that `hostFile` makes such. With `dimensions` bytes, paths and data URLs too, without it. */
  base64Array: MediaInput[];
  dimensions?: 'PORTRAIT' | 'SQUARE' | 'LANDSCAPE' | undefined;
  prompt?: string | undefined;
  botType?: 'MID_JOURNEY' | 'NIJI_JOURNEY' | undefined;
  state?: string | undefined;
}

/** What a window is answered with. */
export interface ModalBody extends Omit<MidjourneyModalBody, 'taskId' | 'customId'> {
  model?: 'mj_remix';
  /**
   * The button that opens the window: its `customId`, its label or words ("remix"). For a task that waits at a window it
   * may be left out where this client's journal knows what was pressed.
   */
  customId?: string | undefined;
}

const OPTIONS = ['traceId', 'validate', 'dedupe', 'headers', 'signal', 'youchuanSetting'];

/** Every id of a button begins so. */
const BUTTON_ID = /^MJ::/i;

/** The Midjourney verbs of a client. Each gives a `Task` once the gateway has answered, and throws as `submit` does. */
export class Midjourney {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** Four pictures of a prompt, which may hold Midjourney's flags (`--ar 16:9 --niji 7`). */
  async imagine(
    body: { model?: 'mj_imagine' } & MidjourneyImagineBody,
    options: MidjourneyOptions = {},
  ): Promise<Task> {
    return this.#submit(ofModel('mj_imagine', body), options, [], IMAGINE);
  }

  /**
   * 2 to 5 images made into one. With `dimensions` it goes to /mj/submit/imagine, which takes data URLs; else to
   * /mj/submit/blend, which takes URLs ("currently implemented as URL input processing").
   */
  async blend(body: BlendBody, options: MidjourneyOptions = {}): Promise<Task> {
    const named = ofModel('mj_blend', body);
    if (body?.dimensions !== undefined) return this.#submit(named, options, [], IMAGINE);
    // Gone from a live index it is gone at both paths.
    this.#rooms.catalog.route('mj_blend');
    const endpoint = { method: 'POST', path: BLEND, pollPath: POLL, schema: 'submitMidjourneyBlend' };
    // Its bodies name no model.
    return this.#submit(body, options, [], BLEND, { model: 'mj_blend', modality: 'image', endpoint });
  }

  /**
   * Does what a button of a finished task does. `button` is its label ("U2"), its `customId`, the button itself, or words
   * ("upscale 2", "pan left"). Throws `InvalidRequestError` before anything is sent when the parent offers no such
   * button, or has not finished, and what asking for the parent's state throws.
   */
  async change(
    parent: MidjourneyParent,
    button: string | { customId: string; label?: string },
    options: ChangeOptions = {},
  ): Promise<Task> {
    checkNames(options, [...OPTIONS, 'prompt', 'state', 'model']);
    const { prompt, state, model, ...rest } = options;
    const taskId = idOf(parent);
    const wanted = typeof button === 'string' ? button : button?.customId;
    if (typeof wanted !== 'string' || wanted.trim() === '')
      throw bad('button', 'must be a label, a customId or a button');
    const chosen = await this.#buttonOf(parent, taskId, wanted, rest.signal);
    const body = {
      model: model ?? modelOf(chosen),
      taskId,
      customId: chosen.customId,
      ...(prompt === undefined ? {} : { prompt }),
      ...(state === undefined ? {} : { state }),
    };
    return this.#submit(body, rest, lineOf(taskId, await this.#recordOf(taskId)), CHANGE);
  }

  /**
   * Answers a window: remix, or an edit of the region that `maskBase64` (a PNG) marks. `parent` is the picture that the
   * button belongs to, or the task that waits for its caller (`needs: 'modal'`), which then goes on under its id.
   */
  async modal(parent: string, body: ModalBody & { customId: string }, options?: MidjourneyOptions): Promise<Task>;
  async modal(parent: Exclude<MidjourneyParent, string>, body: ModalBody, options?: MidjourneyOptions): Promise<Task>;
  async modal(parent: MidjourneyParent, body: ModalBody, options: MidjourneyOptions = {}): Promise<Task> {
    checkNames(options, OPTIONS);
    const taskId = idOf(parent);
    const { customId: wanted, ...rest } = body ?? {};
    const record = await this.#recordOf(taskId);
    const chosen = await this.#windowOf(parent, { taskId, wanted, record, signal: options.signal });
    const request = { ...ofModel('mj_remix', rest), taskId, customId: chosen };
    try {
      return await this.#submit(request, options, lineOf(taskId, record), MODAL);
    } catch (error) {
      if (ImaRouterError.is(error) && error.mayBeBilled) this.#rooms.engine.mayBeAnswered(taskId);
      throw error;
    }
  }

  /** The first picture of a task, as the gateway itself hands it out (GET /mj/image/{task_id}). Makes no call. */
  image(task: MidjourneyParent): Output {
    const id = idOf(task);
    const ref = task instanceof Task ? task.toJSON() : this.#refOf(id);
    const url = `/mj/image/${encodeURIComponent(id)}`;
    return this.#rooms.engine.output({ url, kind: 'image' }, ref, { index: 0, count: 1 });
  }

  /** What can be done with a finished task. Empty before. Makes no call. */
  buttons(parent: Exclude<MidjourneyParent, string>): MidjourneyButton[] {
    return buttonsIn(rawOf(parent));
  }

  /** `path` is the verb's own: a model of another path is refused. */
  async #submit(
    body: object,
    options: MidjourneyOptions,
    ancestry: readonly string[],
    path: string,
    as?: Nameless,
  ): Promise<Task> {
    checkNames(options, OPTIONS);
    const { youchuanSetting, headers: given, validate, traceId, dedupe, signal } = options;
    const headers = withSetting(given, youchuanSetting);
    const prepared = await this.#rooms.prepare(body, { endpoint: path, validate, headers, as });
    return this.#rooms.engine.submit(prepared, { traceId, dedupe, signal, ancestry });
  }

  async #buttonOf(
    parent: MidjourneyParent,
    taskId: string,
    wanted: string,
    signal: AbortSignal | undefined,
  ): Promise<MidjourneyButton> {
    const known = typeof parent === 'string' ? [] : buttonsIn(rawOf(parent));
    if (known.length > 0) return buttonNamed(wanted, known, taskId);
    // The gateway checks ids by itself, and charges nothing for wrong ones.
    if (typeof parent === 'string' && BUTTON_ID.test(wanted)) return { customId: wanted, label: '' };
    const state = await this.#look(parent, taskId, signal);
    const offered = buttonsIn(state.raw);
    if (offered.length > 0) return buttonNamed(wanted, offered, taskId);
    throw withoutButtons(state);
  }

  /** The `customId` of a window's button. A task that waits at its window has no buttons to look it up in. */
  async #windowOf(
    parent: MidjourneyParent,
    at: { taskId: string; wanted: unknown; record: JournalRecord | undefined; signal: AbortSignal | undefined },
  ): Promise<string> {
    const { taskId, record, signal } = at;
    const wanted = at.wanted ?? (await this.#pressed(parent, taskId, record, signal));
    if (typeof wanted !== 'string' || wanted.trim() === '') {
      throw bad(
        'customId',
        'must name the button that opens the window',
        'Its `customId` stands in the `buttons` of the picture that it belongs to.',
      );
    }
    const known = typeof parent === 'string' ? [] : buttonsIn(rawOf(parent));
    const isId = known.length === 0 && BUTTON_ID.test(wanted);
    const button = isId ? { customId: wanted, label: '' } : await this.#buttonOf(parent, taskId, wanted, signal);
    const model = windowlessModelOf(button);
    if (model === undefined) return button.customId;
    // Where an account remixes, any button may open a window: the task that it made waits, and offers no buttons.
    const isPressed = isId && (record?.request?.customId === wanted || (await this.#waits(parent, taskId, signal)));
    if (!isPressed) throw withoutWindow(button, model);
    return button.customId;
  }

  /** What opened the window at which the task waits: it stands in the request that made the task. */
  async #pressed(
    parent: MidjourneyParent,
    taskId: string,
    record: JournalRecord | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const customId = textOf(record?.request?.customId);
    if (customId === undefined) return undefined;
    return (await this.#waits(parent, taskId, signal)) ? customId : undefined;
  }

  /** Whether the task waits at its window. */
  async #waits(parent: MidjourneyParent, taskId: string, signal: AbortSignal | undefined): Promise<boolean> {
    const known = typeof parent === 'string' ? undefined : parent instanceof Task ? parent.state.needs : parent.needs;
    return (known ?? (await this.#look(parent, taskId, signal)).needs) !== undefined;
  }

  async #look(parent: MidjourneyParent, taskId: string, signal: AbortSignal | undefined): Promise<TaskState> {
    const task = parent instanceof Task ? parent : this.#rooms.engine.attach(this.#refOf(taskId));
    return task.refresh({ signal });
  }

  /** What points at a task of which no more than the id is known. */
  #refOf(id: string): TaskRef {
    return {
      v: 1,
      gateway: this.#rooms.catalog.data.gateway,
      id,
      model: 'mj_imagine',
      endpoint: IMAGINE,
      pollPath: POLL,
      modality: 'image',
      traceId: null,
    };
  }

  /** What this journal knows of a task; undefined also where it cannot be read: the step itself does not depend on it. */
  async #recordOf(taskId: string): Promise<JournalRecord | undefined> {
    try {
      const records = await this.#rooms.journal.list({ taskId });
      return records.find((one) => one.taskId === taskId && one.gateway === this.#rooms.catalog.data.gateway);
    } catch (error) {
      const message = `What task ${taskId} builds on could not be looked up: ${messageOf(error)}`;
      this.#rooms.warn({ code: 'journal_unavailable', message });
      return undefined;
    }
  }
}

/** A verb's body under the verb's own model. Throws `InvalidRequestError` for another: it would buy something else. */
function ofModel<Body extends object>(model: string, body: Body & { model?: string }): Body & { model: string } {
  const given = body?.model;
  if (given === undefined || given === model) return { ...body, model };
  throw new InvalidRequestError(
    `This verb is for "${model}", not for ${JSON.stringify(textOf(given) ?? typeof given)}: nothing was sent.`,
    {
      code: 'wrong_model',
      phase: 'validate',
      param: 'model',
      hint: 'Leave `model` out; other models are for `ima.submit`.',
    },
  );
}

/** The headers of a step. Throws `ConfigError` for those that cannot be. */
function withSetting(given: MidjourneyOptions['headers'], setting: unknown): MidjourneyOptions['headers'] {
  if (setting === undefined) return given;
  if (typeof setting !== 'string' || setting.trim() === '') {
    throw bad('youchuanSetting', 'must be a text, and not empty', 'Leave it out for none.');
  }
  return { ...cleanHeaders(given), 'x-youchuan-setting': setting };
}

/** Ids from the first picture to the parent, as far as the parent's record tells. */
function lineOf(parentId: string, record: JournalRecord | undefined): string[] {
  return [...(record?.ancestry ?? []).filter((id) => id !== parentId), parentId];
}

function rawOf(parent: Exclude<MidjourneyParent, string>): unknown {
  return parent instanceof Task ? parent.state.raw : parent.raw;
}

function idOf(parent: MidjourneyParent): string {
  return checkedTaskId(typeof parent === 'string' ? parent : parent?.id);
}

/** A button that `change` is for. */
function withoutWindow({ customId, label }: MidjourneyButton, model: ChangeModel): InvalidRequestError {
  return new InvalidRequestError(
    `The button ${JSON.stringify(label || customId)} opens no window, it is ${model}: nothing was sent.`,
    {
      code: 'needs_change',
      phase: 'validate',
      hint: `Call \`ima.midjourney.change(parent, '${customId}')\`.`,
    },
  );
}

/** Why nothing can be made of a task whose answer has no buttons. */
function withoutButtons({ id, status, needs }: TaskState): InvalidRequestError {
  const facts = { phase: 'validate', taskId: id } as const;
  const what = `Task ${id} offers no buttons`;
  if (status === 'succeeded') {
    return new InvalidRequestError(`${what} though it has succeeded: nothing was sent.`, {
      code: 'no_such_button',
      ...facts,
      hint: 'Nothing can be made of this one.',
    });
  }
  if (status === 'failed' || status === 'cancelled') {
    return new InvalidRequestError(
      `${what}, since it has ${status === 'failed' ? status : 'been cancelled'}: nothing was sent.`,
      {
        code: 'parent_failed',
        ...facts,
        hint: 'Nothing can be made of this one: submit it again, or build on another.',
      },
    );
  }
  return new InvalidRequestError(
    `${what} yet (${status}${needs === undefined ? '' : ', it waits at a window'}): nothing was sent.`,
    {
      code: 'parent_unfinished',
      ...facts,
      hint: needs === undefined ? 'Wait for its `result()` first.' : atWindow(id).needsHint,
    },
  );
}
