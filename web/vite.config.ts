import { defineConfig } from "vite";

import { compressed } from "./compressed.ts";
import { thirdParty } from "./third-party.ts";

export default defineConfig({
  base: "/dashboard/",
  plugins: [thirdParty(), compressed()],
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "../api/dashboard",
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
});
