// The elements in 3-D: a custom layer of the map, drawn by three on the map's own canvas.

import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibre } from "maplibre-gl";
import { Camera, Group, type Object3D, Scene, type Vector4, WebGLRenderTarget, WebGLRenderer } from "three";

import { COLOUR, FEATURE, NO_SECTION, PLACE } from "./material";
import { type Matrix, type Point, aimedAt, mayShow, multiply } from "./matrix";
import type { ModelScene } from "./model-scene";

export interface Picked {
  readonly model: ModelScene;
  readonly fid: number;
  readonly place: Point | null; // metres east, north, up
}

interface Asked {
  readonly x: number;
  readonly y: number;
  readonly withPlace: boolean;
  readonly answer: (picked: Picked | null) => void;
}

const FULL_SCALE = 16_777_215;

export class BimLayer implements CustomLayerInterface {
  readonly id = "bim";
  readonly type = "custom";
  readonly renderingMode = "3d";
  readonly models: ModelScene[] = [];
  frameMs = 0; // what drawing one frame costs in script, for measurements
  #section: Vector4 = NO_SECTION;
  #map: MapLibre | null = null;
  #renderer: WebGLRenderer | null = null;
  #scene = new Scene();
  #marks = new Group();
  #camera = new Camera();
  #target = new WebGLRenderTarget(1, 1);
  #asked: Asked[] = [];

  /** `ground` takes metres east, north, up to the world of the map. */
  constructor(public ground: Matrix) {
    this.#scene.matrixWorldAutoUpdate = true;
    this.#camera.matrixWorldAutoUpdate = false;
    this.#scene.add(this.#marks);
  }

  add(model: ModelScene): void {
    this.models.push(model);
    this.#scene.add(model.group);
    this.section(this.#section);
  }

  /** Draws a model or leaves it out; what has come of it stays in memory. */
  set(model: ModelScene, isShown: boolean): void {
    if (isShown === this.models.includes(model)) return;
    if (isShown) return this.add(model);
    this.models.splice(this.models.indexOf(model), 1);
    this.#scene.remove(model.group);
    this.repaint();
  }

  /** Draws something of the page's own over the models, in metres east, north, up; it is never picked. */
  addMark(mark: Object3D): void {
    this.#marks.add(mark);
  }

  remove(model: ModelScene): void {
    this.set(model, false);
    model.dispose();
  }

  /** Cuts away whatever lies beyond a plane: normal and distance in metres east, north, up. */
  section(plane: Vector4): void {
    this.#section = plane;
    for (const model of this.models) model.material.uniforms.section!.value = plane;
    this.repaint();
  }

  repaint(): void {
    this.#map?.triggerRepaint();
  }

  /** The element under a pixel of the map, as drawn in the next frame; hidden and cut ones are not there. */
  pick(x: number, y: number, withPlace = false): Promise<Picked | null> {
    return new Promise((answer) => {
      this.#asked.push({ x, y, withPlace, answer });
      this.repaint();
    });
  }

  onAdd(map: MapLibre, gl: WebGL2RenderingContext | WebGLRenderingContext): void {
    this.#map = map;
    this.#renderer = new WebGLRenderer({ canvas: map.getCanvas(), context: gl as WebGL2RenderingContext });
    this.#renderer.autoClear = false;
    this.#renderer.sortObjects = false; // nothing is transparent, so the order does not matter
  }

  onRemove(): void {
    for (const { answer } of this.#asked.splice(0)) answer(null);
    for (const model of this.models.splice(0)) model.dispose();
    this.#target.dispose();
    this.#renderer?.dispose();
    this.#renderer = null;
  }

  render(_gl: WebGL2RenderingContext | WebGLRenderingContext, options: CustomRenderMethodInput): void {
    const [renderer, map] = [this.#renderer, this.#map];
    if (!renderer || !map) return;
    const began = performance.now();
    const projection = multiply([...options.defaultProjectionData.mainMatrix], this.ground);
    const { width, height } = map.getCanvas();
    renderer.resetState(); // the map has used the context meanwhile
    renderer.setViewport(0, 0, width, height);
    this.#draw(renderer, projection, COLOUR);
    this.frameMs = performance.now() - began;
    for (const asked of this.#asked.splice(0)) asked.answer(this.#answer(renderer, projection, asked));
    renderer.resetState();
  }

  #answer(renderer: WebGLRenderer, projection: Matrix, { x, y, withPlace }: Asked): Picked | null {
    const { clientWidth, clientHeight } = (this.#map as MapLibre).getCanvas();
    const aimed = aimedAt(projection, x - 0.5, y - 0.5, clientWidth, clientHeight);
    renderer.setRenderTarget(this.#target);
    const [id, number] = this.#read(renderer, aimed, FEATURE);
    const model = this.models.find((each) => each.number === number);
    let place: Point | null = null;
    if (model?.box && id && withPlace) {
      const [x0, y0, z0, x1, y1, z1] = model.box;
      const share = [0, 1, 2].map((axis) => this.#read(renderer, aimed, PLACE + axis)[0] / FULL_SCALE);
      place = [x0 + (share[0] ?? 0) * (x1 - x0), y0 + (share[1] ?? 0) * (y1 - y0), z0 + (share[2] ?? 0) * (z1 - z0)];
    }
    renderer.setRenderTarget(null);
    return model && id ? { model, fid: id - 1, place } : null;
  }

  #read(renderer: WebGLRenderer, aimed: Matrix, mode: number): [value: number, last: number] {
    const pixel = new Uint8Array(4);
    renderer.setClearColor(0, 0);
    renderer.clear();
    this.#draw(renderer, aimed, mode);
    renderer.readRenderTargetPixels(this.#target, 0, 0, 1, 1, pixel);
    const [red, green, blue, last] = pixel;
    return [(red ?? 0) + 256 * (green ?? 0) + 65_536 * (blue ?? 0), last ?? 0];
  }

  #draw(renderer: WebGLRenderer, projection: Matrix, mode: number): void {
    for (const model of this.models) {
      model.material.uniforms.mode!.value = mode;
      model.cull((box) => mayShow(projection, box));
    }
    this.#marks.visible = mode === COLOUR;
    this.#camera.projectionMatrix.fromArray([...projection]);
    this.#camera.projectionMatrixInverse.copy(this.#camera.projectionMatrix).invert();
    renderer.render(this.#scene, this.#camera);
  }
}
