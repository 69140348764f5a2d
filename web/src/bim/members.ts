// The models that show together: the one the page is about, and others of its project beside it.

import { element } from "../element";
import { t } from "../messages";
import { type Load, chooseTiles } from "./caps";
import { parseColour } from "./colours";
import type { Coloured, Colouring } from "./colouring";
import { field } from "./controls";
import { voidsOf } from "./found";
import { intoFrameOf } from "./frames";
import { ModelScene } from "./model-scene";
import { type Columns, ModelSource, type States } from "./scene";
import { StateReader, type Theme } from "./states";
import { type Progress, type Scene, type Viewer, readScene } from "./viewer";

export interface Other {
  readonly id: number;
  readonly name: string;
  readonly revision: number; // the one that was current when the page came: a later one numbers its elements anew
}

const FIRST_NUMBER = 3; // a pick reads the number back from one byte: 1 is the page's model, 2 an older revision of it
const MOST = 255 - FIRST_NUMBER;
const NOTHING: ReadonlySet<number> = new Set();

/** A model with what colours it. */
export class Member implements Coloured {
  readonly states: StateReader;
  readonly uncounted: ReadonlySet<number>;
  colouring: Colouring | null = null;

  constructor(
    readonly id: number,
    readonly name: string,
    readonly scene: Scene,
    readonly model: ModelScene,
  ) {
    this.states = new StateReader(scene.source);
    this.uncounted = voidsOf(scene.columns);
    model.visibility.toggle(this.uncounted, false);
  }

  get features(): number {
    return this.scene.document.features;
  }

  get columns(): Columns {
    return this.scene.columns;
  }

  paint(colouring: Colouring): void {
    this.colouring = colouring;
    this.model.colours.paint(colouring.palette, colouring.index);
    this.refresh();
  }

  refresh(): void {
    this.model.colours.show(this.model.visibility.mode);
    this.model.recolour();
  }

  /** Shows those elements alone that have one colour of the legend; null shows all. */
  isolateColour(index: number | null): void {
    const own = Array.from({ length: this.features }, (_, fid) => fid).filter((fid) => this.colouring?.index[fid] === index);
    this.model.visibility.isolated = index === null ? null : new Set(own);
  }

  /** Shows one storey alone, by its name; null shows all. A model that has no such storey shows nothing. */
  keepStorey(name: string | null): void {
    const { storey } = this.columns;
    const wanted = name === null ? -1 : storey.names.indexOf(name);
    this.model.visibility.storey = name === null ? null : (fid) => wanted >= 0 && storey.index[fid] === wanted;
  }
}

export function readStates(members: readonly Member[], theme: Theme, day: string | null): Promise<States[]> {
  return Promise.all(members.map((member) => member.states.read(theme, day)));
}

export interface OthersUser {
  say(message: string): void;
  changed(ids: readonly number[]): Promise<void>;
}

/** The other models of the project, each with a box to tick. */
export class Others {
  readonly shown: Member[] = [];
  readonly panel: HTMLFieldSetElement;
  #known = new Map<number, Member>();
  #boxes = new Map<number, HTMLInputElement>();
  #turn = 0;

  constructor(
    readonly viewer: Viewer,
    readonly models: readonly Other[],
    readonly user: OthersUser,
  ) {
    const rows = models.slice(0, MOST).map(({ id, name }) => {
      const box = element("input", { type: "checkbox", value: String(id) });
      box.addEventListener("change", () => void this.show(this.#ticked()));
      this.#boxes.set(id, box);
      return field(name, box);
    });
    this.panel = element("fieldset", { className: "others", hidden: !rows.length }, [element("legend", { textContent: t("bim.others") }), ...rows]);
    viewer.onMoved = () => this.#place();
  }

  #ticked(): number[] {
    return [...this.#boxes].filter(([, box]) => box.checked).map(([id]) => id);
  }

  /** Shows these models beside the page's own, and no others; what cannot be shown says why. */
  async show(ids: readonly number[]): Promise<void> {
    const turn = ++this.#turn;
    const wanted = this.models.filter(({ id }) => ids.includes(id) && this.#boxes.has(id));
    const members = (await Promise.all(wanted.map((other) => this.#open(other)))).filter((member) => member !== null);
    if (turn !== this.#turn) return; // the reader has ticked something else meanwhile
    for (const { model } of this.shown) if (!members.some((member) => member.model === model)) this.viewer.layer.set(model, false);
    this.shown.splice(0, this.shown.length, ...members);
    for (const [id, box] of this.#boxes) box.checked = members.some((member) => member.id === id);
    this.#place();
    this.viewer.settle();
    await this.user.changed(members.map((member) => member.id));
  }

  /** Reads a model once; null where it has no shapes or no place in the view. */
  async #open({ id, name, revision }: Other): Promise<Member | null> {
    try {
      const known = this.#known.get(id);
      const scene = known?.scene ?? (await readScene(new ModelSource(id, revision)));
      if (!scene.document.features) throw new Error(t("bim.no_shapes"));
      if (!intoFrameOf(this.viewer.base, scene.document)) throw new Error(t(scene.document.origin ? "bim.base_not_placed" : "bim.other_not_placed"));
      const number = FIRST_NUMBER + this.models.findIndex((other) => other.id === id);
      const member = known ?? new Member(id, name, scene, new ModelScene(scene.document, number, parseColour(this.viewer.mark)));
      this.#known.set(id, member);
      return member;
    } catch (error) {
      this.user.say(t("bim.other_failed", { name, reason: error instanceof Error ? error.message : String(error) }));
      return null;
    }
  }

  /** Stands each in the frame of the view; one that has no place there is left out. */
  #place(): void {
    for (const { model, scene } of this.shown) {
      const matrix = intoFrameOf(this.viewer.base, scene.document);
      if (matrix) model.place(matrix);
      this.viewer.layer.set(model, matrix !== null);
    }
  }

  /** Loads what the caps leave room for after the page's own model. */
  async load(own: Load, storey: string | null, all: boolean, onProgress: (progress: Progress) => void): Promise<Load> {
    const loads = [own];
    for (const member of this.shown) {
      const load = chooseTiles(member.scene.document.tiles, storey, all, loads);
      loads.push(load);
      await this.viewer.draw(member.scene.source, member.model, load, onProgress);
    }
    const sum = (of: (load: Load) => number) => loads.reduce((total, load) => total + of(load), 0);
    return { tiles: loads.flatMap((load) => load.tiles), features: sum((load) => load.features), total: sum((load) => load.total), isWhole: loads.every((load) => load.isWhole) };
  }

  /** While some elements of the page's model are shown alone, the others are shades. */
  stepBack(isBack: boolean): void {
    for (const { model } of this.shown) model.visibility.isolated = isBack ? NOTHING : null;
  }

  /** Says which element of which model was clicked, with a way to it; null takes that away. */
  tell(member: Member | null, fid = 0): void {
    document.getElementById("other-pick")?.remove();
    for (const each of this.shown) {
      each.model.visibility.chosen = each === member ? fid : null;
      each.refresh();
    }
    this.viewer.layer.repaint();
    if (!member) return;
    const { columns } = member;
    const globalId = columns.global_id[fid] ?? "";
    const text = `${member.name} · ${columns.name[fid] ?? globalId}`;
    const link = element("a", { href: this.#addressOf(member, globalId), textContent: t("bim.open_other") });
    const note = element("p", { id: "other-pick", className: "other-pick" }, [element("span", { textContent: text }), link]);
    note.setAttribute("role", "status");
    this.viewer.map.getContainer().parentElement?.append(note);
  }

  /** The same view with that model as the page's own and this one beside it. */
  #addressOf(member: Member, globalId: string): string {
    const url = new URL(location.href);
    const beside = [this.viewer.scene.source.model, ...this.shown.map(({ id }) => id)].filter((id) => id !== member.id);
    for (const name of ["revision", "from", "q", "filter", "ifc_class", "storey", "status", "after", "place"]) url.searchParams.delete(name);
    url.searchParams.set("model", String(member.id));
    url.searchParams.set("sel", globalId);
    url.searchParams.set("also", String(beside));
    return url.href;
  }
}
