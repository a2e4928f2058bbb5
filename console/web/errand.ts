// What people come to the account's page for: what it asks them, and what it asks the server.

import { type Question, type Reply, complaint } from './api.ts';

/** What somebody comes for. */
export type Errand =
  | 'sign-in'
  | 'sign-out'
  | 'setup'
  | 'invitation'
  | 'verify'
  | 'forgot'
  | 'reset';

/** What somebody types. */
export interface Typed {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

export type Field = keyof Typed;

/** What is wrong with what somebody typed. */
export interface Mistake {
  readonly field: Field;
  readonly sentence: string;
}

/** What the page says of an errand, before and after. */
export interface Words {
  readonly title: string;
  readonly lead: string;
  readonly button: string;
  readonly done: string;
}

/** The server's own limits: see auth-service. */
const PASSWORD_CHARACTERS_MIN = 10;

/** Errands that only a link leads to. */
const BY_LINK: readonly string[] = ['setup', 'invitation', 'verify'];

/** The errand that an address is for; `null` if its link is not whole. */
export function errandOf(
  path: string,
  ticket: string | null,
  isSignedIn: boolean,
): Errand | null {
  const step = path.replace(/^\/account\/?/, '').replace(/\/$/, '');
  if (step === '' || step === 'sign-in') return isSignedIn ? 'sign-out' : 'sign-in';
  if (step === 'reset') return ticket === null ? 'forgot' : 'reset';
  return BY_LINK.includes(step) && ticket !== null ? (step as Errand) : null;
}

/** What an errand asks for, in this order. */
export function fieldsOf(errand: Errand): readonly Field[] {
  switch (errand) {
    case 'sign-in':
      return ['email', 'password'];
    case 'setup':
      return ['name', 'email', 'password'];
    case 'invitation':
      return ['name', 'password'];
    case 'forgot':
      return ['email'];
    case 'reset':
      return ['password'];
    case 'verify':
    case 'sign-out':
      return [];
  }
}

/** Asks whom a link is for, so that the page can say so. */
export function lookUp(errand: Errand, ticket: string | null): Question | null {
  const kind = KINDS[errand];
  return kind === undefined || ticket === null ? null : { path: 'link', body: { kind, token: ticket } };
}

/** What the server calls links: see accounts::TicketKind. */
const KINDS: Partial<Record<Errand, string>> = {
  setup: 'setup',
  invitation: 'invitation',
  verify: 'verify-email',
  reset: 'reset-password',
};

/** Whether a password is chosen, not known. */
export function choosesPassword(errand: Errand): boolean {
  return errand !== 'sign-in' && fieldsOf(errand).includes('password');
}

/** The first thing that is wrong with what somebody typed. */
export function mistakeIn(errand: Errand, typed: Typed): Mistake | null {
  for (const field of fieldsOf(errand)) {
    const sentence = wrong(errand, field, typed[field]);
    if (sentence !== null) return { field, sentence };
  }
  return null;
}

function wrong(errand: Errand, field: Field, text: string): string | null {
  switch (field) {
    case 'name':
      return text.trim() === '' ? 'Type your name.' : null;
    case 'email':
      return /^\S+@\S+$/.test(text.trim()) ? null : 'Type an e-mail address, as in a@example.org.';
    case 'password': {
      if (text === '') return 'Type a password.';
      const isShort = [...text].length < PASSWORD_CHARACTERS_MIN;
      return choosesPassword(errand) && isShort ? tooShort() : null;
    }
  }
}

function tooShort(): string {
  return `A password has ${PASSWORD_CHARACTERS_MIN} characters at least.`;
}

/** What is said of passwords that are chosen. */
export const PASSWORD_HINT =
  `${PASSWORD_CHARACTERS_MIN} characters at least; a few words that nobody would guess are best.`;

/** What the server is asked. */
export function questionOf(
  errand: Exclude<Errand, 'sign-out'>,
  ticket: string | null,
  typed: Typed,
): Question {
  const { password } = typed;
  const [name, email, token] = [typed.name.trim(), typed.email.trim(), ticket];
  switch (errand) {
    case 'sign-in':
      return { path: 'sessions', body: { email, password } };
    case 'setup':
      return { path: 'setup', body: { token, name, email, password } };
    case 'invitation':
      return { path: 'invitation', body: { token, name, password } };
    case 'verify':
      return { path: 'verify-email', body: { token } };
    case 'forgot':
      return { path: 'forgot-password', body: { email } };
    case 'reset':
      return { path: 'reset-password', body: { token, password } };
  }
}

/** Says why the server did not do it. */
export function refusalOf(errand: Errand, reply: Reply): string {
  const { status } = reply;
  if (errand === 'sign-in' && status === 401) {
    return 'No account has this address and this password.';
  }
  const isVoid = status === 401 || status === 404 || status === 410;
  if (isVoid && errand !== 'forgot') return VOID;
  return complaint(reply, 'The server does not take this.');
}

const VOID = 'This link is not good any more: it was used, or it is too old. Ask for another one.';

/** What the page says of an errand. */
export function wordsFor(errand: Errand | null): Words {
  switch (errand) {
    case null:
      return words('This link is not whole', 'Open it from the letter again, or copy all of it.');
    case 'sign-in':
      return words('Sign in', '', 'Sign in', 'You are signed in, for as long as this tab is open.');
    case 'sign-out':
      return words(
        'You are signed in',
        'In this tab, until you close it or sign out.',
        'Sign out',
      );
    case 'setup':
      return words(
        'Set up this server',
        'You will be the owner: who may do everything here, and ask others to come.',
        'Be the owner',
        'The server is yours. Sign in with what you have just chosen.',
      );
    case 'invitation':
      return words(
        'Welcome',
        'Somebody asked you to come to this broadcast server. Choose how you come in.',
        'Come in',
        'You have an account. Sign in with the password that you have just chosen.',
      );
    case 'verify':
      return words(
        'Is this your address?',
        'Say so once, and letters of this server will reach you.',
        'Yes, it is mine',
        'Your e-mail address is confirmed. You may close this page.',
      );
    case 'forgot':
      return words(
        'Choose another password',
        'Type your address. If somebody has an account with it, a letter goes there.',
        'Send the letter',
        'If somebody has an account with this address, a letter is on its way to it.',
      );
    case 'reset':
      return words(
        'Choose another password',
        'Whoever is signed in with the one before is signed out.',
        'Choose it',
        'Your password is another one now. Sign in with it.',
      );
  }
}

function words(title: string, lead: string, button = '', done = ''): Words {
  return { title, lead, button, done };
}
