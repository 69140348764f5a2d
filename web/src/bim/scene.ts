// What the service says of a model in 3-D: tiles of geometry, columns by feature id, states by feature id.

import type { Box3, Matrix, Point } from "./matrix";

export interface Tile {
  uri: string;
  storey: string | null;
  discipline: string | null;
  features: number;
  triangles: number;
  bytes: number;
  box: Box3;
}

export interface SceneDocument {
  model_id: number;
  revision: number;
  features: number;
  origin: { longitude: number; latitude: number; height_m: number } | null;
  enu_from_model: Matrix;
  local_origin: Point;
  tiles: Tile[];
}

export interface Named {
  names: (string | null)[];
  index: (number | null)[];
}

export interface Columns {
  revision: number;
  global_id: string[];
  name: (string | null)[];
  ifc_class: Named;
  storey: Named;
  discipline: Named;
  milestone?: Named;
  plan_start?: (string | null)[];
  plan_finish?: (string | null)[];
}

export interface PaletteEntry {
  index: number;
  key: string;
  colour: string;
  title_zh: string;
  title_en: string;
}

export interface States {
  revision: number;
  as_of: string;
  theme: string;
  palette: PaletteEntry[];
  colour: ArrayLike<number>; // palette index by feature id
}

export class AnswerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Fetches JSON of our own service; a problem document becomes an error with its own words. */
export async function fetchJson<T>(path: string, options: RequestInit = {}): Promise<T> {
  const response = await fetch(path, { cache: "no-cache", ...options });
  if (!response.ok) throw new AnswerError(response.status, await problemOf(response));
  return (await response.json()) as T;
}

export async function problemOf(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { detail?: unknown; title?: unknown; errors?: { message?: string }[] };
    const faults = (problem.errors ?? []).map((fault) => fault.message).filter(Boolean);
    const said = typeof problem.detail === "string" ? problem.detail : String(problem.title ?? response.status);
    return [said, ...faults.filter((fault) => fault !== said)].join(" ");
  } catch {
    return String(response.status);
  }
}

export function query(parameters: Record<string, string | number | null | undefined>): string {
  const kept = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

export class ModelSource {
  constructor(
    readonly model: number,
    readonly revision: number | null,
  ) {}

  address(rest: string, parameters: Record<string, string | number | null> = {}): string {
    return `/api/v1/models/${this.model}${rest}${query({ revision: this.revision, ...parameters })}`;
  }

  scene(): Promise<SceneDocument> {
    return fetchJson(this.address("/scene"));
  }

  columns(): Promise<Columns> {
    return fetchJson(this.address("/scene/elements.json"));
  }

  /** One tile as bytes; `onBytes` hears how many have come. Tiles never change under their name. */
  async tile(uri: string, onBytes: (count: number) => void, signal?: AbortSignal): Promise<ArrayBuffer> {
    const address = new URL(uri, new URL(`/api/v1/models/${this.model}/scene/`, location.href));
    const response = await fetch(address.pathname + address.search, signal ? { signal } : {});
    if (!response.ok || !response.body) throw new AnswerError(response.status, await problemOf(response));
    const parts: Uint8Array[] = [];
    const reader = response.body.getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      parts.push(step.value);
      onBytes(step.value.byteLength);
    }
    return joined(parts);
  }
}

function joined(parts: Uint8Array[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole.buffer;
}
