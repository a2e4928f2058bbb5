// Plays a live stream in a real browser and tells how much of it was decoded, for tests in Rust.
//
//   node live.mjs hls.js|native URL
//
// prints one line of JSON four times a second, until the stream ends, or it is told to (SIGTERM):
//
//   {"pictures": 30, "soundMs": 1000, "errors": [], "ended": false}
//
// With `native` the playlist is the source of a video element: the browser's own HLS plays it.
// Sound is time that was played while sound was decoded.
//
// WEIR_CONSOLE_DIR is the folder `console`, whose node_modules has playwright-core and hls.js;
// WEIR_CHROMIUM is the browser (default: /usr/bin/chromium).

import process from 'node:process';

import { launch, resolve } from './chromium.mjs';

const LOOK_MS = 250;

const [, , engine, url, ...rest] = process.argv;
if (!['hls.js', 'native'].includes(engine) || !URL.canParse(url ?? '') || rest.length > 0) {
  process.stderr.write('usage: node live.mjs hls.js|native URL\n');
  process.exit(2);
}

let isOver = false;
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    isOver = true;
  });
}

const browser = await launch({ handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false });
try {
  // The page's own rules forbid scripts that are put into it from outside.
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  const errors = [];
  await listen(context, page, errors);
  await page.goto(new URL('/', url).href, { waitUntil: 'domcontentloaded' });
  if (engine === 'hls.js') await page.addScriptTag({ path: resolve('hls.js') });
  await page.evaluate(play, [engine, url]);
  while (!isOver) {
    const seen = await page.evaluate(look);
    const said = { ...seen, errors: [...errors, ...seen.errors] };
    process.stdout.write(`${JSON.stringify(said)}\n`);
    if (seen.ended) break;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
} finally {
  await browser.close();
}
// The standard input may still be open.
process.exit();

/** What the browser's own media pipeline says at error level, whichever player feeds it. */
async function listen(context, page, errors) {
  page.on('pageerror', (error) => errors.push(`page: ${error.message}`));
  page.on('crash', () => errors.push('page: crashed'));
  const session = await context.newCDPSession(page);
  session.on('Media.playerErrorsRaised', (raised) => {
    errors.push(...raised.errors.map((error) => `media: ${JSON.stringify(error)}`));
  });
  session.on('Media.playerMessagesLogged', ({ messages }) => {
    const faults = messages.filter(({ level }) => level === 'error');
    errors.push(...faults.map(({ message }) => `media: ${message}`));
  });
  await session.send('Media.enable');
}

/** Runs in the page: begins to play, as a page does that was written in a minute. */
function play([engine, url]) {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const played = { video, errors: [], soundMs: 0, soundBytes: 0, seconds: 0 };
  window.played = played;
  video.addEventListener('error', () => {
    played.errors.push(`video: ${video.error?.code}: ${video.error?.message}`);
  });
  if (engine === 'native') {
    video.src = url;
  } else {
    const hls = new window.Hls();
    hls.on(window.Hls.Events.ERROR, (_, data) => {
      const why = data.error?.message ?? data.reason ?? '';
      played.errors.push(`hls.js: ${data.details}: ${why}`);
    });
    hls.loadSource(url);
    hls.attachMedia(video);
  }
  video.play().catch((reason) => played.errors.push(`play: ${reason}`));
}

/** Runs in the page: how far it is. */
function look() {
  const { played } = window;
  const { video } = played;
  const bytes = video.webkitAudioDecodedByteCount;
  // A jump over a hole is time that was not played.
  const seconds = [...Array(video.played.length).keys()]
    .map((at) => video.played.end(at) - video.played.start(at))
    .reduce((sum, length) => sum + length, 0);
  if (bytes > played.soundBytes) played.soundMs += (seconds - played.seconds) * 1000;
  Object.assign(played, { soundBytes: bytes, seconds });
  return {
    pictures: video.getVideoPlaybackQuality().totalVideoFrames,
    soundMs: Math.round(played.soundMs),
    errors: played.errors,
    ended: video.ended,
  };
}
