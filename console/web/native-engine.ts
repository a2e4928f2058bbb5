// The browser's own HLS as an engine: Safari on telephones has no Media Source Extensions.

import type { Engine, Fault, Listener, Start } from './engine.ts';

/** What Safari adds: the date of the video element's time 0, by the playlist. */
interface DatedVideo extends HTMLVideoElement {
  getStartDate?(): Date;
}

/** "Live" is so long before the end of what can be reached, where browsers stay as well. */
const BEHIND_END_S = 3;

/** The browser itself on a video element. */
export class NativeEngine implements Engine {
  readonly name = 'the browser itself';
  readonly reportsPlaylists = false;
  private readonly video: DatedVideo;
  private readonly playlist: string;
  private readonly stop = new AbortController();

  constructor(video: HTMLVideoElement, start: Start, listener: Listener) {
    this.video = video;
    this.playlist = start.playlist;
    const { signal } = this.stop;
    video.addEventListener('error', () => listener.onFatal(faultOf(video.error)), { signal });
    video.addEventListener('stalled', () => listener.onHiccup('stalled'), { signal });
    this.load();
  }

  static isSupported(video: HTMLVideoElement): boolean {
    return video.canPlayType('application/vnd.apple.mpegurl') !== '';
  }

  resume(): boolean {
    this.load();
    return true;
  }

  recoverMedia(): boolean {
    this.load();
    return true;
  }

  playingDate(): Date | null {
    const begun = this.video.getStartDate?.().getTime() ?? Number.NaN;
    return Number.isFinite(begun) ? new Date(begun + this.video.currentTime * 1000) : null;
  }

  estimatedLatency(): number | null {
    const end = this.end();
    return end === null ? null : Math.max(0, end - this.video.currentTime);
  }

  livePosition(): number | null {
    const end = this.end();
    return end === null ? null : Math.max(0, end - BEHIND_END_S);
  }

  destroy(): void {
    this.stop.abort();
    this.video.removeAttribute('src');
    this.video.load();
  }

  private load(): void {
    this.video.src = this.playlist;
    this.video.load();
  }

  private end(): number | null {
    const { seekable } = this.video;
    const end = seekable.length > 0 ? seekable.end(seekable.length - 1) : Number.NaN;
    return Number.isFinite(end) ? end : null;
  }
}

function faultOf(error: MediaError | null): Fault {
  const name = error?.message || `media error ${error?.code ?? 0}`;
  switch (error?.code) {
    case MediaError.MEDIA_ERR_NETWORK:
      return { kind: 'network', name, status: 0 };
    case MediaError.MEDIA_ERR_DECODE:
      return { kind: 'media', name, status: null };
    case MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED:
      return { kind: 'codec', name, status: null };
    default:
      return { kind: 'other', name, status: null };
  }
}
