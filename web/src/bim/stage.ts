// The model in 3-D with everything around it: tree, colours, section, days, comparison, measuring, placing.

import { t } from "../messages";
import { type Shown, withShown } from "./address";
import { addFootprint, keepClear } from "./camera";
import { type Colouring, fromColumns, fromStates, isCategory, isTheme, sumLegends } from "./colouring";
import { compare, comparePicker, listDifferences, revisionPicker } from "./compare";
import { Controls } from "./controls";
import { listFound } from "./found";
import { Measure } from "./measure";
import { Member, Others, readStates } from "./members";
import type { Room } from "./page";
import { openPlacing } from "./placing";
import { ModelSource, type States } from "./scene";
import { type Theme, sameStates } from "./states";
import { type Telling, Timeline, planRange } from "./timeline";
import { Tree } from "./tree";
import { type Progress, Viewer, readScene } from "./viewer";

const POLL_MS = 5000;
const NOT_YET = new Set(["not_started", "planned", "not_due"]);

export async function openStage(room: Room, shown: Shown): Promise<Stage> {
  const source = new ModelSource(room.island.model, room.island.revision);
  const scene = await readScene(source);
  const holder = document.createElement("div");
  holder.className = "map";
  room.ground.prepend(holder);
  const mark = getComputedStyle(document.documentElement).getPropertyValue("--mark").trim();
  const viewer = await Viewer.open(holder, scene, mark, standOf(room));
  const stage = new Stage(room, viewer, shown);
  await stage.start();
  return stage;
}

/** Where a model stands that is about to be placed: in the middle of its project's site. */
function standOf(room: Room): readonly [number, number] | null {
  const [west, south, east, north] = room.island.footprint ?? [];
  if (!new URL(location.href).searchParams.has("place") || west === undefined || south === undefined || east === undefined || north === undefined) return null;
  return [(west + east) / 2, (south + north) / 2];
}

export class Stage {
  readonly tree: Tree;
  readonly controls: Controls;
  readonly measure: Measure;
  readonly own: Member;
  readonly others: Others;
  #shown: Shown;
  #last: States[] = [];
  #theme: Theme = "status";
  #telling: Telling = "status";
  #loadsAll = false;
  #isOffline = false;
  #busy = 0;

  constructor(
    readonly room: Room,
    readonly viewer: Viewer,
    shown: Shown,
  ) {
    this.#shown = { ...shown, colour: isTheme(shown.colour) || isCategory(shown.colour) ? shown.colour : "status" };
    const { columns } = viewer.scene;
    this.own = new Member(room.island.model, room.island.name, viewer.scene, viewer.model);
    const compares = this.#shown.from !== null && room.island.revisions.includes(this.#shown.from);
    const others = compares ? [] : room.island.others; // revisions are compared without them
    this.others = new Others(viewer, others, { say: room.say, changed: (ids) => this.#othersChanged(ids) });
    const storeys = [...room.island.storeys].sort((a, b) => (a.elevation_m ?? 0) - (b.elevation_m ?? 0)).map((storey) => storey.name);
    const present = storeys.filter((name) => columns.storey.names.includes(name));
    this.tree = new Tree(columns, storeys, {
      choose: (fid) => room.choose(viewer.globalId(fid)),
      toggle: (fids, on) => this.#change(() => viewer.model.visibility.toggle(fids, on)),
      isolate: (fids) => this.#isolate(fids && new Set(fids)),
      isShown: (fid) => !viewer.model.visibility.hidden.has(fid),
    });
    const state = { colour: this.#shown.colour, floor: this.#shown.floor, cut: this.#shown.cut, height_m: viewer.box[5] - viewer.box[2], storeys: present, hasOthers: others.length > 0 };
    this.controls = new Controls(room.ground, state, {
      colourBy: (name) => void this.#colourBy(name),
      showFloor: (name) => void this.#showFloor(name),
      cut: (height_m) => this.#cut(height_m),
      isolateColour: (index) => this.#isolateColour(index),
      loadAll: () => void this.#load(true),
    });
    keepClear(viewer.map, this.controls.panel);
    this.controls.extras.append(this.others.panel);
    const place = document.getElementById("structure");
    if (place) this.tree.mount(place);
    this.#addRevisions();
    const range = planRange(columns);
    if (range) new Timeline(room.ground, this.controls.extras, range, this.#shown.day, { showDay: (day, telling) => this.#showDay(day, telling) });
    this.measure = new Measure(room.ground, this.controls.extras, viewer);
    if (room.island.may_place) openPlacing(room, viewer, this.controls.extras);
    if (!viewer.view.isPlaced) room.say(t("bim.not_placed"));
  }

  async start(): Promise<void> {
    const { viewer, room } = this;
    this.#tellBusy();
    viewer.map.on("click", (event) => void this.#onClick(event.point.x, event.point.y));
    void addFootprint(viewer.view, room.island.project, viewer.mark);
    if (this.#shown.cut !== null) viewer.cut(this.#shown.cut);
    if (this.#shown.floor !== null) this.#keepFloor(this.#shown.floor);
    if (this.#shown.from !== null && !room.island.revisions.includes(this.#shown.from)) {
      room.say(t("bim.unknown_revision", { revision: String(this.#shown.from) }));
      this.#remember({ from: null });
    }
    if (this.#shown.from !== null) await this.#compare(this.#shown.from);
    else if (this.#shown.day === null) await this.#colourBy(this.#shown.colour);
    this.choose(new URL(location.href).searchParams.get("sel"));
    await this.#load(false);
    if (this.#shown.also.length) await this.#showOthers(this.#shown.also);
    setInterval(() => void this.poll(), POLL_MS);
    document.addEventListener("visibilitychange", () => void this.poll());
  }

  /** Marks an element in tree and model; one that has no shape is in neither. */
  choose(globalId: string | null): void {
    const fid = globalId === null ? null : this.viewer.find(globalId);
    const isKnown = document.querySelector("#element [data-element]") !== null; // else the card says so
    if (globalId !== null && fid === null && isKnown) this.room.say(t("bim.no_shape", { id: globalId }));
    this.#change(() => (this.viewer.model.visibility.chosen = fid));
    this.tree.choose(fid);
    for (const tool of document.querySelectorAll<HTMLElement>("#element .needs-map")) tool.hidden = fid === null;
  }

  act(action: string): void {
    const { visibility } = this.viewer.model;
    if (action === "isolate-found") return void this.#isolateFound();
    const fid = visibility.chosen;
    if (fid === null) return;
    if (action === "frame") this.viewer.frame(fid);
    if (action === "isolate") this.#isolate(visibility.isolated ? null : new Set([fid]));
    if (action === "hide") this.#change(() => visibility.toggle([fid], visibility.hidden.has(fid)));
    this.tree.renew();
  }

  /** Asks for the states again; where they have changed, colours, figures and card follow. */
  async poll(): Promise<void> {
    if (document.hidden || this.#shown.day !== null || this.#shown.from !== null) return;
    try {
      const members = this.#members;
      const states = await readStates(members, this.#theme, null);
      if (this.#isOffline) this.room.say(null);
      this.#isOffline = false;
      const before = this.#last;
      this.#last = states;
      if (before.length !== states.length || states.every((each, n) => sameStates(before[n] ?? each, each))) return;
      if (isTheme(this.#shown.colour)) this.#paintStates(members, states);
      this.room.changed();
    } catch {
      this.#isOffline = true;
      this.room.say(t("offline"));
    }
  }

  /** Shows what the list has found; a second time, everything again. */
  async #isolateFound(): Promise<void> {
    const { visibility } = this.viewer.model;
    if (visibility.isolated) return this.#isolate(null);
    try {
      this.#isolate(await listFound(this.viewer.scene.source, (id) => this.viewer.find(id)));
    } catch (error) {
      this.room.say(t("bim.failed", { reason: error instanceof Error ? error.message : String(error) }));
    }
  }

  #addRevisions(): void {
    const { revisions, revision } = this.room.island;
    if (revisions.length < 2) return;
    const go = (parameters: { revision?: number; from?: number | null }) => {
      const next = withShown(new URL(location.href), { from: parameters.from ?? null });
      if (parameters.revision) next.searchParams.set("revision", String(parameters.revision));
      location.assign(next);
    };
    this.controls.extras.append(
      revisionPicker(revisions, revision, (number) => go({ revision: number })),
      comparePicker(revisions, revision, this.#shown.from, (from) => go({ revision, from })),
    );
  }

  async #onClick(x: number, y: number): Promise<void> {
    const picked = await this.viewer.pick(x, y, this.measure.isOn);
    if (this.measure.isOn) {
      if (picked?.place) this.measure.add(picked.place);
      return;
    }
    const other = picked && this.others.shown.find((member) => member.model === picked.model);
    this.others.tell(other ?? null, picked?.fid);
    if (picked && picked.model !== this.viewer.model) return; // of another model or an older revision: it has no card here
    this.room.choose(picked ? this.viewer.globalId(picked.fid) : null);
  }

  async #colourBy(name: string): Promise<void> {
    this.#remember({ colour: name });
    this.controls.showColour(name);
    const members = this.#members;
    if (isCategory(name)) return this.#paint(members, fromColumns(members, name));
    this.#theme = isTheme(name) ? name : "status";
    try {
      const states = await readStates(members, this.#theme, this.#shown.day);
      if (this.#shown.colour !== name) return; // the reader has chosen otherwise meanwhile
      this.#last = states;
      this.#paintStates(members, states);
    } catch (error) {
      this.room.say(t("bim.failed", { reason: error instanceof Error ? error.message : String(error) }));
    }
  }

  async #showDay(day: string | null, telling: Telling): Promise<void> {
    this.#remember({ day });
    this.#telling = telling;
    this.controls.lockColour(day !== null);
    const members = this.#members;
    if (day === null) {
      for (const { model } of members) model.visibility.faint = null;
      return this.#colourBy(this.#shown.colour);
    }
    try {
      const read = await readStates(members, telling, day);
      if (this.#shown.day !== day) return;
      members.forEach(({ model }, n) => {
        const states = read[n];
        const faint = new Set(states?.palette.filter((entry) => NOT_YET.has(entry.key)).map((entry) => entry.index));
        model.visibility.faint = (fid) => faint.has(states?.colour[fid] ?? -1);
      });
      this.#paintStates(members, read);
    } catch (error) {
      this.room.say(t("bim.failed", { reason: error instanceof Error ? error.message : String(error) }));
    }
  }

  async #compare(from: number): Promise<void> {
    try {
      const found = await compare(this.viewer, from, this.room.island.revision, (colouring) => this.#paint([this.own], [colouring]));
      this.tree.badge(found.kinds);
      const names = (id: string) => {
        const fid = this.viewer.find(id);
        return (fid === null ? null : this.viewer.scene.columns.name[fid]) ?? id;
      };
      const list = listDifferences(found.difference, names, (id) => this.room.choose(id));
      document.getElementById("differences")?.remove();
      document.getElementById("side")?.append(list);
    } catch (error) {
      this.room.say(t("bim.compare_failed", { reason: error instanceof Error ? error.message : String(error) }));
      this.#remember({ from: null });
      await this.#colourBy(this.#shown.colour);
    }
  }

  /** Everything that shows: the page's own model first. */
  get #members(): Member[] {
    return [this.own, ...this.others.shown];
  }

  /** Shows what a link asks for; some of it may be gone by now. */
  async #showOthers(ids: readonly number[]): Promise<void> {
    const known = new Set(this.others.models.map(({ id }) => id));
    const gone = ids.filter((id) => !known.has(id));
    if (gone.length && this.#shown.from === null) this.room.say(t("bim.unknown_model", { model: gone.join(", ") }));
    if (known.size) await this.others.show(ids);
  }

  /** Other models came or went: address, colours, storeys and tiles follow. */
  async #othersChanged(ids: readonly number[]): Promise<void> {
    this.#remember({ also: ids });
    this.others.tell(null);
    this.others.stepBack(this.own.model.visibility.isolated !== null);
    this.#keepFloor(this.#shown.floor);
    if (this.#shown.day !== null) await this.#showDay(this.#shown.day, this.#telling);
    else await this.#colourBy(this.#shown.colour);
    await this.#load(this.#loadsAll);
  }

  #paintStates(members: readonly Member[], states: readonly States[]): void {
    this.#paint(members, members.map((member, n) => fromStates(states[n] as States, member.features, member.uncounted)));
  }

  #paint(members: readonly Member[], colourings: readonly Colouring[]): void {
    const start = performance.now();
    members.forEach((member, n) => {
      member.model.visibility.isolated = null;
      member.paint(colourings[n] as Colouring);
    });
    this.viewer.layer.repaint();
    performance.measure("bim-recolour", { start });
    this.controls.showLegend(sumLegends(colourings));
  }

  #isolate(fids: ReadonlySet<number> | null): void {
    this.#change(() => {
      this.own.model.visibility.isolated = fids;
      this.others.stepBack(fids !== null);
    });
  }

  #isolateColour(index: number | null): void {
    this.#change(() => {
      for (const member of this.#members) member.isolateColour(index);
    });
  }

  async #showFloor(name: string | null): Promise<void> {
    this.#remember({ floor: name });
    this.#keepFloor(name);
    await this.#load(false);
  }

  #keepFloor(name: string | null): void {
    const isKnown = name !== null && this.viewer.scene.columns.storey.names.includes(name);
    this.#change(() => {
      for (const member of this.#members) member.keepStorey(isKnown ? name : null);
    });
  }

  #cut(height_m: number | null): void {
    this.viewer.cut(height_m);
    this.#remember({ cut: height_m === null ? null : Math.round(height_m * 100) / 100 });
  }

  async #load(all: boolean): Promise<void> {
    this.#busy++;
    this.#loadsAll = all;
    this.room.ground.setAttribute("aria-busy", "true");
    try {
      const floor = this.viewer.scene.columns.storey.names.includes(this.#shown.floor) ? this.#shown.floor : null;
      const say = ({ received, bytes }: Progress) => this.#sayLoading(received, bytes);
      const load = await this.others.load(await this.viewer.show(floor, all, say), floor, all, say);
      this.controls.showLoad(load.features, load.total, load.isWhole);
    } catch (error) {
      this.room.say(t("bim.failed", { reason: error instanceof Error ? error.message : String(error) }));
    } finally {
      this.#busy--;
      this.viewer.map.triggerRepaint();
    }
  }

  #sayLoading(received: number, bytes: number): void {
    const bar = document.getElementById("loading") ?? this.#addBar();
    bar.hidden = received >= bytes;
    (bar as HTMLProgressElement).value = bytes ? Math.min(1, received / bytes) : 1;
  }

  #addBar(): HTMLElement {
    const bar = Object.assign(document.createElement("progress"), { id: "loading", max: 1 });
    bar.setAttribute("aria-label", t("bim.loading"));
    this.room.ground.append(bar);
    return bar;
  }

  #change(change: () => void): void {
    change();
    for (const member of this.#members) member.refresh();
    this.viewer.layer.repaint();
  }

  #remember(changes: Partial<Shown>): void {
    this.#shown = { ...this.#shown, ...changes };
    this.room.remember(changes);
  }

  /** Says to assistive technology, and to tests, whether everything in view is drawn. */
  #tellBusy(): void {
    const { map } = this.viewer;
    const busy = () => this.room.ground.setAttribute("aria-busy", "true");
    map.on("dataloading", busy);
    map.on("movestart", busy);
    map.on("idle", () => {
      this.room.ground.setAttribute("aria-busy", String(this.#busy > 0));
      this.room.ground.dataset.frameMs = this.viewer.layer.frameMs.toFixed(2); // script only, for measurements
    });
  }
}
