// One row of an answer: what it is, how far or how much, and a button that brings it into view.

import { element } from "../element";
import { findText, t } from "../messages";

type Properties = Record<string, unknown>;

const LABELS = ["parcel_no", "name", "code", "global_id"];

export function answerRow(question: string, feature: GeoJSON.Feature, layerName: (key: string) => string, fly: (geometry: GeoJSON.Geometry) => void): HTMLElement {
  const properties = feature.properties ?? {};
  const button = element("button", { type: "button", className: "found-row" }, [
    element("span", { className: "found-name", textContent: labelOf(question, properties) }),
    element("span", { className: "muted", textContent: layerName(String(properties.collection ?? "")) }),
    element("span", { className: "found-figure", textContent: figureOf(question, properties) }),
  ]);
  button.addEventListener("click", () => {
    if (feature.geometry) fly(feature.geometry);
  });
  return element("li", {}, [button, ...details(question, properties)]);
}

function labelOf(question: string, properties: Properties): string {
  if (question === "duplicates") return t("land.pair", { a: String(properties.first_label ?? properties.first), b: String(properties.second_label ?? properties.second) });
  const named = ((question === "change" ? properties.state : question === "summary" ? properties.area : properties) ?? {}) as Properties;
  const found = LABELS.map((name) => named[name]).filter((value) => typeof value === "string" && value !== "");
  return found.slice(0, 2).join(" ") || "–";
}

function figureOf(question: string, properties: Properties): string {
  const number = (name: string) => properties[name] as number;
  if (question === "nearest" || question === "buffer") return t("land.metres", { m: round(number("distance_m"), 2) });
  if (question === "corridor") {
    const station = t("land.station", { from: round(number("from_m"), 0), to: round(number("to_m"), 0) });
    return [station, t(`land.side.${String(properties.side)}`), t("land.metres", { m: round(number("distance_m"), 1) })].join(" · ");
  }
  if (question === "change") return change(properties);
  if (question === "summary") return summary(properties);
  if (question !== "duplicates") return typeof properties.area_m2 === "number" ? `${round(properties.area_m2, 2)} m²` : "";
  if (typeof properties.distance_m === "number") return t("land.metres", { m: round(properties.distance_m, 3) });
  return t("land.common", { share: round(number("share_percent"), 2), m2: round(number("common_area_m2"), 2) });
}

/** What kind of change, and of areas by how much: m² on the ellipsoid and 亩. */
function change(properties: Properties): string {
  const parts = [t(`land.change.${String(properties.change)}`)];
  if (properties.moved) parts.push(t("land.change.moved"));
  const difference = properties.area_difference_m2;
  if (typeof difference === "number" && Math.abs(difference) >= 0.01) {
    parts.push(`${signed(difference, 2)} m²`, `${signed(Number(properties.area_difference_mu), 4)} 亩`);
  }
  return parts.join(" · ");
}

function signed(value: number, decimals: number): string {
  return `${value > 0 ? "+" : "−"}${round(Math.abs(value), decimals)}`;
}

function summary(properties: Properties): string {
  const parts = [t("land.counts", { layer: "", n: String(properties.count) }).replace(/^[\s:]+/, "")];
  if (typeof properties.area_m2 === "number") parts.push(`${round(properties.area_m2, 2)} m²`, t("land.share", { share: round(Number(properties.share_percent), 2) }));
  if (typeof properties.sum === "number") parts.push(round(properties.sum, 2));
  return parts.join(" · ");
}

/** Of a change: which fields, before → after. */
function details(question: string, properties: Properties): HTMLElement[] {
  if (question !== "change" || !properties.changed) return [];
  const lines = Object.entries(properties.changed as Record<string, [unknown, unknown]>).map(([name, [before, after]]) => {
    const title = findText(`field.${name}`) ?? name;
    return element("li", { textContent: `${title}：${written(before)} → ${written(after)}` });
  });
  return [element("ul", { className: "changes muted" }, lines)];
}

function written(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "number" ? round(value, 2) : String(value);
}

function round(value: number, decimals: number): string {
  return Number.isFinite(value) ? value.toLocaleString("en", { maximumFractionDigits: decimals }) : "–";
}
