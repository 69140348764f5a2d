// The map under the model: our neutral ground where the model has a place, an empty plain where it has none.

import "maplibre-gl/dist/maplibre-gl.css";

import { type LngLatBoundsLike, Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

import { groundStyle } from "../ground";
import { t } from "../messages";
import type { Box3 } from "./matrix";
import { type Ground, boundsOn } from "./placement";
import { planeStyle } from "./plane";

const TILT = 52;
const TURN = -22;
const WIDE_PX = 700;

export interface View {
  readonly map: MapLibre;
  readonly isPlaced: boolean;
  readonly dark: boolean;
}

export async function openMap(container: HTMLElement, ground: Ground, box: Box3, isPlaced: boolean): Promise<View> {
  setWorkerUrl(workerUrl);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const map = new MapLibre({
    container,
    style: isPlaced ? groundStyle(dark) : planeStyle(dark, ground, box),
    bounds: boundsOn(ground, box) as LngLatBoundsLike,
    fitBoundsOptions: { ...roomIn(container), bearing: TURN },
    pitch: TILT,
    hash: true,
    attributionControl: false,
    maxPitch: 80,
    maxZoom: 23.5,
    canvasContextAttributes: { antialias: devicePixelRatio < 2 },
    locale: {
      "Map.Title": t("bim.ground"),
      "NavigationControl.ZoomIn": t("zoom_in"),
      "NavigationControl.ZoomOut": t("zoom_out"),
      "NavigationControl.ResetBearing": t("compass"),
      "ScaleControl.Meters": t("metres"),
      "ScaleControl.Kilometers": t("kilometres"),
    },
  });
  map.addControl(new NavigationControl({ visualizePitch: true }), "top-right");
  map.addControl(new ScaleControl({ maxWidth: 120 }), "bottom-right");
  await new Promise<void>((resolve) => void map.once("load", () => resolve()));
  return { map, isPlaced, dark };
}

/** Room around what is brought into view. */
export function roomIn(container: HTMLElement): { padding: { top: number; bottom: number; left: number; right: number }; maxZoom: number } {
  const side = container.clientWidth >= WIDE_PX ? 40 : 16;
  return { padding: { top: 60, bottom: 60, left: side, right: side }, maxZoom: 21 };
}

/** The middle of the view is the middle of what the panel leaves free, also when the map becomes narrower. */
export function keepClear(map: MapLibre, panel: HTMLDetailsElement): void {
  const clear = () => {
    const left = panel.open && map.getContainer().clientWidth >= WIDE_PX ? panel.offsetWidth : 0;
    if (map.getPadding().left !== left) map.setPadding({ top: 0, bottom: 0, right: 0, left });
  };
  panel.addEventListener("toggle", clear);
  map.on("resize", clear);
  clear();
}

export function lookAt(map: MapLibre, ground: Ground, box: Box3, atOnce = false): void {
  const calm = atOnce || matchMedia("(prefers-reduced-motion: reduce)").matches;
  map.fitBounds(boundsOn(ground, box) as LngLatBoundsLike, { ...roomIn(map.getContainer()), pitch: map.getPitch(), bearing: map.getBearing(), duration: calm ? 0 : 500 });
}

/** The outline of the project's site below the model, as the service has it. */
export async function addFootprint(view: View, project: string, colour: string): Promise<void> {
  if (!view.isPlaced) return;
  const response = await fetch(`/ogc/collections/projects/items?code=${encodeURIComponent(project)}&properties=code&f=json`);
  if (!response.ok) return; // the model stands without it
  const data = (await response.json()) as GeoJSON.FeatureCollection;
  view.map.addSource("footprint", { type: "geojson", data });
  view.map.addLayer({ id: "footprint", type: "line", source: "footprint", paint: { "line-color": colour, "line-width": 2, "line-dasharray": [4, 2] } }, "slot-projects");
}
