// The start page: takes a stream's name and goes to its watch page.

import { streamOfText, watchPath } from './address.ts';
import { find } from './dom.ts';

const form = find('watch', HTMLFormElement);
const name = find('name', HTMLInputElement);
const hint = find('hint', HTMLParagraphElement);

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const address = streamOfText(name.value);
  if (address !== null) {
    location.assign(watchPath(address));
    return;
  }
  const named = name.value.trim() !== '';
  hint.textContent = named
    ? 'That names no stream: use letters, digits, “-”, “_” and “.”, as in live/cam.'
    : 'Type the name of a stream first, as in live/cam.';
  hint.classList.add('wrong');
  name.setAttribute('aria-invalid', 'true');
  name.focus();
});

name.addEventListener('input', () => {
  name.removeAttribute('aria-invalid');
  hint.classList.remove('wrong');
});
