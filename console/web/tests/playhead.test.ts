import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Playhead } from '../playhead.ts';

test('a picture moves while its time grows', () => {
  const playhead = new Playhead();
  assert.equal(playhead.observe(0, 5), false);
  assert.equal(playhead.movedAt, null);
  assert.equal(playhead.observe(250, 5.25), true);
  assert.equal(playhead.observe(500, 5.25), false);
  assert.ok(playhead.moves(1449) && !playhead.moves(1450));
});

test('going back is no playing', () => {
  const playhead = new Playhead();
  playhead.observe(0, 5);
  assert.equal(playhead.observe(250, 1), false);
  assert.equal(playhead.observe(500, 1.25), true);
});

test('moving is counted from the last stop', () => {
  const playhead = new Playhead();
  for (let tick = 0; tick <= 8; tick += 1) playhead.observe(tick * 250, tick / 4);
  assert.equal(playhead.movingFor(2000), 1750);
  assert.equal(playhead.movingFor(4000), 0);
  playhead.observe(4250, 3);
  assert.equal(playhead.movingFor(4500), 250);
});

test('another player’s time is not compared', () => {
  const playhead = new Playhead();
  playhead.observe(0, 1);
  playhead.observe(250, 1.25);
  playhead.reset();
  assert.equal(playhead.movedAt, null);
  assert.equal(playhead.observe(500, 30), false);
});
