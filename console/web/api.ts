// Asking the server's accounts, and saying in words what came of it.

import { read, textOf } from './json.ts';

/** What came back. */
export interface Reply {
  /** The status; `null` where no answer came. */
  readonly status: number | null;
  /** What the answer says in JSON; `null` if it says nothing so. */
  readonly said: unknown;
  /** When to ask again. */
  readonly retryAfterS: number | null;
}

/** What is asked for, below the accounts' address. */
export interface Question {
  readonly path: string;
  /** Sent as JSON, by POST; without it, GET. */
  readonly body?: object;
  /** Who asks. */
  readonly bearer?: string;
}

/** Asks. It never throws: that nothing came is an answer as well. */
export type Ask = (question: Question) => Promise<Reply>;

/** Where accounts are. */
const ACCOUNTS = '/api/auth/v1/';

/** The server gives up after half a minute itself. */
const TIMEOUT_MS = 40_000;

/** Asks the server that the page came from. */
export async function ask({ path, body, bearer }: Question): Promise<Reply> {
  const headers = new Headers({ accept: 'application/json' });
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`);
  const init: RequestInit = { cache: 'no-store', headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) Object.assign(init, { method: 'POST', body: JSON.stringify(body) });
  try {
    const response = await fetch(ACCOUNTS + path, init);
    const retryAfter = response.headers.get('retry-after') ?? '';
    const retryAfterS = /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null;
    return { status: response.status, said: read(await response.text()), retryAfterS };
  } catch {
    return { status: null, said: null, retryAfterS: null };
  }
}

/** Whether the server did what it was asked. */
export function isGood({ status }: Reply): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** Says why it did not; `otherwise` is for refusals without words of their own (RFC 9457). */
export function complaint({ status, said, retryAfterS }: Reply, otherwise: string): string {
  if (status === null) return 'The server does not answer. Try again in a moment.';
  if (status === 429) {
    const when = retryAfterS === null ? 'in a minute' : `in ${inWords(retryAfterS)}`;
    return `That was tried too often. Try again ${when}.`;
  }
  if (status >= 500) return `The server cannot do this for now (${status}). Try again in a moment.`;
  const words = textOf(said, 'detail') ?? textOf(said, 'error');
  return words === null ? otherwise : asSentence(words);
}

function asSentence(words: string): string {
  const first = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

function inWords(seconds: number): string {
  if (seconds <= 1) return 'a second';
  if (seconds < 120) return `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
