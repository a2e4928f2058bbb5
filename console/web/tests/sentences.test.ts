import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Answer } from '../probe.ts';
import { answerOfStatus } from '../probe.ts';
import { latencySentence, sentence, sentenceFor, wordsFor } from '../sentences.ts';
import type { State } from '../status.ts';

const check = (state: State, answer: Answer, expected: string) => {
  assert.equal(sentence(wordsFor(state, answer)), expected);
};

test('each state is a sentence', () => {
  const listing = { edge: 1, segments: 1, ended: false, targetSeconds: 2 };
  const answer: Answer = { kind: 'listed', listing };
  check('waiting', answer, 'Not live yet: this page starts by itself when the stream does');
  check('live', answer, 'Live');
  check('paused', answer, 'The broadcast has paused: waiting for the encoder');
  check('ended', answer, 'The broadcast has ended: if it begins again, this page starts by itself');
});

test('a server that fails is told from one that does not answer', () => {
  const again = ': this page tries again by itself';
  check('failing', answerOfStatus(0), `The server does not answer${again}`);
  check('failing', answerOfStatus(503), `The server answers with an error (503)${again}`);
  const page: Answer = { kind: 'failing', status: 200 };
  check('failing', page, `The server answers with something that is no playlist${again}`);
  const refused = 'You may not watch this stream: the server refuses it (403); ';
  assert.ok(sentence(wordsFor('refused', answerOfStatus(403))).startsWith(refused));
});

test('statuses say what became of a stream', () => {
  assert.deepEqual(answerOfStatus(404), { kind: 'missing' });
  assert.deepEqual(answerOfStatus(410), { kind: 'missing' });
  const silent = { kind: 'refused', code: null, sentence: null };
  for (const status of [401, 403, 429]) {
    assert.deepEqual(answerOfStatus(status), { ...silent, status });
    for (const text of ['<html>', '[]', '"x"', 'null', '{"code":7,"error":""}', '{"__proto__":{}}']) {
      assert.deepEqual(answerOfStatus(status, text), { ...silent, status }, text);
    }
  }
  const told = answerOfStatus(403, '{"error":"the token ended 5 s ago","code":"expired"}');
  const sentence = 'the token ended 5 s ago';
  assert.deepEqual(told, { kind: 'refused', status: 403, code: 'expired', sentence });
  assert.deepEqual(answerOfStatus(0), { kind: 'failing', status: null });
});

test('each refusal says what it is and what would help', () => {
  const said = (code: string, error = 'because') => {
    const answer = answerOfStatus(403, JSON.stringify({ code, error }));
    return sentence(wordsFor('refused', answer));
  };
  const codes = [
    'token', 'expired', 'revoked', 'too-early', 'other-stream', 'bad-token', 'address', 'country',
    'referer', 'sessions', 'forbidden',
  ];
  const sentences = new Set(codes.map((code) => said(code)));
  assert.equal(sentences.size, codes.length);
  assert.equal(said('expired'), 'Your link has expired: whoever sent it to you may have a new one');
  assert.equal(said('forbidden', 'not paid'), 'You may not watch this stream: not paid');
  assert.match(said('constructor'), /refuses it \(403\); whoever/);
});

test('latency is told to a tenth of a second', () => {
  assert.equal(latencySentence(4.2499), '4.2 s behind live');
  assert.equal(latencySentence(12), '12.0 s behind live');
  assert.equal(latencySentence(null), '');
});

test('trouble is told without the names that programs give it', () => {
  for (const trouble of ['network', 'media', 'codec', 'stuck', 'other'] as const) {
    assert.match(sentenceFor(trouble), /^[A-Z][a-z ,;]+\.$/);
  }
});
