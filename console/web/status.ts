// What to tell the viewer, from what is known: one decision, free of clocks and of the browser.

import { STANDS_MS } from './playhead.ts';
import type { Listing } from './playlist.ts';
import type { Answer } from './probe.ts';

/** How the broadcast stands, as seen from this page. */
export type State =
  /** The address names no stream. */
  | 'misnamed'
  /** The server was not asked yet. */
  | 'loading'
  /** The stream is not there yet. */
  | 'waiting'
  /** The stream is there, the picture not yet. */
  | 'starting'
  | 'live'
  /** The playlist goes on, the picture does not. */
  | 'buffering'
  /** The playlist stands still: the encoder sends nothing. */
  | 'paused'
  /** The viewer paused. */
  | 'held'
  /** The browser plays nothing until the viewer says so. */
  | 'blocked'
  | 'ended'
  /** The server does not answer, or not with a playlist. */
  | 'failing'
  /** The server lets this viewer see nothing. */
  | 'refused'
  /** The server wants the stream's password. */
  | 'locked'
  /** The browser has no decoder for this. */
  | 'unplayable';

/** What is known. Times are milliseconds of one clock that never goes back. */
export interface Facts {
  readonly now: number;
  readonly answer: Answer;
  /** How the playlist moves, once there was one. */
  readonly flow: Flow | null;
  /** When the picture moved last, if ever since the player was made. */
  readonly movedAt: number | null;
  /** Whether the player has shown everything there is. */
  readonly finished: boolean;
  readonly held: boolean;
  readonly blocked: boolean;
  readonly unplayable: boolean;
}

/**
 * How long a playlist may stay the same, in target durations. The specification allows 1.5
 * (RFC 8216, 6.2.2).
 */
const UNCHANGED_MAX = 2;
const UNCHANGED_WHILE_STANDING_MAX = 1.5;

/** For the way of a segment and its playlist to the page. */
const ALLOWANCE_MS = 750;

/** How a playlist moves over time. */
export class Flow {
  /** When it changed last. */
  changedAt: number;
  /** Since when it has been moving without a standstill. */
  flowingSince: number;
  listing: Listing;

  constructor(now: number, listing: Listing) {
    this.changedAt = now;
    this.flowingSince = now;
    this.listing = listing;
  }

  /** Notes what the playlist says at `now`. */
  observe(now: number, listing: Listing): void {
    const changed = listing.edge !== this.listing.edge || listing.ended !== this.listing.ended;
    if (changed) {
      if (this.standsStill(now, UNCHANGED_MAX) || this.listing.ended) this.flowingSince = now;
      this.changedAt = now;
    }
    this.listing = listing;
  }

  /** Whether it has been the same for more than `targets` target durations. */
  standsStill(now: number, targets: number): boolean {
    return now - this.changedAt > targets * this.targetMs + ALLOWANCE_MS;
  }

  get targetMs(): number {
    return this.listing.targetSeconds * 1000;
  }
}

/** Decides how the broadcast stands. */
export function judge(facts: Facts): State {
  const { now, answer, flow, movedAt } = facts;
  const moves = movedAt !== null && now - movedAt < STANDS_MS;
  if (facts.unplayable) return 'unplayable';
  // What is on the screen was fetched before the server fell silent.
  if (answer.kind !== 'listed' && moves && !facts.finished) return 'live';
  switch (answer.kind) {
    case 'unknown':
      return 'loading';
    case 'missing':
      return flow === null ? 'waiting' : 'ended';
    case 'refused':
      return answer.code === 'password' ? 'locked' : 'refused';
    case 'failing':
      return 'failing';
    case 'listed':
      break;
  }
  if (flow === null) return 'loading';
  if (flow.listing.ended) {
    if (facts.finished || movedAt === null) return 'ended';
    if (facts.held) return 'held';
    return moves ? 'live' : 'ended';
  }
  if (facts.blocked) return 'blocked';
  if (facts.held) return 'held';
  const unchangedMax = moves ? UNCHANGED_MAX : UNCHANGED_WHILE_STANDING_MAX;
  if (flow.standsStill(now, unchangedMax)) return 'paused';
  if (moves) return 'live';
  return movedAt === null ? 'starting' : 'buffering';
}

/** How long a player may show nothing new while its playlist goes on. */
const STUCK_MS = 8000;

/** How often in a row the patience is doubled: to about two minutes. */
const DOUBLINGS_MAX = 4;

/**
 * Whether a player that was made at `madeAt` is stuck and a new one should take its place: the
 * playlist goes on, nobody holds the picture, and yet it stands. `attempts` players before it came
 * to nothing, so patience grows.
 */
export function isStuck(facts: Facts, madeAt: number, attempts: number): boolean {
  const { now, answer, flow, movedAt } = facts;
  if (answer.kind !== 'listed' || flow === null || flow.listing.ended) return false;
  if (facts.held || facts.blocked || flow.standsStill(now, UNCHANGED_MAX)) return false;
  const since = Math.max(madeAt, movedAt ?? madeAt, flow.flowingSince);
  const patience = STUCK_MS + flow.targetMs;
  return now - since > patience * 2 ** Math.min(attempts, DOUBLINGS_MAX);
}
