// Opens a watch page in a real browser and tells what a viewer would see, for tests in Rust.
//
//   node watch.mjs URL [SECONDS]
//
// prints one line of JSON every second (a "sample", see sample.mjs), and one for each command that
// it reads from its standard input, a line each:
//
//   screenshot PATH    write a picture of the page (PNG)
//   click NAME         press the button with this name, as in `click Unmute`
//   key KEY            press a key, as in `key m`
//   size WIDTH HEIGHT  change the window's size
//   scheme dark|light  change the viewer's preference
//   reload             load the page again, as the viewer's own doing
//   quit               close the browser and end
//
// It ends with exit code 0 on `quit`, at the end of its input, or after SECONDS (default: 600);
// with 2 if it was called wrongly, and with 1 and a line {"fatal": …} if there is no browser or
// no page.
//
// WEIR_CONSOLE_DIR is the folder `console`, whose node_modules has playwright-core; WEIR_CHROMIUM
// is the browser (default: /usr/bin/chromium).

import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

import { launch } from './chromium.mjs';
import { Watcher } from './sample.mjs';

/** A button that is not there, or cannot be pressed, is not waited for longer. */
const PATIENCE = { timeout: 3000 };

const SAMPLE_MS = 1000;
const SECONDS_MAX = 600;
const WINDOW = { width: 1280, height: 860 };

const [, , url, seconds = String(SECONDS_MAX), ...rest] = process.argv;
if (!URL.canParse(url ?? '') || !(Number(seconds) > 0) || rest.length > 0) {
  process.stderr.write('usage: node watch.mjs URL [SECONDS]\n');
  process.exit(2);
}

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Resolves when somebody wants an end. */
const { promise: ended, resolve: end } = withResolvers();
process.once('SIGTERM', end);
process.once('SIGINT', end);
// Whoever read us is gone.
process.stdout.on('error', end);

let browser;
try {
  // Signals come to us alone: the browser is closed in order, and with it all that it started.
  browser = await launch({ handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false });
  await watch(browser);
} catch (error) {
  print({ fatal: reason(error) });
  process.exitCode = 1;
} finally {
  await browser?.close();
}
// The standard input may still be open.
process.exit();

async function watch(browser) {
  const context = await browser.newContext({ viewport: WINDOW });
  const page = await context.newPage();
  const watcher = new Watcher(page, context, new URL(url).origin);
  browser.once('disconnected', end);

  const begun = performance.now();
  const time = () => Math.round(performance.now() - begun) / 1000;
  const opened = page.goto(url, { waitUntil: 'domcontentloaded' });
  const input = createInterface({ input: process.stdin });
  let commands = opened.catch(() => {});
  input.on('line', (line) => {
    // One after the other, in their order.
    commands = commands.then(() => obey(page, line.trim(), time));
  });
  input.once('close', () => commands.then(end));

  await opened;
  const over = setTimeout(end, Number(seconds) * 1000);
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const next = performance.now() + SAMPLE_MS;
    print({ t: time(), ...(await watcher.sample()) });
    await Promise.race([ended, sleep(next - performance.now())]);
  }
  clearTimeout(over);
  input.close();
}

/** Does what a command says, and prints that it was done, or why not. */
async function obey(page, line, time) {
  const [command, ...words] = line.split(' ');
  const rest = words.join(' ');
  try {
    switch (command) {
      case '':
        return;
      case 'quit':
        end();
        break;
      case 'screenshot':
        await page.screenshot({ path: path.resolve(rest) });
        break;
      case 'click':
        await page.getByRole('button', { name: rest, exact: true }).first().click(PATIENCE);
        break;
      case 'key':
        await page.keyboard.press(rest);
        break;
      case 'size': {
        const [width, height] = words.map(Number);
        await page.setViewportSize({ width, height });
        break;
      }
      case 'scheme':
        await page.emulateMedia({ colorScheme: rest });
        break;
      case 'reload':
        await page.reload({ waitUntil: 'domcontentloaded' });
        break;
      default:
        throw new Error(`there is no command \`${command}\``);
    }
    print({ t: time(), done: line });
  } catch (error) {
    print({ t: time(), failed: line, because: reason(error) });
  }
}

/** The first line: what follows is a log, in colours. */
function reason(error) {
  const [line] = String(error?.message ?? error).split('\n');
  return line.replace(/\u001b\[[\d;]*m/g, '');
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}

function withResolvers() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
