// The panel over the model: colours with their legend, storey and section, how much is drawn.

import { element } from "../element";
import { t } from "../messages";
import { CATEGORIES, type LegendRow, THEMES } from "./colouring";

export interface ControlUser {
  colourBy(name: string): void;
  showFloor(name: string | null): void;
  cut(height_m: number | null): void;
  isolateColour(index: number | null): void;
  loadAll(): void;
}

export interface ControlState {
  readonly colour: string;
  readonly floor: string | null;
  readonly cut: number | null;
  readonly height_m: number; // of the whole model
  readonly storeys: readonly string[]; // from below
  readonly hasOthers: boolean; // other models that may show with it
}

const ROOM_PX = 700;

export class Controls {
  readonly extras: HTMLElement; // where other tools put their buttons
  readonly panel: HTMLDetailsElement;
  #legend = element("ul", { className: "legend" });
  #load = element("p", { className: "load", role: "status" });
  #colour: HTMLSelectElement;
  #floor: HTMLSelectElement;
  #cut: HTMLInputElement;
  #cutText = element("output", { className: "muted" });
  #isolated: number | null = null;

  constructor(
    ground: HTMLElement,
    readonly state: ControlState,
    readonly user: ControlUser,
  ) {
    const ways = [...THEMES, ...CATEGORIES].filter((name) => name !== "model" || state.hasOthers);
    this.#colour = select(ways.map((name) => [name, t(`bim.by_${name}`)]), state.colour);
    this.#colour.addEventListener("change", () => user.colourBy(this.#colour.value));
    this.#floor = select([["", t("bim.all_storeys")], ...[...state.storeys].reverse().map((name): [string, string] => [name, name])], state.floor ?? "");
    this.#floor.addEventListener("change", () => user.showFloor(this.#floor.value || null));
    const top = Math.ceil(state.height_m * 100) / 100;
    this.#cut = element("input", { type: "range", min: "0", max: String(top), step: "any", value: String(state.cut ?? top) });
    this.#cut.addEventListener("input", () => this.#onCut());
    this.extras = element("div", { className: "extras" });
    this.panel = element("details", { className: "layer-panel bim-panel" }, [
      element("summary", { textContent: t("bim.view") }),
      field(t("bim.colour_by"), this.#colour),
      this.#legend,
      field(t("bim.only_storey"), this.#floor),
      field(t("bim.section"), this.#cut, this.#cutText),
      this.extras,
      this.#load,
    ]);
    ground.append(this.panel);
    openWhereRoom(ground, this.panel);
    this.#sayCut();
  }

  showColour(name: string): void {
    this.#colour.value = name;
  }

  /** While the time slider says what the colours mean, nothing else does. */
  lockColour(isLocked: boolean): void {
    this.#colour.disabled = isLocked;
  }

  showLegend(legend: readonly LegendRow[]): void {
    this.#isolated = null;
    this.#legend.replaceChildren(
      ...legend.map((row) => {
        const swatch = element("span", { className: "swatch" });
        swatch.style.backgroundColor = row.colour; // set by script, which the content policy allows
        const button = element("button", { className: "legend-row", type: "button" }, [swatch, element("span", { textContent: row.text }), element("span", { className: "muted", textContent: row.n.toLocaleString("en") })]);
        button.dataset.key = row.key;
        button.setAttribute("aria-pressed", "false");
        button.title = t("bim.only_these");
        button.addEventListener("click", () => this.#isolate(row.index, button));
        return element("li", {}, [button]);
      }),
    );
  }

  showLoad(features: number, total: number, isWhole: boolean): void {
    this.#load.replaceChildren();
    if (isWhole) return;
    const all = element("button", { type: "button", className: "quiet", textContent: t("bim.load_all") });
    all.addEventListener("click", () => this.user.loadAll());
    const counts = { n: features.toLocaleString("en"), total: total.toLocaleString("en") };
    this.#load.append(t("bim.part_loaded", counts), " ", all);
  }

  #isolate(index: number, button: HTMLButtonElement): void {
    this.#isolated = this.#isolated === index ? null : index;
    for (const other of this.#legend.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button && this.#isolated !== null));
    this.user.isolateColour(this.#isolated);
  }

  #onCut(): void {
    this.#sayCut();
    this.user.cut(this.#height());
  }

  /** Null where the slider stands at its end: nothing is cut away. */
  #height(): number | null {
    const height = this.#cut.valueAsNumber;
    return height >= Number(this.#cut.max) - 1e-6 ? null : height;
  }

  #sayCut(): void {
    const height = this.#height();
    this.#cutText.textContent = height === null ? t("bim.no_section") : t("bim.cut_at", { height: height.toFixed(2) });
    this.#cut.setAttribute("aria-valuetext", this.#cutText.textContent);
  }
}

export function select(entries: readonly (readonly [value: string, text: string])[], chosen: string): HTMLSelectElement {
  const made = element("select", {}, entries.map(([value, textContent]) => element("option", { value, textContent })));
  made.value = chosen;
  return made;
}

export function field(name: string, control: HTMLElement, ...more: HTMLElement[]): HTMLElement {
  return element("label", { className: "field" }, [element("span", { textContent: name }), control, ...more]);
}

/** Folds the panel when the ground becomes narrow and unfolds it when there is room again, until the reader decides. */
function openWhereRoom(ground: HTMLElement, panel: HTMLDetailsElement): void {
  const watch = new ResizeObserver(() => {
    panel.open = ground.clientWidth >= ROOM_PX;
  });
  watch.observe(ground);
  panel.querySelector("summary")?.addEventListener("click", () => watch.disconnect());
}
