// The browser of the tests: Debian's Chromium, driven by playwright-core.
//
// WEIR_CONSOLE_DIR is the folder `console`, whose node_modules has playwright-core and hls.js;
// WEIR_CHROMIUM is the browser (default: /usr/bin/chromium).

import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';

/** Chromium on a machine without screen and sound, which talks to nobody by itself. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** Starts a browser that takes a fresh profile folder, and removes it when it is closed. */
export function launch(options = {}) {
  const { chromium } = fromConsole()('playwright-core');
  const executablePath = process.env.WEIR_CHROMIUM || '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: FLAGS, ...options });
}

/** The file of a package, as the console's lock file names it. */
export function resolve(name) {
  return fromConsole().resolve(name);
}

function fromConsole() {
  const folder = process.env.WEIR_CONSOLE_DIR;
  if (!folder) throw new Error('WEIR_CONSOLE_DIR does not say where the console is');
  return createRequire(path.join(path.resolve(folder), 'package.json'));
}
