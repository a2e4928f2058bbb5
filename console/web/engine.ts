// What plays: hls.js, or the browser itself where it knows HLS and hls.js cannot run.

import type { Listing } from './playlist.ts';

/** A player of one playlist on one video element. Made anew when nothing else helps. */
export interface Engine {
  /** Its name and version, for people. */
  readonly name: string;
  /** Whether it reports the playlists that it fetches; if not, somebody has to ask meanwhile. */
  readonly reportsPlaylists: boolean;
  /** Goes on fetching after the network failed. Whether that makes sense now. */
  resume(): boolean;
  /** Lets go of a decoder that failed, and takes another. Whether that makes sense now. */
  recoverMedia(): boolean;
  /** The time that the playlist gives the picture that is shown (EXT-X-PROGRAM-DATE-TIME). */
  playingDate(): Date | null;
  /** How far behind the playlist's end the picture is, by the engine's own estimate, in seconds. */
  estimatedLatency(): number | null;
  /** Where "live" is now, in the video element's time. */
  livePosition(): number | null;
  destroy(): void;
}

/** What an engine tells. */
export interface Listener {
  /** It fetched a media playlist. */
  onListing(listing: Listing): void;
  /**
   * From `segment` on, at the video element's time `seconds`, there are other tracks than before:
   * sound came or went. Engines cannot add or remove tracks, but a new one can begin there.
   */
  onOtherTracks(segment: number, seconds: number): void;
  /** It stopped and will not go on by itself. It may be destroyed at once. */
  onFatal(fault: Fault): void;
  /** Something went wrong that it deals with itself. */
  onHiccup(name: string): void;
}

/** Why an engine stopped. */
export interface Fault {
  readonly kind: 'network' | 'media' | 'codec' | 'other';
  /** The engine's own name for it. */
  readonly name: string;
  /** The HTTP status, where there was an answer; `0` where there was none. */
  readonly status: number | null;
}

/** Where an engine begins. */
export interface Start {
  /** The multivariant playlist. */
  readonly playlist: string;
  /** Nothing before this segment is shown, unless it is `null`. */
  readonly fromSegment: number | null;
}
