// Style documents of the service: their layers, and the legend that follows from them. No colour is written here.

import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";

import { isChinese } from "./messages";

export interface LegendEntry {
  code: number | string | null;
  colour: string;
  text: string;
}

export type DrawnLayer = Extract<LayerSpecification, { source: string }>;

interface ClassNote {
  title: { zh: string; en: string };
  colour: string;
  value?: number | string;
  other?: boolean;
}

export async function loadStyle(id: string): Promise<StyleSpecification> {
  const response = await fetch(`/ogc/styles/${id}?f=mapbox`, { cache: "no-cache" });
  if (!response.ok) throw new Error(`${id}: ${response.status}`);
  return (await response.json()) as StyleSpecification;
}

/** Layers with a source, named by topic and place so that another document of the topic fits over them. */
export function drawnLayers(style: StyleSpecification, prefix: string): DrawnLayer[] {
  return style.layers
    .filter((layer): layer is DrawnLayer => "source" in layer && layer.type !== "symbol")
    .map((layer, n) => ({ ...layer, id: `${prefix}/${n}-${layer.type}`, source: layer["source-layer"] ?? layer.source }));
}

/** The colour of an area in the document: what `fill-color` says, as a value or an expression. */
export function fillColour(style: StyleSpecification): ExpressionSpecification | string | null {
  for (const layer of style.layers) {
    if (layer.type === "fill" && layer.paint?.["fill-color"]) return layer.paint["fill-color"] as ExpressionSpecification;
    if (layer.type === "fill-extrusion" && layer.paint?.["fill-extrusion-color"])
      return layer.paint["fill-extrusion-color"] as ExpressionSpecification;
  }
  return null;
}

/** The legend as the document itself states it: one entry per class, the one for the rest last. */
export function legendOf(style: StyleSpecification, chinese = isChinese()): LegendEntry[] {
  const metadata = style.metadata as { legend?: { entries?: ClassNote[] } } | undefined;
  return (metadata?.legend?.entries ?? []).map((note) => ({
    code: note.other ? 0 : (note.value ?? null),
    colour: note.colour,
    text: chinese ? note.title.zh : note.title.en,
  }));
}
