// Reads the GLB of a scene tile: meshes with positions, normals, feature ids and indices, and nothing else.

import { IDENTITY, type Matrix, multiply, translation } from "./matrix";

const MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;
const BINARY_CHUNK = 0x004e4942;
const PARTS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 } as const;

interface Accessor {
  bufferView?: number;
  byteOffset?: number;
  componentType: number;
  count: number;
  type: keyof typeof PARTS;
  normalized?: boolean;
}

interface Node {
  mesh?: number;
  children?: number[];
  matrix?: number[];
  translation?: [number, number, number];
  rotation?: [number, number, number, number];
  scale?: [number, number, number];
}

interface Document {
  scene?: number;
  scenes?: { nodes?: number[] }[];
  nodes?: Node[];
  meshes?: { primitives: { attributes: Record<string, number>; indices?: number; mode?: number }[] }[];
  accessors?: Accessor[];
  bufferViews?: { byteOffset?: number; byteLength: number; byteStride?: number }[];
  extensionsRequired?: string[];
}

export interface Column {
  readonly values: Float32Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Uint32Array;
  readonly parts: number; // numbers of one vertex
  readonly stride: number; // numbers from one vertex to the next
  readonly isNormalised: boolean;
  readonly count: number;
}

export interface TileMesh {
  readonly positions: Column;
  readonly normals: Column | null;
  readonly features: Column;
  readonly indices: Uint32Array;
  readonly matrix: Matrix; // glTF axes
}

export class GlbError extends Error {}

export function readGlb(bytes: ArrayBuffer): TileMesh[] {
  const { document, binary } = chunksOf(bytes);
  const strange = (document.extensionsRequired ?? []).filter((name) => name !== "KHR_mesh_quantization" && !name.startsWith("EXT_mesh_features") && name !== "EXT_structural_metadata");
  if (strange.length) throw new GlbError(`the tile needs ${strange.join(", ")}`);
  const roots = document.scenes?.[document.scene ?? 0]?.nodes ?? [];
  return roots.flatMap((root) => meshesBelow(document, binary, root, IDENTITY));
}

function chunksOf(bytes: ArrayBuffer): { document: Document; binary: ArrayBuffer } {
  const view = new DataView(bytes);
  if (bytes.byteLength < 20 || view.getUint32(0, true) !== MAGIC) throw new GlbError("no GLB");
  let document: Document | null = null;
  let binary = new ArrayBuffer(0);
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const length = view.getUint32(at, true);
    const kind = view.getUint32(at + 4, true);
    const body = bytes.slice(at + 8, at + 8 + length); // a copy begins at zero, so every number is aligned
    if (body.byteLength !== length) throw new GlbError("the GLB is cut off");
    if (kind === JSON_CHUNK) document = JSON.parse(new TextDecoder().decode(body)) as Document;
    else if (kind === BINARY_CHUNK) binary = body;
    at += 8 + length;
  }
  if (!document) throw new GlbError("the GLB has no description");
  return { document, binary };
}

function meshesBelow(document: Document, binary: ArrayBuffer, index: number, above: Matrix): TileMesh[] {
  const node = document.nodes?.[index] ?? {};
  const matrix = multiply(above, localMatrix(node));
  const own = node.mesh === undefined ? [] : (document.meshes?.[node.mesh]?.primitives ?? []);
  const meshes = own.map(({ attributes, indices }): TileMesh => {
    const positions = column(document, binary, attributes.POSITION);
    const features = column(document, binary, attributes._FEATURE_ID_0);
    if (!positions || !features) throw new GlbError("a mesh of the tile has no positions or no feature ids");
    const order = column(document, binary, indices);
    return {
      positions,
      features,
      normals: column(document, binary, attributes.NORMAL),
      indices: order ? Uint32Array.from(order.values) : Uint32Array.from({ length: positions.count }, (_, n) => n),
      matrix,
    };
  });
  return [...meshes, ...(node.children ?? []).flatMap((child) => meshesBelow(document, binary, child, matrix))];
}

function localMatrix(node: Node): Matrix {
  if (node.matrix) return node.matrix;
  const [x, y, z, w] = node.rotation ?? [0, 0, 0, 1];
  const [sx, sy, sz] = node.scale ?? [1, 1, 1];
  const turned = [
    (1 - 2 * (y * y + z * z)) * sx, 2 * (x * y + z * w) * sx, 2 * (x * z - y * w) * sx, 0,
    2 * (x * y - z * w) * sy, (1 - 2 * (x * x + z * z)) * sy, 2 * (y * z + x * w) * sy, 0,
    2 * (x * z + y * w) * sz, 2 * (y * z - x * w) * sz, (1 - 2 * (x * x + y * y)) * sz, 0,
    0, 0, 0, 1,
  ];
  return multiply(translation(...(node.translation ?? [0, 0, 0])), turned);
}

function column(document: Document, binary: ArrayBuffer, index: number | undefined): Column | null {
  const accessor = index === undefined ? undefined : document.accessors?.[index];
  if (!accessor) return null;
  const view = document.bufferViews?.[accessor.bufferView ?? -1];
  if (!view) throw new GlbError("a column of the tile has no bytes");
  const parts = PARTS[accessor.type];
  const kind = arrayOf(accessor.componentType);
  const size = kind.BYTES_PER_ELEMENT;
  const stride = (view.byteStride ?? parts * size) / size;
  const length = accessor.count ? (accessor.count - 1) * stride + parts : 0;
  const values = new kind(binary, (view.byteOffset ?? 0) + (accessor.byteOffset ?? 0), length);
  return { values, parts, stride, isNormalised: accessor.normalized ?? false, count: accessor.count };
}

function arrayOf(componentType: number) {
  switch (componentType) {
    case 5120: return Int8Array;
    case 5121: return Uint8Array;
    case 5122: return Int16Array;
    case 5123: return Uint16Array;
    case 5125: return Uint32Array;
    case 5126: return Float32Array;
    default: throw new GlbError(`component type ${componentType}`);
  }
}
