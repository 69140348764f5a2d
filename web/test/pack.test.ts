import { MeshoptDecoder } from "meshoptimizer/decoder";
import { describe, expect, it } from "vitest";

import { PackError, packGlb } from "../pack/glb";
import { GlbError, readGlb } from "../src/bim/glb";

const VERTICES = 300;
const TABLE = "0示例00000000000000001";

interface View {
  byteOffset: number;
  byteLength: number;
  buffer: number;
  extensions?: { EXT_meshopt_compression: { byteOffset: number; byteLength: number; byteStride: number; count: number; mode: string } };
}

/** Columns with numbers that a lossy way would change: thirds, a negative zero, the smallest number there is. */
function columns(): Uint8Array[] {
  const positions = Float32Array.from({ length: 3 * VERTICES }, (_, n) => Math.sin(n) * 1000 + n / 3);
  positions.set([-0, 1.4e-45, 3.4e38]);
  const normals = Int8Array.from({ length: 4 * VERTICES }, (_, n) => (n * 37) % 255 - 127);
  const features = Float32Array.from({ length: VERTICES }, (_, n) => 16_777_215 - Math.floor(n / 7));
  const indices = Uint32Array.from({ length: 3 * VERTICES }, (_, n) => (n * 101) % VERTICES);
  return [indices, positions, normals, features, new TextEncoder().encode(TABLE)].map((column) => new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
}

function plainGlb(changes: Record<string, unknown> = {}): Uint8Array {
  const parts = columns();
  let size = 0;
  const bufferViews = parts.map((part, index) => {
    const view = { buffer: 0, byteOffset: size, byteLength: part.length, ...(index === 2 ? { byteStride: 4 } : {}) };
    size += Math.ceil(part.length / 8) * 8;
    return view;
  });
  const document = {
    asset: { version: "2.0" },
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0 }],
    meshes: [{ primitives: [{ attributes: { POSITION: 1, NORMAL: 2, _FEATURE_ID_0: 3 }, indices: 0 }] }],
    accessors: [
      { bufferView: 0, componentType: 5125, count: 3 * VERTICES, type: "SCALAR" },
      { bufferView: 1, componentType: 5126, count: VERTICES, type: "VEC3" },
      { bufferView: 2, componentType: 5120, count: VERTICES, type: "VEC3", normalized: true },
      { bufferView: 3, componentType: 5126, count: VERTICES, type: "SCALAR" },
    ],
    bufferViews,
    buffers: [{ byteLength: size }],
    extensionsUsed: ["KHR_mesh_quantization"],
    extensionsRequired: ["KHR_mesh_quantization"],
    ...changes,
  };
  const text = new TextEncoder().encode(JSON.stringify(document));
  const length = Math.ceil(text.length / 4) * 4;
  const bytes = new Uint8Array(28 + length + size).fill(0x20, 20, 20 + length);
  const heads: [number, number][] = [[0, 0x46546c67], [4, 2], [8, bytes.length], [12, length], [16, 0x4e4f534a], [20 + length, size], [24 + length, 0x004e4942]];
  for (const [at, value] of heads) new DataView(bytes.buffer).setUint32(at, value, true);
  bytes.set(text, 20);
  parts.forEach((part, index) => bytes.set(part, 28 + length + (bufferViews[index]?.byteOffset ?? 0)));
  return bytes;
}

function opened(glb: Uint8Array): { document: { bufferViews: View[]; buffers: unknown[]; extensionsUsed: string[]; extensionsRequired: string[] }; binary: Uint8Array } {
  const length = new DataView(glb.buffer).getUint32(12, true);
  return { document: JSON.parse(new TextDecoder().decode(glb.subarray(20, 20 + length))), binary: glb.subarray(28 + length) };
}

describe("a packed tile", () => {
  it("gives every number back bit by bit, and is smaller", async () => {
    const plain = plainGlb();
    const packed = await packGlb(plain);
    const { document, binary } = opened(packed);
    await MeshoptDecoder.ready;
    const back = document.bufferViews.slice(0, 4).map((view) => {
      const how = view.extensions?.EXT_meshopt_compression;
      if (!how) throw new Error("not packed");
      const bytes = new Uint8Array(how.count * how.byteStride);
      MeshoptDecoder.decodeGltfBuffer(bytes, how.count, how.byteStride, binary.subarray(how.byteOffset, how.byteOffset + how.byteLength), how.mode);
      return bytes;
    });
    expect(back).toEqual(columns().slice(0, 4));
    expect(packed.length).toBeLessThan(plain.length);
  });

  it("keeps the property table open, on a multiple of eight, and names the extension as needed", async () => {
    const { document, binary } = opened(await packGlb(plainGlb()));
    const view = document.bufferViews[4];
    expect(view?.extensions).toBeUndefined();
    expect((view?.byteOffset ?? 1) % 8).toBe(0);
    expect(new TextDecoder().decode(binary.subarray(view?.byteOffset, (view?.byteOffset ?? 0) + (view?.byteLength ?? 0)))).toBe(TABLE);
    expect(document.extensionsRequired).toEqual(["KHR_mesh_quantization", "EXT_meshopt_compression"]);
    expect(document.buffers).toEqual([{ byteLength: binary.length }, { byteLength: expect.any(Number), extensions: { EXT_meshopt_compression: { fallback: true } } }]);
  });

  it("is the same bytes each time, so that its name is", async () => {
    expect(await packGlb(plainGlb())).toEqual(await packGlb(plainGlb()));
  });

  it("is refused by a reader without a decoder, not misread", async () => {
    const packed = await packGlb(plainGlb());
    expect(() => readGlb(packed.slice().buffer)).toThrow(GlbError);
  });
});

describe("the packer", () => {
  it("refuses what is packed already, what is cut off, and columns that share a view", async () => {
    await expect(packGlb(await packGlb(plainGlb()))).rejects.toThrow("packed already");
    await expect(packGlb(plainGlb().slice(0, -8))).rejects.toThrow(PackError);
    const shared = Array.from({ length: 4 }, () => ({ bufferView: 1, componentType: 5126, count: 3, type: "VEC3" }));
    await expect(packGlb(plainGlb({ accessors: shared }))).rejects.toThrow("does not fill its view");
  });
});
