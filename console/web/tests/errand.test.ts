import assert from 'node:assert/strict';
import { test } from 'node:test';

import { complaint } from '../api.ts';
import {
  type Errand, errandOf, lookUp, mistakeIn, questionOf, refusalOf, wordsFor,
} from '../errand.ts';
import { takeFragment } from '../ticket.ts';
import { reply } from './server.ts';

const ASKED = ['sign-in', 'setup', 'invitation', 'verify', 'forgot', 'reset'] as const;
const ERRANDS: Errand[] = [...ASKED, 'sign-out'];

test('an address says what somebody comes for', () => {
  const check = (path: string, ticket: string | null, expected: Errand | null) => {
    assert.equal(errandOf(path, ticket, false), expected, `${path} ${ticket}`);
  };
  check('/account', null, 'sign-in');
  check('/account/sign-in', 'x', 'sign-in');
  check('/account/setup', 'x', 'setup');
  check('/account/invitation', 'x', 'invitation');
  check('/account/verify/', 'x', 'verify');
  check('/account/reset', 'x', 'reset');
  check('/account/reset', null, 'forgot');
  for (const step of ['setup', 'invitation', 'verify']) check(`/account/${step}`, null, null);
  check('/account/constructor', 'x', null);
  assert.equal(errandOf('/account', null, true), 'sign-out');
  assert.equal(errandOf('/account/setup', 'x', true), 'setup');
});

test('a ticket is taken out of the address bar', () => {
  const check = (hash: string, expected: string | null) => {
    const shown: string[] = [];
    const history = { replaceState: (_: unknown, __: string, url: string) => shown.push(url) };
    const location = { pathname: '/account/setup', search: '?a=1', hash };
    assert.equal(takeFragment({ location, history }), expected, hash);
    assert.deepEqual(shown, hash.length > 1 ? ['/account/setup?a=1'] : [], hash);
  };
  check('#AbC-_.~9', 'AbC-_.~9');
  check('', null);
  check('#', null);
  check('#a b', null);
  check('#<script>', null);
  check(`#${'x'.repeat(256)}`, 'x'.repeat(256));
  check(`#${'x'.repeat(257)}`, null);
});

test('what is missing is asked for, in the order of the page', () => {
  const good = { name: 'Ann', email: 'ann@example.org', password: 'a few good words' };
  for (const errand of ERRANDS) assert.equal(mistakeIn(errand, good), null, errand);
  const field = (errand: Errand, but: Partial<typeof good>) => {
    return mistakeIn(errand, { ...good, ...but })?.field ?? null;
  };
  assert.equal(field('setup', { name: ' ', email: '', password: '' }), 'name');
  assert.equal(field('setup', { email: 'ann', password: '' }), 'email');
  assert.equal(field('setup', { password: '123456789' }), 'password');
  assert.equal(field('setup', { password: '1234567890' }), null);
  assert.equal(field('reset', { password: '😀'.repeat(9) }), 'password');
  assert.equal(field('sign-in', { password: 'short' }), null);
  assert.equal(field('sign-in', { password: '' }), 'password');
  assert.equal(field('verify', { name: '', email: '', password: '' }), null);
});

test('each errand asks the server for itself', () => {
  const typed = { name: ' Ann ', email: ' ann@example.org ', password: ' a few words ' };
  const [email, name, password, token] = ['ann@example.org', 'Ann', ' a few words ', 'secret'];
  const check = (errand: (typeof ASKED)[number], path: string, body: object) => {
    assert.deepEqual(questionOf(errand, token, typed), { path, body }, errand);
  };
  check('sign-in', 'sessions', { email, password });
  check('setup', 'setup', { token, name, email, password });
  check('invitation', 'invitation', { token, name, password });
  check('verify', 'verify-email', { token });
  check('forgot', 'forgot-password', { email });
  check('reset', 'reset-password', { token, password });
});

test('a link says whom it is for', () => {
  const kinds = ERRANDS.map((errand) => JSON.stringify(lookUp(errand, 'x')?.body ?? null));
  const link = (kind: string) => JSON.stringify({ kind, token: 'x' });
  const [setup, invitation] = [link('setup'), link('invitation')];
  const [verify, reset] = [link('verify-email'), link('reset-password')];
  assert.deepEqual(kinds, ['null', setup, invitation, verify, 'null', reset, 'null']);
  assert.equal(lookUp('reset', null), null);
});

test('each errand has its own words', () => {
  const leads = ERRANDS.map((errand) => wordsFor(errand).lead);
  assert.equal(new Set(leads).size, ERRANDS.length);
  for (const errand of ERRANDS) {
    const { title, button, done } = wordsFor(errand);
    assert.ok(title !== '' && button !== '', errand);
    assert.equal(done.endsWith('.'), errand !== 'sign-out', errand);
  }
  assert.equal(wordsFor(null).button, '');
});

test('a refusal says what helps', () => {
  assert.equal(
    refusalOf('sign-in', reply(401)),
    'No account has this address and this password.',
  );
  for (const status of [401, 404, 410]) {
    assert.match(refusalOf('reset', reply(status)), /^This link is not good any more/);
  }
  const detail = 'the password is among those that are tried first';
  const problem = { title: 'Invalid', detail, code: 'invalid' };
  const said = 'The password is among those that are tried first.';
  assert.equal(refusalOf('setup', reply(422, problem)), said);
});

test('what servers in front say is told as well', () => {
  const check = (status: number | null, retryAfterS: number | null, expected: string) => {
    assert.equal(complaint({ status, said: null, retryAfterS }, 'No.'), expected);
  };
  check(null, null, 'The server does not answer. Try again in a moment.');
  check(429, null, 'That was tried too often. Try again in a minute.');
  check(429, 1, 'That was tried too often. Try again in a second.');
  check(429, 45, 'That was tried too often. Try again in 45 seconds.');
  check(429, 121, 'That was tried too often. Try again in 3 minutes.');
  check(502, null, 'The server cannot do this for now (502). Try again in a moment.');
  check(400, null, 'No.');
});
