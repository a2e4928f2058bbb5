// The page on which a user types the code that a device shows, and says whose device it is.

import { ask, isGood } from './api.ts';
import { readCode } from './code.ts';
import { find, write } from './dom.ts';
import { mistakeIn, refusalOf as signInRefusal } from './errand.ts';
import { type Waiting, approval, denial, lookUp, refusalOf, waitingOf } from './pairing.ts';
import { Session } from './session.ts';
import { takeFragment } from './ticket.ts';

const title = find('title', HTMLElement);
const lead = find('lead', HTMLElement);
const forms = {
  'sign-in': find('sign-in', HTMLFormElement),
  'ask-code': find('ask-code', HTMLFormElement),
  confirm: find('confirm', HTMLFormElement),
};
const email = find('email', HTMLInputElement);
const password = find('password', HTMLInputElement);
const typed = find('code', HTMLInputElement);
const stream = find('stream', HTMLInputElement);

const LEADS = {
  'sign-in': 'Sign in first: the device will be yours.',
  'ask-code': 'Type the code that your device shows.',
  confirm: 'Allow it only if you have this device in front of you, and it shows this very code.',
};

const session = new Session(ask, sessionStorage);
let code = codeOfAddress();
let device: Waiting | null = null;
let isBusy = false;

typed.value = code ?? '';
on(forms['sign-in'], signIn);
on(forms['ask-code'], look);
on(forms.confirm, allow);
find('deny', HTMLButtonElement).addEventListener('click', () => void once(forms.confirm, deny));
addEventListener('hashchange', () => location.reload());
next();

/** Goes to the first thing that is not known yet. */
function next(): void {
  if (!session.isSignedIn) show('sign-in');
  else if (device === null) show('ask-code');
  else show('confirm');
}

function show(step: keyof typeof forms): void {
  for (const [name, form] of Object.entries(forms)) form.hidden = name !== step;
  write(lead, LEADS[step]);
  const first = forms[step].querySelector('input:not([hidden])');
  if (step === 'confirm') title.focus();
  else if (first instanceof HTMLInputElement) first.focus();
}

async function signIn(): Promise<string> {
  const mistake = mistakeIn('sign-in', { name: '', email: email.value, password: password.value });
  if (mistake !== null) return mistake.sentence;
  const reply = await session.signIn(email.value.trim(), password.value);
  if (!isGood(reply)) return signInRefusal('sign-in', reply);
  password.value = '';
  if (!session.isSignedIn) return 'The server’s answer was not understood.';
  next();
  return '';
}

async function look(): Promise<string> {
  code = readCode(typed.value);
  if (code === null) return 'A code has eight letters, as in BCDF-GHJK.';
  const reply = await session.askAs(lookUp(code));
  if (reply.status === 401) return signInAgain();
  if (!isGood(reply)) return refusalOf(reply);
  device = waitingOf(reply.said);
  write(find('shown', HTMLElement), code);
  write(find('kind', HTMLElement), device.kind);
  write(find('called', HTMLElement), device.name);
  write(find('model', HTMLElement), device.model);
  find('stream-field', HTMLElement).hidden = !device.isEncoder;
  next();
  return '';
}

async function allow(): Promise<string> {
  if (code === null || device === null) return '';
  const question = approval(code, device, stream.value);
  if (question === null) {
    stream.focus();
    return 'Type the stream that it will publish, as in live/cam.';
  }
  const reply = await session.askAs(question);
  if (reply.status === 401) return signInAgain();
  if (!isGood(reply)) return refusalOf(reply);
  end('It is yours', 'The device goes on by itself within a few seconds.');
  return '';
}

async function deny(): Promise<string> {
  if (code === null) return '';
  const reply = await session.askAs(denial(code));
  if (reply.status === 401) return signInAgain();
  if (!isGood(reply)) return refusalOf(reply);
  end('It was denied', 'The device gets nothing, and says so.');
  return '';
}

function signInAgain(): string {
  next();
  return '';
}

function end(headline: string, detail: string): void {
  for (const form of Object.values(forms)) form.hidden = true;
  find('more', HTMLElement).hidden = false;
  write(title, headline);
  write(lead, detail);
  title.focus();
}

/** Does what a form is for, one at a time, and says in it what went wrong. */
async function once(form: HTMLFormElement, act: () => Promise<string>): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  form.ariaBusy = 'true';
  const wrong = form.querySelector('[role="alert"]');
  if (wrong !== null) write(wrong, '');
  const sentence = await act();
  if (wrong !== null) write(wrong, sentence);
  form.ariaBusy = 'false';
  isBusy = false;
}

function on(form: HTMLFormElement, act: () => Promise<string>): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void once(form, act);
  });
}

/** The code that a picture to scan brought along. It is typed in, and nothing more. */
function codeOfAddress(): string | null {
  const given = takeFragment(window) ?? new URLSearchParams(location.search).get('code');
  if (location.search !== '') history.replaceState(null, '', location.pathname);
  return readCode(given ?? '');
}
