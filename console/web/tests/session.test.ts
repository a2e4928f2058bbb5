import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Session } from '../session.ts';
import { Server, reply } from './server.ts';

/** What a tab keeps. */
class Drawer {
  readonly kept = new Map<string, string>();

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }

  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

const tokens = (name: string) => {
  return { access_token: `a-${name}`, refresh_token: `r-${name}`, expires_in: 600 };
};

/** Somebody who has just signed in, at a server that goes on with `replies`. */
async function signedIn(replies: ReturnType<typeof reply>[]) {
  const clock = { ms: 1_000_000 };
  const server = new Server([reply(200, tokens('1')), ...replies]);
  const drawer = new Drawer();
  const session = new Session(server.ask, drawer, () => clock.ms);
  await session.signIn('a@example.org', 'secret words');
  return { clock, server, drawer, session };
}

test('who signs in asks with the token that came of it', async () => {
  const { server, session } = await signedIn([reply(200, 'x')]);
  assert.ok(session.isSignedIn);
  assert.equal((await session.askAs({ path: 'x' })).said, 'x');
  assert.deepEqual(server.seen, ['sessions', 'x a-1']);
  assert.deepEqual(server.asked[0]?.body, { email: 'a@example.org', password: 'secret words' });
});

test('who is refused, or told nonsense, is not signed in', async () => {
  const nonsense = [null, [], 'x', { access_token: 'a' }, { ...tokens('1'), expires_in: 'soon' }];
  for (const answer of [reply(401), reply(null), ...nonsense.map((said) => reply(200, said))]) {
    const server = new Server([answer]);
    const session = new Session(server.ask, new Drawer());
    await session.signIn('a@example.org', 'x');
    assert.ok(!session.isSignedIn);
    assert.equal((await session.askAs({ path: 'x' })).status, 401);
    assert.deepEqual(server.seen, ['sessions']);
  }
});

test('a token that ends soon is exchanged first, once for all who ask', async () => {
  const early = await signedIn([reply(200)]);
  early.clock.ms += 569_000;
  await early.session.askAs({ path: 'x' });
  assert.deepEqual(early.server.seen, ['sessions', 'x a-1']);
  const late = await signedIn([reply(200, tokens('2')), reply(200), reply(200)]);
  late.clock.ms += 571_000;
  await Promise.all([late.session.askAs({ path: 'x' }), late.session.askAs({ path: 'y' })]);
  assert.deepEqual(late.server.seen, ['sessions', 'sessions/refresh', 'x a-2', 'y a-2']);
  assert.deepEqual(late.server.asked[1]?.body, { refresh_token: 'r-1' });
});

test('a token that was ended early is exchanged, and who has none left signs in anew', async () => {
  const mended = await signedIn([reply(401), reply(200, tokens('2')), reply(200, 'good')]);
  assert.equal((await mended.session.askAs({ path: 'x' })).said, 'good');
  assert.deepEqual(mended.server.seen, ['sessions', 'x a-1', 'sessions/refresh', 'x a-2']);
  const ended = await signedIn([reply(401), reply(401)]);
  assert.equal((await ended.session.askAs({ path: 'x' })).status, 401);
  assert.ok(!ended.session.isSignedIn);
  assert.equal(ended.drawer.kept.size, 0);
});

test('a server that does not answer signs nobody out', async () => {
  const { clock, session, server } = await signedIn([reply(null), reply(200, 'good')]);
  clock.ms += 571_000;
  assert.equal((await session.askAs({ path: 'x' })).said, 'good');
  assert.ok(session.isSignedIn);
  assert.deepEqual(server.seen, ['sessions', 'sessions/refresh', 'x a-1']);
});

test('who signs out is signed out, also if the server does not answer', async () => {
  for (const answer of [reply(204), reply(null), reply(503)]) {
    const { drawer, session, server } = await signedIn([answer]);
    await session.signOut();
    assert.ok(!session.isSignedIn);
    assert.equal(drawer.kept.size, 0);
    assert.deepEqual(server.asked[1], { path: 'sessions/end', body: { refresh_token: 'r-1' } });
    await session.signOut();
    assert.equal(server.asked.length, 2);
  }
});

test('a tab knows who signed in, also after it is loaded again', async () => {
  const { drawer } = await signedIn([]);
  const server = new Server([reply(200)]);
  const session = new Session(server.ask, drawer, () => 1_000_000);
  await session.askAs({ path: 'x' });
  assert.deepEqual(server.seen, ['x a-1']);
  for (const text of ['', '{', 'null', '{"access":1}']) {
    drawer.setItem('weir:session', text);
    assert.ok(!new Session(server.ask, drawer).isSignedIn, text);
  }
});
