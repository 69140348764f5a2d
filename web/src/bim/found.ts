// Sets of elements by feature id: what the list has found, and what nobody builds.

import { type Columns, type ModelSource, fetchJson } from "./scene";

const FOUND_MOST = 50_000;
const PAGE_ROWS = 1000;
const FILTERS = ["q", "filter", "ifc_class", "storey", "status"] as const;
const NOT_BUILT = new Set(["IfcOpeningElement", "IfcOpeningStandardCase", "IfcSpace", "IfcVirtualElement", "IfcGrid", "IfcAnnotation"]);

/** Openings and rooms are shapes too, but nobody builds them: hidden at first, and not counted. */
export function voidsOf({ ifc_class }: Columns): ReadonlySet<number> {
  const voids = new Set<number>();
  ifc_class.index.forEach((index, fid) => {
    if (index !== null && NOT_BUILT.has(ifc_class.names[index] ?? "")) voids.add(fid);
  });
  return voids;
}

/** The elements that the filters in the address find, page by page. */
export async function listFound(source: ModelSource, find: (globalId: string) => number | null): Promise<ReadonlySet<number>> {
  const asked = new URL(location.href).searchParams;
  const filters = Object.fromEntries(FILTERS.map((name) => [name, asked.get(name)]));
  const found = new Set<number>();
  for (let after: number | null = 0; after !== null && found.size < FOUND_MOST; ) {
    const page: { elements: { global_id: string }[]; next: number | null } = await fetchJson(source.address("/elements", { ...filters, after, limit: PAGE_ROWS }));
    for (const { global_id } of page.elements) {
      const fid = find(global_id);
      if (fid !== null) found.add(fid);
    }
    after = page.next;
  }
  return found;
}
