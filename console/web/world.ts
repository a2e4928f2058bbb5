// What a broadcast needs of the world besides a video element, so that tests can be the world.

import type { ServerClock } from './clock.ts';
import { type Answer, probe } from './probe.ts';

export interface World {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Asks the server how the broadcast at `playlist` stands, and has `clock` note when it answered. */
  ask(playlist: string, clock: ServerClock): Promise<Answer>;
  /** Whether nobody can see the page, so that the browser lets it sleep. */
  isHidden(): boolean;
  /** A number from 0 to 1, by chance. */
  chance(): number;
}

/** The browser, and the server that the page came from. */
export function browser(): World {
  return {
    now: () => performance.now(),
    ask: probe,
    isHidden: () => document.hidden,
    chance: () => Math.random(),
  };
}
