// Which stream a page is about, read from its address; and back.

/** A stream, as its addresses name it. */
export interface StreamAddress {
  readonly app: string;
  readonly stream: string;
  /** What stands before its paths: `/t/` and a token, or nothing. */
  readonly prefix: string;
  /** Where its multivariant playlist is. */
  readonly playlist: string;
}

/** What the server takes as a name: see `timeline::StreamName`. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** First steps of a path that are the server's own pages, and so name no application. */
const RESERVED = ['api', 'assets', 'clip', 'cmcd', 'health', 't', 'thumb', 'vod', 'watch'];

/** The application that a stream without one is looked for in. */
const USUAL_APP = 'live';

/** A token in front of a path, which everything that the path names inherits. */
const TOKEN = /^\/t\/[^/?#]+(?=\/)/;

/** The stream that the path of a watch page names, or `null` if it names none. */
export function streamOfPath(path: string): StreamAddress | null {
  const { prefix, rest } = split(path);
  const [empty, watch, app, stream, ...more] = rest.split('/');
  if (empty !== '' || watch !== 'watch' || more.length > 0) return null;
  return named(prefix, app, stream);
}

/**
 * The stream that somebody typed: `live/cam`, `cam`, or the address of a watch page or a playlist
 * that was pasted whole.
 */
export function streamOfText(text: string): StreamAddress | null {
  const path = text.trim().replace(/^[a-z]+:\/\/[^/]*(?=\/)/i, '').replace(/[?#].*$/, '');
  const { prefix, rest } = split(path);
  const steps = rest.split('/').filter((step) => step !== '');
  if (steps[0] === 'watch') steps.shift();
  if (steps.at(-1)?.endsWith('.m3u8')) steps.pop();
  const [first, second, ...more] = steps;
  if (first === undefined || more.length > 0) return null;
  return second === undefined
    ? named(prefix, USUAL_APP, first)
    : named(prefix, first, second);
}

/** The path of the page that plays `address`. */
export function watchPath(address: StreamAddress): string {
  return `${address.prefix}/watch/${address.app}/${address.stream}`;
}

/** The same stream for somebody who has `token`. */
export function withToken(address: StreamAddress, token: string): StreamAddress {
  const { app, stream } = address;
  return addressOf(`/t/${encodeURIComponent(token)}`, app, stream);
}

function split(path: string): { prefix: string; rest: string } {
  const prefix = TOKEN.exec(path)?.[0] ?? '';
  return { prefix, rest: path.slice(prefix.length) };
}

function named(
  prefix: string,
  app: string | undefined,
  stream: string | undefined,
): StreamAddress | null {
  if (app === undefined || stream === undefined) return null;
  if (!NAME.test(app) || !NAME.test(stream) || RESERVED.includes(app)) return null;
  return addressOf(prefix, app, stream);
}

function addressOf(prefix: string, app: string, stream: string): StreamAddress {
  return { app, stream, prefix, playlist: `${prefix}/${app}/${stream}/index.m3u8` };
}
