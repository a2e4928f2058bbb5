import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readPlaylist } from '../playlist.ts';

function check(lines: readonly string[], expected: ReturnType<typeof readPlaylist>): void {
  for (const end of ['\n', '\r\n']) {
    assert.deepEqual(readPlaylist(lines.join(end) + end), expected);
  }
}

const HEAD = ['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-TARGETDURATION:2'];
const BREAK = '#EXT-X-DISCONTINUITY';
const SEGMENTS = ['#EXTINF:2.000,', '1/7.ts', '', BREAK, '#EXTINF:1.960,', '2/8.ts'];

test('a live playlist tells the number that comes next', () => {
  const listing = { edge: 9, segments: 2, ended: false, targetSeconds: 2 };
  check([...HEAD, '#EXT-X-MEDIA-SEQUENCE:7', ...SEGMENTS], { kind: 'media', listing });
});

test('a playlist that does not number its segments begins at zero', () => {
  const listing = { edge: 2, segments: 2, ended: false, targetSeconds: 2 };
  check([...HEAD, ...SEGMENTS], { kind: 'media', listing });
});

test('a broadcast that ended says so', () => {
  const listing = { edge: 2, segments: 2, ended: true, targetSeconds: 2 };
  check([...HEAD, ...SEGMENTS, '#EXT-X-ENDLIST'], { kind: 'media', listing });
});

test('a playlist may be empty', () => {
  const listing = { edge: 0, segments: 0, ended: false, targetSeconds: 2 };
  check(HEAD, { kind: 'media', listing });
});

test('a multivariant playlist leads to its first variant', () => {
  const variants = ['#EXTM3U', '#EXT-X-STREAM-INF:BANDWIDTH=1', 'hd/index.m3u8', 'sd/index.m3u8'];
  check(variants, { kind: 'multivariant', first: 'hd/index.m3u8' });
  check(variants.slice(0, 2), null);
});

test('what is no playlist is none', () => {
  check(['<!doctype html>'], null);
  check([], null);
  check(['#EXTM3U', ...SEGMENTS], null);
  check([...HEAD.slice(1), ...SEGMENTS], null);
  check(['#EXTM3U', '#EXT-X-TARGETDURATION:soon', ...SEGMENTS], null);
});
