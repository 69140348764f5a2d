// Layers, colouring and legend: one small panel in the corner of the map.

import { element } from "./element";
import type { Colouring, Layers, Topic } from "./layers";
import { t } from "./messages";

const ORDER: readonly Topic[] = ["projects", "bim_elements", "land_parcels", "control_areas"];
const COLOURINGS: readonly Colouring[] = ["progress", "light"];
export const ROOM_PX = 640;
const SIGNS: Record<string, string> = { "0": "○", "1": "●", "2": "▲", "3": "■" };

export function buildPanel(ground: HTMLElement, layers: Layers, onColouring: (colouring: Colouring) => void): void {
  const legend = element("div", { className: "legends" });
  const draw = () => legend.replaceChildren(...ORDER.flatMap((topic) => legendBlock(layers, topic)));
  const panel = element("details", { className: "layer-panel" });
  panel.append(
    element("summary", { textContent: t("layers") }),
    element("fieldset", {}, [element("legend", { textContent: t("colour_by") }), ...COLOURINGS.map((c) => colouringButton(layers, c, draw, onColouring))]),
    ...ORDER.flatMap((topic) => (topic === "bim_elements" ? [topicBox(layers, topic, draw), standUpBox(layers)] : [topicBox(layers, topic, draw)])),
    legend,
  );
  ground.append(panel);
  openWhereRoom(ground, panel);
  layers.map.on("zoomend", draw);
  draw();
}

/** Folds the panel when the map becomes narrow and unfolds it when there is room again; in between the reader decides. */
function openWhereRoom(ground: HTMLElement, panel: HTMLDetailsElement): void {
  let wide: boolean | null = null;
  new ResizeObserver(() => {
    const now = ground.clientWidth >= ROOM_PX;
    if (now !== wide) panel.open = now;
    wide = now;
  }).observe(ground);
}

function colouringButton(layers: Layers, colouring: Colouring, draw: () => void, onColouring: (c: Colouring) => void): HTMLElement {
  const input = element("input", { type: "radio", name: "colouring", value: colouring, checked: layers.colouring === colouring });
  input.addEventListener("change", () => {
    onColouring(colouring);
    void layers.colourBy(colouring).then(draw);
  });
  return element("label", {}, [input, ` ${t(`by_${colouring}`)}`]);
}

function topicBox(layers: Layers, topic: Topic, draw: () => void): HTMLElement {
  const state = layers.topic(topic);
  const input = element("input", { type: "checkbox", checked: state.shown });
  input.addEventListener("change", () => void layers.toggle(topic, input.checked).then(draw));
  const hint = state.minzoom ? [element("small", { textContent: ` ${t("bim_zoom")}` })] : [];
  return element("label", { className: "topic" }, [input, ` ${t(`layer.${topic}`)}`, ...hint]);
}

function standUpBox(layers: Layers): HTMLElement {
  const input = element("input", { type: "checkbox" });
  input.addEventListener("change", () => layers.standUp(input.checked));
  return element("label", { className: "topic sub-topic" }, [input, ` ${t("stand_up")}`]);
}

function legendBlock(layers: Layers, topic: Topic): HTMLElement[] {
  const { legend, style, minzoom } = layers.topic(topic);
  if (!legend.length || layers.map.getZoom() < minzoom) return [];
  const signed = style.endsWith("-light");
  const rows = legend.map(({ colour, text, code }) => {
    const swatch = element("span", { className: "swatch" });
    swatch.style.backgroundColor = colour; // set by script, which the content policy allows
    const sign = signed && code !== null ? `${SIGNS[String(code)] ?? "◆"} ` : "";
    return element("li", {}, [swatch, `${sign}${text}`]);
  });
  return [element("h3", { textContent: t(`layer.${topic}`) }), element("ul", { className: "legend" }, rows)];
}
