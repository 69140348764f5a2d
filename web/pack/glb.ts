// Packs a scene tile by EXT_meshopt_compression: every number comes out of the decoder as it went in, bit by bit.

import { MeshoptDecoder } from "meshoptimizer/decoder";
import { MeshoptEncoder } from "meshoptimizer/encoder";

const MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;
const BINARY_CHUNK = 0x004e4942;
const EXTENSION = "EXT_meshopt_compression";
const ALIGNED = 8; // as property tables ask
const HEADS = 28; // bytes of the header and of the heads of both chunks
const SIZES: Record<number, number> = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 };
const PARTS: Record<string, number> = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 };

interface View {
  buffer: number;
  byteOffset?: number;
  byteLength: number;
  byteStride?: number;
  target?: number;
  extensions?: Record<string, unknown>;
}

interface Document {
  accessors: { bufferView: number; byteOffset?: number; componentType: number; count: number; type: string }[];
  meshes: { primitives: { attributes: Record<string, number>; indices: number }[] }[];
  bufferViews: View[];
  buffers: { byteLength: number; extensions?: Record<string, unknown> }[];
  extensionsUsed?: string[];
  extensionsRequired?: string[];
}

interface Shape {
  mode: "ATTRIBUTES" | "INDICES";
  stride: number;
  count: number;
}

export class PackError extends Error {}

/** The same tile with its columns of vertices and its indices compressed; the property table stays as it is. */
export async function packGlb(bytes: Uint8Array): Promise<Uint8Array> {
  await Promise.all([MeshoptEncoder.ready, MeshoptDecoder.ready]);
  const { document, binary } = takeApart(bytes);
  const shapes = shapesOf(document);
  const parts = new Parts();
  let decodedBytes = 0; // where the views lie that a decoder fills
  const views = document.bufferViews.map((view, index): View => {
    const source = binary.subarray(view.byteOffset ?? 0, (view.byteOffset ?? 0) + view.byteLength);
    const shape = shapes.get(index);
    if (!shape) return { ...view, buffer: 0, byteOffset: parts.add(source) };
    const packed = MeshoptEncoder.encodeGltfBuffer(source, shape.count, shape.stride, shape.mode);
    if (!isSame(unpack(packed, shape), source)) throw new PackError(`view ${index} does not come back as it was`);
    const extension = { buffer: 0, byteOffset: parts.add(packed), byteLength: packed.length, byteStride: shape.stride, count: shape.count, mode: shape.mode };
    const byteOffset = decodedBytes;
    decodedBytes += Math.ceil(view.byteLength / ALIGNED) * ALIGNED;
    return { ...view, buffer: 1, byteOffset, extensions: { [EXTENSION]: extension } };
  });
  return contain(
    {
      ...document,
      extensionsUsed: [...(document.extensionsUsed ?? []), EXTENSION],
      extensionsRequired: [...(document.extensionsRequired ?? []), EXTENSION],
      bufferViews: views,
      // The second buffer has no bytes: a decoder knows by it how much memory to take.
      buffers: [{ byteLength: parts.size }, { byteLength: decodedBytes, extensions: { [EXTENSION]: { fallback: true } } }],
    },
    parts,
  );
}

function takeApart(bytes: Uint8Array): { document: Document; binary: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADS || view.getUint32(0, true) !== MAGIC || view.getUint32(8, true) !== bytes.length) throw new PackError("no whole GLB");
  const length = view.getUint32(12, true);
  const second = 20 + length;
  if (view.getUint32(16, true) !== JSON_CHUNK || second + 8 > bytes.length || view.getUint32(second + 4, true) !== BINARY_CHUNK) throw new PackError("not one description and one binary part");
  const document = JSON.parse(new TextDecoder().decode(bytes.subarray(20, second))) as Document;
  if (document.extensionsUsed?.includes(EXTENSION)) throw new PackError("packed already");
  return { document, binary: bytes.subarray(second + 8, second + 8 + view.getUint32(second, true)) };
}

/** What each buffer view holds that a mesh draws; one that no accessor fills whole is not ours. */
function shapesOf(document: Document): Map<number, Shape> {
  const shapes = new Map<number, Shape>();
  for (const { attributes, indices } of document.meshes.flatMap((mesh) => mesh.primitives)) {
    for (const index of Object.values(attributes)) put(document, shapes, index, "ATTRIBUTES");
    put(document, shapes, indices, "INDICES");
  }
  return shapes;
}

function put(document: Document, shapes: Map<number, Shape>, index: number, mode: Shape["mode"]): void {
  const accessor = document.accessors[index];
  const view = document.bufferViews[accessor?.bufferView ?? -1];
  if (!accessor || !view) throw new PackError(`accessor ${index} has no bytes`);
  const stride = view.byteStride ?? (SIZES[accessor.componentType] ?? 0) * (PARTS[accessor.type] ?? 0);
  if (stride % 4 !== 0 || accessor.byteOffset || view.byteLength !== stride * accessor.count) throw new PackError(`accessor ${index} does not fill its view`);
  shapes.set(accessor.bufferView, { mode, stride, count: accessor.count });
}

function unpack(packed: Uint8Array, { count, stride, mode }: Shape): Uint8Array {
  const bytes = new Uint8Array(count * stride);
  MeshoptDecoder.decodeGltfBuffer(bytes, count, stride, packed, mode);
  return bytes;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at]);
}

class Parts {
  readonly #parts: Uint8Array[] = [];
  size = 0;

  /** Adds bytes and says where they begin. */
  add(part: Uint8Array): number {
    const at = this.size;
    this.#parts.push(part);
    this.size += Math.ceil(part.length / ALIGNED) * ALIGNED;
    return at;
  }

  copyTo(target: Uint8Array): void {
    let at = 0;
    for (const part of this.#parts) {
      target.set(part, at);
      at += Math.ceil(part.length / ALIGNED) * ALIGNED;
    }
  }
}

function contain(document: Document, parts: Parts): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(document));
  const length = Math.ceil((json.length + HEADS) / ALIGNED) * ALIGNED - HEADS; // the binary part begins on a multiple of 8
  const bytes = new Uint8Array(HEADS + length + parts.size);
  const view = new DataView(bytes.buffer);
  const numbers: [number, number][] = [[0, MAGIC], [4, 2], [8, bytes.length], [12, length], [16, JSON_CHUNK], [20 + length, parts.size], [24 + length, BINARY_CHUNK]];
  for (const [at, value] of numbers) view.setUint32(at, value, true);
  bytes.fill(0x20, 20, 20 + length);
  bytes.set(json, 20);
  parts.copyTo(bytes.subarray(HEADS + length));
  return bytes;
}
