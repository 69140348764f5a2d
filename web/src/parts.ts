// Single parts of the page, rendered by the server and put in place of the old ones.

export type Part = "list" | "card" | "overlap" | "sketch" | "elements" | "element" | "figures";

export async function loadPart(url: URL, part: Part): Promise<DocumentFragment> {
  const address = new URL(url);
  address.hash = "";
  address.searchParams.set("part", part);
  const response = await fetch(address, { cache: "no-cache", headers: { Accept: "text/html" } });
  if (response.redirected) location.assign(response.url); // the session has ended: to the page that says so
  if (!response.ok || response.redirected) throw new Error(`${response.status}`);
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return template.content;
}

/** Puts every element of the fragment in place of the one with the same id; keeps scroll place and focus. */
export function putInPlace(html: DocumentFragment): void {
  for (const next of [...html.children]) {
    const old = document.getElementById(next.id);
    if (!old) continue;
    const scrolled = old.scrollTop;
    const focused = old.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    old.replaceWith(next);
    next.scrollTop = scrolled;
    if (focused) next.querySelector<HTMLElement>(focused)?.focus({ preventScroll: true });
  }
}

/** A selector that finds the same control again after its surroundings were rendered anew. */
function keyOf(element: Element | null): string | null {
  const code = element?.closest<HTMLElement>("[data-code]")?.dataset.code;
  if (code && element?.matches("a.project")) return `[data-code="${CSS.escape(code)}"] a.project`;
  const id = element?.closest<HTMLElement>("[data-element]")?.dataset.element;
  if (id && element?.matches("a.element")) return `[data-element="${CSS.escape(id)}"] a.element`;
  const action = element?.getAttribute("data-action");
  if (action) return `[data-action="${CSS.escape(action)}"]`;
  const light = element?.getAttribute("data-light");
  return light ? `[data-light="${CSS.escape(light)}"]` : null;
}
