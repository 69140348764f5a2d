// Gathers the licence texts of every package that ends up in the bundle, workers included, in one file.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const MODULES = join(import.meta.dirname, "node_modules");

interface Manifest {
  name: string;
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
}

function read(name: string): Manifest {
  return JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8")) as Manifest;
}

/** Names of all run-time packages, our direct ones first. Whole, because libraries come to us already bundled. */
function shipped(): string[] {
  const root = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8")) as Manifest;
  const found = new Set(Object.keys(root.dependencies ?? {}));
  for (const name of found) {
    if (!existsSync(join(MODULES, name, "package.json"))) continue;
    for (const next of Object.keys(read(name).dependencies ?? {})) found.add(next);
  }
  return [...found].filter((name) => !name.startsWith("@types/") && existsSync(join(MODULES, name)));
}

function licence(name: string): string {
  const file = readdirSync(join(MODULES, name)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  return file ? readFileSync(join(MODULES, name, file), "utf8").trim() : "(the package ships no licence text)";
}

export function thirdParty(): Plugin {
  return {
    name: "third-party",
    apply: "build",
    generateBundle() {
      const entries = shipped().map((name) => {
        const { version, license } = read(name);
        return `${name} ${version} (${license ?? "see text"})\n\n${licence(name)}\n`;
      });
      const source = `Libraries in this build and their licences\n\n${entries.join(`\n${"-".repeat(78)}\n\n`)}`;
      this.emitFile({ type: "asset", fileName: "THIRD-PARTY.txt", source });
    },
  };
}
