// A server of accounts that answers as it is told.

import type { Ask, Question, Reply } from '../api.ts';

/** An answer without anything else to it. */
export function reply(status: number | null, said: unknown = null): Reply {
  return { status, said, retryAfterS: null };
}

/** Answers one question after another, and notes them. */
export class Server {
  readonly asked: Question[] = [];

  constructor(private readonly replies: Reply[]) {}

  readonly ask: Ask = (question) => {
    this.asked.push(question);
    const next = this.replies.shift();
    if (next === undefined) throw new Error(`nobody expected ${question.path}`);
    return Promise.resolve(next);
  };

  /** The paths that were asked for, each with who asked. */
  get seen(): string[] {
    return this.asked.map(({ path, bearer }) => (bearer === undefined ? path : `${path} ${bearer}`));
  }
}
