// Elements of a page, by what the page calls them.

/** The element `id`, which the page's HTML has and is a `kind`. */
export function find<T extends Element>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return element;
}

/** Writes `text`, if it is not there already: assistive technology reads what is written anew. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
