// The certificates of this folder, as a TLS server or client takes them; make.sh makes them and says what they are.

import { readFileSync } from 'node:fs';

const pem = (name: string): string => readFileSync(new URL(`./${name}.pem`, import.meta.url), 'utf8');

/** The key of all of the certificates below. */
export const key = pem('server-key');

/** The authority that signed all of them but `selfSigned`. */
export const authority = pem('authority');

export const certificates = {
  good: pem('good'),
  selfSigned: pem('self-signed'),
  expired: pem('expired'),
  notYetValid: pem('not-yet-valid'),
  /** For `elsewhere.example`. */
  elsewhere: pem('elsewhere'),
};
