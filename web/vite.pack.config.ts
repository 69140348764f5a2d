// The program that packs scene tiles: one file with its library inside, run by node beside the service, not by browsers.
import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  ssr: { noExternal: true, target: "node" },
  build: {
    target: "node20",
    ssr: "pack/main.ts",
    outDir: "../api/dashboard/node",
    emptyOutDir: true,
    copyPublicDir: false,
    rollupOptions: { output: { entryFileNames: "pack-tiles.mjs", codeSplitting: false } },
  },
});
