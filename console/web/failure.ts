// What went wrong, for people and for tests.

import type { Trouble } from './sentences.ts';

/** Something that stopped a player. */
export interface Failure {
  /** When, in milliseconds since the page was opened. */
  readonly at: number;
  readonly trouble: Trouble;
  /** The player's own name for it. */
  readonly name: string;
  readonly status: number | null;
  readonly sentence: string;
}

/** A page may be open for days. */
const REMEMBERED_MAX = 100;

/** Appends `item` to `list`, which forgets the oldest. */
export function remember<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > REMEMBERED_MAX) list.shift();
}
