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

/**
 * Chooses the tiles to draw, in the order given: those of one storey, or of all, within the caps unless all is asked for.
 * What is drawn of other models already counts too; the first tile comes in any case.
 */
export function chooseTiles(tiles: readonly Tile[], storey: string | null, all: boolean, drawn: readonly Load[] = []): Load {
  const wanted = storey === null ? tiles : tiles.filter((tile) => tile.storey === storey);
  const total = sum(wanted, "features");
  const chosen: Tile[] = [];
  let [features, triangles] = [0, 0];
  const before = drawn.flatMap((load) => load.tiles);
  const [room, triangleRoom] = [ELEMENTS_SHOWN - sum(before, "features"), TRIANGLES_SHOWN - sum(before, "triangles")];
  for (const tile of wanted) {
    const fits = features + tile.features <= room && triangles + tile.triangles <= triangleRoom;
    if (!all && chosen.length && !fits) continue;
    chosen.push(tile);
    features += tile.features;
    triangles += tile.triangles;
  }
  return { tiles: chosen, features, total, isWhole: chosen.length === wanted.length };
}

function sum(tiles: readonly Tile[], what: "features" | "triangles"): number {
  return tiles.reduce((all, tile) => all + tile[what], 0);
}
