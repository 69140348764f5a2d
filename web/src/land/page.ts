// The land page: a file, questions and the ledger work without a map; the map joins when it is there.

import { t } from "../messages";
import { reasonOf } from "./api";
import { Asking } from "./ask";
import { BoundaryFile } from "./file";
import { Ledger } from "./ledger";
import { type LandMap, sayNoMap } from "./no-map";

export async function startLandPage(): Promise<void> {
  let map: LandMap | null = null;
  const mapOf = () => map;
  const file = new BoundaryFile(mapOf);
  new Asking(mapOf, file);
  const ground = document.getElementById("ground");
  if (!ground) return;
  if (document.createElement("canvas").getContext("webgl2") === null) sayNoMap(t("no_webgl"));
  else {
    try {
      const { startLandMap } = await import("./map");
      map = await startLandMap(ground, (layer) => sayNoMap(t("layer_failed", { layer })));
      document.documentElement.classList.add("has-map");
    } catch (error) {
      sayNoMap(t("failed", { reason: reasonOf(error) }));
    }
  }
  new Ledger(mapOf);
}
