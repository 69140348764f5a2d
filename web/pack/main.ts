// node pack-tiles.mjs FOLDER: packs every GLB of FOLDER/plain into FOLDER/packed under the same name.
// Standard input is a lifeline: whoever started this holds it open, and once it ends nobody waits for the result.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import { packGlb } from "./glb.ts";

async function packFolder(folder: string): Promise<void> {
  for (const name of readdirSync(join(folder, "plain")).filter((each) => each.endsWith(".glb")).sort()) {
    writeFileSync(join(folder, "packed", name), await packGlb(new Uint8Array(readFileSync(join(folder, "plain", name)))));
    await setImmediate(); // lets the end of the lifeline be seen
  }
}

process.stdin.on("end", () => process.exit(3)).resume();
try {
  await packFolder(process.argv[2] ?? ".");
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
