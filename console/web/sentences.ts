// Everything that the watch page says, in one place.

import type { Answer } from './probe.ts';
import type { State } from './status.ts';

/** What is said of a state. */
export interface Words {
  /** A word for the mark beside the stream's name. */
  readonly mark: string;
  readonly headline: string;
  /** What follows from it, or the viewer can do, as the end of the headline's sentence; or ''. */
  readonly detail: string;
}

/** The whole sentence. */
export function sentence({ headline, detail }: Words): string {
  return detail === '' ? headline : `${headline}: ${detail}`;
}

/** Says how the broadcast stands. */
export function wordsFor(state: State, answer: Answer): Words {
  switch (state) {
    case 'misnamed':
      return words(
        'No stream',
        'This address names no stream',
        'a watch page is found at /watch/application/stream',
      );
    case 'loading':
      return words('Looking', 'Looking for the broadcast');
    case 'waiting':
      return words('Waiting', 'Not live yet', 'this page starts by itself when the stream does');
    case 'starting':
      return words('Starting', 'The broadcast is starting');
    case 'live':
      return words('Live', 'Live');
    case 'buffering':
      return words('Loading', 'Loading the picture');
    case 'paused':
      return words('Paused', 'The broadcast has paused', 'waiting for the encoder');
    case 'held':
      return words('You paused', 'You have paused', 'the broadcast goes on without you');
    case 'blocked':
      return words('Ready', 'Press play to watch', 'your browser starts no video by itself');
    case 'ended':
      return words(
        'Ended',
        'The broadcast has ended',
        'if it begins again, this page starts by itself',
      );
    case 'failing':
      return words('Trying again', failing(answer), 'this page tries again by itself');
    case 'refused':
      return refused(answer);
    case 'locked':
      return words('Locked', 'This stream has a password');
    case 'unplayable':
      return words(
        'Cannot play',
        'This browser cannot play this broadcast',
        'it has no decoder for the picture or the sound',
      );
  }
}

/** What went wrong in a player, without its own names for things. */
export type Trouble = 'network' | 'media' | 'codec' | 'stuck' | 'other';

/** Says what went wrong and what is done about it. */
export function sentenceFor(trouble: Trouble): string {
  switch (trouble) {
    case 'network':
      return 'A part of the broadcast could not be fetched; trying again.';
    case 'media':
      return 'The picture could not be decoded; it is being started again.';
    case 'codec':
      return 'The broadcast came in a form that this browser did not take.';
    case 'stuck':
      return 'The picture stood still while the broadcast went on; it is being started again.';
    case 'other':
      return 'The player stopped; it is being started again.';
  }
}

/** Says how far behind the picture is. */
export function latencySentence(seconds: number | null): string {
  if (seconds === null) return '';
  return `${seconds.toFixed(1)} s behind live`;
}

function failing(answer: Answer): string {
  if (answer.kind !== 'failing' || answer.status === null) return 'The server does not answer';
  if (answer.status < 400) return 'The server answers with something that is no playlist';
  return `The server answers with an error (${answer.status})`;
}

function refused(answer: Answer): Words {
  const { code, sentence, status } = reason(answer);
  const no = (headline: string, detail: string) => words('Not allowed', headline, detail);
  switch (code) {
    case 'token':
      return no('This stream is not for everybody', 'you need a link to it, or an account here');
    case 'expired':
      return no('Your link has expired', 'whoever sent it to you may have a new one');
    case 'revoked':
      return no('Your link was withdrawn', 'ask whoever sent it to you');
    case 'too-early':
      return words('Waiting', 'Your link is not good yet', 'this page starts by itself when it is');
    case 'other-stream':
      return no('Your link is for another stream', 'ask whoever sent it to you');
    case 'bad-token':
      return no('Your link is damaged', 'open it once more, and whole');
    case 'address':
      return no('You may not watch from this network', 'your link is for another one');
    case 'country':
      return no('This may not be watched in your country', 'it depends on who broadcasts it');
    case 'referer':
      return no('This may not be shown on this page', 'look for it where it is meant to be');
    case 'sessions':
      return words(
        'Waiting',
        'Your link is used by as many players as it allows',
        'close another one, and this page starts by itself',
      );
    case 'forbidden':
      return no('You may not watch this stream', sentence ?? 'whoever broadcasts it says so');
    default: {
      const detail = 'whoever sent you the address may have a new one';
      const by = status === null ? '' : ` (${status})`;
      return no('You may not watch this stream', `the server refuses it${by}; ${detail}`);
    }
  }
}

function reason(answer: Answer) {
  return answer.kind === 'refused' ? answer : { code: null, sentence: null, status: null };
}

function words(mark: string, headline: string, detail = ''): Words {
  return { mark, headline, detail };
}
