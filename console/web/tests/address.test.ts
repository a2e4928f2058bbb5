import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type StreamAddress, streamOfPath, streamOfText, watchPath, withToken } from '../address.ts';

const short = (address: StreamAddress | null) =>
  address === null ? null : `${address.app}/${address.stream}`;

test('a watch page reads its stream from its address', () => {
  const check = (path: string, expected: string | null) => {
    assert.equal(short(streamOfPath(path)), expected, path);
  };
  check('/watch/live/cam', 'live/cam');
  check('/watch/live/cam-1.hd_x', 'live/cam-1.hd_x');
  check(`/watch/live/${'x'.repeat(64)}`, `live/${'x'.repeat(64)}`);
  for (const path of ['/', '/watch', '/watch/', '/watch/live', '/watch/live/', '/live/cam']) {
    check(path, null);
  }
  for (const path of ['/watch/live/a/b', '/watch//cam', '/watch/live/cam/', 'watch/live/cam']) {
    check(path, null);
  }
});

test('a name that the server refuses is refused here', () => {
  const names = ['..', '.a', '-a', 'a b', 'a%2fb', 'a%00', 'ä', '<b>', 'x'.repeat(65)];
  for (const name of names) assert.equal(streamOfPath(`/watch/live/${name}`), null, name);
  for (const app of ['watch', 'assets', 'api', 't']) {
    assert.equal(streamOfPath(`/watch/${app}/cam`), null, app);
  }
});

test('a playlist lies where its stream is named', () => {
  assert.equal(streamOfPath('/watch/tv/one')?.playlist, '/tv/one/index.m3u8');
});

test('a token in front of a path stays in front of it', () => {
  const address = streamOfPath('/t/w1.k.e30.x_-/watch/tv/one');
  assert.equal(address?.playlist, '/t/w1.k.e30.x_-/tv/one/index.m3u8');
  assert.equal(address && watchPath(address), '/t/w1.k.e30.x_-/watch/tv/one');
  const pasted = streamOfText('https://example.org/t/a.b.c/live/cam/index.m3u8?x=1');
  assert.equal(pasted && watchPath(pasted), '/t/a.b.c/watch/live/cam');
  for (const path of ['/t/watch/tv/one', '/t//watch/tv/one', '/t/a/t/b/watch/tv/one', '/t/a/b']) {
    assert.equal(streamOfPath(path), null, path);
  }
});

test('a token that is given takes the place of another', () => {
  const address = streamOfPath('/t/old/watch/tv/one');
  assert.ok(address);
  assert.equal(withToken(address, 'a.b').playlist, '/t/a.b/tv/one/index.m3u8');
  assert.equal(withToken(address, '../x?#').playlist, '/t/..%2Fx%3F%23/tv/one/index.m3u8');
});

test('what somebody types or pastes leads to its watch page', () => {
  const check = (text: string, expected: string | null) => {
    const address = streamOfText(text);
    assert.equal(address === null ? null : watchPath(address), expected, text);
  };
  check('cam', '/watch/live/cam');
  check(' tv/one ', '/watch/tv/one');
  check('/live/cam/', '/watch/live/cam');
  check('http://localhost:8080/watch/live/cam', '/watch/live/cam');
  check('https://example.org/live/cam/index.m3u8?start=1#x', '/watch/live/cam');
  check('watch/live/cam', '/watch/live/cam');
  for (const text of ['', '  ', '/', 'a b', 'a/b/c', '../etc', 'javascript:x', 'watch']) {
    check(text, null);
  }
});
