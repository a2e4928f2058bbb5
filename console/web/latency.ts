// How far behind live the picture is, and by what that was measured.

import type { ServerClock } from './clock.ts';
import type { Engine } from './engine.ts';

/** A measured latency. */
export interface Latency {
  readonly seconds: number;
  /**
   * `program-date-time`: the server's time now, minus the time that the playlist gives the picture.
   * `playlist`: the engine's estimate from when segments were listed; it leaves out what happened
   * before that.
   */
  readonly source: 'program-date-time' | 'playlist';
}

/** Above a day, a clock or a playlist is wrong. */
const SECONDS_MAX = 86_400;

/** Measures by what the playlist gives; `nowMs` is the viewer's clock. */
export function measureLatency(
  engine: Pick<Engine, 'playingDate' | 'estimatedLatency'>,
  clock: Pick<ServerClock, 'offsetMs'>,
  nowMs: number,
): Latency | null {
  const shownMs = engine.playingDate()?.getTime() ?? Number.NaN;
  const seconds = (nowMs + clock.offsetMs - shownMs) / 1000;
  if (seconds >= 0 && seconds < SECONDS_MAX) return { seconds, source: 'program-date-time' };
  const estimate = engine.estimatedLatency();
  return estimate === null ? null : { seconds: estimate, source: 'playlist' };
}
