import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ServerClock } from '../clock.ts';

const BASE = Date.parse('2026-01-01T12:00:00Z');

/** A server whose clock is `ahead` of the viewer's answers requests sent at `sent`. */
function offset(ahead: number, roundTrip: number, sent: readonly number[]): number {
  const clock = new ServerClock();
  for (const at of sent) {
    const date = new Date(BASE + at + roundTrip / 2 + ahead).toUTCString();
    clock.observe(date, BASE + at, BASE + at + roundTrip);
  }
  return clock.offsetMs;
}

test('clocks that may agree are taken to agree', () => {
  assert.equal(offset(0, 40, [0]), 0);
  assert.equal(offset(0, 40, [0, 1530, 2910, 4444, 6120]), 0);
  assert.equal(new ServerClock().offsetMs, 0);
});

test('one answer tells the offset to a second, more tell it better', () => {
  for (const ahead of [-90_000, -3210, 2750, 3_600_000]) {
    const once = Math.abs(offset(ahead, 40, [300]) - ahead);
    assert.ok(once <= 520, `${once} ms off after one answer`);
    const often = offset(ahead, 40, [300, 1530, 2910, 4444, 6120, 7290, 8880, 10_700]);
    assert.ok(Math.abs(often - ahead) <= 150, `${often} for ${ahead}`);
  }
});

test('an answer without a date says nothing', () => {
  const clock = new ServerClock();
  clock.observe(null, BASE, BASE);
  clock.observe('yesterday', BASE, BASE);
  assert.equal(clock.offsetMs, 0);
});

test('a clock that was set makes what was known void', () => {
  const clock = new ServerClock();
  const date = new Date(BASE).toUTCString();
  clock.observe(date, BASE, BASE);
  clock.observe(date, BASE - 60_000, BASE - 60_000);
  assert.ok(Math.abs(clock.offsetMs - 60_500) < 1, `${clock.offsetMs}`);
});
