// Placing by hand: drag and turn on the map, typed coordinates or control points; a preview before anything is kept.

import type { GeoJSONSource, MapMouseEvent, MapTouchEvent } from "maplibre-gl";

import { element } from "../element";
import { t } from "../messages";
import { field, select } from "./controls";
import type { Room } from "./page";
import { fetchJson } from "./scene";
import type { Viewer } from "./viewer";

const DEGREES = "EPSG:4490";
const WAIT_MS = 250;
const TURNS_DEG = [-10, -1, 1, 10] as const;

interface Georeference {
  crs: string | null;
  origin: { e: number | null; n: number | null; h: number | null; lat: number | null; lon: number | null } | null;
  rotation_deg: number | null;
}

interface Preview {
  outline: GeoJSON.Geometry | null;
  residuals: { distance_m: number }[] | null;
  distance_to_footprint_m: number | null;
  inside_footprint_share: number | null;
  georeference: Georeference;
}

interface Standing {
  in_force: { author: string | null; reason: string; placed_at: string } | null;
  georeference: Georeference | null;
  row_version: number;
}

export type Way = "map" | "numbers" | "points";

/** Reads control points, one a line: x, y of the model, then east and north of the map. */
export function readPoints(text: string): { local: number[]; map: number[] }[] {
  return text
    .split("\n")
    .map((line) => line.split(/[\s,;，；]+/).filter(Boolean).map(Number))
    .filter((numbers) => numbers.length >= 4 && numbers.every(Number.isFinite))
    .map(([x, y, east, north]) => ({ local: [x ?? 0, y ?? 0], map: [east ?? 0, north ?? 0] }));
}

/** The same shape elsewhere; good for the few metres of a drag, until the service has worked it out. */
export function shifted(shape: GeoJSON.Geometry, longitude: number, latitude: number): GeoJSON.Geometry {
  const move = (part: unknown): unknown => (typeof (part as number[])[0] === "number" ? [(part as number[])[0]! + longitude, (part as number[])[1]! + latitude] : (part as unknown[]).map(move));
  return { ...shape, coordinates: move((shape as GeoJSON.Polygon).coordinates) } as GeoJSON.Geometry;
}

/** The middle of a shape's box. */
export function middleOf(shape: GeoJSON.Geometry): [number, number] {
  const flat = (part: unknown): number[][] => (typeof (part as number[])[0] === "number" ? [part as number[]] : (part as unknown[]).flatMap(flat));
  const places = flat((shape as GeoJSON.Polygon).coordinates);
  const mean = (axis: 0 | 1) => (Math.min(...places.map((place) => place[axis] ?? 0)) + Math.max(...places.map((place) => place[axis] ?? 0))) / 2;
  return [mean(0), mean(1)];
}

export function openPlacing(room: Room, viewer: Viewer, place: HTMLElement): void {
  const button = element("button", { type: "button", className: "quiet", textContent: t("bim.place") });
  button.addEventListener("click", () => {
    const url = new URL(location.href);
    if (viewer.view.isPlaced) return void new PlacingPanel(room, viewer, button).start();
    if (!room.island.footprint) return room.say(t("bim.place_no_site"));
    url.searchParams.set("place", "1"); // on the plain there is nothing to place it beside: begin again on the map
    url.hash = "";
    location.assign(url);
  });
  place.append(button);
  if (new URL(location.href).searchParams.has("place") && viewer.view.isPlaced) void new PlacingPanel(room, viewer, button).start();
}

class PlacingPanel {
  #panel = element("section", { className: "placing", tabIndex: -1 });
  #way: HTMLSelectElement;
  #crs = element("input", { type: "text" });
  #east = number();
  #north = number();
  #height = number("0");
  #turn = number("0");
  #points = element("textarea", { placeholder: "0, 0, 39385285.7, 3683261.1" });
  #reason = element("input", { type: "text", maxLength: 500 });
  #said = element("p", { className: "muted", role: "status" });
  #save = element("button", { type: "button", textContent: t("bim.place_save"), disabled: true });
  #outline: GeoJSON.Geometry | null = null;
  #version = 0;
  #waiting = 0;
  #turnOfPreview = 0;
  #found: Georeference | null = null; // of the last preview
  #convergence_deg = 0; // of true east from grid east

  constructor(
    readonly room: Room,
    readonly viewer: Viewer,
    readonly opener: HTMLElement,
  ) {
    this.#way = select([["map", t("bim.place_on_map")], ["numbers", t("bim.place_numbers")], ["points", t("bim.place_points")]], "map");
  }

  get #model(): string {
    return `/api/v1/models/${this.room.island.model}/placement`;
  }

  async start(): Promise<void> {
    document.querySelector(".placing")?.remove();
    this.viewer.map.jumpTo({ pitch: 0, bearing: 0 }); // one drags on the ground, seen from above
    const standing = await fetchJson<Standing>(this.#model);
    this.#version = standing.row_version;
    this.#build(standing);
    this.#addLayer();
    const origin = standing.georeference?.origin;
    const [west, south, east, north] = this.room.island.footprint ?? [0, 0, 0, 0];
    this.#height.value = String(origin?.h ?? 0);
    if (origin?.lon != null && origin.lat != null) {
      this.#setPlace(origin.lon, origin.lat);
      await this.#preview(); // tells how far grid east lies from true east there
      this.#turn.value = String(round((standing.georeference?.rotation_deg ?? 0) + this.#convergence_deg, 6));
      await this.#preview();
    } else {
      this.#setPlace(((west ?? 0) + (east ?? 0)) / 2, ((south ?? 0) + (north ?? 0)) / 2);
      await this.#preview();
      await this.#centre();
    }
    if (this.#outline) this.viewer.frame(null, true);
    this.#panel.focus();
  }

  /** The model's zero may lie far from its walls: its middle goes to the middle of the site. */
  async #centre(): Promise<void> {
    if (!this.#outline) return;
    const [longitude, latitude] = middleOf(this.#outline);
    this.#setPlace(2 * this.#east.valueAsNumber - longitude, 2 * this.#north.valueAsNumber - latitude);
    await this.#preview();
  }

  #build(standing: Standing): void {
    const head = element("h2", { textContent: t("bim.place") });
    const turns = TURNS_DEG.map((degrees) => {
      const button = element("button", { type: "button", className: "quiet", textContent: `${degrees > 0 ? "↺" : "↻"} ${Math.abs(degrees)}°` });
      button.addEventListener("click", () => this.#turnBy(degrees));
      return button;
    });
    const grid = element("div", { className: "grid" }, [
      wide(field(t("bim.place_way"), this.#way)),
      wide(field(t("bim.place_crs"), this.#crs)),
      field(t("bim.place_east"), this.#east),
      field(t("bim.place_north"), this.#north),
      field(t("bim.place_height"), this.#height),
      field(t("bim.place_turn"), this.#turn),
      wide(element("div", { className: "buttons turns" }, turns)),
      wide(field(t("bim.place_pairs"), this.#points)),
      wide(field(t("bim.place_reason"), this.#reason)),
    ]);
    const close = element("button", { type: "button", className: "quiet", textContent: t("close") });
    close.addEventListener("click", () => this.#close());
    this.#save.addEventListener("click", () => void this.#keep());
    const buttons = [this.#save, close];
    if (standing.in_force) buttons.push(this.#withdrawButton());
    const note = standing.in_force ? [element("p", { className: "muted", textContent: t("bim.place_by", { who: standing.in_force.author ?? "", why: standing.in_force.reason }) })] : [];
    this.#panel.setAttribute("aria-label", t("bim.place"));
    this.#panel.append(head, ...note, grid, this.#said, element("div", { className: "buttons" }, buttons));
    this.#panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.#close();
    });
    for (const input of [this.#east, this.#north, this.#height, this.#turn, this.#crs, this.#points]) input.addEventListener("input", () => this.#soon());
    this.#way.addEventListener("change", () => this.#changeWay());
    this.#reason.addEventListener("input", () => this.#allow());
    this.room.ground.append(this.#panel);
    this.#showWay();
  }

  #withdrawButton(): HTMLButtonElement {
    const button = element("button", { type: "button", className: "quiet", textContent: t("bim.place_withdraw") });
    button.addEventListener("click", () => void this.#withdraw());
    return button;
  }

  /** The numbers of one way become those of the other, for the same place. */
  #changeWay(): void {
    const origin = this.#found?.origin;
    const turn_deg = this.#found?.rotation_deg ?? 0;
    if (origin && this.#way.value === "map" && origin.lon !== null && origin.lat !== null) {
      this.#setPlace(origin.lon, origin.lat);
      this.#turn.value = String(round(turn_deg + this.#convergence_deg, 6));
    }
    if (origin && this.#way.value === "numbers") {
      this.#crs.value = this.#found?.crs ?? "";
      this.#east.value = String(round(origin.e ?? 0, 4));
      this.#north.value = String(round(origin.n ?? 0, 4));
      this.#turn.value = String(round(turn_deg, 6));
    }
    this.#showWay();
    if (this.#way.value !== "points" || readPoints(this.#points.value).length > 1) void this.#preview();
  }

  #showWay(): void {
    const way = this.#way.value as Way;
    const show = (control: HTMLElement, shown: boolean) => control.closest(".field")?.toggleAttribute("hidden", !shown);
    show(this.#crs, way !== "map");
    for (const input of [this.#east, this.#north, this.#height, this.#turn]) show(input, way !== "points");
    show(this.#points, way === "points");
    this.#panel.querySelector(".turns")?.toggleAttribute("hidden", way === "points");
    this.#said.textContent = way === "map" ? t("bim.place_hint") : "";
  }

  #addLayer(): void {
    const { map, mark } = this.viewer;
    if (map.getSource("placing")) return;
    map.addSource("placing", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    map.addLayer({ id: "placing-area", type: "fill", source: "placing", paint: { "fill-color": mark, "fill-opacity": 0.18 } });
    map.addLayer({ id: "placing-line", type: "line", source: "placing", paint: { "line-color": mark, "line-width": 2.5 } });
    map.on("mousedown", "placing-area", (event) => this.#drag(event));
    map.on("touchstart", "placing-area", (event) => this.#drag(event));
  }

  /** Moves the outline with the pointer; where it is let go is where the model would lie. */
  #drag(begun: MapMouseEvent | MapTouchEvent): void {
    if (this.#way.value !== "map" || !this.#outline || !this.#panel.isConnected) return;
    begun.preventDefault();
    const { map } = this.viewer;
    const outline = this.#outline;
    const from = begun.lngLat;
    const [east, north] = [this.#east.valueAsNumber, this.#north.valueAsNumber];
    const onMove = ({ lngLat }: MapMouseEvent | MapTouchEvent) => {
      const [dx, dy] = [lngLat.lng - from.lng, lngLat.lat - from.lat];
      this.#setPlace(east + dx, north + dy);
      this.#draw(shifted(outline, dx, dy));
      this.viewer.stand(east + dx, north + dy, this.#height.valueAsNumber || 0, this.#turn.valueAsNumber || 0);
    };
    const onEnd = () => {
      for (const kind of ["mousemove", "touchmove"] as const) map.off(kind, onMove);
      void this.#preview();
    };
    for (const kind of ["mousemove", "touchmove"] as const) map.on(kind, onMove);
    for (const kind of ["mouseup", "touchend"] as const) map.once(kind, onEnd);
  }

  #turnBy(degrees: number): void {
    this.#turn.value = String(round((this.#turn.valueAsNumber || 0) + degrees, 4));
    void this.#preview();
  }

  #setPlace(longitude: number, latitude: number): void {
    this.#east.value = String(round(longitude, 9));
    this.#north.value = String(round(latitude, 9));
  }

  #soon(): void {
    clearTimeout(this.#waiting);
    this.#waiting = window.setTimeout(() => void this.#preview(), WAIT_MS);
  }

  #body(): Record<string, unknown> {
    const way = this.#way.value as Way;
    const crs = way === "map" ? DEGREES : this.#crs.value.trim() || null;
    const given = { reason: this.#reason.value.trim() || "preview", ...(crs ? { crs } : {}) };
    if (way === "points") return { ...given, control_points: readPoints(this.#points.value) };
    return { ...given, eastings: this.#east.valueAsNumber, northings: this.#north.valueAsNumber, height: this.#height.valueAsNumber || 0, rotation_deg: this.#turn.valueAsNumber || 0 };
  }

  async #preview(): Promise<void> {
    const turn = ++this.#turnOfPreview;
    try {
      const preview = await fetchJson<Preview>(`${this.#model}/preview`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(this.#body()) });
      if (turn !== this.#turnOfPreview) return; // the reader has already gone on
      this.#outline = preview.outline;
      this.#found = preview.georeference;
      if (preview.outline) this.#draw(preview.outline);
      const { origin, rotation_deg } = preview.georeference;
      if (this.#way.value === "map") this.#convergence_deg = (this.#turn.valueAsNumber || 0) - (rotation_deg ?? 0);
      if (origin && origin.lon !== null && origin.lat !== null) this.viewer.stand(origin.lon, origin.lat, origin.h ?? 0, (rotation_deg ?? 0) + this.#convergence_deg);
      this.#said.textContent = describe(preview);
      this.#allow(true);
    } catch (error) {
      if (turn !== this.#turnOfPreview) return;
      this.#said.textContent = error instanceof Error ? error.message : String(error);
      this.#allow(false);
    }
  }

  #isSound = false;

  #allow(sound = this.#isSound): void {
    this.#isSound = sound;
    this.#save.disabled = !sound || !this.#reason.value.trim();
  }

  #draw(shape: GeoJSON.Geometry): void {
    void this.viewer.map.getSource<GeoJSONSource>("placing")?.setData({ type: "Feature", properties: {}, geometry: shape });
  }

  async #keep(): Promise<void> {
    await this.#change({ method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...this.#body(), row_version: this.#version }) });
  }

  async #withdraw(): Promise<void> {
    await this.#change({ method: "DELETE" }, `?${new URLSearchParams({ reason: this.#reason.value.trim() || t("bim.place_withdraw") })}`);
  }

  async #change(options: RequestInit, query = ""): Promise<void> {
    try {
      await fetchJson<Standing>(this.#model + query, options);
      const url = new URL(location.href);
      url.searchParams.delete("place");
      url.hash = "";
      history.replaceState(null, "", url);
      location.reload();
    } catch (error) {
      this.#said.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  #close(): void {
    this.#panel.remove();
    if (this.viewer.scene.document.origin) return location.reload(); // where it truly stands

    void this.viewer.map.getSource<GeoJSONSource>("placing")?.setData({ type: "FeatureCollection", features: [] });
    this.opener.focus();
  }
}

function describe(preview: Preview): string {
  const { georeference, distance_to_footprint_m: away, inside_footprint_share: inside, residuals } = preview;
  const parts = [];
  if (georeference.origin?.e != null && georeference.origin.n != null) parts.push(`${georeference.crs ?? ""} E ${georeference.origin.e.toFixed(3)} N ${georeference.origin.n.toFixed(3)}`);
  if (away !== null && inside !== null) parts.push(t("bim.place_near", { away: away.toFixed(1), inside: inside.toFixed(1) }));
  if (residuals?.length) parts.push(t("bim.place_residuals", { worst: Math.max(...residuals.map((each) => each.distance_m)).toFixed(3) }));
  return parts.join(" · ");
}

function number(value = ""): HTMLInputElement {
  return element("input", { type: "number", step: "any", value });
}

function wide(control: HTMLElement): HTMLElement {
  control.classList.add("field-wide");
  return control;
}

function round(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}
