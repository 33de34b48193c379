// What deserves attention and breaks nothing: how this room tells it.

/** Something that deserves attention but breaks nothing. Codes are listed in docs/errors.md. */
export interface Warning {
  code: string;
  message: string;
  [field: string]: unknown;
}
