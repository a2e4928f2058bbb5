// A world for a broadcast: a server, a video element and engines that do as they are told.

import assert from 'node:assert/strict';

import { Broadcast } from '../broadcast.ts';
import type { Engine, Fault, Listener, Start } from '../engine.ts';
import type { Answer } from '../probe.ts';
import type { State } from '../status.ts';

const TICK_MS = 250;
const TARGET_SECONDS = 2;

/** As much of a video element as a broadcast uses. */
class Video {
  currentTime = 0;
  ended = false;
  paused = true;
  muted = true;
  seeking = false;
  readyState = 4;
  /** The engine that plays does not move it. */
  stuck = false;
  /** The error with which it refuses to play. */
  refuses: string | null = null;

  play(): Promise<void> {
    const refusal = this.refuses ?? (this.muted ? null : 'NotAllowedError');
    if (refusal !== null) return Promise.reject(new DOMException('not now', refusal));
    this.paused = false;
    return Promise.resolve();
  }

  pause(): void {
    this.paused = true;
  }
}

/** What was made last, and its listener. */
interface Made {
  readonly listener: Listener;
}

/** The world, and a broadcast in it. */
export class Stage {
  readonly video = new Video();
  readonly broadcast: Broadcast;
  answer: Answer = { kind: 'missing' };
  /** The number of the segment that comes next. */
  edge = 0;
  isHidden = false;
  /** Engines report nothing. */
  isSilent = false;
  asked = 0;
  askedFor = '';
  resumed = 0;
  recovered = 0;
  start: Start | null = null;
  engine: Made = { listener: mute };
  private clockMs = 1000;
  private flows = false;
  private moves = true;
  private playing: Engine | null = null;

  constructor(private readonly options = { reportsPlaylists: true }) {
    const world = {
      now: () => this.clockMs,
      ask: (playlist: string) => {
        this.asked += 1;
        this.askedFor = playlist;
        return Promise.resolve(this.answer);
      },
      isHidden: () => this.isHidden,
      chance: () => 0.5,
    };
    const video = this.video as unknown as HTMLVideoElement;
    const make = (_: HTMLVideoElement, start: Start, listener: Listener) => {
      return this.make(start, listener);
    };
    this.broadcast = new Broadcast(video, '/live/cam/index.m3u8', make, world, () => {});
  }

  /** A stage on which a stream that has long begun plays. */
  static async playing(options = { reportsPlaylists: true }): Promise<Stage> {
    const stage = new Stage(options);
    stage.edge = 40;
    stage.goOn();
    await stage.pass(4);
    return stage;
  }

  /** The encoder sends: a segment every two seconds. */
  goOn(): void {
    this.flows = true;
    this.moveOn();
    this.video.ended = false;
    this.list(false);
  }

  /** The encoder sends nothing more, and the picture stands once all was shown. */
  halt(): void {
    this.flows = false;
    this.standStill();
  }

  end(): void {
    this.flows = false;
    this.list(true);
  }

  standStill(): void {
    this.moves = false;
  }

  moveOn(): void {
    this.moves = true;
  }

  /** The engine that was made last stops. */
  fatal(fault: Fault): void {
    this.engine.listener.onFatal(fault);
  }

  /** Lets time pass. */
  async pass(seconds: number): Promise<void> {
    for (let tick = 1; tick <= (seconds * 1000) / TICK_MS; tick += 1) {
      this.clockMs += TICK_MS;
      const isBoundary = this.clockMs % (TARGET_SECONDS * 1000) === 0;
      if (this.flows && isBoundary) this.edge += 1;
      if (this.answer.kind === 'listed') this.list(this.answer.listing.ended);
      const { video } = this;
      const isPlayed = this.playing !== null && !video.paused && !video.ended && !video.stuck;
      if (isPlayed && this.moves) video.currentTime += TICK_MS / 1000;
      if (isBoundary) this.report();
      this.broadcast.tick();
      // Promises that were kept meanwhile have their say.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  expect(
    state: State,
    counts: { engines?: number; recoveries?: number; errors?: number },
  ): void {
    const { broadcast } = this;
    const actual = {
      engines: broadcast.enginesMade,
      recoveries: broadcast.fatalRecoveries,
      errors: broadcast.errors.length,
    };
    assert.deepEqual({ state: broadcast.state, ...actual }, { state, ...actual, ...counts });
  }

  private list(ended: boolean): void {
    const { edge } = this;
    const segments = Math.min(edge, 15);
    const listing = { edge, segments, ended, targetSeconds: TARGET_SECONDS };
    this.answer = { kind: 'listed', listing };
  }

  private report(): void {
    if (this.playing?.reportsPlaylists !== true || this.isSilent) return;
    const { answer, engine } = this;
    if (answer.kind === 'listed') engine.listener.onListing(answer.listing);
  }

  private make(start: Start, listener: Listener): Engine {
    this.start = start;
    this.engine = { listener };
    this.video.currentTime = 100;
    this.video.stuck = false;
    this.video.ended = false;
    const made: Engine = {
      name: 'a puppet',
      reportsPlaylists: this.options.reportsPlaylists,
      resume: () => {
        this.resumed += 1;
        return true;
      },
      recoverMedia: () => {
        this.recovered += 1;
        return true;
      },
      playingDate: () => null,
      estimatedLatency: () => 6,
      livePosition: () => 100 + (this.clockMs - madeMs) / 1000,
      destroy: () => {
        this.playing = null;
        this.video.paused = true;
        this.video.currentTime = 0;
      },
    };
    const madeMs = this.clockMs;
    this.playing = made;
    return made;
  }
}

const mute: Listener = {
  onListing: () => {},
  onOtherTracks: () => {},
  onFatal: () => {},
  onHiccup: () => {},
};
