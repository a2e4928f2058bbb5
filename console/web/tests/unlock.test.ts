import assert from 'node:assert/strict';
import { test } from 'node:test';

import { streamOfPath } from '../address.ts';
import { answerOfStatus } from '../probe.ts';
import { Session } from '../session.ts';
import { asMember, isOver, needsToken, unlock } from '../unlock.ts';
import { Server, reply } from './server.ts';

const address = streamOfPath('/watch/live/cam');
assert.ok(address);

async function check(answer: ReturnType<typeof reply>, expected: string): Promise<void> {
  const server = new Server([answer]);
  assert.ok(address);
  const unlocked = await unlock(server.ask, address, 'secret');
  const got = unlocked.kind === 'open' ? unlocked.address.playlist : unlocked.sentence;
  assert.equal(got, expected);
  const question = { path: 'streams/live/cam/unlock', body: { password: 'secret' } };
  assert.deepEqual(server.asked, [question]);
}

test('a password is exchanged for a token', async () => {
  await check(reply(200, { token: 'w1.k.c.s', expires_in: 60 }), '/t/w1.k.c.s/live/cam/index.m3u8');
});

test('one that does not fit is said to', async () => {
  for (const status of [401, 403]) {
    await check(reply(status), 'That is not the password of this stream.');
  }
  await check(reply(404), 'This stream has no password any more. Reload this page.');
  await check(reply(null), 'The server does not answer. Try again in a moment.');
  await check({ ...reply(429), retryAfterS: 60 }, 'That was tried too often. Try again in 60 seconds.');
  for (const said of [null, {}, { token: '' }, { token: 7 }]) {
    await check(reply(200, said), 'The server does not take this password.');
  }
});

test('nobody is asked about no password', async () => {
  const server = new Server([]);
  const unlocked = await unlock(server.ask, address, '');
  assert.deepEqual(unlocked, { kind: 'shut', sentence: 'Type the password first.' });
});

test('a member who is signed in has a token of the account', async () => {
  const drawer = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
  const tokens = { access_token: 'a', refresh_token: 'r', expires_in: 600 };
  const member = async (answer: ReturnType<typeof reply>) => {
    const server = new Server([reply(200, tokens), answer]);
    const session = new Session(server.ask, drawer);
    assert.equal(await asMember(session, address), null);
    await session.signIn('a@example.org', 'x');
    const own = await asMember(session, address);
    assert.deepEqual(server.seen, ['sessions', 'play-tokens/own a']);
    return own?.playlist ?? null;
  };
  assert.equal(await member(reply(200, { token: 'mine' })), '/t/mine/live/cam/index.m3u8');
  for (const answer of [reply(403), reply(404), reply(null), reply(200, {})]) {
    assert.equal(await member(answer), null);
  }
  assert.ok(needsToken(answerOfStatus(401, '{"code":"token"}')));
  assert.ok(!needsToken(answerOfStatus(401, '{"code":"password"}')));
});

test('a token that is good no more is told from one that is only not taken now', () => {
  const over = (code: string) => isOver(answerOfStatus(403, JSON.stringify({ code })));
  for (const code of ['expired', 'revoked', 'bad-token']) assert.ok(over(code), code);
  for (const code of ['sessions', 'address', 'password', '']) assert.ok(!over(code), code);
  assert.ok(!isOver({ kind: 'missing' }));
});
