// The account's page: what its address asks for, and what the server says to it.

import { streamOfPath, watchPath } from './address.ts';
import { ask, isGood } from './api.ts';
import { find, write } from './dom.ts';
import {
  type Errand,
  type Field,
  PASSWORD_HINT,
  choosesPassword,
  errandOf,
  fieldsOf,
  lookUp,
  mistakeIn,
  questionOf,
  refusalOf,
  wordsFor,
} from './errand.ts';
import { textOf } from './json.ts';
import { Session } from './session.ts';
import { takeFragment } from './ticket.ts';

const title = find('title', HTMLElement);
const lead = find('lead', HTMLElement);
const form = find('form', HTMLFormElement);
const submit = find('submit', HTMLButtonElement);
const whom = find('whom', HTMLElement);
const wrong = find('wrong', HTMLElement);
const more = find('more', HTMLElement);
const link = find('link', HTMLAnchorElement);
const inputs: Record<Field, HTMLInputElement> = {
  name: find('name', HTMLInputElement),
  email: find('email', HTMLInputElement),
  password: find('password', HTMLInputElement),
};

/** Where somebody came from to sign in: a watch page, or nowhere. */
const wayBack = streamOfPath(new URLSearchParams(location.search).get('to') ?? '');
const session = new Session(ask, sessionStorage);
const ticket = takeFragment(window);
const errand = errandOf(location.pathname, ticket, session.isSignedIn);
show(errand);
// A link that is opened while its page is open loads nothing by itself.
addEventListener('hashchange', () => location.reload());

function show(wanted: Errand | null): void {
  const words = wordsFor(wanted);
  document.title = `${words.title} · Weir`;
  write(title, words.title);
  write(lead, words.lead);
  if (wanted === null) return;
  const fields = fieldsOf(wanted);
  for (const [field, input] of Object.entries(inputs) as [Field, HTMLInputElement][]) {
    const box = input.closest('.field');
    if (box instanceof HTMLElement) box.hidden = !fields.includes(field);
    input.addEventListener('input', () => {
      input.ariaInvalid = 'false';
    });
  }
  const isNew = choosesPassword(wanted);
  inputs.password.autocomplete = isNew ? 'new-password' : 'current-password';
  write(find('hint', HTMLElement), isNew ? PASSWORD_HINT : '');
  write(submit, words.button);
  form.hidden = false;
  if (wanted === 'sign-in') leadTo('/account/reset', 'I do not know my password any more');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void run(wanted);
  });
  void tellWhom(wanted);
}

/** Says whom a link is for; a browser that keeps passwords reads it, too. */
async function tellWhom(wanted: Errand): Promise<void> {
  const question = lookUp(wanted, ticket);
  if (question === null) return;
  const reply = await ask(question);
  const email = textOf(reply.said, 'email');
  if (reply.status === 401) complain(refusalOf(wanted, reply));
  if (!isGood(reply) || email === null) return;
  if (inputs.email.value === '') inputs.email.value = email;
  write(whom, `For ${email}`);
  const name = textOf(reply.said, 'name');
  if (inputs.name.value === '' && name !== null) inputs.name.value = name;
}

async function run(wanted: Errand): Promise<void> {
  if (submit.disabled) return;
  const typed = {
    name: inputs.name.value,
    email: inputs.email.value,
    password: inputs.password.value,
  };
  const mistake = mistakeIn(wanted, typed);
  if (mistake !== null) {
    complain(mistake.sentence);
    inputs[mistake.field].ariaInvalid = 'true';
    inputs[mistake.field].focus();
    return;
  }
  complain('');
  submit.disabled = true;
  if (wanted === 'sign-out') {
    await session.signOut();
    location.replace('/account/sign-in');
    return;
  }
  const reply = await ask(questionOf(wanted, ticket, typed));
  submit.disabled = false;
  if (!isGood(reply)) {
    complain(refusalOf(wanted, reply));
    return;
  }
  session.keep(reply.said);
  if (wanted === 'sign-in' && wayBack !== null) {
    location.replace(watchPath(wayBack));
    return;
  }
  inputs.password.value = '';
  form.hidden = true;
  write(whom, '');
  write(lead, wordsFor(wanted).done);
  title.focus();
  if (session.isSignedIn) leadTo('/pair', 'Pair a device');
  else if (wanted === 'forgot' || wanted === 'verify') more.hidden = true;
  else leadTo('/account/sign-in', 'Sign in');
}

function complain(sentence: string): void {
  write(wrong, sentence);
}

function leadTo(path: string, text: string): void {
  link.href = path;
  write(link, text);
  more.hidden = false;
}
