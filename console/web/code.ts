// The code that a device shows and a user types (RFC 8628, 6.1).

/** Letters that are in a code: no vowels, so that no words come about, and none that look alike. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;

/** A code as it is shown, `BCDF-GHJK`, however it was typed; `null` if it is none. */
export function readCode(text: string): string | null {
  const letters = text.toUpperCase().replace(/[\s\-–—_.]/g, '');
  const isCode = letters.length === LENGTH && [...letters].every((one) => LETTERS.includes(one));
  return isCode ? `${letters.slice(0, 4)}-${letters.slice(4)}` : null;
}
