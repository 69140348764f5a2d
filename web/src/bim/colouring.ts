// What the colours mean: states from the service with its palette, or categories of the model with hues of our own.

import { isChinese, t } from "../messages";
import { type Rgb, hues, parseColour, toText } from "./colours";
import type { Columns, Named, States } from "./scene";
import type { Theme } from "./states";
import { nameOf } from "./tree";
import type { Grouping } from "./tree-rows";

export const THEMES: readonly Theme[] = ["status", "light", "deviation", "plan"];
export type Category = Grouping | "model";
export const CATEGORIES: readonly Category[] = ["storey", "ifc_class", "discipline", "model"];

export interface LegendRow {
  readonly index: number;
  readonly key: string;
  readonly text: string;
  readonly colour: string;
  readonly n: number;
}

export interface Colouring {
  readonly palette: readonly Rgb[];
  readonly index: ArrayLike<number>;
  readonly legend: readonly LegendRow[];
}

export function isTheme(name: string): name is Theme {
  return (THEMES as readonly string[]).includes(name);
}

export function isCategory(name: string): name is Category {
  return (CATEGORIES as readonly string[]).includes(name);
}

/** Colours as the service states them: palette and one index an element. */
export function fromStates(states: States, features: number, uncounted: ReadonlySet<number>, chinese = isChinese()): Colouring {
  const size = 1 + states.palette.reduce((most, entry) => Math.max(most, entry.index), 0);
  const palette = Array.from({ length: size }, (_, n) => parseColour(states.palette.find((entry) => entry.index === n)?.colour ?? "#808080"));
  const counts = count(states.colour, features, uncounted);
  const legend = states.palette
    .filter((entry) => counts.get(entry.index))
    .map((entry) => ({ index: entry.index, key: entry.key, text: chinese ? entry.title_zh : entry.title_en, colour: entry.colour, n: counts.get(entry.index) ?? 0 }));
  return { palette, index: states.colour, legend };
}

/** Colours of a column: a hue for each of its values, the last one for elements without. */
export function fromColumn(column: Named, kind: Category, features: number, uncounted: ReadonlySet<number>): Colouring {
  const names = [...column.names, null];
  const index = Array.from({ length: features }, (_, fid) => column.index[fid] ?? names.length - 1);
  const palette: Rgb[] = [...hues(column.names.length), [150, 156, 163]];
  const counts = count(index, features, uncounted);
  const legend = names.map((name, n) => ({
    index: n,
    key: String(name),
    text: name === null ? t(kind === "storey" ? "bim.no_storey" : "bim.of_none") : kind === "model" ? name : nameOf(kind, name),
    colour: toText(palette[n] ?? [0, 0, 0]),
    n: counts.get(n) ?? 0,
  }));
  return { palette, index, legend: legend.filter((row) => row.n) };
}

export interface Coloured {
  readonly name: string; // of the model
  readonly features: number;
  readonly columns: Columns;
  readonly uncounted: ReadonlySet<number>;
}

/** The same value has the same colour in every model, whatever the others hold. */
export function fromColumns(models: readonly Coloured[], kind: Category): Colouring[] {
  const namesOf = (model: Coloured) => (kind === "model" ? [model.name] : model.columns[kind].names.filter((name) => name !== null));
  const names = [...new Set(models.flatMap(namesOf))];
  const place = new Map(names.map((name, n) => [name, n]));
  return models.map(({ name, features, columns, uncounted }) => {
    const named: Named = kind === "model" ? { names: [name], index: new Array<number>(features).fill(0) } : columns[kind];
    const index = named.index.map((n) => (n === null ? null : (place.get(named.names[n] ?? "") ?? null)));
    return fromColumn({ names, index }, kind, features, uncounted);
  });
}

/** One legend for several models whose palettes are the same. */
export function sumLegends(colourings: readonly Colouring[]): LegendRow[] {
  const rows = new Map<number, LegendRow>();
  for (const row of colourings.flatMap((colouring) => colouring.legend)) rows.set(row.index, { ...row, n: row.n + (rows.get(row.index)?.n ?? 0) });
  return [...rows.values()].sort((a, b) => a.index - b.index);
}

function count(index: ArrayLike<number>, features: number, uncounted: ReadonlySet<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (let fid = 0; fid < features; fid++) {
    if (uncounted.has(fid)) continue;
    const n = index[fid] ?? 0;
    counts.set(n, (counts.get(n) ?? 0) + 1);
  }
  return counts;
}
