// Plays streams that are over in a real browser, with the player of the console, and tells what
// came of each, for tests in Rust.
//
//   node play.mjs URL...
//
// prints one line of JSON for each playlist, in their order:
//
//   {"url": …, "ended": true, "frames": 30, "dropped": 0, "width": 160, "height": 90,
//    "seconds": 1.2, "soundBytes": 4096, "error": null}
//
// WEIR_CONSOLE_DIR is the folder `console`, whose node_modules has playwright-core and hls.js;
// WEIR_CHROMIUM is the browser (default: /usr/bin/chromium).

import process from 'node:process';

import { launch, resolve } from './chromium.mjs';

/** How long a stream of a few seconds may take, on a machine that has other things to do. */
const PATIENCE_MS = 40_000;

/** Pages that play at a time: what they play is small, and they mostly wait. */
const PAGES = 4;

const [, , ...urls] = process.argv;
if (!urls.every((url) => URL.canParse(url)) || urls.length === 0) {
  process.stderr.write('usage: node play.mjs URL...\n');
  process.exit(2);
}

const browser = await launch();
try {
  // The page's own rules forbid scripts that are put into it from outside.
  const context = await browser.newContext({ bypassCSP: true });
  const see = async (url) => {
    const page = await context.newPage();
    await page.goto(new URL('/', url).href, { waitUntil: 'domcontentloaded' });
    await page.addScriptTag({ path: resolve('hls.js') });
    const seen = await page.evaluate(play, [url, PATIENCE_MS]);
    await page.close();
    return { url, ...seen };
  };
  for (let at = 0; at < urls.length; at += PAGES) {
    const lines = await Promise.all(urls.slice(at, at + PAGES).map(see));
    lines.forEach((line) => process.stdout.write(`${JSON.stringify(line)}\n`));
  }
} finally {
  await browser.close();
}

/** Runs in the page: plays from the first segment to the end. */
function play([url, patienceMs]) {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const hls = new window.Hls({ startPosition: 0 });
  let error = null;
  hls.on(window.Hls.Events.ERROR, (_, data) => {
    error ??= `${data.details}: ${data.error?.message ?? data.reason ?? ''}`;
  });
  const { promise, resolve } = Promise.withResolvers();
  video.addEventListener('ended', resolve);
  video.addEventListener('error', () => {
    error = `${video.error?.code}: ${video.error?.message}`;
    resolve();
  });
  const timer = setTimeout(resolve, patienceMs);
  hls.loadSource(url);
  hls.attachMedia(video);
  video.play().catch((reason) => {
    error ??= String(reason);
  });
  return promise.then(() => {
    clearTimeout(timer);
    const quality = video.getVideoPlaybackQuality();
    const seen = {
      ended: video.ended,
      frames: quality.totalVideoFrames,
      dropped: quality.droppedVideoFrames,
      width: video.videoWidth,
      height: video.videoHeight,
      seconds: video.currentTime,
      soundBytes: video.webkitAudioDecodedByteCount ?? 0,
      error,
    };
    hls.destroy();
    return seen;
  });
}
