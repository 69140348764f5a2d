// The structure of the model: a tree of which only the rows in view are drawn, so that 100,000 elements cost nothing.

import { element } from "../element";
import { findText, t } from "../messages";
import type { Columns } from "./scene";
import { type Branch, type Grouping, type Row, makeBranches, pathTo, visibleRows } from "./tree-rows";

const ROW_PX = 28;
const SPARE_ROWS = 6;

export interface TreeUser {
  choose(fid: number): void;
  toggle(fids: readonly number[], shown: boolean): void;
  isolate(fids: readonly number[] | null): void;
  isShown(fid: number): boolean;
}

export class Tree {
  #branches: Branch[] = [];
  #open = new Set<string>();
  #rows: Row[] = [];
  #at = 0;
  #chosen: number | null = null;
  #isolated: string | null = null;
  #box: HTMLElement;
  #room: HTMLElement;
  #badges = new Map<number, string>();

  constructor(
    readonly columns: Columns,
    readonly storeys: readonly string[],
    readonly user: TreeUser,
  ) {
    this.#room = element("div", { className: "tree-room" });
    this.#box = element("div", { className: "tree", tabIndex: 0, role: "tree" }, [this.#room]);
    this.#box.setAttribute("aria-label", t("bim.tree"));
    this.#box.addEventListener("scroll", () => this.#draw());
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("click", (event) => this.#onClick(event));
    new ResizeObserver(() => this.#draw()).observe(this.#box);
  }

  mount(place: HTMLElement): void {
    const groupings: Grouping[] = ["storey", "ifc_class", "discipline"];
    const picker = element("select", { className: "grouping" }, groupings.map((by) => element("option", { value: by, textContent: t(`bim.by_${by}`) })));
    picker.setAttribute("aria-label", t("bim.group_by"));
    picker.addEventListener("change", () => this.group(picker.value as Grouping));
    place.replaceChildren(element("div", { className: "tree-head" }, [picker]), this.#box);
    this.group("storey");
  }

  group(by: Grouping): void {
    this.#branches = makeBranches(this.columns, by, this.storeys);
    this.#open.clear();
    this.#at = 0;
    this.#renew();
  }

  /** Opens the branches above an element, brings its row into view and marks it. */
  choose(fid: number | null): void {
    this.#chosen = fid;
    if (fid !== null) {
      for (const branch of pathTo(this.#branches, fid)) this.#open.add(branch.id);
      this.#rows = visibleRows(this.#branches, this.#open);
      this.#go(this.#rows.findIndex((row) => row.fid === fid));
    }
    this.#renew();
  }

  /** Puts a word behind elements, such as what a comparison found. */
  badge(badges: Map<number, string>): void {
    this.#badges = badges;
    this.#draw();
  }

  renew(): void {
    this.#draw();
  }

  #renew(): void {
    this.#rows = visibleRows(this.#branches, this.#open);
    this.#at = Math.min(this.#at, Math.max(0, this.#rows.length - 1));
    this.#room.style.height = `${this.#rows.length * ROW_PX}px`;
    this.#draw();
  }

  #draw(): void {
    const first = Math.max(0, Math.floor(this.#box.scrollTop / ROW_PX) - SPARE_ROWS);
    const last = Math.min(this.#rows.length, Math.ceil((this.#box.scrollTop + this.#box.clientHeight) / ROW_PX) + SPARE_ROWS);
    const drawn: HTMLElement[] = [];
    for (let n = first; n < last; n++) {
      const row = this.#rows[n];
      if (row) drawn.push(this.#drawRow(row, n));
    }
    this.#room.replaceChildren(...drawn);
    if (this.#rows[this.#at]) this.#box.setAttribute("aria-activedescendant", `row-${this.#at}`);
  }

  #drawRow(row: Row, n: number): HTMLElement {
    const { branch, fid } = row;
    const made = element("div", { className: "tree-row", id: `row-${n}`, role: "treeitem" });
    made.dataset.n = String(n);
    made.style.top = `${n * ROW_PX}px`;
    made.style.paddingLeft = `${8 + (row.level - 1) * 16}px`;
    made.setAttribute("aria-level", String(row.level));
    made.setAttribute("aria-posinset", String(row.position));
    made.setAttribute("aria-setsize", String(row.siblings));
    if (n === this.#at) made.classList.add("at");
    made.setAttribute("aria-selected", String(fid !== null && fid === this.#chosen));
    made.append(this.#eye(row));
    if (branch) {
      const open = this.#open.has(branch.id);
      made.setAttribute("aria-expanded", String(open));
      made.append(element("span", { className: "twist", textContent: open ? "▾" : "▸" }), element("span", { className: "tree-label", textContent: labelOf(branch) }));
      made.append(element("span", { className: "muted", textContent: branch.fids.length.toLocaleString("en") }));
      if (this.#isolated === branch.id) made.classList.add("isolated");
    } else if (fid !== null) {
      made.append(element("span", { className: "tree-label", textContent: this.columns.name[fid] ?? this.columns.global_id[fid] ?? "" }));
      const badge = this.#badges.get(fid);
      if (badge) made.append(element("span", { className: `badge badge-${badge}`, textContent: t(`bim.compare_${badge}`) }));
    }
    return made;
  }

  #eye(row: Row): HTMLElement {
    const fids = fidsOf(row);
    const shown = fids.reduce((sum, fid) => sum + Number(this.user.isShown(fid)), 0);
    const box = element("input", { type: "checkbox", checked: shown > 0, indeterminate: shown > 0 && shown < fids.length, tabIndex: -1, title: t("bim.visible") });
    box.setAttribute("aria-label", t("bim.visible"));
    return box;
  }

  #onClick(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const n = Number(target?.closest<HTMLElement>(".tree-row")?.dataset.n ?? Number.NaN);
    const row = this.#rows[n];
    if (!row) return;
    this.#at = n;
    if (target instanceof HTMLInputElement) this.#toggle(row, target.checked);
    else if (row.branch) this.#twist(row.branch);
    else this.user.choose(row.fid ?? 0);
  }

  #twist(branch: Branch, open = !this.#open.has(branch.id)): void {
    if (open) this.#open.add(branch.id);
    else this.#open.delete(branch.id);
    this.#renew();
  }

  #toggle(row: Row, shown: boolean): void {
    this.user.toggle(fidsOf(row), shown);
    this.#draw();
  }

  #onKey(event: KeyboardEvent): void {
    const row = this.#rows[this.#at];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, () => void> = {
      ArrowDown: () => this.#go(this.#at + 1),
      ArrowUp: () => this.#go(this.#at - 1),
      Home: () => this.#go(0),
      End: () => this.#go(this.#rows.length - 1),
      ArrowRight: () => (row.branch && !this.#open.has(row.branch.id) ? this.#twist(row.branch, true) : this.#go(this.#at + 1)),
      ArrowLeft: () => (row.branch && this.#open.has(row.branch.id) ? this.#twist(row.branch, false) : this.#goUp(row)),
      Enter: () => (row.branch ? this.#twist(row.branch) : this.user.choose(row.fid ?? 0)),
      " ": () => this.#toggle(row, !fidsOf(row).some((fid) => this.user.isShown(fid))),
      i: () => this.#isolate(row),
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  }

  #isolate(row: Row): void {
    const id = row.branch?.id ?? `fid ${row.fid}`;
    this.#isolated = this.#isolated === id ? null : id;
    this.user.isolate(this.#isolated === null ? null : fidsOf(row));
    this.#draw();
  }

  #goUp(row: Row): void {
    for (let n = this.#at - 1; n >= 0; n--) {
      if ((this.#rows[n]?.level ?? 0) < row.level) return this.#go(n);
    }
  }

  #go(n: number): void {
    if (n < 0 || n >= this.#rows.length) return;
    this.#at = n;
    this.#room.style.height = `${this.#rows.length * ROW_PX}px`;
    const [top, bottom] = [n * ROW_PX, (n + 1) * ROW_PX];
    if (top < this.#box.scrollTop) this.#box.scrollTop = top;
    else if (bottom > this.#box.scrollTop + this.#box.clientHeight) this.#box.scrollTop = bottom - this.#box.clientHeight;
    this.#draw();
  }
}

function fidsOf(row: Row): readonly number[] {
  return row.branch ? row.branch.fids : [row.fid ?? 0];
}

export function labelOf(branch: Branch): string {
  if (branch.label === null) return t(branch.kind === "storey" ? "bim.no_storey" : "bim.of_none");
  return nameOf(branch.kind, branch.label);
}

/** The name of a storey, class or discipline in the language of the page, where the catalogue has one. */
export function nameOf(kind: Grouping, value: string): string {
  const prefix = { storey: "", ifc_class: "ifc.", discipline: "discipline." }[kind];
  return (prefix && findText(`${prefix}${value}`)) || value;
}
