// The address of the page is its state: filters, the chosen project and the colouring, ids only.

const FILTERS = ["light", "stage", "purpose", "q"] as const;

export function chosenCode(url: URL): string | null {
  return url.searchParams.get("sel");
}

export function withChosen(url: URL, code: string | null): URL {
  return withParameter(url, "sel", code);
}

export function withParameter(url: URL, name: string, value: string | null): URL {
  const next = new URL(url);
  if (value) next.searchParams.set(name, value);
  else next.searchParams.delete(name);
  return next;
}

export function isFiltered(url: URL): boolean {
  return FILTERS.some((name) => url.searchParams.get(name));
}

export function sameFilters(a: URL, b: URL): boolean {
  return FILTERS.every((name) => (a.searchParams.get(name) ?? "") === (b.searchParams.get(name) ?? ""));
}

/** Address that a submitted filter form stands for; empty fields are left out, the camera in the hash is kept. */
export function fromForm(form: FormData, current: URL): URL {
  const next = new URL(current.pathname, current);
  for (const [name, value] of form) {
    if (typeof value === "string" && value.trim()) next.searchParams.set(name, value.trim());
  }
  next.hash = current.hash;
  return next;
}

export type Box = [west: number, south: number, east: number, north: number];

export function parseBox(text: string | undefined): Box | null {
  const numbers = (text ?? "").split(",").map(Number);
  return numbers.length === 4 && numbers.every(Number.isFinite) ? (numbers as Box) : null;
}

export function around(boxes: Box[]): Box | null {
  if (!boxes.length) return null;
  return [
    Math.min(...boxes.map((b) => b[0])),
    Math.min(...boxes.map((b) => b[1])),
    Math.max(...boxes.map((b) => b[2])),
    Math.max(...boxes.map((b) => b[3])),
  ];
}
