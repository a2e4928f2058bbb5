import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Listing } from '../playlist.ts';
import type { Answer } from '../probe.ts';
import { type Facts, Flow, type State, isStuck, judge } from '../status.ts';

/** At this moment everything is judged; the target duration is two seconds. */
const NOW = 100_000;

const listing = (edge: number, ended = false): Listing => {
  return { edge, segments: Math.min(edge, 15), ended, targetSeconds: 2 };
};

/** A playlist that changed last `agoMs` ago. */
function flow(agoMs: number, ended = false): Flow {
  return new Flow(NOW - agoMs, listing(9, ended));
}

const LISTED: Answer = { kind: 'listed', listing: listing(9) };
const MISSING: Answer = { kind: 'missing' };
const FAILING: Answer = { kind: 'failing', status: null };

const refusedWith = (code: string): Answer => {
  return { kind: 'refused', status: 403, code, sentence: null };
};

/** A stream that plays, but for what is said. */
function facts(but: Partial<Facts>): Facts {
  return {
    now: NOW,
    answer: LISTED,
    flow: flow(500),
    movedAt: NOW - 100,
    finished: false,
    held: false,
    blocked: false,
    unplayable: false,
    ...but,
  };
}

function check(but: Partial<Facts>, expected: State): void {
  assert.equal(judge(facts(but)), expected);
}

test('before the stream', () => {
  const none = { flow: null, movedAt: null };
  check({ ...none, answer: { kind: 'unknown' } }, 'loading');
  check({ ...none, answer: MISSING }, 'waiting');
  check({ ...none, answer: FAILING }, 'failing');
  check({ ...none, answer: refusedWith('expired') }, 'refused');
  check({ ...none, answer: refusedWith('password') }, 'locked');
  check({ movedAt: null }, 'starting');
  check({ movedAt: null, blocked: true }, 'blocked');
});

test('a stream that plays is live', () => {
  check({}, 'live');
  check({ flow: flow(3900) }, 'live');
});

test('a picture that stands while the playlist goes on is loading', () => {
  check({ movedAt: NOW - 2000 }, 'buffering');
  check({ movedAt: NOW - 20_000, flow: flow(3000) }, 'buffering');
});

test('a playlist that stands still is a pause of the encoder, whatever is left to show', () => {
  check({ flow: flow(4800) }, 'paused');
  check({ flow: flow(3800), movedAt: NOW - 2000 }, 'paused');
  check({ flow: flow(60_000), movedAt: null }, 'paused');
});

test('a pause of the viewer is not one of the encoder', () => {
  check({ held: true, movedAt: NOW - 9000 }, 'held');
  check({ held: true, movedAt: NOW - 9000, flow: flow(30_000) }, 'held');
});

test('an end is said once everything was shown', () => {
  check({ flow: flow(500, true) }, 'live');
  check({ flow: flow(500, true), held: true, movedAt: NOW - 9000 }, 'held');
  check({ flow: flow(500, true), finished: true }, 'ended');
  check({ flow: flow(500, true), movedAt: NOW - 3000 }, 'ended');
  check({ flow: flow(500, true), movedAt: null }, 'ended');
});

test('what was fetched is shown when the server falls silent', () => {
  check({ answer: FAILING }, 'live');
  check({ answer: FAILING, movedAt: NOW - 3000 }, 'failing');
  check({ answer: FAILING, finished: true }, 'failing');
  check({ answer: MISSING, movedAt: NOW - 3000 }, 'ended');
});

test('a stream without a decoder is said to be one', () => {
  check({ unplayable: true, movedAt: null }, 'unplayable');
});

test('a playlist flows until it has stood still for two target durations', () => {
  const flow = new Flow(0, listing(1));
  for (let at = 1; at <= 5; at += 1) flow.observe(at * 2000, listing(1 + at));
  assert.deepEqual([flow.changedAt, flow.flowingSince], [10_000, 0]);
  flow.observe(14_000, listing(6));
  flow.observe(14_700, listing(7));
  assert.equal(flow.flowingSince, 0);
  flow.observe(20_000, listing(8));
  assert.deepEqual([flow.changedAt, flow.flowingSince], [20_000, 20_000]);
  flow.observe(21_000, listing(9, true));
  flow.observe(22_000, listing(11));
  assert.equal(flow.flowingSince, 22_000);
});

test('a player is stuck when its picture stands although the playlist goes on', () => {
  const old = NOW - 60_000;
  const check = (but: Partial<Facts>, madeAt: number, attempts: number, expected: boolean) => {
    const flowing = new Flow(old, listing(1));
    flowing.changedAt = NOW - 500;
    assert.equal(isStuck(facts({ flow: flowing, ...but }), madeAt, attempts), expected);
  };
  check({}, old, 0, false);
  check({ movedAt: NOW - 10_001 }, old, 0, true);
  check({ movedAt: NOW - 10_000 }, old, 0, false);
  check({ movedAt: null }, NOW - 10_001, 0, true);
  check({ movedAt: null }, NOW - 9000, 0, false);
  // Patience doubles.
  check({ movedAt: NOW - 20_000 }, old, 1, false);
  check({ movedAt: NOW - 20_001 }, old, 1, true);
  check({ movedAt: old }, old - 1, 9, false);
  // Nobody expects a picture.
  check({ movedAt: old, held: true }, old, 0, false);
  check({ movedAt: old, blocked: true }, old, 0, false);
  check({ movedAt: old, flow: flow(30_000) }, old, 0, false);
  check({ movedAt: old, flow: flow(500, true) }, old, 0, false);
  check({ movedAt: old, answer: FAILING }, old, 0, false);
  // It has only just gone on.
  check({ movedAt: old, flow: flow(500) }, old, 0, false);
});
