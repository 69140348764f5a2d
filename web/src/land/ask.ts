// Spatial questions: a form, an answer as a list, and the same on the map.

import { element } from "../element";
import { t } from "../messages";
import { type Answer, json, reasonOf, say, send } from "./api";
import type { BoundaryFile } from "./file";
import { answerRow } from "./found";
import type { LandMap } from "./map";
import { type Kind, boundsOf, readShape, writeShape } from "./shapes";

const ABOUT_SHAPES = ["intersects", "within", "nearest", "buffer", "corridor"];
const LIMIT = 100;

class Unasked extends Error {}

export class Asking {
  #form = document.getElementById("ask-form") as HTMLFormElement;
  #turn = 0;
  #shown: GeoJSON.Feature[] = [];
  #more: (() => void) | null = null;

  constructor(
    readonly map: () => LandMap | null,
    readonly file: BoundaryFile,
  ) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#ask(null);
    });
    this.#form.addEventListener("change", () => this.#fit());
    this.#field("coordinates").addEventListener("input", () => this.#showTyped());
    this.#form.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-draw]") : null;
      if (button) void this.#draw(button.dataset.draw as Kind);
    });
    this.#fit();
    this.#form.dataset.ready = "true";
  }

  #field(name: string): HTMLInputElement {
    return this.#form.elements.namedItem(name) as HTMLInputElement;
  }

  /** Shows the fields of the chosen question only. */
  #fit(): void {
    const [question, about] = [this.#field("question").value, this.#field("about").value];
    for (const part of this.#form.querySelectorAll<HTMLElement>("[data-for]")) {
      const fits = (part.dataset.for ?? "").split(" ").includes(question);
      part.hidden = !fits || (part.dataset.about !== undefined && part.dataset.about !== about);
    }
  }

  async #draw(kind: Kind): Promise<void> {
    const map = this.map();
    if (!map) return;
    say("ask-said", t("land.drawing"));
    map.show("drawn", []);
    const positions = await map.draw(kind);
    say("ask-said", "");
    if (!positions) return this.#showTyped();
    this.#field("coordinates").value = writeShape(positions, kind);
    this.#showTyped();
  }

  #showTyped(): void {
    const geometry = readShape(this.#field("coordinates").value);
    this.map()?.show("drawn", geometry ? [{ type: "Feature", properties: {}, geometry }] : []);
  }

  async #ask(next: string | null): Promise<void> {
    const turn = ++this.#turn;
    const question = this.#field("question").value;
    try {
      const [address, init] = this.#request(question, next);
      say("ask-said", t("land.asking"));
      const answer = (await (await send(address, init)).json()) as Answer;
      if (turn === this.#turn) this.#show(question, answer, next !== null);
    } catch (error) {
      if (turn !== this.#turn) return;
      say("ask-said", error instanceof Unasked ? error.message : t("land.failed", { reason: reasonOf(error) }));
    }
  }

  #request(question: string, next: string | null): [string, RequestInit] {
    const data = new FormData(this.#form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    const base = `/api/v1/spatial/${question}`;
    if (ABOUT_SHAPES.includes(question)) {
      const body: Record<string, unknown> = { subject: this.#subject(text), layers: data.getAll("layers"), ...(next ? { next } : {}) };
      if (question === "intersects" || question === "within") body.count = true;
      if (question === "nearest") body.k = Number(text("k"));
      if (question === "buffer") body.distance_m = Number(text("distance_m"));
      if (question === "corridor") body.half_width_m = Number(text("half_width_m"));
      return [base, json("POST", body)];
    }
    const query = new URLSearchParams({ ...this.#whole(question, text, data), limit: String(LIMIT), f: "geojson", ...(next ? { next } : {}) });
    return [`${base}?${query}`, {}];
  }

  #subject(text: (name: string) => string): Record<string, unknown> {
    const about = text("about");
    if (about === "project") return { project: text("project") };
    if (about === "parcel") {
      const id = Number(document.getElementById("parcel")?.dataset.id);
      if (!id) throw new Unasked(t("land.no_parcel"));
      return { layer: "land_parcels", id };
    }
    if (about === "upload") {
      if (!this.file.uploadId) throw new Unasked(t("land.no_upload"));
      return { upload: this.file.uploadId };
    }
    const geometry = readShape(text("coordinates"));
    if (!geometry) throw new Unasked(t("land.no_shape"));
    return { geometry };
  }

  #whole(question: string, text: (name: string) => string, data: FormData): Record<string, string> {
    if (question === "view") {
      const box = this.map()?.box ?? [73.5, 3, 136, 54];
      return { bbox: box.map((bound) => bound.toFixed(7)).join(","), layers: data.getAll("layers").join(",") };
    }
    if (question === "duplicates") return { layer: text("layer"), share_percent: text("share_percent") };
    if (question === "change") {
      if (!text("from") || !text("to")) throw new Unasked(t("land.no_dates"));
      return { layer: text("layer"), from: text("from"), to: text("to") };
    }
    const [measure = "count", field] = text("measure").split(":");
    return { areas: text("areas"), of: text("of"), measure, ...(field ? { field } : {}) };
  }

  #show(question: string, answer: Answer, goesOn: boolean): void {
    const box = document.getElementById("ask-answer");
    if (!box) return;
    const rows = answer.features.map((feature) => answerRow(question, feature, layerName, (geometry) => this.map()?.fly(boundsOf([geometry]))));
    const list = goesOn ? box.querySelector("ol") : null;
    if (list) list.append(...rows);
    else box.replaceChildren(...counts(answer), element("ol", { className: "found" }, rows));
    box.querySelector(".more")?.remove();
    this.#more = answer.next ? () => void this.#ask(answer.next) : null;
    if (this.#more) box.append(this.#moreButton());
    box.hidden = false;
    const total = box.querySelectorAll("ol.found > li").length;
    say("ask-said", total ? t("land.found", { n: String(total) }) : t("land.found_none"));
    this.#mark(answer, goesOn);
    if (!goesOn) box.focus({ preventScroll: true });
  }

  #moreButton(): HTMLElement {
    const button = element("button", { type: "button", className: "quiet more", textContent: t("land.more") });
    button.addEventListener("click", () => this.#more?.());
    return button;
  }

  #mark(answer: Answer, goesOn: boolean): void {
    this.#shown = goesOn ? [...this.#shown, ...answer.features] : answer.features;
    const map = this.map();
    map?.show("answer", this.#shown);
    const area: GeoJSON.Feature[] = answer.area ? [{ type: "Feature", properties: {}, geometry: answer.area }] : [];
    map?.show("area", area);
    if (!goesOn && this.#field("question").value !== "view") map?.fly(boundsOf([answer.area, ...answer.features.map((feature) => feature.geometry)]));
  }
}

function layerName(key: string): string {
  const box = document.querySelector(`#ask-form input[name="layers"][value="${CSS.escape(key)}"]`);
  return box?.parentElement?.textContent?.trim() ?? key;
}

function counts(answer: Answer): HTMLElement[] {
  if (!answer.counts) return [];
  const texts = Array.isArray(answer.counts)
    ? answer.counts.map((each) => t("land.counts", { layer: layerName(each.collection), n: String(each.count) }))
    : Object.entries(answer.counts).map(([kind, n]) => t("land.counts", { layer: t(`land.change.${kind}`), n: String(n) }));
  return [element("p", { className: "muted counts", textContent: texts.join(" · ") })];
}
