// One broadcast on one video element: waits for it, plays it, and comes back from every trouble.

import { ServerClock } from './clock.ts';
import type { Engine, Fault, Start, Listener } from './engine.ts';
import { type Answer, probe } from './probe.ts';
import { type Trouble, sentenceFor } from './sentences.ts';
import { type Facts, Flow, type State, isStuck, judge } from './status.ts';
import type { Listing } from './playlist.ts';

/** Something that stopped a player. */
export interface Failure {
  /** When, in milliseconds since the page was opened. */
  readonly at: number;
  readonly trouble: Trouble;
  /** The player's own name for it. */
  readonly name: string;
  readonly status: number | null;
  readonly sentence: string;
}

/** How far behind live the picture is, and by what it was measured. */
export interface Latency {
  readonly seconds: number;
  readonly source: 'program-date-time' | 'playlist';
}

/** Makes the engine that this browser can run. */
export type MakeEngine = (video: HTMLVideoElement, start: Start, listener: Listener) => Engine;

/** How often it is looked at what moves. */
const TICK_MS = 250;

/** Pauses between two questions about a playlist, and how much of them is left to chance, so that
 * a crowd that waits does not ask in step. */
const PROBE_MS = 1500;
const PROBE_AFTER_END_MS = 2500;
const PROBE_JITTER = 0.25;

/** After a failure the first question follows soon, the later ones ever later. */
const RETRY_MS = 400;
const RETRY_MAX_MS = 10_000;
const RETRY_UNPLAYABLE_MS = 15_000;

/** A player is tried again at most so often before another is made. */
const RESUMES_MAX = 2;

/** Two failures of a decoder within this time: another decoder does not help. */
const DECODER_LASTS_MS = 5000;

/** Playing for so long makes up for the failures before. */
const PROVEN_MS = 10_000;

/** With so many segments a player begins without running dry at once. */
const SEGMENTS_TO_BEGIN = 2;
/** But nobody waits longer for them. */
const BEGIN_PATIENCE_MS = 4000;

/** What went wrong is remembered up to so many times. */
const FAILURES_MAX = 100;

/** A latency above a day comes from a clock or a playlist that is wrong. */
const LATENCY_MAX_S = 86_400;

/** Shows one stream on `video` for as long as the page is open. */
export class Broadcast {
  /** What stopped a player, newest last. */
  readonly errors: Failure[] = [];
  /** What players dealt with themselves, newest last. */
  readonly hiccups: string[] = [];
  /** How often a player was set going again or replaced. */
  fatalRecoveries = 0;
  /** How many players were made. */
  enginesMade = 0;
  state: State = 'loading';
  latency: Latency | null = null;
  answer: Answer = { kind: 'unknown' };

  private readonly clock = new ServerClock();
  private engine: Engine | null = null;
  /** Whether the engine is at work. While it is not, the server is asked how the stream stands. */
  private isPlaying = false;
  private madeAt = 0;
  private isProbing = false;
  private probeAt = 0;
  private flow: Flow | null = null;
  /** The number after the last segment of a broadcast that ended. */
  private endedEdge: number | null = null;
  /** Since when a broadcast is there that no player plays yet. */
  private listedSince: number | null = null;
  private movedAt: number | null = null;
  private movingSince: number | null = null;
  private lastTime = 0;
  private held = false;
  private blocked = false;
  private unplayable = false;
  /** Failures since the picture last played for a while. */
  private attempts = 0;
  private decoderFailedAt = -Infinity;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly playlist: string,
    private readonly makeEngine: MakeEngine,
    private readonly changed: () => void,
  ) {}

  /** Begins; it never ends. */
  run(): void {
    this.video.addEventListener('play', () => {
      this.held = false;
      this.blocked = false;
    });
    this.video.addEventListener('pause', () => this.notePause());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && !this.held && this.isPlaying) this.play();
    });
    setInterval(() => this.tick(), TICK_MS);
    this.tick();
  }

  /** The viewer pressed play or pause. */
  toggle(): void {
    if (this.video.paused) {
      this.held = false;
      this.play();
    } else {
      this.held = true;
      this.video.pause();
    }
    this.tick();
  }

  /** The viewer wants to see what happens now. */
  jumpToLive(): void {
    const position = this.engine?.livePosition() ?? null;
    if (position !== null) this.video.currentTime = position;
    this.held = false;
    this.play();
    this.tick();
  }

  /** How far the picture is behind where playing live would be, in seconds. */
  behindLive(): number {
    const position = this.engine?.livePosition() ?? null;
    return position === null ? 0 : Math.max(0, position - this.video.currentTime);
  }

  get engineName(): string | null {
    return this.engine?.name ?? null;
  }

  get targetSeconds(): number {
    return this.flow?.listing.targetSeconds ?? 0;
  }

  private tick(): void {
    const now = performance.now();
    this.notePlayhead(now);
    const facts = this.facts(now);
    this.state = judge(facts);
    this.latency = this.measureLatency();
    if (this.isPlaying) {
      if (this.flow?.listing.ended === true) {
        // The engine plays what it has; whether another broadcast begins is for us to ask.
        this.pauseEngine(now + PROBE_AFTER_END_MS);
      } else if (isStuck(facts, this.madeAt, this.attempts)) {
        this.fail({ kind: 'other', name: 'stuck', status: null }, 'stuck');
        this.replace(now);
      }
    }
    const asks = !this.isPlaying || this.engine?.reportsPlaylists === false;
    if (asks && !this.isProbing && now >= this.probeAt) void this.probe();
    this.changed();
  }

  private facts(now: number): Facts {
    const { answer, flow, movedAt, held, blocked, unplayable } = this;
    const finished = this.video.ended;
    return { now, answer, flow, movedAt, finished, held, blocked, unplayable };
  }

  private notePlayhead(now: number): void {
    const time = this.video.currentTime;
    const moved = this.engine !== null && time > this.lastTime && !this.video.seeking;
    this.lastTime = time;
    if (!moved) return;
    const paused = this.movedAt === null || now - this.movedAt > 2 * TICK_MS + PROBE_MS;
    if (paused || this.movingSince === null) this.movingSince = now;
    this.movedAt = now;
    this.unplayable = false;
    if (now - this.movingSince > PROVEN_MS) this.attempts = 0;
  }

  /** A pause by keys of the keyboard, a headset or the telephone's own player is the viewer's. */
  private notePause(): void {
    const { video } = this;
    const isViewers = video.paused && !video.ended && video.readyState > 0 && !document.hidden;
    if (isViewers && this.engine !== null) this.held = true;
  }

  private async probe(): Promise<void> {
    this.isProbing = true;
    const answer = await probe(this.playlist, this.clock);
    this.isProbing = false;
    const now = performance.now();
    const pause = this.flow?.listing.ended === true ? PROBE_AFTER_END_MS : PROBE_MS;
    const usual = pause * (1 - PROBE_JITTER + 2 * PROBE_JITTER * Math.random());
    this.probeAt = Math.max(this.probeAt, now + usual);
    this.answer = answer;
    if (answer.kind === 'listed') this.noteListing(now, answer.listing);
    else if (answer.kind === 'missing') this.unplayable = false;
    if (answer.kind === 'listed' && !answer.listing.ended) this.begin(now, answer.listing);
    else this.listedSince = null;
    this.tick();
  }

  private noteListing(now: number, listing: Listing): void {
    if (this.flow === null) this.flow = new Flow(now, listing);
    else this.flow.observe(now, listing);
    if (listing.ended) {
      this.endedEdge = listing.edge;
      this.unplayable = false;
    } else if (this.endedEdge !== null && listing.edge < this.endedEdge) {
      // The numbers began anew.
      this.endedEdge = null;
    }
  }

  /** Sets a player to a broadcast that is there. */
  private begin(now: number, listing: Listing): void {
    if (this.isPlaying) return;
    if (this.engine !== null && this.endedEdge === null && this.attempts <= RESUMES_MAX) {
      if (this.engine.resume()) {
        this.recovered(now);
        return;
      }
    }
    if (this.listedSince === null) {
      this.listedSince = now;
      this.movedAt = null;
    }
    const fresh = Math.min(listing.segments, listing.edge - (this.endedEdge ?? 0));
    const waited = now - this.listedSince > Math.min(this.targetSeconds * 1000, BEGIN_PATIENCE_MS);
    if (fresh >= SEGMENTS_TO_BEGIN || (fresh > 0 && waited)) this.make(now);
  }

  private make(now: number): void {
    this.engine?.destroy();
    const start = { playlist: this.playlist, fromSegment: this.endedEdge };
    this.endedEdge = null;
    this.listedSince = null;
    this.movedAt = null;
    this.lastTime = 0;
    this.enginesMade += 1;
    // What an engine that was replaced still has to say is of no interest.
    const isCurrent = () => this.enginesMade === made;
    const made = this.enginesMade;
    this.engine = this.makeEngine(this.video, start, {
      onListing: (listing) => {
        if (isCurrent()) this.onListing(listing);
      },
      onFatal: (fault) => {
        if (isCurrent()) this.onFatal(fault);
      },
      onHiccup: (name) => remember(this.hiccups, name),
    });
    this.isPlaying = true;
    this.madeAt = now;
    this.play();
  }

  private onListing(listing: Listing): void {
    this.answer = { kind: 'listed', listing };
    this.noteListing(performance.now(), listing);
  }

  private onFatal(fault: Fault): void {
    const now = performance.now();
    this.fail(fault, fault.kind);
    switch (fault.kind) {
      case 'network':
        if (this.attempts > RESUMES_MAX) this.replace(now);
        else this.pauseEngine(now + this.retryMs());
        break;
      case 'media': {
        const again = now - this.decoderFailedAt < DECODER_LASTS_MS;
        this.decoderFailedAt = now;
        if (!again && this.engine?.recoverMedia() === true) this.recovered(now);
        else this.replace(now);
        break;
      }
      case 'codec':
        // A player that had begun may only be unable to change: the next one begins with it.
        if (this.movedAt === null) {
          this.unplayable = true;
          this.replace(now, RETRY_UNPLAYABLE_MS);
        } else {
          this.replace(now);
        }
        break;
      case 'other':
        this.replace(now);
        break;
    }
    this.tick();
  }

  private fail(fault: Fault, trouble: Trouble): void {
    this.attempts += 1;
    this.movingSince = null;
    const { name, status } = fault;
    const sentence = sentenceFor(trouble);
    remember(this.errors, { at: performance.now(), trouble, name, status, sentence });
  }

  /** Lets the engine be, with its last picture, and asks the server from `probeAt` on. */
  private pauseEngine(probeAt: number): void {
    this.isPlaying = false;
    this.probeAt = probeAt;
  }

  /** Takes the engine away; another is made once the broadcast is there. */
  private replace(now: number, waitMs = this.retryMs()): void {
    this.pauseEngine(now + waitMs);
    this.engine?.destroy();
    this.engine = null;
    this.fatalRecoveries += 1;
  }

  private recovered(now: number): void {
    this.isPlaying = true;
    this.madeAt = now;
    this.fatalRecoveries += 1;
    if (!this.held) this.play();
  }

  private retryMs(): number {
    const doubled = RETRY_MS * 2 ** Math.max(0, this.attempts - 1);
    return Math.min(doubled, RETRY_MAX_MS) * (1 + PROBE_JITTER * Math.random());
  }

  private play(): void {
    if (this.held) return;
    this.video.play().catch((error: unknown) => {
      const refused = error instanceof DOMException && error.name === 'NotAllowedError';
      if (!refused) return;
      if (this.video.muted) {
        this.blocked = true;
      } else {
        // Without a gesture of the viewer, browsers play only what is silent.
        this.video.muted = true;
        this.play();
      }
    });
  }

  private measureLatency(): Latency | null {
    if (this.engine === null || this.movedAt === null || this.video.ended) return null;
    const shown = this.engine.playingDate()?.getTime();
    if (shown !== undefined) {
      const seconds = (Date.now() + this.clock.offsetMs - shown) / 1000;
      if (seconds >= 0 && seconds < LATENCY_MAX_S) return { seconds, source: 'program-date-time' };
    }
    const seconds = this.engine.estimatedLatency();
    return seconds === null ? null : { seconds, source: 'playlist' };
  }
}

function remember<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > FAILURES_MAX) list.shift();
}
