// The map of the land page: our layers by status, the uploaded file, what is drawn, what was found.

import "maplibre-gl/dist/maplibre-gl.css";

import type { GeoJSONSource, Map as MapLibre, MapMouseEvent } from "maplibre-gl";

import { showFeature } from "../feature";
import { Layers } from "../layers";
import { bareMap, fit, once, tellBusy } from "../map";
import { buildPanel } from "../panel";
import { type Bounds, type Kind, type Position, isEnough } from "./shapes";

export type Shown = "upload" | "answer" | "area" | "drawn";

export interface LandMap {
  readonly box: Bounds;
  show(what: Shown, features: GeoJSON.Feature[]): void;
  showPieces(pieces: GeoJSON.FeatureCollection): void;
  fly(box: Bounds | null): void;
  /** Asks for the tiles of a layer again. */
  refresh(collection?: string): void;
  /** Lets the reader draw; resolves with the corners, or null when given up. */
  draw(kind: Kind): Promise<Position[] | null>;
}

// marks of the page, not values of the data: what was asked about, and what was found
const ASKED = "#c2187a";
const FOUND = "#0b6bcb";
const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const COLOURS: Record<Shown, string> = { area: ASKED, upload: ASKED, answer: FOUND, drawn: ASKED };

export async function startLandMap(ground: HTMLElement, failed: (layer: string) => void): Promise<LandMap> {
  const { map, dark } = bareMap(ground, startBox());
  const layers = new Layers(map, dark, () => ground.setAttribute("aria-busy", "true"), failed);
  await once(map, "load");
  layers.topic("land_parcels").shown = true;
  layers.topic("control_areas").shown = true;
  layers.topic("bim_elements").shown = false;
  await layers.start("progress");
  buildPanel(ground, layers, () => undefined);
  for (const what of Object.keys(COLOURS) as Shown[]) addMarks(map, what);
  tellBusy(map, ground);
  const drawing = new Drawing(map);
  map.on("click", (event) => {
    if (!drawing.isOn) showUnder(map, layers, event);
  });
  return viewOf(map, layers, drawing);
}

/** Where the sample district and its works lie; a camera in the address goes first. */
function startBox(): Bounds {
  const given = (document.getElementById("ground")?.dataset.box ?? "").split(",").map(Number);
  return given.length === 4 && given.every(Number.isFinite) ? (given as Bounds) : [115.6, 32.8, 116.0, 33.3];
}

function viewOf(map: MapLibre, layers: Layers, drawing: Drawing): LandMap {
  return {
    get box(): Bounds {
      const bounds = map.getBounds();
      return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    },
    show: (what, features) => void map.getSource<GeoJSONSource>(`land-${what}`)?.setData({ ...EMPTY, features }),
    showPieces: (pieces) => void map.getSource<GeoJSONSource>("pieces")?.setData(pieces),
    fly(box) {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (box) map.fitBounds(box, { ...fit(map.getContainer()), duration: calm ? 0 : 600 });
    },
    refresh(collection = "land_parcels") {
      layers.refresh();
      map.once("render", () => {
        if (map.getSource(collection)) map.refreshTiles(collection);
      });
    },
    draw: (kind) => drawing.start(kind),
  };
}

function addMarks(map: MapLibre, what: Shown): void {
  const [source, colour] = [`land-${what}`, COLOURS[what]];
  map.addSource(source, { type: "geojson", data: EMPTY });
  map.addLayer({ id: `${source}-fill`, type: "fill", source, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": colour, "fill-opacity": 0.12 } }, "slot-marks");
  map.addLayer({ id: `${source}-line`, type: "line", source, paint: { "line-color": colour, "line-width": what === "area" ? 1.5 : 2.5, ...(what === "area" ? { "line-dasharray": [3, 2] } : {}) } }, "slot-marks");
  map.addLayer({ id: `${source}-point`, type: "circle", source, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": colour, "circle-radius": 6, "circle-stroke-color": "#ffffff", "circle-stroke-width": 1.5 } }, "slot-marks");
}

function showUnder(map: MapLibre, layers: Layers, event: MapMouseEvent): void {
  const found = map.queryRenderedFeatures(event.point, { layers: layers.clickable() })[0];
  if (!found) return;
  const number: unknown = found.properties.parcel_no;
  if (found.sourceLayer === "land_parcels" && typeof number === "string") document.dispatchEvent(new CustomEvent("parcel", { detail: number }));
  else void showFeature(found, layers.legendOf(found.source));
}

/** Points by click, the end by double click or Enter, Esc gives up. */
class Drawing {
  #positions: Position[] = [];
  #kind: Kind = "Point";
  #done: ((positions: Position[] | null) => void) | null = null;

  constructor(readonly map: MapLibre) {
    map.on("click", (event) => {
      if (this.isOn) this.#add([event.lngLat.lng, event.lngLat.lat]);
    });
    map.on("dblclick", (event) => {
      if (!this.isOn) return;
      event.preventDefault(); // no zoom
      this.#finish();
    });
    document.addEventListener("keydown", (event) => {
      if (!this.isOn || !(event.key === "Enter" || event.key === "Escape")) return;
      event.preventDefault();
      if (event.key === "Enter") this.#finish();
      else this.#end(null);
    });
  }

  get isOn(): boolean {
    return this.#done !== null;
  }

  start(kind: Kind): Promise<Position[] | null> {
    this.#end(null);
    this.#kind = kind;
    this.#positions = [];
    this.map.getCanvas().classList.add("drawing");
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  #add(position: Position): void {
    const last = this.#positions[this.#positions.length - 1];
    if (last && last[0] === position[0] && last[1] === position[1]) return; // the second click of a double click
    this.#positions.push(position);
    if (this.#kind === "Point") return this.#finish();
    this.#show();
  }

  #show(): void {
    const points = this.#positions.map((coordinates): GeoJSON.Feature => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates } }));
    const line: GeoJSON.Feature = { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: this.#positions } };
    const features = this.#positions.length > 1 ? [line, ...points] : points;
    void this.map.getSource<GeoJSONSource>("land-drawn")?.setData({ ...EMPTY, features });
  }

  #finish(): void {
    if (isEnough(this.#positions, this.#kind)) this.#end(this.#positions);
  }

  #end(positions: Position[] | null): void {
    const done = this.#done;
    this.#done = null;
    this.map.getCanvas().classList.remove("drawing");
    done?.(positions);
  }
}
