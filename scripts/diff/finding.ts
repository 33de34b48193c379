// What one difference between two shapes is: its kind, its effect on what is allowed, and its words.

export type Direction = 'request' | 'answer';

/** `less`: something that was allowed is not any more; `more`: the reverse alone; `unclear`: perhaps both; `note`: neither. */
export type Effect = 'less' | 'more' | 'unclear' | 'note';

export type FindingKind =
  | 'field'
  | 'required'
  | 'type'
  | 'values'
  | 'status'
  | 'limit'
  | 'default'
  | 'others'
  | 'choice'
  | 'condition'
  | 'deprecated';

export interface Finding {
  kind: FindingKind;
  effect: Effect;
  text: string;
  /** Of kind `status`: the word that came or went. */
  word?: string;
}

/** How a comparison says what it found at a path. */
export type Note = (kind: FindingKind, effect: Effect, path: string, text: string, word?: string) => void;
