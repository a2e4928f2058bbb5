// What the watch page shows. It decides nothing: see status.ts and sentences.ts.

import type { StreamAddress } from './address.ts';
import type { Broadcast } from './broadcast.ts';
import { find, write } from './dom.ts';
import type { Latency } from './latency.ts';
import { latencySentence, wordsFor } from './sentences.ts';
import type { State } from './status.ts';
import { needsToken } from './unlock.ts';

/** How long a failure that was dealt with stays in sight. */
const NOTICE_MS = 8000;

/** Numbers are written at most so often: nobody reads faster. */
const NUMBERS_MS = 1000;

/** Farther behind than so many target durations, going to live is worth a button. */
const BEHIND_TARGETS = 1;

/** States in which there is a picture that moves or that the viewer stopped. */
const SHOWS: readonly State[] = ['live', 'buffering', 'held'];

/** The elements of the watch page. */
export class View {
  readonly video = find('video', HTMLVideoElement);
  private readonly player = find('player', HTMLElement);
  private readonly mark = find('mark', HTMLElement);
  private readonly headline = find('headline', HTMLElement);
  private readonly detail = find('detail', HTMLElement);
  private readonly notice = find('notice', HTMLElement);
  private readonly begin = find('begin', HTMLButtonElement);
  private readonly unmute = find('unmute', HTMLButtonElement);
  private readonly toggle = find('toggle', HTMLButtonElement);
  private readonly sound = find('sound', HTMLButtonElement);
  private readonly jump = find('jump', HTMLButtonElement);
  private readonly full = find('full', HTMLButtonElement);
  private readonly latency = find('latency', HTMLElement);
  private readonly signIn = find('sign-in', HTMLAnchorElement);
  private readonly form = find('unlock', HTMLFormElement);
  private readonly password = find('password', HTMLInputElement);
  private readonly shut = find('shut', HTMLElement);
  private readonly facts = find('facts', HTMLDetailsElement);
  private numbersAt = -Infinity;

  /** Names the stream. */
  name({ app, stream }: StreamAddress): void {
    this.signIn.href = `/account/sign-in?to=/watch/${app}/${stream}`;
    document.title = `${stream} · Weir`;
    find('stream', HTMLElement).textContent = stream;
    find('app', HTMLElement).textContent = `in ${app}`;
  }

  /** Says that the address names no stream. */
  misnamed(): void {
    this.say('misnamed', wordsFor('misnamed', { kind: 'unknown' }));
    for (const button of [this.toggle, this.sound, this.jump]) button.disabled = true;
  }

  /** Makes the buttons and keys work. */
  connect(broadcast: Broadcast): void {
    const toggle = () => broadcast.toggle();
    const sound = () => this.switchSound();
    const jump = () => broadcast.jumpToLive();
    const full = () => this.switchFullScreen();
    this.begin.addEventListener('click', toggle);
    this.toggle.addEventListener('click', toggle);
    this.video.addEventListener('click', toggle);
    this.video.addEventListener('dblclick', full);
    this.unmute.addEventListener('click', sound);
    this.sound.addEventListener('click', sound);
    this.jump.addEventListener('click', jump);
    this.full.addEventListener('click', full);
    this.video.addEventListener('volumechange', () => this.showSound());
    document.addEventListener('fullscreenchange', () => this.showFullScreen());
    this.full.hidden = !canFillScreen(this.video);
    const keys: Record<string, () => void> = { ' ': toggle, k: toggle, m: sound, l: jump, f: full };
    document.addEventListener('keydown', (event) => {
      // What is typed into a field is no key of the player's.
      if (event.target instanceof HTMLInputElement) return;
      const own = event.target instanceof Element && event.target.closest('button, a, summary');
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
      // The space bar presses the button that has the focus.
      if (event.key === ' ' && own) return;
      const act = keys[event.key.toLowerCase()];
      if (act === undefined) return;
      event.preventDefault();
      act();
    });
    this.showSound();
  }

  /** Has passwords tried by `unlock`, which says why one does not fit, or nothing if it does. */
  askPassword(unlock: (password: string) => Promise<string | null>): void {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.form.ariaBusy === 'true') return;
      this.form.ariaBusy = 'true';
      void unlock(this.password.value).then((complaint) => {
        this.form.ariaBusy = 'false';
        write(this.shut, complaint ?? '');
        this.password.ariaInvalid = complaint === null ? 'false' : 'true';
        if (complaint === null) this.password.value = '';
        else this.password.select();
      });
    });
  }

  /** Shows how things stand. */
  show(broadcast: Broadcast): void {
    const { state } = broadcast;
    this.say(state, wordsFor(state, broadcast.answer));
    this.player.dataset.picture = this.video.videoWidth > 0 ? 'yes' : 'no';
    this.begin.hidden = state !== 'blocked';
    this.form.hidden = state !== 'locked';
    this.signIn.hidden = !needsToken(broadcast.answer);
    this.unmute.hidden = !(this.video.muted && SHOWS.includes(state));
    const shows = SHOWS.includes(state) || state === 'paused' || state === 'blocked';
    this.toggle.disabled = !shows;
    write(this.toggle, this.video.paused && shows ? 'Play' : 'Pause');
    const far = broadcast.behindLive() > BEHIND_TARGETS * broadcast.targetSeconds;
    this.jump.disabled = !(state === 'held' || (shows && far));
    this.showNotice(broadcast);
    const now = performance.now();
    if (now - this.numbersAt >= NUMBERS_MS) {
      this.numbersAt = now;
      this.showNumbers(broadcast);
    }
  }

  private say(state: State, words: ReturnType<typeof wordsFor>): void {
    if (this.player.dataset.state !== state) {
      this.player.dataset.state = state;
      document.body.dataset.state = state;
      this.numbersAt = -Infinity;
    }
    write(this.mark, words.mark);
    write(this.headline, words.headline);
    write(this.detail, words.detail);
  }

  private showNotice(broadcast: Broadcast): void {
    const last = broadcast.errors.at(-1);
    const recent = last !== undefined && performance.now() - last.at < NOTICE_MS;
    this.notice.hidden = !recent;
    if (recent) write(this.notice, last.sentence);
  }

  private showNumbers(broadcast: Broadcast): void {
    const { latency } = broadcast;
    const shows = broadcast.state === 'live' || broadcast.state === 'buffering';
    write(this.latency, shows ? latencySentence(latency?.seconds ?? null) : '');
    this.latency.title = latency === null ? '' : measuredBy(latency);
    if (this.facts.open) this.showFacts(broadcast);
  }

  private showFacts(broadcast: Broadcast): void {
    const { video } = this;
    const { latency, fatalRecoveries } = broadcast;
    const says = (id: string, text: string) => write(find(id, HTMLElement), text);
    says('fact-latency', latency === null ? 'unknown' : measured(latency));
    const { videoWidth, videoHeight } = video;
    says('fact-picture', videoWidth === 0 ? 'none yet' : `${videoWidth} × ${videoHeight}`);
    const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
    says('fact-frames', `${totalVideoFrames} decoded, ${droppedVideoFrames} dropped`);
    says('fact-buffer', `${bufferedAhead(video).toFixed(1)} s`);
    says('fact-engine', broadcast.engineName ?? 'nothing yet');
    says('fact-recoveries', fatalRecoveries === 0 ? 'never' : times(fatalRecoveries));
  }

  private switchSound(): void {
    this.video.muted = !this.video.muted;
  }

  private showSound(): void {
    write(this.sound, this.video.muted ? 'Unmute' : 'Mute');
    if (!this.video.muted) this.unmute.hidden = true;
  }

  private switchFullScreen(): void {
    // A refusal leaves everything as it is, which the viewer sees.
    const leave = () => {};
    if (document.fullscreenElement !== null) document.exitFullscreen().catch(leave);
    else if (document.fullscreenEnabled) this.player.requestFullscreen().catch(leave);
    else (this.video as AppleVideo).webkitEnterFullscreen?.();
  }

  private showFullScreen(): void {
    write(this.full, document.fullscreenElement === null ? 'Full screen' : 'Leave full screen');
  }
}

/** On telephones of Apple only the video itself can fill the screen. */
interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?(): void;
}

function canFillScreen(video: AppleVideo): boolean {
  return document.fullscreenEnabled || video.webkitEnterFullscreen !== undefined;
}

function measured(latency: Latency): string {
  return `${latency.seconds.toFixed(1)} s, ${measuredBy(latency)}`;
}

function measuredBy(latency: Latency): string {
  switch (latency.source) {
    case 'program-date-time':
      return 'from the time that the broadcast gives its pictures';
    case 'playlist':
      return 'estimated from the playlist, which gives no times';
  }
}

function bufferedAhead({ buffered, currentTime }: HTMLVideoElement): number {
  for (let index = 0; index < buffered.length; index += 1) {
    const end = buffered.end(index);
    if (buffered.start(index) <= currentTime && currentTime < end) return end - currentTime;
  }
  return 0;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
