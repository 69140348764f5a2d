import type { StyleSpecification } from "maplibre-gl";
import { describe, expect, it } from "vitest";

import { drawnLayers, fillColour, legendOf } from "../src/style-document";

const COLOUR = ["match", ["get", "light_code"], 1, "#010203", "#0a0b0c"];
const STYLE = {
  version: 8,
  metadata: {
    legend: {
      entries: [
        { key: "green", title: { zh: "正常", en: "On plan" }, colour: "#010203", value: 1 },
        { key: "none", title: { zh: "未评估", en: "Not assessed" }, colour: "#0a0b0c", other: true },
      ],
    },
  },
  sources: { projects: { type: "vector", url: "/tiles/projects.json" } },
  layers: [
    { id: "a", type: "fill", source: "projects", "source-layer": "projects", paint: { "fill-color": COLOUR } },
    { id: "b", type: "symbol", source: "points", "source-layer": "project_points" },
    { id: "c", type: "background" },
  ],
} as unknown as StyleSpecification;

describe("style document", () => {
  it("names its classes in the language of the page", () => {
    expect(legendOf(STYLE, true)).toEqual([
      { code: 1, colour: "#010203", text: "正常" },
      { code: 0, colour: "#0a0b0c", text: "未评估" },
    ]);
    expect(legendOf(STYLE, false).map((entry) => entry.text)).toEqual(["On plan", "Not assessed"]);
  });

  it("gives its own colour expression on, unread", () => {
    expect(fillColour(STYLE)).toBe(COLOUR);
  });

  it("has its shapes renamed and its labels left out", () => {
    expect(drawnLayers(STYLE, "projects").map((layer) => [layer.id, layer.source])).toEqual([["projects/0-fill", "projects"]]);
  });

  it("without a legend shows none", () => {
    expect(legendOf({ version: 8, sources: {}, layers: [] }, true)).toEqual([]);
  });
});
