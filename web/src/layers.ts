// Which collections are on the map, in which colours and in which order.

import type { ExpressionSpecification, FilterSpecification, Map as MapLibre, StyleSpecification } from "maplibre-gl";

import { FONT, type Slot, tones } from "./ground";
import { Massing } from "./massing";
import { t } from "./messages";
import { type LegendEntry, drawnLayers, fillColour, legendOf, loadStyle } from "./style-document";

export type Colouring = "progress" | "light";
export type Topic = "projects" | "land_parcels" | "control_areas" | "bim_elements";

export interface TopicState {
  readonly topic: Topic;
  readonly slot: Slot;
  readonly minzoom: number;
  style: string;
  shown: boolean;
  legend: LegendEntry[];
}

const BIM_ZOOM = 15;
const POINTS_UNTIL = 14;
// what was chosen and what overlaps: marks of the page, not values of the data
const MARK = "#c2187a";
// a sign beside the colour of whatever is not on plan; the same shapes as in the list
const SIGNS: ExpressionSpecification = ["match", ["get", "light_code"], 0, "○ ", 1, "", 2, "▲ ", 3, "■ ", "◆ "];
const NEEDS_ATTENTION: FilterSpecification = [">=", ["get", "light_code"], 2];
const NAMES_FROM = 11;
// as seen from above: the highest that is built, then what is still to come
const FROM_ABOVE: ExpressionSpecification = [
  "+",
  ["match", ["get", "status"], "not_started", 0, 10_000],
  ["coalesce", ["get", "z_max_m"], 0],
];
const POINT_LAYERS = ["project-points", "project-warnings", "project-names"] as const;
const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

export class Layers {
  readonly topics: TopicState[] = [
    { topic: "control_areas", slot: "slot-areas", minzoom: 0, style: "control-kinds", shown: false, legend: [] },
    { topic: "land_parcels", slot: "slot-parcels", minzoom: 0, style: "land-status", shown: false, legend: [] },
    { topic: "projects", slot: "slot-projects", minzoom: 0, style: "projects-progress", shown: true, legend: [] },
    { topic: "bim_elements", slot: "slot-bim", minzoom: BIM_ZOOM, style: "bim-progress", shown: true, legend: [] },
  ];
  colouring: Colouring = "progress";
  readonly massing: Massing;
  #bimColour: ExpressionSpecification | string | null = null;
  #codes: string[] | null = null;
  #ownFilters = new Map<string, FilterSpecification | undefined>();

  constructor(
    readonly map: MapLibre,
    readonly dark: boolean,
    readonly busy: () => void,
    readonly failed: (layer: string) => void,
  ) {
    this.massing = new Massing(map, busy);
  }

  async start(colouring: Colouring): Promise<void> {
    this.colouring = colouring;
    this.topic("projects").style = `projects-${colouring}`;
    this.#addMarks();
    await Promise.all(this.topics.filter((topic) => topic.shown).map((topic) => this.#draw(topic)));
  }

  topic(name: Topic): TopicState {
    const found = this.topics.find((entry) => entry.topic === name);
    if (!found) throw new Error(name);
    return found;
  }

  async toggle(name: Topic, shown: boolean): Promise<void> {
    const topic = this.topic(name);
    topic.shown = shown;
    if (shown) await this.#draw(topic);
    else this.#erase(topic);
  }

  async colourBy(colouring: Colouring): Promise<void> {
    this.colouring = colouring;
    const topic = this.topic("projects");
    topic.style = `projects-${colouring}`;
    if (topic.shown) await this.#draw(topic);
  }

  legendOf(collection: string): LegendEntry[] {
    return this.topics.find((topic) => topic.topic === collection)?.legend ?? [];
  }

  standUp(on: boolean): void {
    this.massing.set(on, this.#bimColour);
  }

  /** Shows only these projects; null shows all. */
  show(codes: string[] | null): void {
    this.#codes = codes;
    for (const id of this.#projectLayers()) this.#narrow(id);
  }

  choose(code: string | null): void {
    for (const id of ["chosen-area", "chosen-point"]) {
      if (this.map.getLayer(id)) this.map.setFilter(id, ["==", ["get", "code"], code ?? ""]);
    }
  }

  /** Asks for the tiles again; unchanged ones answer 304. */
  refresh(): void {
    // a filter set just before makes the next frame re-read the old tiles, which would undo an earlier refresh
    this.map.once("render", () => {
      for (const source of ["projects", "project_points", "bim_elements"]) {
        if (this.map.getSource(source)) this.map.refreshTiles(source);
      }
    });
    this.map.triggerRepaint();
  }

  clickable(): string[] {
    const drawn = this.map.getLayersOrder().filter((id) => id.includes("/"));
    return ["project-points", ...drawn].filter((id) => this.map.getLayer(id));
  }

  async #draw(topic: TopicState): Promise<void> {
    this.busy();
    const asked = topic.style;
    try {
      const style = await loadStyle(asked);
      if (!topic.shown || topic.style !== asked) return; // the reader has chosen otherwise meanwhile
      topic.legend = legendOf(style);
      if (!this.#repaint(topic, style)) this.#drawAnew(topic, style);
    } catch {
      this.failed(t(`layer.${topic.topic}`));
    } finally {
      this.map.triggerRepaint();
    }
  }

  #drawAnew(topic: TopicState, style: StyleSpecification): void {
    this.#erase(topic);
    topic.legend = legendOf(style);
    this.#addDocument(topic, style);
    if (topic.topic === "projects") this.#addPoints(fillColour(style));
    if (topic.topic === "bim_elements") this.#drawElements(fillColour(style));
  }

  /** Storeys lie over one another: an unbuilt roof must not hide the floors that stand. */
  #drawElements(colour: ExpressionSpecification | string | null): void {
    this.#bimColour = colour;
    for (const id of this.map.getLayersOrder()) {
      if (id.startsWith("bim_elements/") && id.endsWith("-fill")) this.map.setLayoutProperty(id, "fill-sort-key", FROM_ABOVE);
      if (id.startsWith("bim_elements/") && id.endsWith("-line")) this.map.setLayoutProperty(id, "line-sort-key", FROM_ABOVE);
    }
    if (this.massing.isOn) this.massing.set(true, colour);
  }

  /** Puts other colours on what is drawn, without a blank moment; false where the layers are not the same. */
  #repaint(topic: TopicState, style: StyleSpecification): boolean {
    const wanted = drawnLayers(style, topic.topic);
    const drawn = this.map.getLayersOrder().filter((id) => id.startsWith(`${topic.topic}/`));
    if (!drawn.length || wanted.map((layer) => layer.id).join() !== drawn.join()) return false;
    for (const layer of wanted) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        this.map.setPaintProperty(layer.id, name as keyof typeof layer.paint, value as never);
      }
    }
    const colour = fillColour(style);
    if (topic.topic === "projects" && colour) this.map.setPaintProperty("project-points", "circle-color", colour);
    return true;
  }

  #addDocument(topic: TopicState, style: StyleSpecification): void {
    for (const layer of drawnLayers(style, topic.topic)) {
      this.#addSource(layer.source);
      const minzoom = Math.max(layer.minzoom ?? 0, topic.minzoom);
      this.#ownFilters.set(layer.id, layer.filter as FilterSpecification | undefined);
      this.map.addLayer({ ...layer, minzoom }, topic.slot);
      if (topic.topic === "projects") this.#narrow(layer.id);
    }
  }

  #addSource(collection: string): void {
    if (!this.map.getSource(collection)) this.map.addSource(collection, { type: "vector", url: `/tiles/${collection}.json` });
  }

  #erase(topic: TopicState): void {
    for (const id of this.map.getLayersOrder()) {
      if (id.startsWith(`${topic.topic}/`)) this.map.removeLayer(id);
    }
    if (topic.topic === "projects") this.#removePoints();
    topic.legend = [];
  }

  #projectLayers(): string[] {
    const ids = this.map.getLayersOrder().filter((id) => id.startsWith("projects/"));
    return [...ids, ...POINT_LAYERS].filter((id) => this.map.getLayer(id));
  }

  #narrow(id: string): void {
    const own = this.#ownFilters.get(id);
    const listed: FilterSpecification | null = this.#codes && ["in", ["get", "code"], ["literal", this.#codes]];
    const filter = own && listed ? (["all", own, listed] as FilterSpecification) : (own ?? listed);
    this.map.setFilter(id, filter ?? null);
  }

  /** Far out a red line is smaller than a pixel: a dot in the same colour stands for it. */
  #addPoints(colour: ExpressionSpecification | string | null): void {
    const tone = tones(this.dark);
    const from = { source: "project_points", "source-layer": "project_points" };
    this.map.addLayer(
      {
        ...from,
        id: "project-points",
        type: "circle",
        maxzoom: POINTS_UNTIL,
        paint: {
          "circle-color": colour ?? tone.text,
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 4.5, 13, 7],
          "circle-stroke-color": tone.name,
          "circle-stroke-width": 1,
        },
      },
      "slot-marks",
    );
    this.#addNames("project-warnings", { ...from, maxzoom: NAMES_FROM, filter: NEEDS_ATTENTION });
    this.#addNames("project-names", { ...from, minzoom: NAMES_FROM });
    for (const id of POINT_LAYERS) this.#narrow(id);
  }

  /** Names of the projects: near by all of them, from afar only those that need attention. */
  #addNames(id: string, place: { source: string; minzoom?: number; maxzoom?: number; filter?: FilterSpecification }): void {
    const tone = tones(this.dark);
    this.#ownFilters.set(id, place.filter);
    this.map.addLayer({
      ...place,
      id,
      type: "symbol",
      layout: {
        "text-field": ["concat", SIGNS, ["get", "name"]],
        "text-font": FONT,
        "text-size": ["interpolate", ["linear"], ["zoom"], 9, 12, 15, 14],
        "text-variable-anchor": ["top", "bottom", "left", "right"],
        "text-radial-offset": 0.8,
        "text-max-width": 10,
        "text-padding": 4,
        "symbol-sort-key": ["-", 0, ["get", "light_code"]],
      },
      paint: { "text-color": tone.name, "text-halo-color": tone.halo, "text-halo-width": 1.6 },
    });
  }

  #removePoints(): void {
    for (const id of POINT_LAYERS) if (this.map.getLayer(id)) this.map.removeLayer(id);
  }

  #addMarks(): void {
    const map = this.map;
    map.addImage("hatch", hatch(), { pixelRatio: 2 });
    map.addSource("pieces", { type: "geojson", data: EMPTY });
    for (const collection of ["projects", "project_points"]) this.#addSource(collection);
    const nothing: FilterSpecification = ["==", ["get", "code"], ""];
    map.addLayer({ id: "pieces-area", type: "fill", source: "pieces", paint: { "fill-pattern": "hatch" } }, "slot-marks");
    map.addLayer({ id: "pieces-line", type: "line", source: "pieces", paint: { "line-color": MARK, "line-width": 2, "line-dasharray": [3, 2] } }, "slot-marks");
    map.addLayer({ id: "chosen-area", type: "line", source: "projects", "source-layer": "projects", filter: nothing, paint: { "line-color": MARK, "line-width": 3 } }, "slot-marks");
    map.addLayer(
      {
        id: "chosen-point",
        type: "circle",
        source: "project_points",
        "source-layer": "project_points",
        maxzoom: POINTS_UNTIL,
        filter: nothing,
        paint: { "circle-radius": 12, "circle-opacity": 0, "circle-stroke-color": MARK, "circle-stroke-width": 3 },
      },
      "slot-marks",
    );
  }
}

/** Diagonal strokes in the colour of marks, so that the colours of the data stay readable underneath. */
function hatch(): { width: number; height: number; data: Uint8ClampedArray } {
  const size = 16;
  const data = new Uint8ClampedArray(size * size * 4);
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(MARK.slice(at, at + 2), 16));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const onStroke = (x + y) % size < 3;
      data.set([red ?? 0, green ?? 0, blue ?? 0, onStroke ? 220 : 30], (y * size + x) * 4);
    }
  }
  return { width: size, height: size, data };
}
