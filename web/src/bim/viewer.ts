// One model on the page in 3-D: its tiles within the caps, its colours, what shows of it, and what is picked.

import type { Map as MapLibre } from "maplibre-gl";
import { Vector4 } from "three";

import { type View, lookAt, openMap } from "./camera";
import { type Load, chooseTiles } from "./caps";
import { parseColour } from "./colours";
import type { Base } from "./frames";
import { BimLayer, type Picked } from "./layer";
import { type Box3, multiply, translation, turning } from "./matrix";
import { ModelScene } from "./model-scene";
import { type Ground, groundAt } from "./placement";
import type { Columns, ModelSource, SceneDocument, Tile } from "./scene";

const AT_ONCE = 4;
const FAR_M = 1e9;

export interface Progress {
  readonly received: number;
  readonly bytes: number;
}

export interface Scene {
  readonly source: ModelSource;
  readonly document: SceneDocument;
  readonly columns: Columns;
}

export async function readScene(source: ModelSource): Promise<Scene> {
  const [document, columns] = await Promise.all([source.scene(), source.columns()]);
  return { source, document, columns };
}

export class Viewer {
  readonly layer: BimLayer;
  readonly model: ModelScene;
  base: Base;
  onMoved: () => void = () => {}; // the frame of the view has changed; whatever else stands in it moves along
  #fids: Map<string, number> | null = null;

  private constructor(
    readonly scene: Scene,
    readonly view: View,
    public ground: Ground,
    readonly mark: string,
  ) {
    this.base = scene.document;
    this.layer = new BimLayer(ground.matrix);
    this.model = new ModelScene(scene.document, 1, parseColour(mark));
    this.layer.add(this.model);
  }

  /** Opens the view; a model without a place stands at `stand`, or on a plain of its own. */
  static async open(container: HTMLElement, scene: Scene, mark: string, stand: readonly [number, number] | null): Promise<Viewer> {
    const { origin } = scene.document;
    const model = new ModelScene(scene.document, 1, [0, 0, 0]); // only asked for its box
    const box: Box3 = model.box ?? [-10, -10, 0, 10, 10, 5];
    const [longitude, latitude] = origin ? [origin.longitude, origin.latitude] : (stand ?? [0, 0]);
    const ground = groundAt(longitude, latitude, box[2]);
    model.dispose();
    const view = await openMap(container, ground, box, origin !== null || stand !== null);
    const viewer = new Viewer(scene, view, ground, mark);
    view.map.addLayer(viewer.layer);
    return viewer;
  }

  get map(): MapLibre {
    return this.view.map;
  }

  get box(): Box3 {
    return this.model.box ?? [-10, -10, 0, 10, 10, 5];
  }

  /** The feature id of a GlobalId; null where the revision has no such shape. */
  find(globalId: string): number | null {
    this.#fids ??= new Map(this.scene.columns.global_id.map((id, fid) => [id, fid]));
    return this.#fids.get(globalId) ?? null;
  }

  globalId(fid: number): string | null {
    return this.scene.columns.global_id[fid] ?? null;
  }

  /** Loads the tiles that are to show, largest claims first come; those that are here already are not asked for again. */
  async show(storey: string | null, all: boolean, onProgress: (progress: Progress) => void): Promise<Load> {
    const load = chooseTiles(this.scene.document.tiles, storey, all);
    await this.draw(this.scene.source, this.model, load, onProgress);
    return load;
  }

  /** Draws these tiles of a model and no others; those that have not come are fetched. */
  async draw(source: ModelSource, model: ModelScene, load: Load, onProgress: (progress: Progress) => void): Promise<void> {
    model.draw(new Set(load.tiles.map((tile) => tile.uri)));
    await loadTiles(source, model, load.tiles, (progress) => {
      onProgress(progress);
      this.layer.repaint();
    });
    this.layer.repaint();
  }

  /** Cuts away what is higher than this many metres above the lowest point; null shows all. */
  cut(height_m: number | null): void {
    this.layer.section(new Vector4(0, 0, 1, height_m === null ? FAR_M : this.box[2] + height_m));
  }

  /** Stands the model elsewhere for the eye alone: its zero at a place, its x axis so far from true east. */
  stand(longitude: number, latitude: number, height_m: number, turn_deg: number): void {
    this.model.place(multiply(turning(turn_deg), translation(...this.scene.document.local_origin)));
    this.base = { origin: { longitude, latitude, height_m }, local_origin: [0, 0, 0] };
    this.ground = groundAt(longitude, latitude, this.box[2]);
    this.onMoved();
    this.settle();
  }

  /** Lays the lowest point of all that is shown on the plane of the map. */
  settle(): void {
    const lowest = Math.min(...this.layer.models.map((model) => model.box?.[2] ?? this.box[2]));
    this.ground = this.ground.at(lowest);
    this.layer.ground = this.ground.matrix;
    this.layer.repaint();
  }

  async pick(x: number, y: number, withPlace = false): Promise<Picked | null> {
    const start = performance.now();
    const picked = await this.layer.pick(x, y, withPlace);
    performance.measure("bim-pick", { start });
    return picked;
  }

  frame(fid: number | null, atOnce = false): void {
    const box = fid === null ? this.box : this.model.boxOfFeature(fid);
    if (box) lookAt(this.map, this.ground, box, atOnce);
  }
}

/** Loads tiles a few at once and adds each as it comes. */
export async function loadTiles(source: ModelSource, model: ModelScene, tiles: readonly Tile[], onProgress: (progress: Progress) => void): Promise<void> {
  const waiting = tiles.filter((tile) => !model.has(tile));
  const bytes = waiting.reduce((sum, tile) => sum + tile.bytes, 0);
  let received = 0;
  const next = async (): Promise<void> => {
    for (let tile = waiting.shift(); tile; tile = waiting.shift()) {
      const whole = await source.tile(tile.uri, (count) => onProgress({ received: (received += count), bytes }));
      model.add(tile, whole);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  onProgress({ received: bytes, bytes });
}
