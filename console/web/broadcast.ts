// One broadcast on one video element: waits for it, plays it, and comes back from every trouble.

import { ServerClock } from './clock.ts';
import type { Engine, Fault, Listener, Start } from './engine.ts';
import { type Failure, remember } from './failure.ts';
import { type Latency, measureLatency } from './latency.ts';
import { Playhead, STANDS_MS } from './playhead.ts';
import type { Listing } from './playlist.ts';
import type { Answer } from './probe.ts';
import { type Trouble, sentenceFor } from './sentences.ts';
import { type Facts, Flow, type State, isStuck, judge } from './status.ts';
import type { World } from './world.ts';

/** Makes the engine that this browser can run. */
export type MakeEngine = (video: HTMLVideoElement, start: Start, listener: Listener) => Engine;

/** How often it is looked at what moves. */
const TICK_MS = 250;

/** Pauses between two questions; a part is left to chance, so that a crowd asks not in step. */
const PROBE_MS = 1500;
const PROBE_AFTER_END_MS = 2500;
const PROBE_AFTER_REFUSAL_MS = 5000;
const PROBE_BEFORE_START_MS = 750;
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

/** Players fetch a live playlist at least once in a target duration. */
const SILENCE_TARGETS = 4;
const SILENCE_MS = 15_000;
/** With so many segments a player does not run dry at once; but nobody waits longer for them. */
const SEGMENTS_TO_BEGIN = 2;
const BEGIN_PATIENCE_MS = 4000;

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
  /** Tells engines apart: what one that was retired still has to say is of no interest. */
  private term = 0;
  /** Whether the engine is at work. While it is not, the server is asked how the stream stands. */
  private isPlaying = false;
  /** Whether an engine that is not at work could go on. */
  private isResumable = false;
  private madeAt = 0;
  /** When the engine reported a playlist last. */
  private heardAt = 0;
  private isProbing = false;
  private probeAt = 0;
  private flow: Flow | null = null;
  /** What the next player begins with: older segments belong to a broadcast that ended. */
  private fromSegment: number | null = null;
  /** Where this player cannot go on and the next one begins. */
  private otherTracks: { readonly segment: number; readonly seconds: number } | null = null;
  /** Since when a broadcast is there that no player plays yet. */
  private listedSince: number | null = null;
  private readonly playhead = new Playhead();
  private held = false;
  private blocked = false;
  private unplayable = false;
  /** Failures since the picture last played for a while. */
  private attempts = 0;
  private decoderFailedAt = -Infinity;

  constructor(
    private readonly video: HTMLVideoElement,
    private playlist: string,
    private readonly makeEngine: MakeEngine,
    private readonly world: World,
    private readonly changed: () => void,
  ) {}

  /** Begins; it never ends. */
  run(): void {
    this.video.addEventListener('play', () => {
      this.held = false;
    });
    this.video.addEventListener('pause', () => this.notePause());
    document.addEventListener('visibilitychange', () => {
      // Browsers let pages that nobody sees fall asleep.
      this.heardAt = this.world.now();
      if (!this.world.isHidden() && !this.held && this.isPlaying) this.play();
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

  /** The viewer has a token: the same broadcast is at `playlist` from now on. */
  moveTo(playlist: string): void {
    this.playlist = playlist;
    this.answer = { kind: 'unknown' };
    this.retire(this.world.now());
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

  /** Looks what moves, and does what follows. */
  tick(): void {
    const now = this.world.now();
    this.notePlayhead(now);
    const facts = this.facts(now);
    this.state = judge(facts);
    this.latency = this.latencyNow();
    if (this.isPlaying) {
      if (this.flow?.listing.ended === true) {
        // The engine plays what it has; whether another broadcast begins is for us to ask.
        this.pauseEngine(now + PROBE_AFTER_END_MS);
      } else if (this.isAtOtherTracks(now)) {
        this.fromSegment = this.otherTracks?.segment ?? null;
        this.retire(now);
      } else if (isStuck(facts, this.madeAt, this.attempts) || this.isSilent(now)) {
        this.fail({ kind: 'other', name: 'stuck', status: null }, 'stuck');
        this.replace(now);
      }
    }
    const asks = !this.isPlaying || this.engine?.reportsPlaylists === false;
    if (asks && !this.isProbing && now >= this.probeAt) void this.probe();
    this.changed();
  }

  private facts(now: number): Facts {
    const { answer, flow, held, blocked, unplayable } = this;
    const { movedAt } = this.playhead;
    const finished = this.video.ended;
    return { now, answer, flow, movedAt, finished, held, blocked, unplayable };
  }

  private notePlayhead(now: number): void {
    const { video, playhead } = this;
    if (this.engine === null || video.seeking || !playhead.observe(now, video.currentTime)) return;
    this.unplayable = false;
    if (playhead.movingFor(now) > PROVEN_MS) this.attempts = 0;
  }

  /** A pause by keys of the keyboard, a headset or the telephone's own player is the viewer's. */
  private notePause(): void {
    const { video } = this;
    if (this.engine === null || this.world.isHidden()) return;
    if (video.paused && !video.ended && video.readyState > 0) this.held = true;
  }

  private async probe(): Promise<void> {
    this.isProbing = true;
    // What is said of an address that was left meanwhile is of no interest.
    const { playlist } = this;
    const answer = await this.world.ask(playlist, this.clock);
    this.isProbing = false;
    if (playlist !== this.playlist) return;
    const now = this.world.now();
    this.answer = answer;
    if (answer.kind === 'listed') this.noteListing(now, answer.listing);
    else if (answer.kind === 'missing') this.unplayable = false;
    if (answer.kind === 'listed' && !answer.listing.ended) this.begin(now, answer.listing);
    else this.listedSince = null;
    const usual = this.probePause() * (1 - PROBE_JITTER + 2 * PROBE_JITTER * this.world.chance());
    this.probeAt = Math.max(this.probeAt, now + usual);
    this.tick();
  }

  private probePause(): number {
    if (this.listedSince !== null) return PROBE_BEFORE_START_MS;
    if (this.answer.kind === 'refused') return PROBE_AFTER_REFUSAL_MS;
    return this.flow?.listing.ended === true ? PROBE_AFTER_END_MS : PROBE_MS;
  }

  private noteListing(now: number, listing: Listing): void {
    const restarted = this.flow !== null && listing.edge < this.flow.listing.edge;
    if (this.flow === null) this.flow = new Flow(now, listing);
    else this.flow.observe(now, listing);
    if (restarted) {
      // The server lost what it had: its numbers mean other segments now.
      this.fromSegment = null;
      this.isResumable = false;
    }
    if (listing.ended) {
      this.fromSegment = listing.edge;
      this.isResumable = false;
      this.unplayable = false;
    }
  }

  /** Sets a player to a broadcast that is there. */
  private begin(now: number, listing: Listing): void {
    if (this.isPlaying) return;
    if (this.isResumable && this.engine?.resume() === true) {
      this.recovered(now);
      return;
    }
    if (this.listedSince === null) {
      this.listedSince = now;
      // What moved was another broadcast.
      this.playhead.reset();
    }
    const fresh = Math.min(listing.segments, listing.edge - (this.fromSegment ?? 0));
    const waited = now - this.listedSince > Math.min(this.targetSeconds * 1000, BEGIN_PATIENCE_MS);
    if (fresh >= SEGMENTS_TO_BEGIN || (fresh > 0 && waited)) this.make(now);
  }

  private make(now: number): void {
    this.retire(now);
    const start = { playlist: this.playlist, fromSegment: this.fromSegment };
    this.fromSegment = null;
    this.listedSince = null;
    this.enginesMade += 1;
    const { term } = this;
    const whileItServes = (act: () => void) => {
      if (term === this.term) act();
    };
    this.engine = this.makeEngine(this.video, start, {
      onListing: (listing) => whileItServes(() => this.onListing(listing)),
      onOtherTracks: (segment, seconds) => {
        whileItServes(() => (this.otherTracks ??= { segment, seconds }));
      },
      onFatal: (fault) => whileItServes(() => this.onFatal(fault)),
      onHiccup: (name) => remember(this.hiccups, name),
    });
    this.isPlaying = true;
    this.madeAt = now;
    this.play();
  }

  private onListing(listing: Listing): void {
    this.heardAt = this.world.now();
    this.answer = { kind: 'listed', listing };
    this.noteListing(this.heardAt, listing);
  }

  private onFatal(fault: Fault): void {
    // The tracks that it cannot take are the next player's: this one shows what it has.
    if (this.otherTracks !== null) return;
    const now = this.world.now();
    this.fail(fault, fault.kind);
    switch (fault.kind) {
      case 'network':
        if (this.attempts > RESUMES_MAX) {
          this.replace(now);
        } else {
          this.pauseEngine(now + this.retryMs());
          this.isResumable = this.flow?.listing.ended !== true;
        }
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
        this.unplayable = this.playhead.movedAt === null;
        this.replace(now, this.unplayable ? RETRY_UNPLAYABLE_MS : this.retryMs());
        break;
      case 'other':
        this.replace(now);
        break;
    }
    this.tick();
  }

  private fail(fault: Fault, trouble: Trouble): void {
    this.attempts += 1;
    const { name, status } = fault;
    const sentence = sentenceFor(trouble);
    remember(this.errors, { at: this.world.now(), trouble, name, status, sentence });
  }

  /** Lets the engine be, with its last picture, and asks the server from `probeAt` on. */
  private pauseEngine(probeAt: number): void {
    this.isPlaying = false;
    this.probeAt = probeAt;
  }

  /** Takes an engine that failed away. */
  private replace(now: number, waitMs = this.retryMs()): void {
    this.retire(now + waitMs);
    this.fatalRecoveries += 1;
  }

  /** Takes the engine away, if there is one, and asks the server from `probeAt` on. */
  private retire(probeAt: number): void {
    this.pauseEngine(probeAt);
    this.term += 1;
    this.engine?.destroy();
    this.engine = null;
    this.isResumable = false;
    this.otherTracks = null;
    this.playhead.reset();
  }

  /** Whether the picture came to where other tracks begin. */
  private isAtOtherTracks(now: number): boolean {
    if (this.otherTracks === null || this.held) return false;
    const stands = now - (this.playhead.movedAt ?? this.madeAt) > STANDS_MS;
    return stands || this.video.currentTime > this.otherTracks.seconds - TICK_MS / 1000;
  }

  /** Whether an engine that should report playlists all the time has stopped to. */
  private isSilent(now: number): boolean {
    const patience = Math.max(SILENCE_MS, SILENCE_TARGETS * this.targetSeconds * 1000);
    if (this.engine?.reportsPlaylists !== true || this.world.isHidden()) return false;
    return now - Math.max(this.heardAt, this.madeAt) > patience;
  }

  private recovered(now: number): void {
    this.isPlaying = true;
    this.isResumable = false;
    this.madeAt = now;
    this.fatalRecoveries += 1;
    if (!this.held) this.play();
  }

  private retryMs(): number {
    const doubled = RETRY_MS * 2 ** Math.max(0, this.attempts - 1);
    return Math.min(doubled, RETRY_MAX_MS) * (1 + PROBE_JITTER * this.world.chance());
  }

  private latencyNow(): Latency | null {
    const shows = this.playhead.movedAt !== null && !this.video.ended;
    if (this.engine === null || !shows) return null;
    return measureLatency(this.engine, this.clock, Date.now());
  }

  private play(): void {
    if (this.held) return;
    const played = () => {
      this.blocked = false;
    };
    const refused = (error: unknown) => {
      // Anything else is told as an error of the video element, or a player is on its way.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      if (this.video.muted) {
        this.blocked = true;
      } else {
        // Without a gesture of the viewer, browsers play only what is silent.
        this.video.muted = true;
        this.play();
      }
    };
    this.video.play().then(played, refused);
  }
}
