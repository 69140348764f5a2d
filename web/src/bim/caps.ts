// How much is drawn without being asked for: tiles up to a number of elements and of triangles.

import type { Tile } from "./scene";

export const ELEMENTS_SHOWN = 20_000;
export const TRIANGLES_SHOWN = 1_000_000;

export interface Load {
  readonly tiles: Tile[];
  readonly features: number;
  readonly total: number;
  readonly isWhole: boolean;
}

/** Chooses the tiles to draw, in the order given: those of one storey, or of all, within the caps unless all is asked for. */
export function chooseTiles(tiles: readonly Tile[], storey: string | null, all: boolean): Load {
  const wanted = storey === null ? tiles : tiles.filter((tile) => tile.storey === storey);
  const total = wanted.reduce((sum, tile) => sum + tile.features, 0);
  const chosen: Tile[] = [];
  let [features, triangles] = [0, 0];
  for (const tile of wanted) {
    const fits = features + tile.features <= ELEMENTS_SHOWN && triangles + tile.triangles <= TRIANGLES_SHOWN;
    if (!all && chosen.length && !fits) continue;
    chosen.push(tile);
    features += tile.features;
    triangles += tile.triangles;
  }
  return { tiles: chosen, features, total, isWhole: chosen.length === wanted.length };
}
