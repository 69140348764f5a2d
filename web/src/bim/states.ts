// States by feature id: one byte each once the palette is known. Unchanged ones answer 304 and cost no work.

import { type ModelSource, type PaletteEntry, type States, AnswerError, fetchJson, problemOf } from "./scene";

export type Theme = "status" | "light" | "deviation" | "plan";

export class StateReader {
  #palettes = new Map<string, PaletteEntry[]>();
  #kept = new Map<string, { tag: string; states: States }>();

  constructor(readonly source: ModelSource) {}

  /** The states of a theme as known for a day, or now; the same object again while nothing has changed. */
  async read(theme: Theme, day: string | null): Promise<States> {
    const palette = this.#palettes.get(theme);
    return palette ? this.#readBytes(theme, day, palette) : this.#readWhole(theme, day);
  }

  async #readWhole(theme: Theme, day: string | null): Promise<States> {
    const states = await fetchJson<States>(this.source.address("/states", { theme, datetime: day }));
    this.#palettes.set(theme, states.palette);
    return states;
  }

  async #readBytes(theme: Theme, day: string | null, palette: PaletteEntry[]): Promise<States> {
    const address = this.source.address("/states", { theme, datetime: day, f: "bin" });
    const response = await fetch(address, { cache: "no-cache" });
    if (!response.ok) throw new AnswerError(response.status, await problemOf(response));
    const tag = response.headers.get("ETag") ?? "";
    const kept = this.#kept.get(address);
    if (kept && tag && kept.tag === tag) return kept.states;
    const colour = new Uint8Array(await response.arrayBuffer());
    const states = { revision: this.source.revision ?? 0, as_of: day ?? "", theme, palette, colour };
    this.#kept.set(address, { tag, states });
    return states;
  }
}

/** Whether two answers colour every element the same. */
export function sameStates(a: States, b: States): boolean {
  if (a === b) return true;
  if (a.colour.length !== b.colour.length) return false;
  for (let fid = 0; fid < a.colour.length; fid++) if (a.colour[fid] !== b.colour[fid]) return false;
  return true;
}
