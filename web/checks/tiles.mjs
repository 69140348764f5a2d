// Reads a folder with tileset.json and its GLBs by the tools of others: the Khronos glTF validator for every GLB, and
// loaders.gl for the tileset and for the two extensions that the validator does not know.
// node checks/tiles.mjs FOLDER → one line of JSON; exit code 0 only without a fault.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Tiles3DLoader } from "@loaders.gl/3d-tiles";
import { parse } from "@loaders.gl/core";
import { GLTFLoader } from "@loaders.gl/gltf";
import validator from "gltf-validator";

const folder = process.argv[2];
const faults = [];
const tiles = {};
const addresses = [];

const bytesOf = (name) => Uint8Array.from(readFileSync(join(folder, name)));

async function readTileset() {
  const context = { url: join(folder, "tileset.json"), fetch: async (url) => new Response(readFileSync(url)) };
  const options = { "3d-tiles": { isTileset: true }, core: { worker: false } };
  const tileset = await parse(bytesOf("tileset.json").buffer, Tiles3DLoader, options, context);
  const waiting = [tileset.root];
  while (waiting.length > 0) {
    const tile = waiting.pop();
    const address = tile.content?.uri ?? tile.contentUrl;
    if (address) addresses.push(address.split("/").pop());
    waiting.push(...(tile.children ?? []));
  }
  return { type: tileset.type, error: tileset.lodMetricValue, refine: tileset.root.refine };
}

async function readTile(name) {
  const bytes = bytesOf(name);
  const { issues } = await validator.validateBytes(bytes, { maxIssues: 20 });
  for (const issue of issues.messages.filter((each) => each.severity < 2)) faults.push(`${name}: ${issue.message}`);
  const { json } = await parse(bytes.buffer, GLTFLoader, { core: { worker: false }, gltf: { loadImages: false } });
  const features = json.meshes[0].primitives[0].extensions.EXT_mesh_features.featureIds;
  const [table] = json.extensions.EXT_structural_metadata.propertyTables;
  tiles[name] = {
    fids: [...table.properties.fid.data],
    globalIds: [...table.properties.globalId.data],
    used: [...new Set(Object.values(features[0].data))],
    rows: [...new Set(Object.values(features[1].data))],
  };
}

const tileset = await readTileset();
const names = readdirSync(folder).filter((name) => name.endsWith(".glb")).sort();
for (const name of names) await readTile(name);
if (addresses.toSorted().join() !== names.join()) faults.push("the tileset does not name each GLB once");
console.log(JSON.stringify({ tileset, tiles, faults }));
process.exit(faults.length > 0 ? 1 : 0);
