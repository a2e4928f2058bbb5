// What a link brings along behind its number sign, where no server and no log reads it.

/** As much of a browser as has the page's address. */
export interface Bar {
  readonly location: { readonly pathname: string; readonly search: string; readonly hash: string };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
}

/** Tickets and codes are this long at most. */
const CHARACTERS_MAX = 256;

/**
 * Takes what stands behind the number sign out of the address bar, and of the browser's history;
 * `null` if there is nothing that could be a ticket.
 */
export function takeFragment({ location, history }: Bar): string | null {
  const { pathname, search, hash } = location;
  if (hash.length <= 1) return null;
  history.replaceState(null, '', pathname + search);
  const ticket = hash.slice(1);
  return ticket.length <= CHARACTERS_MAX && /^[\w.~-]+$/.test(ticket) ? ticket : null;
}
