// Compares packed tiles with the plain ones, by the decoder of the extension's authors.
// node checks/packed.mjs FOLDER (plain/ and packed/ with equal names) → the names; exit code 0 only if every bit is equal.
import { deepStrictEqual } from "node:assert";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { MeshoptDecoder } from "meshoptimizer/decoder";

const folder = process.argv[2];
const EXTENSION = "EXT_meshopt_compression";

function open(kind, name) {
  const bytes = Uint8Array.from(readFileSync(join(folder, kind, name)));
  const length = new DataView(bytes.buffer).getUint32(12, true);
  return { document: JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + length))), binary: bytes.subarray(28 + length) };
}

function bytesOf({ document, binary }, index) {
  const view = document.bufferViews[index];
  const how = view.extensions?.[EXTENSION];
  if (!how) return binary.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const bytes = new Uint8Array(how.count * how.byteStride);
  MeshoptDecoder.decodeGltfBuffer(bytes, how.count, how.byteStride, binary.subarray(how.byteOffset, how.byteOffset + how.byteLength), how.mode);
  return bytes;
}

await MeshoptDecoder.ready;
const names = readdirSync(join(folder, "plain")).sort();
deepStrictEqual(readdirSync(join(folder, "packed")).sort(), names);
for (const name of names) {
  const [plain, packed] = [open("plain", name), open("packed", name)];
  for (const part of ["accessors", "meshes", "nodes", "materials", "extensions"]) deepStrictEqual(packed.document[part], plain.document[part]);
  for (const index of plain.document.bufferViews.keys()) deepStrictEqual(bytesOf(packed, index), bytesOf(plain, index));
  if (packed.document.bufferViews.filter((view) => view.extensions?.[EXTENSION]).length !== 5) throw new Error(`${name}: five columns should be packed`);
}
console.log(JSON.stringify(names));
