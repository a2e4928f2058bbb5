// What a server says in JSON, which may be anything.

/** The value that `text` writes; `null` if it is no JSON. */
export function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The text that `value` has by the name `key`, if it has one. */
export function textOf(value: unknown, key: string): string | null {
  const found = fieldOf(value, key);
  return typeof found === 'string' && found !== '' ? found : null;
}

/** The number that `value` has by the name `key`, if it has one. */
export function numberOf(value: unknown, key: string): number | null {
  const found = fieldOf(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}
