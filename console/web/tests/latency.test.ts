import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Latency, measureLatency } from '../latency.ts';

const NOW = Date.parse('2026-01-01T12:00:10Z');

function check(
  shown: string | null,
  estimate: number | null,
  offsetMs: number,
  expected: Latency | null,
): void {
  const engine = {
    playingDate: () => (shown === null ? null : new Date(`2026-01-01T${shown}Z`)),
    estimatedLatency: () => estimate,
  };
  assert.deepEqual(measureLatency(engine, { offsetMs }, NOW), expected);
}

test('latency is the time now minus the time that the playlist gives the picture', () => {
  check('12:00:05.800', 9, 0, { seconds: 4.2, source: 'program-date-time' });
});

test('the time now is the server’s', () => {
  check('12:01:05.800', null, 60_000, { seconds: 4.2, source: 'program-date-time' });
});

test('without a time, or with an absurd one, the engine estimates', () => {
  check(null, 6, 0, { seconds: 6, source: 'playlist' });
  check('12:00:11.000', 6, 0, { seconds: 6, source: 'playlist' });
  check('12:00:05.000', 6, 90_000_000, { seconds: 6, source: 'playlist' });
  check(null, null, 0, null);
});
