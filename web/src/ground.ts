// The neutral ground under our layers: plain land, water, roads, villages. No colour here carries a meaning.

import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";

interface Tones {
  land: string;
  block: string;
  water: string;
  road: string;
  casing: string;
  line: string;
  text: string;
  halo: string;
  name: string;
}

const LIGHT: Tones = {
  land: "#f3f4f1",
  block: "#e9e9e4",
  water: "#cfe0ea",
  road: "#ffffff",
  casing: "#d9dad5",
  line: "#b9bfc6",
  text: "#6b7480",
  halo: "#f8f9f7",
  name: "#22303d",
};
const DARK: Tones = {
  land: "#16202a",
  block: "#1c2833",
  water: "#12303f",
  road: "#2b3946",
  casing: "#1a2530",
  line: "#3a4956",
  text: "#93a1af",
  halo: "#111a22",
  name: "#dfe7ee",
};

export const FONT = ["Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "sans-serif"];

export function tones(dark: boolean): Tones {
  return dark ? DARK : LIGHT;
}

/** Slots keep the order of drawing: whatever is added later goes below its slot. */
export const SLOTS = ["slot-areas", "slot-parcels", "slot-projects", "slot-bim", "slot-marks"] as const;
export type Slot = (typeof SLOTS)[number];

export function groundStyle(dark: boolean): StyleSpecification {
  const c = tones(dark);
  const kind = (...names: string[]): ExpressionSpecification => ["in", ["get", "kind"], ["literal", names]];
  const area = (...names: string[]): ExpressionSpecification => ["all", kind(...names), ["==", ["geometry-type"], "Polygon"]];
  const line = (...names: string[]): ExpressionSpecification => ["all", kind(...names), ["==", ["geometry-type"], "LineString"]];
  const width = (near: number): ExpressionSpecification => ["interpolate", ["linear"], ["zoom"], 9, near / 4, 17, near * 3];
  return {
    version: 8,
    sources: { ground: { type: "geojson", data: new URL("/basemap.geojson", location.href).href } },
    layers: [
      { id: "land", type: "background", paint: { "background-color": c.land } },
      { id: "block", type: "fill", source: "ground", filter: kind("village", "block"), paint: { "fill-color": c.block } },
      { id: "water", type: "fill", source: "ground", filter: area("river", "water"), paint: { "fill-color": c.water } },
      { id: "stream", type: "line", source: "ground", filter: line("river", "water"), paint: { "line-color": c.water, "line-width": width(8) } },
      { id: "road-area", type: "fill", source: "ground", filter: area("road"), paint: { "fill-color": c.road, "fill-outline-color": c.casing } },
      { id: "casing", type: "line", source: "ground", filter: line("road"), layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": c.casing, "line-width": width(6) } },
      { id: "road", type: "line", source: "ground", filter: line("road"), layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": c.road, "line-width": width(4) } },
      { id: "graticule", type: "line", source: "ground", filter: kind("graticule"), paint: { "line-color": c.line, "line-width": 0.5, "line-dasharray": [2, 4] } },
      { id: "district", type: "line", source: "ground", filter: kind("district", "boundary"), paint: { "line-color": c.line, "line-width": 1.5, "line-dasharray": [6, 3] } },
      ...SLOTS.map((id): LayerSpecification => ({ id, type: "background", layout: { visibility: "none" } })),
    ],
  };
}
