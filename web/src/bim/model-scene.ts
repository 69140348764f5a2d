// One model in the layer: its tiles as meshes, its colours as one texture.

import { BufferAttribute, BufferGeometry, type DataTexture, Group, InterleavedBuffer, InterleavedBufferAttribute, Matrix4, Mesh, type RawShaderMaterial, Vector3 } from "three";

import { ColourTable, type Rgb } from "./colours";
import { type Column, type TileMesh, readGlb } from "./glb";
import { makeColourTexture, makeMaterial } from "./material";
import { type Box3, IDENTITY, type Matrix, type Point, Z_UP, around, corners, moved, multiply, translation } from "./matrix";
import type { SceneDocument, Tile } from "./scene";
import { Visibility } from "./visibility";

export class ModelScene {
  readonly group = new Group();
  readonly colours: ColourTable;
  readonly visibility = new Visibility();
  readonly material: RawShaderMaterial;
  readonly boxes = new Map<string, Box3>(); // metres east, north, up, by the tile's address
  box: Box3 | null = null;
  #enuFromModel: Matrix = IDENTITY;
  #texture: DataTexture;
  #meshes = new Map<string, Mesh[]>();

  constructor(
    readonly document: SceneDocument,
    readonly number: number, // from 1; what a pick reads back
    mark: Rgb,
  ) {
    this.colours = new ColourTable(document.features);
    this.#texture = makeColourTexture(this.colours);
    this.material = makeMaterial(this.#texture, number, mark);
    this.group.matrixAutoUpdate = false;
    this.place(document.enu_from_model);
  }

  /** Puts the model elsewhere; no geometry is touched. */
  place(enuFromModel: Matrix): void {
    this.#enuFromModel = enuFromModel;
    const [x, y, z] = this.document.local_origin; // tiles count from it, their boxes from the model's zero
    const fromZero = multiply(enuFromModel, translation(-x, -y, -z));
    for (const { uri, box } of this.document.tiles) this.boxes.set(uri, around(corners(box).map((corner) => moved(fromZero, corner))));
    this.box = this.boxes.size ? around([...this.boxes.values()].flatMap(corners)) : null;
    this.group.matrix.fromArray([...enuFromModel]);
    this.group.matrixWorldNeedsUpdate = true;
    const [x0, y0, z0, x1, y1, z1] = this.box ?? [0, 0, 0, 1, 1, 1];
    (this.material.uniforms.low?.value as Vector3).set(x0, y0, z0);
    (this.material.uniforms.size?.value as Vector3).set(Math.max(x1 - x0, 0.001), Math.max(y1 - y0, 0.001), Math.max(z1 - z0, 0.001));
  }

  has(tile: Tile): boolean {
    return this.#meshes.has(tile.uri);
  }

  add(tile: Tile, bytes: ArrayBuffer): void {
    const meshes = readGlb(bytes).map((mesh) => this.#mesh(mesh));
    this.#meshes.set(tile.uri, meshes);
    if (meshes.length) this.group.add(...meshes);
  }

  /** Only these tiles are drawn; others that have come stay in memory. */
  draw(uris: ReadonlySet<string>): void {
    for (const [uri, meshes] of this.#meshes) for (const mesh of meshes) mesh.userData.isWanted = uris.has(uri);
  }

  /** Draws what lies in view: a tile whose box lies beyond it costs nothing. */
  cull(isSeen: (box: Box3) => boolean): void {
    for (const [uri, meshes] of this.#meshes) {
      const box = this.boxes.get(uri);
      const seen = !box || isSeen(box);
      for (const mesh of meshes) mesh.visible = seen && mesh.userData.isWanted !== false;
    }
  }

  recolour(): void {
    this.#texture.needsUpdate = true;
  }

  /** The box of one element in metres east, north, up; null while its tile has not come. */
  boxOfFeature(fid: number): Box3 | null {
    const points: Point[] = [];
    for (const mesh of [...this.#meshes.values()].flat()) {
      const features = mesh.geometry.getAttribute("feature");
      const positions = mesh.geometry.getAttribute("position");
      const matrix = multiply(this.#enuFromModel, mesh.matrix.toArray());
      let [low, high]: [number[], number[]] = [[], []];
      for (let n = 0; n < features.count; n++) {
        if (features.getX(n) !== fid) continue;
        const at = [positions.getX(n), positions.getY(n), positions.getZ(n)];
        low = low.length ? low.map((value, axis) => Math.min(value, at[axis] ?? 0)) : at;
        high = high.length ? high.map((value, axis) => Math.max(value, at[axis] ?? 0)) : at;
      }
      if (low.length) points.push(...corners([...low, ...high] as unknown as Box3).map((corner) => moved(matrix, corner)));
    }
    return points.length ? around(points) : null;
  }

  dispose(): void {
    for (const mesh of [...this.#meshes.values()].flat()) mesh.geometry.dispose();
    this.#texture.dispose();
    this.material.dispose();
  }

  #mesh(tile: TileMesh): Mesh {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", attribute(tile.positions));
    if (tile.normals) geometry.setAttribute("normal", attribute(tile.normals));
    geometry.setAttribute("feature", attribute(tile.features));
    geometry.setIndex(new BufferAttribute(tile.indices, 1));
    const mesh = new Mesh(geometry, this.material);
    mesh.frustumCulled = false; // the view of the map is not the one three would compute
    mesh.matrixAutoUpdate = false;
    mesh.matrix.copy(new Matrix4().fromArray(multiply(Z_UP, tile.matrix)));
    return mesh;
  }
}

function attribute({ values, parts, stride, isNormalised }: Column): BufferAttribute | InterleavedBufferAttribute {
  if (stride === parts) return new BufferAttribute(values, parts, isNormalised);
  // the last vertex is not padded, so the buffer ends early: three counts whole strides
  const whole = new (values.constructor as Int8ArrayConstructor)(Math.ceil(values.length / stride) * stride);
  whole.set(values as Int8Array);
  return new InterleavedBufferAttribute(new InterleavedBuffer(whole, stride), parts, 0, isNormalised);
}
