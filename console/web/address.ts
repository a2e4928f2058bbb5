// Which stream a page is about, read from its address; and back.

/** A stream, as its addresses name it. */
export interface StreamAddress {
  readonly app: string;
  readonly stream: string;
  /** Where its multivariant playlist is. */
  readonly playlist: string;
}

/** What the server takes as a name: see `timeline::StreamName`. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** First steps of a path that are the server's own pages, and so name no application. */
const RESERVED = ['api', 'assets', 'clip', 'cmcd', 'health', 't', 'thumb', 'vod', 'watch'];

/** The application that a stream without one is looked for in. */
const USUAL_APP = 'live';

/** The stream that the path of a watch page names, or `null` if it names none. */
export function streamOfPath(path: string): StreamAddress | null {
  const [empty, watch, app, stream, ...more] = path.split('/');
  if (empty !== '' || watch !== 'watch' || more.length > 0) return null;
  return named(app, stream);
}

/**
 * The stream that somebody typed: `live/cam`, `cam`, or the address of a watch page or a playlist
 * that was pasted whole.
 */
export function streamOfText(text: string): StreamAddress | null {
  const path = text.trim().replace(/^[a-z]+:\/\/[^/]*\//i, '').replace(/[?#].*$/, '');
  const steps = path.split('/').filter((step) => step !== '');
  if (steps[0] === 'watch') steps.shift();
  if (steps.at(-1)?.endsWith('.m3u8')) steps.pop();
  const [first, second, ...more] = steps;
  if (first === undefined || more.length > 0) return null;
  return second === undefined ? named(USUAL_APP, first) : named(first, second);
}

/** The path of the page that plays `address`. */
export function watchPath(address: StreamAddress): string {
  return `/watch/${address.app}/${address.stream}`;
}

function named(app: string | undefined, stream: string | undefined): StreamAddress | null {
  if (app === undefined || stream === undefined) return null;
  if (!NAME.test(app) || !NAME.test(stream) || RESERVED.includes(app)) return null;
  return { app, stream, playlist: `/${app}/${stream}/index.m3u8` };
}
