import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readCode } from '../code.ts';
import { approval, denial, lookUp, refusalOf, waitingOf } from '../pairing.ts';
import { reply } from './server.ts';

test('a code is read however it is typed', () => {
  for (const text of ['BCDF-GHJK', 'bcdfghjk', ' bcdf ghjk ', 'B-C.D_F–G—H J K']) {
    assert.equal(readCode(text), 'BCDF-GHJK', text);
  }
  const others = ['', 'BCDF-GHJ', 'BCDF-GHJKL', 'ACDF-GHJK', 'BCDF-GH1K', 'BCDF/GHJK', 'ẞCDFGHJK'];
  for (const text of others) assert.equal(readCode(text), null, text);
});

test('a device is shown as it calls itself, and no other way', () => {
  const player = { kind: 'player', name: '<b>TV</b>', model: 'X1', device_code: 'secret' };
  const shown = waitingOf(player);
  assert.deepEqual([shown.isEncoder, shown.name, shown.model], [false, '<b>TV</b>', 'X1']);
  assert.ok(!JSON.stringify(shown).includes('secret'));
  assert.ok(waitingOf({ kind: 'Encoder' }).isEncoder);
  for (const said of [null, [], 'x', { name: 7 }]) {
    const { isEncoder, name, model } = waitingOf(said);
    assert.deepEqual([isEncoder, name, model], [false, 'nothing', 'unknown']);
  }
});

test('a player is allowed as it is, and an encoder for a stream', () => {
  const [player, encoder] = [waitingOf({ kind: 'player' }), waitingOf({ kind: 'encoder' })];
  const [code, path, user_code] = ['BCDF-GHJK', 'pairing/approve', 'BCDF-GHJK'];
  assert.deepEqual(approval(code, player, 'live/cam'), { path, body: { user_code } });
  const named = { path, body: { user_code, stream: 'live/cam' } };
  assert.deepEqual(approval(code, encoder, ' cam '), named);
  assert.deepEqual(approval(code, encoder, 'live/cam'), named);
  for (const stream of ['', 'a/b/c', '../x']) assert.equal(approval(code, encoder, stream), null);
  assert.deepEqual(lookUp(code), { path: 'pairing/look', body: { user_code } });
  assert.deepEqual(denial(code), { path: 'pairing/deny', body: { user_code } });
});

test('a code that nobody shows is told from one that may not be answered', () => {
  assert.match(refusalOf(reply(404)), /^No device shows this code now/);
  assert.match(refusalOf(reply(403)), /^You may pair no devices/);
  assert.equal(refusalOf(reply(409, { detail: 'it is taken' })), 'It is taken.');
});
