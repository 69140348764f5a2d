// Texts in the language of the page; the server writes them into it.

let texts: Record<string, string> = {};

export function readMessages(root: Document): void {
  texts = JSON.parse(root.getElementById("messages")?.textContent ?? "{}") as Record<string, string>;
}

/** Returns the text of a key, whole or without its `map.`, with its blanks filled; null where there is none. */
export function findText(key: string, values: Record<string, string> = {}): string | null {
  const text = texts[key] ?? texts[`map.${key}`];
  return text === undefined ? null : text.replace(/\{(\w+)\}/g, (blank, name: string) => values[name] ?? blank);
}

export function t(key: string, values: Record<string, string> = {}): string {
  return findText(key, values) ?? key;
}

export function isChinese(root: Document = document): boolean {
  return root.documentElement.lang.startsWith("zh");
}
