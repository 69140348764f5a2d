// Two revisions side by side in one view: what came, what went, what changed, what was renamed.

import { element } from "../element";
import { t } from "../messages";
import { type Rgb, parseColour } from "./colours";
import type { Colouring } from "./colouring";
import { HIDDEN, SOLID } from "./colours";
import { field, select } from "./controls";
import { ModelScene } from "./model-scene";
import { ModelSource, fetchJson, query } from "./scene";
import { type Viewer, loadTiles, readScene } from "./viewer";

export interface Difference {
  counts: { added: number; removed: number; changed: number; matched: number };
  added: string[];
  removed: string[];
  changed: { global_id: string; what: string[] }[];
  matched: { from: string; to: string; confidence: number }[];
}

export const KINDS = ["added", "removed", "changed", "matched"] as const;
export type Kind = (typeof KINDS)[number];
const LISTED = 500;

export function readDifference(model: number, from: number, to: number): Promise<Difference> {
  return fetchJson(`/api/v1/models/${model}/diff${query({ from, to })}`);
}

/** The kind of each element of the newer revision; what is the same has none. */
export function kindsOf(difference: Difference, find: (globalId: string) => number | null): Map<number, Kind> {
  const kinds = new Map<number, Kind>();
  const mark = (globalId: string, kind: Kind) => {
    const fid = find(globalId);
    if (fid !== null) kinds.set(fid, kind);
  };
  for (const id of difference.added) mark(id, "added");
  for (const { global_id } of difference.changed) mark(global_id, "changed");
  for (const { to } of difference.matched) mark(to, "matched");
  return kinds;
}

/** The colours of a comparison stand once, in the style sheet. */
function colourOf(kind: Kind | "same"): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${kind}`).trim();
}

/** Paints what differs and adds what is gone; `paint` colours the newer revision. */
export async function compare(viewer: Viewer, from: number, to: number, paint: (colouring: Colouring) => void): Promise<{ difference: Difference; kinds: Map<number, Kind> }> {
  const difference = await readDifference(viewer.scene.source.model, from, to);
  const kinds = kindsOf(difference, (id) => viewer.find(id));
  const order = ["same", ...KINDS] as const;
  const palette: Rgb[] = order.map((kind) => parseColour(colourOf(kind)));
  const features = viewer.scene.document.features;
  const index = Uint8Array.from({ length: features }, (_, fid) => order.indexOf(kinds.get(fid) ?? "same"));
  const legend = order
    .map((kind, n) => ({ index: n, key: kind, text: t(`bim.compare_${kind}`), colour: colourOf(kind), n: kind === "same" ? features - kinds.size : difference.counts[kind] }))
    .filter((row) => row.n);
  viewer.model.visibility.faint = (fid) => !kinds.has(fid);
  paint({ palette, index, legend });
  if (difference.removed.length) await addRemoved(viewer, from, difference.removed);
  return { difference, kinds };
}

/** Shows of the older revision what the newer one no longer has. */
async function addRemoved(viewer: Viewer, from: number, removed: string[]): Promise<void> {
  const scene = await readScene(new ModelSource(viewer.scene.source.model, from));
  const model = new ModelScene(scene.document, 2, [0, 0, 0]);
  const gone = new Set(removed);
  const wanted = (fid: number) => gone.has(scene.columns.global_id[fid] ?? "");
  model.colours.paint([parseColour(colourOf("removed"))], new Uint8Array(scene.document.features));
  model.colours.show((fid) => (wanted(fid) ? SOLID : HIDDEN));
  viewer.layer.add(model);
  await loadTiles(scene.source, model, scene.document.tiles, () => viewer.layer.repaint());
}

/** The list twin of the colours: every difference with its kind, to open by keyboard. */
export function listDifferences(difference: Difference, names: (globalId: string) => string, open: (globalId: string) => void): HTMLElement {
  const entries: [Kind, string, string][] = [
    ...difference.added.map((id): [Kind, string, string] => ["added", id, ""]),
    ...difference.changed.map(({ global_id, what }): [Kind, string, string] => ["changed", global_id, what.map((each) => t(`bim.what_${each}`)).join(" · ")]),
    ...difference.matched.map(({ from, to }): [Kind, string, string] => ["matched", to, from]),
    ...difference.removed.map((id): [Kind, string, string] => ["removed", id, ""]),
  ];
  const rows = entries.slice(0, LISTED).map(([kind, id, note]) => {
    const button = element("button", { type: "button", className: "difference" }, [
      element("span", { className: `badge badge-${kind}`, textContent: t(`bim.compare_${kind}`) }),
      element("span", { className: "tree-label", textContent: names(id) }),
      element("span", { className: "muted", textContent: note }),
    ]);
    button.addEventListener("click", () => open(id));
    return element("li", {}, [button]);
  });
  const more = entries.length > LISTED ? [element("p", { className: "muted empty", textContent: t("bim.more_differences", { n: String(entries.length - LISTED) }) })] : [];
  const counts = KINDS.map((kind) => `${t(`bim.compare_${kind}`)} ${difference.counts[kind].toLocaleString("en")}`).join(" · ");
  return element("section", { className: "differences", id: "differences" }, [element("p", { className: "count", textContent: counts }), element("ol", {}, rows), ...more]);
}

/** Lets the reader choose the revision to compare the shown one with. */
export function comparePicker(revisions: readonly number[], shown: number, from: number | null, choose: (from: number | null) => void): HTMLElement {
  const others = revisions.filter((number) => number !== shown).reverse();
  const picker = select([["", t("bim.no_compare")], ...others.map((number): [string, string] => [String(number), t("bim.revision_n", { n: String(number) })])], from === null ? "" : String(from));
  picker.addEventListener("change", () => choose(Number(picker.value) || null));
  return field(t("bim.compare"), picker);
}

/** Lets the reader go to another revision. */
export function revisionPicker(revisions: readonly number[], shown: number, choose: (revision: number) => void): HTMLElement {
  const picker = select([...revisions].reverse().map((number): [string, string] => [String(number), t("bim.revision_n", { n: String(number) })]), String(shown));
  picker.addEventListener("change", () => choose(Number(picker.value)));
  return field(t("bim.revision"), picker);
}
