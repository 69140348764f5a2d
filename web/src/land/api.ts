// Asks the service and gives what it says: the answer, or an error in the service's own words.

import { readProblem } from "../upload/transfer";

export class AskError extends Error {}

export interface Answer {
  readonly features: GeoJSON.Feature[];
  readonly next: string | null;
  readonly numberReturned: number;
  readonly area?: GeoJSON.Geometry;
  readonly counts?: { collection: string; count: number }[] | Record<string, number>;
  readonly length_m?: number;
}

export async function send(address: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { cache: "no-store", ...init });
  } catch (error) {
    throw new AskError(error instanceof Error ? error.message : String(error));
  }
  if (response.redirected) location.assign(response.url); // the session has ended: to the page that says so
  if (!response.ok) throw new AskError(readProblem(await response.text(), response.status));
  return response;
}

export function json(method: string, body: unknown): RequestInit {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Says something in a line of the page, or takes the line away. */
export function say(id: string, text: string): void {
  const line = document.getElementById(id);
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
}
