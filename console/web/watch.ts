// The watch page: plays the stream that its address names.

import { streamOfPath } from './address.ts';
import { ask } from './api.ts';
import { Broadcast, type MakeEngine } from './broadcast.ts';
import type { Failure } from './failure.ts';
import { HlsEngine } from './hls-engine.ts';
import { NativeEngine } from './native-engine.ts';
import { sentence, wordsFor } from './sentences.ts';
import { Session } from './session.ts';
import type { State } from './status.ts';
import { asMember, isOver, needsToken, unlock } from './unlock.ts';
import { View } from './view.ts';
import { browser } from './world.ts';

/** What the page tells tests, and people who look for a fault. */
interface Report {
  readonly state: State;
  /** What the page says of it. */
  readonly sentence: string;
  readonly latencySeconds: number | null;
  readonly latencySource: 'program-date-time' | 'playlist' | null;
  /** What stopped a player; most is mended by the next. */
  readonly errors: readonly Failure[];
  /** What players dealt with themselves. */
  readonly hiccups: readonly string[];
  /** How often a player was set going again or replaced. */
  readonly fatalRecoveries: number;
  readonly enginesMade: number;
  /** The player's name and version. */
  readonly engine: string | null;
}

declare global {
  interface Window {
    weir?: Report;
  }
}

const makeEngine = chooseEngine(new URLSearchParams(location.search).get('player'));
const view = new View();
const address = streamOfPath(location.pathname);
if (address === null) {
  view.misnamed();
  window.weir = misnamed();
} else {
  const session = new Session(ask, sessionStorage);
  let isUnlocked = false;
  let isMemberAsked = false;
  const broadcast = new Broadcast(view.video, address.playlist, makeEngine, browser(), () => {
    if (isUnlocked && isOver(broadcast.answer)) {
      isUnlocked = false;
      isMemberAsked = false;
      broadcast.moveTo(address.playlist);
    } else if (!isMemberAsked && needsToken(broadcast.answer)) {
      isMemberAsked = true;
      void asMember(session, address).then((own) => {
        if (own === null) return;
        isUnlocked = true;
        broadcast.moveTo(own.playlist);
      });
    }
    view.show(broadcast);
  });
  view.name(address);
  view.connect(broadcast);
  view.askPassword(async (password) => {
    const unlocked = await unlock(ask, address, password);
    if (unlocked.kind === 'shut') return unlocked.sentence;
    isUnlocked = true;
    broadcast.moveTo(unlocked.address.playlist);
    return null;
  });
  window.weir = reportOf(broadcast);
  broadcast.run();
}

/** hls.js where it runs, else the browser itself; `?player=native` asks for the browser. */
function chooseEngine(wanted: string | null): MakeEngine {
  const canNative = NativeEngine.isSupported(document.createElement('video'));
  const native = canNative && (wanted === 'native' || !HlsEngine.isSupported());
  return (video, start, listener) =>
    native ? new NativeEngine(video, start, listener) : new HlsEngine(video, start, listener);
}

function reportOf(broadcast: Broadcast): Report {
  return {
    get state() {
      return broadcast.state;
    },
    get sentence() {
      return sentence(wordsFor(broadcast.state, broadcast.answer));
    },
    get latencySeconds() {
      return broadcast.latency?.seconds ?? null;
    },
    get latencySource() {
      return broadcast.latency?.source ?? null;
    },
    get errors() {
      return broadcast.errors;
    },
    get hiccups() {
      return broadcast.hiccups;
    },
    get fatalRecoveries() {
      return broadcast.fatalRecoveries;
    },
    get enginesMade() {
      return broadcast.enginesMade;
    },
    get engine() {
      return broadcast.engineName;
    },
  };
}

function misnamed(): Report {
  return {
    state: 'misnamed',
    sentence: sentence(wordsFor('misnamed', { kind: 'unknown' })),
    latencySeconds: null,
    latencySource: null,
    errors: [],
    hiccups: [],
    fatalRecoveries: 0,
    enginesMade: 0,
    engine: null,
  };
}
