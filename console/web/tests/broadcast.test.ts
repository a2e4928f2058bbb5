import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Fault } from '../engine.ts';
import { Stage } from './stage.ts';

const NETWORK: Fault = { kind: 'network', name: 'levelLoadError', status: 0 };
const MEDIA: Fault = { kind: 'media', name: 'bufferAppendError', status: null };
const CODEC: Fault = { kind: 'codec', name: 'bufferAddCodecError', status: null };
const OTHER: Fault = { kind: 'other', name: 'internalException', status: null };

test('the page waits for a stream and plays it', async () => {
  const stage = new Stage();
  await stage.pass(5);
  stage.expect('waiting', { engines: 0 });
  stage.goOn();
  await stage.pass(2);
  stage.expect('starting', { engines: 0 });
  await stage.pass(5);
  stage.expect('live', { engines: 1, errors: 0 });
  assert.equal(stage.start?.fromSegment, null);
});

test('a stream that has long begun plays at once', async () => {
  const stage = await Stage.playing();
  stage.expect('live', { engines: 1, recoveries: 0, errors: 0 });
});

test('while a player plays, nobody else asks', async () => {
  const stage = await Stage.playing();
  const before = stage.asked;
  await stage.pass(10);
  assert.equal(stage.asked, before);
});

test('a player that reports no playlists is not the only one to ask', async () => {
  const stage = await Stage.playing({ reportsPlaylists: false });
  const before = stage.asked;
  await stage.pass(10);
  assert.ok(stage.asked - before >= 5, `${stage.asked - before}`);
  stage.expect('live', { engines: 1 });
});

test('an encoder that pauses and comes back needs no other player', async () => {
  const stage = await Stage.playing();
  stage.halt();
  await stage.pass(12);
  stage.expect('paused', { engines: 1 });
  stage.goOn();
  await stage.pass(5);
  stage.expect('live', { engines: 1, recoveries: 0, errors: 0 });
});

test('after an end the page waits for the next broadcast and begins with it', async () => {
  const stage = await Stage.playing();
  stage.end();
  await stage.pass(3);
  stage.video.ended = true;
  await stage.pass(20);
  stage.expect('ended', { engines: 1 });
  const edge = stage.edge;
  stage.goOn();
  await stage.pass(9);
  stage.expect('live', { engines: 2, recoveries: 0, errors: 0 });
  assert.equal(stage.start?.fromSegment, edge);
});

test('a page that is opened after the end plays nothing old', async () => {
  const stage = new Stage();
  stage.edge = 40;
  stage.end();
  await stage.pass(10);
  stage.expect('ended', { engines: 0 });
});

test('a player whose server fell silent goes on when it answers again', async () => {
  const stage = await Stage.playing();
  stage.answer = { kind: 'failing', status: null };
  stage.standStill();
  stage.fatal(NETWORK);
  await stage.pass(8);
  stage.expect('failing', { engines: 1, recoveries: 0, errors: 1 });
  stage.goOn();
  await stage.pass(4);
  stage.expect('live', { engines: 1, recoveries: 1, errors: 1 });
  assert.equal(stage.resumed, 1);
});

test('a player that fails again and again is replaced', async () => {
  const stage = await Stage.playing();
  for (let round = 0; round < 3; round += 1) {
    stage.fatal(NETWORK);
    await stage.pass(3);
  }
  stage.expect('live', { engines: 2, recoveries: 3, errors: 3 });
  assert.equal(stage.resumed, 2);
});

test('a player that plays for a while in between is not replaced', async () => {
  const stage = await Stage.playing();
  for (let round = 0; round < 5; round += 1) {
    stage.fatal(NETWORK);
    await stage.pass(20);
  }
  stage.expect('live', { engines: 1, recoveries: 5, errors: 5 });
});

test('an engine that failed after the end is not the one for the next broadcast', async () => {
  const stage = await Stage.playing();
  stage.end();
  await stage.pass(1);
  stage.fatal(NETWORK);
  stage.goOn();
  await stage.pass(9);
  stage.expect('live', { engines: 2 });
  assert.equal(stage.resumed, 0);
});

test('numbers that begin anew are another server’s, and another player’s', async () => {
  const stage = await Stage.playing();
  stage.fatal(NETWORK);
  stage.edge = 2;
  await stage.pass(4);
  stage.expect('live', { engines: 2 });
  assert.equal(stage.start?.fromSegment, null);
});

test('a decoder that fails is exchanged, and if that does not help, the player', async () => {
  const stage = await Stage.playing();
  stage.fatal(MEDIA);
  await stage.pass(2);
  stage.expect('live', { engines: 1, recoveries: 1 });
  assert.equal(stage.recovered, 1);
  stage.fatal(MEDIA);
  await stage.pass(4);
  stage.expect('live', { engines: 2, recoveries: 2 });
  await stage.pass(30);
  stage.fatal(MEDIA);
  await stage.pass(1);
  assert.equal(stage.recovered, 2);
});

test('what a player says after it was replaced is not heard', async () => {
  const stage = await Stage.playing();
  stage.fatal(OTHER);
  stage.fatal(OTHER);
  await stage.pass(4);
  stage.expect('live', { engines: 2, recoveries: 1, errors: 1 });
});

test('a broadcast without a decoder is said to be one, and tried again', async () => {
  const stage = new Stage();
  stage.edge = 40;
  stage.goOn();
  stage.standStill();
  await stage.pass(1);
  stage.fatal(CODEC);
  await stage.pass(10);
  stage.expect('unplayable', { engines: 1 });
  stage.moveOn();
  await stage.pass(10);
  stage.expect('live', { engines: 2 });
});

test('other tracks are played by another player, from where they begin', async () => {
  const stage = await Stage.playing();
  const segment = stage.edge - 1;
  stage.engine.listener.onOtherTracks(segment, stage.video.currentTime + 3);
  stage.fatal(MEDIA);
  await stage.pass(2);
  stage.expect('live', { engines: 1, errors: 0 });
  await stage.pass(6);
  stage.expect('live', { engines: 2, recoveries: 0, errors: 0 });
  assert.equal(stage.start?.fromSegment, segment);
});

test('a picture that stands while the playlist goes on gets another player', async () => {
  const stage = await Stage.playing();
  stage.standStill();
  await stage.pass(9);
  stage.expect('buffering', { engines: 1 });
  stage.moveOn();
  stage.video.stuck = true;
  await stage.pass(6);
  stage.expect('live', { engines: 2, recoveries: 1, errors: 1 });
});

test('a player that reports no playlist any more is replaced, unless nobody looks', async () => {
  const stage = await Stage.playing();
  stage.isSilent = true;
  stage.isHidden = true;
  await stage.pass(60);
  stage.expect('paused', { engines: 1 });
  stage.isHidden = false;
  await stage.pass(1);
  stage.isSilent = false;
  await stage.pass(8);
  stage.expect('live', { engines: 2, recoveries: 1 });
});

test('who pauses is left alone, and may jump to live', async () => {
  const stage = await Stage.playing();
  stage.broadcast.toggle();
  await stage.pass(30);
  stage.expect('held', { engines: 1 });
  assert.ok(stage.broadcast.behindLive() > 25);
  stage.broadcast.jumpToLive();
  await stage.pass(2);
  stage.expect('live', { engines: 1 });
  assert.ok(stage.broadcast.behindLive() < 1);
});

test('a browser that plays nothing by itself is told from trouble', async () => {
  const stage = new Stage();
  stage.video.refuses = 'NotAllowedError';
  stage.edge = 40;
  stage.goOn();
  await stage.pass(30);
  stage.expect('blocked', { engines: 1, errors: 0 });
  stage.video.refuses = null;
  stage.broadcast.toggle();
  await stage.pass(2);
  stage.expect('live', { engines: 1 });
});

test('a browser that plays only what is silent gets it so', async () => {
  const stage = new Stage();
  stage.video.muted = false;
  stage.edge = 40;
  stage.goOn();
  await stage.pass(4);
  stage.expect('live', { engines: 1 });
  assert.ok(stage.video.muted);
});

test('a viewer who is given a token goes on at another address', async () => {
  const stage = new Stage();
  stage.answer = { kind: 'refused', status: 401, code: 'password', sentence: null };
  await stage.pass(3);
  stage.expect('locked', { engines: 0 });
  assert.equal(stage.askedFor, '/live/cam/index.m3u8');
  stage.edge = 40;
  stage.goOn();
  stage.broadcast.moveTo('/t/x/live/cam/index.m3u8');
  await stage.pass(4);
  stage.expect('live', { engines: 1, recoveries: 0, errors: 0 });
  assert.equal(stage.askedFor, '/t/x/live/cam/index.m3u8');
  assert.equal(stage.start?.playlist, '/t/x/live/cam/index.m3u8');
});

test('a player gives way to one at the other address', async () => {
  const stage = await Stage.playing();
  stage.broadcast.moveTo('/t/x/live/cam/index.m3u8');
  await stage.pass(4);
  stage.expect('live', { engines: 2, errors: 0 });
  assert.equal(stage.start?.playlist, '/t/x/live/cam/index.m3u8');
});

test('who is refused is not asked about all the time', async () => {
  const stage = new Stage();
  stage.answer = { kind: 'refused', status: 403, code: 'expired', sentence: null };
  await stage.pass(60);
  stage.expect('refused', { engines: 0 });
  assert.ok(stage.asked <= 17, `${stage.asked}`);
});
