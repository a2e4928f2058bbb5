// What a device that waits to be paired says of itself, and what is asked about it (RFC 8628, 3.3).

import { type Question, type Reply, complaint } from './api.ts';
import { streamOfText } from './address.ts';
import { textOf } from './json.ts';

/** A device that waits. */
export interface Waiting {
  readonly isEncoder: boolean;
  readonly kind: string;
  readonly name: string;
  readonly model: string;
}

/** What the server says of the device with a code. */
export function waitingOf(said: unknown): Waiting {
  const kind = textOf(said, 'kind') ?? '';
  const isEncoder = kind.toLowerCase() === 'encoder';
  return {
    isEncoder,
    kind: isEncoder ? 'An encoder, which will publish' : 'A player, which will watch',
    name: textOf(said, 'name') ?? 'nothing',
    model: textOf(said, 'model') ?? 'unknown',
  };
}

/** Asks what a code belongs to. */
export function lookUp(code: string): Question {
  return { path: 'pairing/look', body: { user_code: code } };
}

/** Says yes; `null` if it is not said what an encoder will publish. */
export function approval(code: string, device: Waiting, stream: string): Question | null {
  const path = 'pairing/approve';
  if (!device.isEncoder) return { path, body: { user_code: code } };
  const address = streamOfText(stream);
  return address && { path, body: { user_code: code, stream: `${address.app}/${address.stream}` } };
}

/** Says no. */
export function denial(code: string): Question {
  return { path: 'pairing/deny', body: { user_code: code } };
}

/** Says why the server did not do it. */
export function refusalOf(reply: Reply): string {
  if (reply.status === 404) {
    return 'No device shows this code now. Look once more, or let the device show another one.';
  }
  if (reply.status === 403) return 'You may pair no devices. Ask an owner of the server.';
  return complaint(reply, 'The server does not take this.');
}
