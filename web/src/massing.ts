// BIM elements standing up: every footprint raised from its lowest to its highest point. Work not begun is a shade.

import type { ExpressionSpecification, FilterSpecification, Map as MapLibre } from "maplibre-gl";

const SOURCE = "bim_elements";
const SLOT = "slot-bim";
const IDS = { solid: "bim_elements/standing", shade: "bim_elements/shade" } as const;
const PITCH = 55;
const SHADE_OPACITY = 0.22;
const STARTED: FilterSpecification = ["!=", ["get", "status"], "not_started"];
const NOT_STARTED: FilterSpecification = ["==", ["get", "status"], "not_started"];

export class Massing {
  #lowest = new Map<number, number>();
  #on = false;

  constructor(
    readonly map: MapLibre,
    readonly busy: () => void,
  ) {
    map.on("idle", () => this.#settle());
  }

  get isOn(): boolean {
    return this.#on;
  }

  /** Stands the elements up, or lays them flat again; the flat layers are hidden meanwhile. */
  set(on: boolean, colour: ExpressionSpecification | string | null): void {
    this.#on = on;
    this.#remove();
    this.#showFlat(!on);
    if (on && colour && this.map.getSource(SOURCE)) {
      this.#readLowest();
      this.#add(colour);
    }
    this.map.easeTo({ pitch: on ? PITCH : 0 });
  }

  #add(colour: ExpressionSpecification | string): void {
    for (const [part, filter, opacity] of [
      ["solid", STARTED, 0.95],
      ["shade", NOT_STARTED, SHADE_OPACITY],
    ] as const) {
      this.map.addLayer(
        {
          id: IDS[part],
          type: "fill-extrusion",
          source: SOURCE,
          "source-layer": SOURCE,
          filter,
          paint: { "fill-extrusion-color": colour, "fill-extrusion-opacity": opacity, ...this.#heights() },
        },
        SLOT,
      );
    }
  }

  #remove(): void {
    for (const id of Object.values(IDS)) if (this.map.getLayer(id)) this.map.removeLayer(id);
  }

  #showFlat(shown: boolean): void {
    for (const id of this.map.getLayersOrder()) {
      if (!id.startsWith(`${SOURCE}/`) || Object.values<string>(IDS).includes(id)) continue;
      this.map.setLayoutProperty(id, "visibility", shown ? "visible" : "none");
    }
  }

  /** Elevations are above the sea; on the flat ground of the map the lowest element of each model stands at zero. */
  #heights(): { "fill-extrusion-base": ExpressionSpecification; "fill-extrusion-height": ExpressionSpecification } {
    const pairs = [...this.#lowest].flat();
    const ground = pairs.length ? (["match", ["get", "model_id"], ...pairs, 0] as unknown as ExpressionSpecification) : 0;
    const above = (field: string): ExpressionSpecification => ["max", 0, ["-", ["coalesce", ["get", field], 0], ground]];
    return { "fill-extrusion-base": above("z_min_m"), "fill-extrusion-height": above("z_max_m") };
  }

  #settle(): void {
    if (!this.#on || !this.map.getLayer(IDS.solid)) return;
    if (!this.#readLowest()) return;
    queueMicrotask(this.busy); // after all others have heard that the map was idle: it no longer is
    for (const id of Object.values(IDS)) {
      for (const [name, value] of Object.entries(this.#heights())) {
        this.map.setPaintProperty(id, name as "fill-extrusion-base", value);
      }
    }
  }

  /** Learns the lowest point of each model in view; false when there is nothing new. */
  #readLowest(): boolean {
    let learnt = false;
    for (const { properties } of this.map.querySourceFeatures(SOURCE, { sourceLayer: SOURCE })) {
      const [model, z]: unknown[] = [properties.model_id, properties.z_min_m];
      if (typeof model !== "number" || typeof z !== "number" || z >= (this.#lowest.get(model) ?? Infinity)) continue;
      this.#lowest.set(model, z);
      learnt = true;
    }
    return learnt;
  }
}
