// What a token comes of: a stream's password, or an account of its organisation.

import { type StreamAddress, withToken } from './address.ts';
import { type Ask, complaint, isGood } from './api.ts';
import { textOf } from './json.ts';
import type { Answer } from './probe.ts';
import type { Session } from './session.ts';

/** What became of a password. */
export type Unlocked =
  | { readonly kind: 'open'; readonly address: StreamAddress }
  | { readonly kind: 'shut'; readonly sentence: string };

/** Exchanges `password` for a token, with which the stream is at another address. */
export async function unlock(
  ask: Ask,
  address: StreamAddress,
  password: string,
): Promise<Unlocked> {
  if (password === '') return shut('Type the password first.');
  const path = `streams/${address.app}/${address.stream}/unlock`;
  const reply = await ask({ path, body: { password } });
  const token = textOf(reply.said, 'token');
  if (isGood(reply) && token !== null) return { kind: 'open', address: withToken(address, token) };
  const { status } = reply;
  if (status === 401 || status === 403) return shut('That is not the password of this stream.');
  if (status === 404) return shut('This stream has no password any more. Reload this page.');
  return shut(complaint(reply, 'The server does not take this password.'));
}

/** The stream's address for a member of its organisation who is signed in, if there is one. */
export async function asMember(
  session: Session,
  address: StreamAddress,
): Promise<StreamAddress | null> {
  if (!session.isSignedIn) return null;
  const reply = await session.askAs({ path: 'play-tokens/own', body: {} });
  const token = textOf(reply.said, 'token');
  return isGood(reply) && token !== null ? withToken(address, token) : null;
}

/** Whether a token that came of these is good no more: then another is asked for. */
export function isOver(answer: Answer): boolean {
  const codes = ['expired', 'revoked', 'bad-token'];
  return answer.kind === 'refused' && answer.code !== null && codes.includes(answer.code);
}

/** Whether the stream is for those only who have a token. */
export function needsToken(answer: Answer): boolean {
  return answer.kind === 'refused' && answer.code === 'token';
}

function shut(sentence: string): Unlocked {
  return { kind: 'shut', sentence };
}
