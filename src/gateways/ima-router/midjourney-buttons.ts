// What can be done with a finished Midjourney picture: its buttons, what people call them, and which action each one is.

import { InvalidRequestError, isRecord, textOf, valueAt } from '../../transport/index.js';

/** A button under a finished task, as the gateway lists it. */
export interface MidjourneyButton {
  /** What the gateway wants to have back, word for word. */
  customId: string;
  /** `U1`, `Vary (Subtle)`; empty where the button shows an emoji alone. */
  label: string;
  emoji?: string;
}

/** Actions of POST /mj/submit/change. */
export type ChangeModel =
  | 'mj_upscale'
  | 'mj_variation'
  | 'mj_low_variation'
  | 'mj_high_variation'
  | 'mj_reroll'
  | 'mj_zoom'
  | 'mj_custom_zoom'
  | 'mj_pan';

/** The buttons in the last answer about a task; empty before it has succeeded. */
export function buttonsIn(raw: unknown): MidjourneyButton[] {
  const list = valueAt(raw, ['buttons']) ?? valueAt(raw, ['data', 'buttons']);
  return (Array.isArray(list) ? list : []).flatMap((one) => {
    const customId = isRecord(one) ? textOf(one.customId) : undefined;
    if (!isRecord(one) || customId === undefined) return [];
    const emoji = textOf(one.emoji);
    return [{ customId, label: textOf(one.label) ?? '', ...(emoji === undefined ? {} : { emoji }) }];
  });
}

/** By the button's id, the first that fits (POST /mj/submit/change, examples). */
const MODELS: readonly [RegExp, ChangeModel][] = [
  [/::upsample/i, 'mj_upscale'],
  [/::low_variation/i, 'mj_low_variation'],
  [/::high_variation/i, 'mj_high_variation'],
  [/::variation/i, 'mj_variation'],
  [/::reroll/i, 'mj_reroll'],
  [/::CustomZoom/i, 'mj_custom_zoom'],
  [/::Outpaint/i, 'mj_zoom'],
  [/::pan_/i, 'mj_pan'],
];

/** Buttons that ask for more: they are for POST /mj/submit/modal. */
const MODAL = /::(?:RemixModal|Inpaint|Remix)/i;

/** The action of a button. Throws `InvalidRequestError` for one that `modal` is for, and for one that nobody knows. */
export function modelOf({ customId, label }: MidjourneyButton): ChangeModel {
  const model = MODELS.find(([pattern]) => pattern.test(customId))?.[1];
  if (model !== undefined) return model;
  const isModal = MODAL.test(customId);
  throw new InvalidRequestError(
    `The button ${JSON.stringify(label || customId)} ${isModal ? 'opens a window' : 'does something that no model is known for'}: nothing was sent.`,
    {
      code: isModal ? 'needs_modal' : 'unknown_button',
      phase: 'validate',
      hint: isModal
        ? `Call \`ima.midjourney.modal(parent, { customId: '${customId}', prompt: '…' })\`.`
        : 'Say which one with { model }, e.g. `mj_zoom`.',
    },
  );
}

/**
 * The action of a button that opens no window by itself: at POST /mj/submit/modal the gateway would make a remix of it,
 * which nobody asked for. Undefined for all others; custom zoom is taken by both.
 */
export function windowlessModelOf({ customId }: MidjourneyButton): ChangeModel | undefined {
  if (MODAL.test(customId)) return undefined;
  const model = MODELS.find(([pattern]) => pattern.test(customId))?.[1];
  return model === 'mj_custom_zoom' ? undefined : model;
}

/** What people say, and what such a button's id has then; `#` is the number they said. Most buttons show an emoji alone. */
const SAID: readonly [RegExp, string][] = [
  [/^(?:u|upscale)\s*#?(\d{1,2})$/i, '::upsample::#(?:::|$)'],
  [/^(?:v|vary|variation)\s*#?(\d{1,2})$/i, '::variation::#(?:::|$)'],
  [/^(?:vary\s*)?\(?subtle\)?$/i, '::low_variation'],
  [/^(?:vary\s*)?\(?strong\)?$/i, '::high_variation'],
  [/^upscale \(?subtle\)?$/i, '::upsample\\w*subtle'],
  [/^upscale \(?creative\)?$/i, '::upsample\\w*creative'],
  [/^re-?roll$/i, '::reroll'],
  [/^pan[ _](left|right|up|down)$/i, '::pan_#'],
  [/^zoom(?: out)? 2x?$/i, '::Outpaint::50'],
  [/^zoom(?: out)? 1\.5x?$/i, '::Outpaint::75'],
  [/^custom[ _]zoom$/i, '::CustomZoom'],
  [/^remix$/i, '::RemixModal'],
];

/**
 * The button that `wanted` names: by its id, its label, its emoji, or in words ("upscale 2"). Throws
 * `InvalidRequestError` where there is none (with all that are offered), or several.
 */
export function buttonNamed(wanted: string, offered: readonly MidjourneyButton[], taskId: string): MidjourneyButton {
  const name = wanted.trim();
  const ways = [
    ({ customId }: MidjourneyButton) => customId === name,
    ({ label }: MidjourneyButton) => label !== '' && plain(label) === plain(name),
    ({ emoji }: MidjourneyButton) => emoji !== undefined && plain(emoji) === plain(name),
    ...SAID.flatMap(([pattern, id]) => {
      const match = pattern.exec(name);
      const wantedId = new RegExp(id.replace('#', match?.[1] ?? ''), 'i');
      return match === null ? [] : [({ customId }: MidjourneyButton) => wantedId.test(customId)];
    }),
  ];
  const fitting = ways.map((fits) => offered.filter(fits)).find((found) => found.length > 0) ?? [];
  const [button, ...others] = fitting;
  const facts = { phase: 'validate', taskId } as const;
  if (button === undefined) {
    throw new InvalidRequestError(`Task ${taskId} has no button ${JSON.stringify(wanted)}: nothing was sent.`, {
      code: 'no_such_button',
      ...facts,
      hint: `It has: ${offered.map(nameOf).join(', ')}.`,
    });
  }
  // Each would be another picture, and be paid for: several zooms show the same magnifying glass.
  if (others.some(({ customId }) => customId !== button.customId)) {
    throw new InvalidRequestError(
      `${JSON.stringify(wanted)} fits several buttons of task ${taskId}: nothing was sent.`,
      {
        code: 'ambiguous_button',
        ...facts,
        hint: `Say which one by its customId: ${fitting.map(({ customId }) => customId).join(', ')}.`,
      },
    );
  }
  return button;
}

/** As people compare: any case, and an emoji with or without the mark that makes it a coloured one. */
const plain = (text: string): string => text.replaceAll('\u{FE0F}', '').trim().toLowerCase();

const nameOf = ({ label, emoji, customId }: MidjourneyButton): string => label || emoji || customId;
