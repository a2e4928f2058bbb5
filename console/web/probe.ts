// Asking the server how a broadcast stands, while no player does.

import type { ServerClock } from './clock.ts';
import { read, textOf } from './json.ts';
import { type Listing, readPlaylist } from './playlist.ts';

/** What the server says of a broadcast. */
export type Answer =
  /** It was not asked yet. */
  | { readonly kind: 'unknown' }
  /** There is no such broadcast (now). */
  | { readonly kind: 'missing' }
  /** This viewer may not watch, for a reason in a word of the server's and in a sentence. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly code: string | null;
      readonly sentence: string | null;
    }
  /** It does not answer (`status` is `null`), or not with a playlist. */
  | { readonly kind: 'failing'; readonly status: number | null }
  /** Here is its playlist. */
  | { readonly kind: 'listed'; readonly listing: Listing };

/** A server that takes longer has trouble, and the viewer is to know. */
const TIMEOUT_MS = 6000;

/** A playlist, or in words for scripts why there is none. */
const ACCEPT = 'application/vnd.apple.mpegurl, application/json;q=0.9, */*;q=0.1';

/** Asks for the playlist at `url`, and for the first media playlist behind it. */
export async function probe(url: string, clock: ServerClock): Promise<Answer> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await ask(new URL(url, location.href), clock, signal, false);
  } catch {
    return { kind: 'failing', status: null };
  }
}

async function ask(
  url: URL,
  clock: ServerClock,
  signal: AbortSignal,
  isVariant: boolean,
): Promise<Answer> {
  const sentMs = Date.now();
  const response = await fetch(url, { cache: 'no-store', headers: { accept: ACCEPT }, signal });
  // What a cache answers bears the time at which the cache got it.
  if (!response.headers.has('age')) {
    clock.observe(response.headers.get('date'), sentMs, Date.now());
  }
  const { status } = response;
  if (!response.ok) return answerOfStatus(status, await response.text());
  const playlist = readPlaylist(await response.text());
  if (playlist?.kind === 'media') return { kind: 'listed', listing: playlist.listing };
  if (playlist === null || isVariant) return { kind: 'failing', status };
  return ask(new URL(playlist.first, response.url), clock, signal, true);
}

/** What an answer without a playlist says; `0` is how players write that there was none. */
export function answerOfStatus(status: number, text = ''): Answer {
  if (status === 404 || status === 410) return { kind: 'missing' };
  if (status === 401 || status === 403 || status === 429) {
    return { kind: 'refused', status, ...reasonOf(text) };
  }
  return { kind: 'failing', status: status === 0 ? null : status };
}

/** What the server says of a refusal; others may stand in front of it and say anything. */
function reasonOf(text: string): { code: string | null; sentence: string | null } {
  const said = read(text);
  return { code: textOf(said, 'code'), sentence: textOf(said, 'error') };
}
