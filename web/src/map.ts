// The map: our ground, our tiles, colours from the style documents of the service.

import "maplibre-gl/dist/maplibre-gl.css";

import {
  type GeoJSONSource,
  type LngLatBoundsLike,
  Map as MapLibre,
  type MapGeoJSONFeature,
  type MapMouseEvent,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

import { type Box, withParameter } from "./address";
import { showFeature } from "./feature";
import { groundStyle } from "./ground";
import { type Colouring, Layers } from "./layers";
import { t } from "./messages";
import type { MapView, Page } from "./page";
import { ROOM_PX, buildPanel } from "./panel";

const NEAR_PX = 6;
const PANEL_PX = 256;

/** Room around what is brought into view: on wide screens the layer panel lies over the left side. */
export function fit(container: HTMLElement): { padding: { top: number; bottom: number; left: number; right: number }; maxZoom: number } {
  const wide = container.clientWidth >= ROOM_PX;
  const padding = wide ? { top: 48, bottom: 48, left: PANEL_PX + 24, right: 64 } : { top: 44, bottom: 32, left: 28, right: 28 };
  return { padding, maxZoom: 16.5 };
}

export async function startMap(ground: HTMLElement, page: Page): Promise<MapView> {
  const { map, dark } = bareMap(ground, page.box);
  const layers = new Layers(map, dark, () => ground.setAttribute("aria-busy", "true"), (layer) => page.say(t("layer_failed", { layer })));
  await once(map, "load");
  await layers.start(new URL(location.href).searchParams.get("colour") === "light" ? "light" : "progress");
  buildPanel(ground, layers, rememberColouring);
  bindPointer(map, layers, page);
  tellBusy(map, ground);
  return viewOf(map, layers);
}

/** A map with the neutral ground and nothing on it yet. */
export function bareMap(ground: HTMLElement, box: Box | null): { map: MapLibre; dark: boolean } {
  setWorkerUrl(workerUrl);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const holder = document.createElement("div");
  holder.className = "map";
  ground.prepend(holder);
  return { map: createMap(holder, dark, box), dark };
}

function createMap(container: HTMLElement, dark: boolean, box: Box | null): MapLibre {
  const map = new MapLibre({
    container,
    style: groundStyle(dark),
    ...(box ? { bounds: box as LngLatBoundsLike, fitBoundsOptions: fit(container) } : {}),
    hash: true,
    attributionControl: false,
    maxPitch: 60,
    // never cut a tile for a deeper zoom: the library keeps such cuts, and would show them after a refresh
    zoomLevelsToOverscale: 24,
    locale: {
      "Map.Title": t("label"),
      "NavigationControl.ZoomIn": t("zoom_in"),
      "NavigationControl.ZoomOut": t("zoom_out"),
      "NavigationControl.ResetBearing": t("compass"),
      "ScaleControl.Meters": t("metres"),
      "ScaleControl.Kilometers": t("kilometres"),
    },
    transformRequest: (url) => ({ url: onOurOrigin(url) }),
  });
  map.addControl(new NavigationControl({ visualizePitch: true }), "top-right");
  map.addControl(new ScaleControl({ maxWidth: 120 }), "bottom-right");
  return map;
}

export function once(map: MapLibre, event: "load"): Promise<void> {
  return new Promise((resolve) => void map.once(event, () => resolve()));
}

function viewOf(map: MapLibre, layers: Layers): MapView {
  return {
    choose(code, box) {
      layers.choose(code);
      map.resize(); // the card beside the map has just come or gone
      if (box) map.fitBounds(box, { ...fit(map.getContainer()), duration: calm() ? 0 : 600 });
    },
    show: (codes) => layers.show(codes),
    showPieces: (pieces) => void map.getSource<GeoJSONSource>("pieces")?.setData(pieces),
    refresh: () => layers.refresh(),
  };
}

function calm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Says to assistive technology, and to tests, whether everything in view is drawn. */
export function tellBusy(map: MapLibre, ground: HTMLElement): void {
  ground.setAttribute("aria-busy", "true");
  map.on("dataloading", () => ground.setAttribute("aria-busy", "true"));
  map.on("movestart", () => ground.setAttribute("aria-busy", "true"));
  map.on("idle", () => ground.setAttribute("aria-busy", "false"));
  map.triggerRepaint();
}

function bindPointer(map: MapLibre, layers: Layers, page: Page): void {
  map.on("click", (event) => {
    const feature = nearest(map, layers, event);
    if (!feature) return;
    const code: unknown = feature.properties.code;
    const isProject = feature.source === "projects" || feature.source === "project_points";
    if (isProject && typeof code === "string") page.open(code);
    else void showFeature(feature, layers.legendOf(feature.source));
  });
  map.on("mousemove", (event) => {
    const feature = nearest(map, layers, event);
    map.getCanvas().classList.toggle("over-feature", feature !== null);
  });
}

/** The topmost feature under the pointer: first exactly there, then within a finger's breadth. */
function nearest(map: MapLibre, layers: Layers, event: MapMouseEvent): MapGeoJSONFeature | null {
  const { x, y } = event.point;
  const exact = map.queryRenderedFeatures(event.point, { layers: layers.clickable() })[0];
  if (exact) return exact;
  const area: [[number, number], [number, number]] = [
    [x - NEAR_PX, y - NEAR_PX],
    [x + NEAR_PX, y + NEAR_PX],
  ];
  return map.queryRenderedFeatures(area, { layers: layers.clickable() })[0] ?? null;
}

/** Every request stays here, whatever host name the service believes it has behind a proxy. */
function onOurOrigin(address: string): string {
  const url = new URL(address, location.href);
  return url.protocol.startsWith("http") ? `${location.origin}${url.pathname}${url.search}` : url.href;
}

function rememberColouring(colouring: Colouring): void {
  const url = withParameter(new URL(location.href), "colour", colouring === "progress" ? null : colouring);
  history.replaceState(history.state, "", url);
}
