// The card of a BIM element, a parcel or a control area: its fields as the service gives them.

import type { MapGeoJSONFeature } from "maplibre-gl";

import { findText, t } from "./messages";
import type { LegendEntry } from "./style-document";

const COLLECTIONS = ["bim_elements", "land_parcels", "control_areas"];

export async function showFeature(feature: MapGeoJSONFeature, legend: LegendEntry[]): Promise<void> {
  const collection = feature.sourceLayer ?? feature.source;
  if (!COLLECTIONS.includes(collection)) return;
  const card = cardElement();
  fill(card, collection, feature.properties, legend);
  const full = await findItem(collection, feature.id);
  if (full && card.isConnected) fill(card, collection, full, legend);
}

async function findItem(collection: string, id: string | number | undefined): Promise<Record<string, unknown> | null> {
  if (id === undefined) return null;
  try {
    const response = await fetch(`/ogc/collections/${collection}/items/${id}?f=json`);
    return response.ok ? ((await response.json()) as GeoJSON.Feature).properties : null;
  } catch {
    return null; // what the tile holds is shown already
  }
}

function cardElement(): HTMLElement {
  const old = document.getElementById("feature");
  const card = document.createElement("article");
  card.id = "feature";
  card.className = "card feature";
  if (old) old.replaceWith(card);
  else document.getElementById("drawer")?.prepend(card);
  return card;
}

function fill(card: HTMLElement, collection: string, properties: Record<string, unknown>, legend: LegendEntry[]): void {
  const title = document.createElement("h2");
  title.textContent = t(`feature.${collection}`);
  const close = document.createElement("button");
  close.className = "close";
  close.textContent = "×";
  close.setAttribute("aria-label", t("close"));
  close.addEventListener("click", () => card.remove());
  const facts = document.createElement("dl");
  facts.className = "facts";
  for (const [key, value] of Object.entries(properties)) {
    const name = findText(`field.${key}`);
    if (name && value !== null && value !== "") facts.append(fact(name, key, value, legend));
  }
  card.replaceChildren(close, title, facts);
}

function fact(name: string, key: string, value: unknown, legend: LegendEntry[]): HTMLElement {
  const row = document.createElement("div");
  const term = document.createElement("dt");
  const detail = document.createElement("dd");
  term.textContent = name;
  detail.textContent = formatted(key, value, legend);
  row.append(term, detail);
  return row;
}

function formatted(key: string, value: unknown, legend: LegendEntry[]): string {
  if (key === "progress" && typeof value === "number") return `${value.toFixed(1)}%`;
  if (typeof value === "number") return value.toLocaleString("en", { maximumFractionDigits: 2 });
  // a value that the legend explains is named as there
  return legend.find((entry) => entry.code === value)?.text ?? String(value);
}
