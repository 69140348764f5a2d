// What the colours mean: states from the service with its palette, or categories of the model with hues of our own.

import { isChinese, t } from "../messages";
import { type Rgb, hues, parseColour, toText } from "./colours";
import type { Columns, Named, States } from "./scene";
import type { Theme } from "./states";
import { nameOf } from "./tree";
import type { Grouping } from "./tree-rows";

export const THEMES: readonly Theme[] = ["status", "light", "deviation", "plan"];
export const CATEGORIES: readonly Grouping[] = ["storey", "ifc_class", "discipline"];

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

export function isCategory(name: string): name is Grouping {
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
export function fromColumn(column: Named, kind: Grouping, features: number, uncounted: ReadonlySet<number>): Colouring {
  const names = [...column.names, null];
  const index = Array.from({ length: features }, (_, fid) => column.index[fid] ?? names.length - 1);
  const palette: Rgb[] = [...hues(column.names.length), [150, 156, 163]];
  const counts = count(index, features, uncounted);
  const legend = names.map((name, n) => ({
    index: n,
    key: String(name),
    text: name === null ? t(kind === "storey" ? "bim.no_storey" : "bim.of_none") : nameOf(kind, name),
    colour: toText(palette[n] ?? [0, 0, 0]),
    n: counts.get(n) ?? 0,
  }));
  return { palette, index, legend: legend.filter((row) => row.n) };
}

export function columnOf(columns: Columns, kind: Grouping): Named {
  return columns[kind];
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
