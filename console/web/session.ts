// Somebody who is signed in, for as long as the tab is open.

import { type Ask, type Question, type Reply, isGood } from './api.ts';
import { numberOf, read, textOf } from './json.ts';

/** Where the tab keeps things. */
export interface Drawer {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

interface Tokens {
  readonly access: string;
  readonly refresh: string;
  /** When the access token ends, in milliseconds since 1970. */
  readonly untilMs: number;
}

const KEY = 'weir:session';

/** A token that ends so soon is not used any more: the way takes time, and clocks differ. */
const MARGIN_MS = 30_000;

/** Signs in, and asks as whoever has signed in. */
export class Session {
  private tokens: Tokens | null;
  private refreshing: Promise<void> | null = null;

  constructor(
    private readonly ask: Ask,
    private readonly drawer: Drawer,
    private readonly now: () => number = Date.now,
  ) {
    this.tokens = tokensIn(drawer.getItem(KEY));
  }

  get isSignedIn(): boolean {
    return this.tokens !== null;
  }

  /** Signs in. */
  async signIn(email: string, password: string): Promise<Reply> {
    const reply = await this.ask({ path: 'sessions', body: { email, password } });
    if (isGood(reply)) this.keep(reply.said);
    return reply;
  }

  /** Keeps the tokens that an answer brought, if it brought any. */
  keep(said: unknown): void {
    const access = textOf(said, 'access_token');
    const refresh = textOf(said, 'refresh_token');
    const seconds = numberOf(said, 'expires_in');
    if (access === null || refresh === null || seconds === null) return;
    this.tokens = { access, refresh, untilMs: this.now() + seconds * 1000 };
    this.drawer.setItem(KEY, JSON.stringify(this.tokens));
  }

  /** Signs out, here and at the server; here also if the server does not answer. */
  async signOut(): Promise<void> {
    const token = this.tokens?.refresh;
    this.forget();
    if (token !== undefined) await this.ask({ path: 'sessions/end', body: { refresh_token: token } });
  }

  private forget(): void {
    this.tokens = null;
    this.drawer.removeItem(KEY);
  }

  /** Asks as whoever has signed in; who is signed in no more is told by a status of 401. */
  async askAs(question: Question): Promise<Reply> {
    await this.freshen(false);
    const reply = await this.askOnce(question);
    if (reply.status !== 401 || this.tokens === null) return reply;
    // The server may have ended the token early: with a fresh one it is known for sure.
    await this.freshen(true);
    const again = this.tokens === null ? reply : await this.askOnce(question);
    if (again.status === 401) this.forget();
    return again;
  }

  private async askOnce(question: Question): Promise<Reply> {
    if (this.tokens === null) return { status: 401, said: null, retryAfterS: null };
    return this.ask({ ...question, bearer: this.tokens.access });
  }

  /** A refresh token is good once: who uses one twice is taken for a thief, so all wait for one. */
  private async freshen(anyway: boolean): Promise<void> {
    if (this.tokens === null) return;
    if (!anyway && this.now() < this.tokens.untilMs - MARGIN_MS) return;
    this.refreshing ??= this.refresh(this.tokens.refresh).finally(() => {
      this.refreshing = null;
    });
    await this.refreshing;
  }

  private async refresh(token: string): Promise<void> {
    const reply = await this.ask({ path: 'sessions/refresh', body: { refresh_token: token } });
    if (isGood(reply)) this.keep(reply.said);
    else if (reply.status === 401 || reply.status === 403) this.forget();
  }
}

function tokensIn(text: string | null): Tokens | null {
  const found = read(text ?? '');
  const [access, refresh] = [textOf(found, 'access'), textOf(found, 'refresh')];
  const untilMs = numberOf(found, 'untilMs');
  const isWhole = access !== null && refresh !== null && untilMs !== null;
  return isWhole ? { access, refresh, untilMs } : null;
}
