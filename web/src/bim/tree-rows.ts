// The structure of a model as rows: groups within groups, elements in the innermost, of which only a window is drawn.

import type { Columns, Named } from "./scene";

export type Grouping = "storey" | "ifc_class" | "discipline";

export interface Branch {
  readonly id: string;
  readonly label: string | null; // null: of none
  readonly kind: Grouping;
  readonly fids: number[];
  readonly branches: Branch[];
}

export interface Row {
  readonly level: number; // from 1
  readonly branch: Branch | null;
  readonly fid: number | null;
  readonly position: number; // from 1, among its siblings
  readonly siblings: number;
}

const SECOND: Record<Grouping, Grouping> = { storey: "ifc_class", ifc_class: "storey", discipline: "ifc_class" };

/** Groups all elements by one column and within by another; `order` says in which order storeys stand. */
export function makeBranches(columns: Columns, by: Grouping, order: readonly string[]): Branch[] {
  const all = columns.global_id.map((_, fid) => fid);
  return split(columns[by], by, all, "", order).map((branch) => ({
    ...branch,
    branches: split(columns[SECOND[by]], SECOND[by], branch.fids, `${branch.id}/`, order),
  }));
}

function split(column: Named, kind: Grouping, fids: readonly number[], prefix: string, order: readonly string[]): Branch[] {
  const found = new Map<number, number[]>();
  for (const fid of fids) {
    const index = column.index[fid] ?? -1;
    const own = found.get(index);
    if (own) own.push(fid);
    else found.set(index, [fid]);
  }
  const branches = [...found].map(([index, own]): Branch => ({ id: `${prefix}${index}`, label: column.names[index] ?? null, kind, fids: own, branches: [] }));
  const rank = (label: string | null) => (label === null ? Infinity : order.includes(label) ? order.indexOf(label) : order.length);
  return branches.sort((a, b) => rank(a.label) - rank(b.label) || String(a.label).localeCompare(String(b.label), "zh"));
}

/** The rows that show: every root, and what is below the open ones. */
export function visibleRows(branches: readonly Branch[], open: ReadonlySet<string>, level = 1): Row[] {
  const rows: Row[] = [];
  branches.forEach((branch, n) => {
    rows.push({ level, branch, fid: null, position: n + 1, siblings: branches.length });
    if (!open.has(branch.id)) return;
    if (branch.branches.length) {
      for (const row of visibleRows(branch.branches, open, level + 1)) rows.push(row);
      return;
    }
    branch.fids.forEach((fid, place) => rows.push({ level: level + 1, branch: null, fid, position: place + 1, siblings: branch.fids.length }));
  });
  return rows;
}

/** The branches that must be open for an element to show, outermost first. */
export function pathTo(branches: readonly Branch[], fid: number): Branch[] {
  for (const branch of branches) {
    if (!branch.fids.includes(fid)) continue;
    return [branch, ...pathTo(branch.branches, fid)];
  }
  return [];
}
