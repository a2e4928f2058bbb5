// hls.js as an engine.

import Hls, {
  ErrorDetails,
  ErrorTypes,
  Events,
  type ErrorData,
  type Fragment,
  type LevelDetails,
  type LevelLoadedData,
} from 'hls.js';
import workerPath from 'hls.js/dist/hls.worker.js?url';

import type { Engine, Fault, Listener, Start } from './engine.ts';

/** Farther behind than so many target durations, playing jumps to where "live" is. */
const LATENCY_TARGETS_MAX = 10;

/** Errors that say that the browser does not take the codecs, or not in this order. */
const CODEC_ERRORS: readonly string[] = [
  ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR,
  ErrorDetails.BUFFER_ADD_CODEC_ERROR,
  ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR,
];

const TRACKS = ['audio', 'video', 'audiovideo'] as const;

/** hls.js on a video element, by Media Source Extensions. */
export class HlsEngine implements Engine {
  readonly name = `hls.js ${Hls.version}`;
  readonly reportsPlaylists = true;
  private readonly hls: Hls;

  constructor(video: HTMLVideoElement, start: Start, listener: Listener) {
    const hls = new Hls({
      enableWorker: true,
      // A file of our own origin: no `blob:` worker, which policies may forbid.
      workerPath,
      lowLatencyMode: true,
      // Where the picture fell behind, it catches up unnoticed.
      maxLiveSyncPlaybackRate: 1.1,
      backBufferLength: 30,
      liveDurationInfinity: true,
      // What a broadcast shows in between is in the broadcast, and its server is the only one asked.
      enableInterstitialPlayback: false,
    });
    // Set here, since the constructor takes it only with a sync count, and a sync count would
    // switch off what the playlist itself asks for (HOLD-BACK, PART-HOLD-BACK).
    hls.config.liveMaxLatencyDurationCount = LATENCY_TARGETS_MAX;
    if (start.fromSegment !== null) beginAt(hls, start.fromSegment);
    hls.on(Events.LEVEL_LOADED, (_, { details }) => listener.onListing(listingOf(details)));
    hls.on(Events.ERROR, (_, data) => {
      // Not now: hls.js is in the middle of things, and the listener may destroy it.
      if (data.fatal) setTimeout(() => listener.onFatal(faultOf(data)));
      else listener.onHiccup(data.details);
    });
    watchTracks(hls, listener);
    hls.loadSource(start.playlist);
    hls.attachMedia(video);
    this.hls = hls;
  }

  static isSupported(): boolean {
    return Hls.isSupported();
  }

  resume(): boolean {
    // Without a multivariant playlist there is nothing to go on with.
    if (this.hls.levels.length === 0) return false;
    this.hls.startLoad();
    return true;
  }

  recoverMedia(): boolean {
    this.hls.recoverMediaError();
    return true;
  }

  playingDate(): Date | null {
    return this.hls.playingDate;
  }

  estimatedLatency(): number | null {
    const { latency } = this.hls;
    return latency > 0 ? latency : null;
  }

  livePosition(): number | null {
    return this.hls.liveSyncPosition;
  }

  destroy(): void {
    this.hls.destroy();
  }
}

/** Makes `hls` begin at the first segment that is not before `segment`. */
function beginAt(hls: Hls, segment: number): void {
  hls.once(Events.LEVEL_LOADED, (_: Events.LEVEL_LOADED, { details }: LevelLoadedData) => {
    const first = details.fragments.find(({ sn }) => typeof sn === 'number' && sn >= segment);
    const usual = hls.liveSyncPosition ?? 0;
    if (first !== undefined && first.start > usual) hls.startLoad(first.start);
  });
}

/** Tells `listener` when the tracks of the main playlist become others. */
function watchTracks(hls: Hls, listener: Listener): void {
  let loading: Fragment | null = null;
  let known: string | null = null;
  hls.on(Events.FRAG_LOADING, (_, { frag }) => {
    if (frag.type === 'main') loading = frag;
  });
  hls.on(Events.BUFFER_CODECS, (_, tracks) => {
    // Alternative audio is announced by itself, and hls.js can exchange it.
    if (hls.audioTracks.length > 0 || loading === null) return;
    const names = TRACKS.filter((name) => tracks[name] !== undefined).join();
    if (known !== null && names !== known && typeof loading.sn === 'number') {
      listener.onOtherTracks(loading.sn, loading.start);
    }
    known = names;
  });
}

function listingOf(details: LevelDetails) {
  return {
    edge: details.endSN + 1,
    segments: details.fragments.length,
    ended: !details.live,
    targetSeconds: details.targetduration,
  };
}

function faultOf(data: ErrorData): Fault {
  const status = data.response?.code ?? null;
  return { kind: kindOf(data), name: data.details, status };
}

function kindOf(data: ErrorData): Fault['kind'] {
  if (CODEC_ERRORS.includes(data.details)) return 'codec';
  switch (data.type) {
    case ErrorTypes.NETWORK_ERROR:
      return 'network';
    case ErrorTypes.MEDIA_ERROR:
      return 'media';
    case ErrorTypes.KEY_SYSTEM_ERROR:
    case ErrorTypes.MUX_ERROR:
    case ErrorTypes.OTHER_ERROR:
      return 'other';
  }
}
