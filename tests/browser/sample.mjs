// What is seen of a watch page at one moment, and what happened to it so far.

/** Messages that Chromium writes for every answer above 399; `failures` has them with status. */
const FAILED_TO_LOAD = 'Failed to load resource';

/** So many of each kind are kept; what is repeated every second says nothing new. */
const KEPT_MAX = 50;

/** The picture is looked at in this size: enough to tell a picture from a plain colour. */
const GRAB = { width: 64, height: 36, clockBits: 20, clockHeight: 32 };

/** A page may hang; the test is to hear of that rather than to hang as well. */
const SAMPLE_MS_MAX = 5000;

/** Listens to a page. */
export class Watcher {
  #page;
  #errors = [];
  #foreign = [];
  #failures = [];
  #navigations = 0;

  constructor(page, context, origin) {
    this.#page = page;
    page.on('pageerror', (error) => this.#error(`page: ${error.message}`));
    page.on('crash', () => this.#error('page: crashed'));
    page.on('console', (message) => {
      const isError = message.type() === 'error' && !message.text().startsWith(FAILED_TO_LOAD);
      if (isError) this.#error(`console: ${message.text()}`);
    });
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) this.#navigations += 1;
    });
    // The whole context: pages that are opened, and workers, ask as well.
    context.on('request', (request) => {
      const url = request.url();
      if (!isOwn(url, origin)) keep(this.#foreign, url);
    });
    context.on('response', (response) => {
      const status = response.status();
      if (status >= 400) keep(this.#failures, { status, url: response.url() });
    });
    context.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // A player changes its mind.
      if (why !== 'net::ERR_ABORTED') keep(this.#failures, { why, url: request.url() });
    });
  }

  /**
   * `state sentence latencySeconds latencySource engine fatalRecoveries enginesMade hiccups` as the
   * page says; `currentTime readyState paused muted width height decodedFrames droppedFrames
   * meanLuma lumaVariance` of its video, and `clockMs` that is burnt into it, read at `nowMs`; and since the beginning `errors` (of the page, of its
   * console, and those that the player met), `failures` (requests that failed), `foreign` (requests
   * that left the server's origin) and `navigations` (1 as long as the page was not loaded again).
   */
  async sample() {
    const seen = await within(SAMPLE_MS_MAX, this.#page.evaluate(look, GRAB)).catch((error) => {
      this.#error(`sample: ${error.message}`);
      return {};
    });
    const { playerErrors = [], ...facts } = seen;
    return {
      ...facts,
      errors: [...this.#errors, ...playerErrors],
      failures: [...this.#failures],
      foreign: [...this.#foreign],
      navigations: this.#navigations,
    };
  }

  #error(text) {
    keep(this.#errors, text);
  }
}

/** Whether a request stays with the server, or in the page itself. */
function isOwn(url, origin) {
  if (url.startsWith('data:') || url === 'about:blank') return true;
  return new URL(url.replace(/^blob:/, '')).origin === origin;
}

function keep(list, item) {
  if (list.length < KEPT_MAX) list.push(item);
}

function within(milliseconds, promise) {
  return new Promise((resolve, reject) => {
    const late = new Error(`the page does not answer within ${milliseconds} ms`);
    const timer = setTimeout(() => reject(late), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Runs in the page. */
function look({ clockBits, clockHeight, ...grab }) {
  const { weir } = window;
  const video = document.querySelector('video');
  if (!weir || !video) return { state: null };
  const quality = video.getVideoPlaybackQuality();
  return {
    state: weir.state,
    sentence: weir.sentence,
    latencySeconds: weir.latencySeconds,
    latencySource: weir.latencySource,
    engine: weir.engine,
    fatalRecoveries: weir.fatalRecoveries,
    enginesMade: weir.enginesMade,
    hiccups: [...weir.hiccups],
    playerErrors: weir.errors.map(({ trouble, name, status }) => {
      return `player: ${trouble}: ${name}${status === null ? '' : ` (${status})`}`;
    }),
    currentTime: video.currentTime,
    readyState: video.readyState,
    paused: video.paused,
    muted: video.muted,
    width: video.videoWidth,
    height: video.videoHeight,
    decodedFrames: quality.totalVideoFrames,
    droppedFrames: quality.droppedVideoFrames,
    ...luma(),
    clockMs: clock(),
    nowMs: Date.now(),
  };

  /** What the bars in the uppermost lines say, if there are bars: see `Source::clock_from_ms`. */
  function clock() {
    if (video.videoWidth === 0) return null;
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = clockHeight;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    let clockMs = 0;
    for (let bit = 0; bit < clockBits; bit += 1) {
      const x = Math.floor(((bit + 0.5) * canvas.width) / clockBits);
      const [red, green, blue] = context.getImageData(x, clockHeight / 2, 1, 1).data;
      if (red + green + blue > 3 * 128) clockMs += 2 ** bit;
    }
    return clockMs;
  }

  /** Mean and variance of the picture's brightness, 0 to 255; `null` without a picture. */
  function luma() {
    if (video.videoWidth === 0) return { meanLuma: null, lumaVariance: null };
    const canvas = document.createElement('canvas');
    canvas.width = grab.width;
    canvas.height = grab.height;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0, grab.width, grab.height);
    const { data } = context.getImageData(0, 0, grab.width, grab.height);
    const count = grab.width * grab.height;
    let sum = 0;
    let squares = 0;
    for (let at = 0; at < data.length; at += 4) {
      // BT.709
      const y = 0.2126 * data[at] + 0.7152 * data[at + 1] + 0.0722 * data[at + 2];
      sum += y;
      squares += y * y;
    }
    const mean = sum / count;
    return { meanLuma: round(mean), lumaVariance: round(squares / count - mean * mean) };
  }

  function round(value) {
    return Math.round(value * 100) / 100;
  }
}
