// The ground of a model without a georeference: a plain with a grid in metres and nothing else.

import type { StyleSpecification } from "maplibre-gl";

import { tones } from "../ground";
import type { Box3 } from "./matrix";
import type { Ground } from "./placement";

const LINES = 40;

/** A step of 1, 2 or 5 times a power of ten, so that about twenty lines lie under the model. */
export function gridStep(size_m: number): number {
  const rough = Math.max(size_m, 1) / 20;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((step) => step * power >= rough) ?? 10);
}

export function planeStyle(dark: boolean, ground: Ground, box: Box3): StyleSpecification {
  const c = tones(dark);
  const [middleX, middleY] = [(box[0] + box[3]) / 2, (box[1] + box[4]) / 2];
  const step = gridStep(Math.max(box[3] - box[0], box[4] - box[1]));
  const [x0, y0] = [Math.round(middleX / step) * step, Math.round(middleY / step) * step];
  const reach = (LINES / 2) * step;
  const lines: GeoJSON.Position[][] = [];
  for (let n = -LINES / 2; n <= LINES / 2; n++) {
    lines.push([ground.toMap([x0 + n * step, y0 - reach, 0]), ground.toMap([x0 + n * step, y0 + reach, 0])]);
    lines.push([ground.toMap([x0 - reach, y0 + n * step, 0]), ground.toMap([x0 + reach, y0 + n * step, 0])]);
  }
  const grid: GeoJSON.Feature = { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: lines } };
  return {
    version: 8,
    sources: { grid: { type: "geojson", data: grid, tolerance: 0 } },
    layers: [
      { id: "land", type: "background", paint: { "background-color": c.land } },
      { id: "grid", type: "line", source: "grid", paint: { "line-color": c.line, "line-width": 0.7, "line-opacity": 0.7 } },
    ],
  };
}
