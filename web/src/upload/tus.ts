// Sends a file piece by piece by tus 1.0: a broken connection, a pause or a closed page costs one piece at most.

import { type Fields, type Submitted, type Transfer, TransferError, type Watch, readProblem } from "./transfer";

const DOOR = "/api/v1/uploads";
const VERSION = { "Tus-Resumable": "1.0.0" };
const PIECE_BYTES = 8 * 1024 * 1024;
const TRIES = 8;
const LONGEST_WAIT_S = 30;

export interface TusWatch extends Watch {
  resumed(bytes: number): void;
  waiting(seconds: number): void;
}

/** The service has no such door: the file must go in one piece. */
export class NoDoorError extends Error {}

class BrokenError extends Error {}

interface Described {
  result: { model_id: number; revision: number; job_id: string | null; is_new?: boolean } | null;
}

/** What names the same upload after a reload: project and file, not their content. */
export function keyOf(file: { name: string; size: number; lastModified: number }, project: string): string {
  return `upload ${project} ${file.name} ${file.size} ${file.lastModified}`;
}

/** Upload-Metadata of tus: names and texts in base64 of their UTF-8. */
export function metadataOf(fileName: string, fields: Fields): string {
  const told: Record<string, string> = { filename: fileName, kind: "model", project: fields.project, name: fields.name, discipline: fields.discipline, public: fields.public ? "true" : "" };
  return Object.entries(told)
    .filter(([, value]) => value)
    .map(([name, value]) => `${name} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`)
    .join(",");
}

export class TusTransfer implements Transfer {
  readonly isResumable = true;
  #address: string | null = null;
  #offset = 0;
  #request: XMLHttpRequest | null = null;
  #isPaused = false;
  #isStopped = false;
  #goOn: (() => void) | null = null;

  constructor(
    readonly file: File,
    readonly fields: Fields,
    readonly words: { lost: string; stopped: string },
  ) {}

  get isPaused(): boolean {
    return this.#isPaused;
  }

  async send(watch: TusWatch): Promise<Submitted> {
    await this.#begin(watch);
    for (let tries = 0; this.#offset < this.file.size; ) {
      await this.#whilePaused();
      const before = this.#offset;
      try {
        await this.#sendPiece(watch);
        tries = 0;
      } catch (error) {
        if (!(error instanceof BrokenError)) throw error;
        if (this.#isPaused || this.#isStopped) continue;
        tries = this.#offset > before ? 0 : tries + 1;
        if (tries > TRIES) throw new TransferError(this.words.lost);
        await wait(Math.min(LONGEST_WAIT_S, 2 ** tries), watch);
        await this.#ask();
      }
    }
    return this.#finish();
  }

  pause(): void {
    this.#isPaused = true;
    this.#request?.abort();
  }

  resume(): void {
    this.#isPaused = false;
    this.#goOn?.();
  }

  stop(): void {
    this.#isStopped = true;
    this.#request?.abort();
    this.#goOn?.();
    localStorage.removeItem(keyOf(this.file, this.fields.project));
    if (this.#address) void fetch(this.#address, { method: "DELETE", headers: VERSION }).catch(() => undefined); // it expires by itself
  }

  /** Goes on with an upload that was begun before, or begins one. */
  async #begin(watch: TusWatch): Promise<void> {
    const key = keyOf(this.file, this.fields.project);
    this.#address = localStorage.getItem(key);
    if (this.#address && (await this.#ask())) {
      if (this.#offset) watch.resumed(this.#offset);
      return;
    }
    const headers = { ...VERSION, "Upload-Length": String(this.file.size), "Upload-Metadata": metadataOf(this.file.name, this.fields) };
    const response = await fetch(DOOR, { method: "POST", headers });
    if (response.status === 404 || response.status === 405) throw new NoDoorError();
    if (response.status !== 201) throw new TransferError(readProblem(await response.text(), response.status));
    this.#address = new URL(response.headers.get("Location") ?? "", location.href).pathname;
    this.#offset = 0;
    localStorage.setItem(key, this.#address);
  }

  /** Asks how much is there; false where nobody knows of this upload any more. */
  async #ask(): Promise<boolean> {
    try {
      const response = await fetch(this.#address ?? DOOR, { method: "HEAD", headers: VERSION, cache: "no-store" });
      if (!response.ok) return false;
      this.#offset = Number(response.headers.get("Upload-Offset"));
      return Number.isFinite(this.#offset);
    } catch {
      return false;
    }
  }

  #sendPiece(watch: TusWatch): Promise<void> {
    if (this.#isStopped) throw new TransferError(this.words.stopped);
    const from = this.#offset;
    const request = new XMLHttpRequest();
    this.#request = request;
    return new Promise((resolve, reject) => {
      request.upload.addEventListener("progress", (event) => watch.sent(Math.min(this.file.size, from + event.loaded)));
      for (const kind of ["error", "abort", "timeout"]) request.addEventListener(kind, () => reject(new BrokenError()));
      request.addEventListener("load", () => {
        const offset = Number(request.getResponseHeader("Upload-Offset"));
        if (request.status === 204 && Number.isFinite(offset)) {
          this.#offset = offset;
          watch.sent(offset);
          return resolve();
        }
        // another request still writes, the service restarts, a proxy is in between: ask and go on
        if (request.status === 409 || request.status === 423 || request.status >= 500) return reject(new BrokenError());
        reject(new TransferError(readProblem(request.responseText, request.status)));
      });
      request.open("PATCH", this.#address ?? DOOR);
      for (const [name, value] of Object.entries({ ...VERSION, "Upload-Offset": String(from), "Content-Type": "application/offset+octet-stream" })) request.setRequestHeader(name, value);
      request.send(this.file.slice(from, from + PIECE_BYTES));
    });
  }

  async #whilePaused(): Promise<void> {
    if (this.#isPaused && !this.#isStopped) {
      await new Promise<void>((resolve) => (this.#goOn = resolve));
      await this.#ask();
    }
    if (this.#isStopped) throw new TransferError(this.words.stopped);
  }

  async #finish(): Promise<Submitted> {
    localStorage.removeItem(keyOf(this.file, this.fields.project));
    const response = await fetch(this.#address ?? DOOR, { cache: "no-store" });
    const text = await response.text();
    if (!response.ok) throw new TransferError(readProblem(text, response.status));
    const { result } = JSON.parse(text) as Described;
    if (!result) throw new TransferError(this.words.lost);
    return { ...result, isNew: result.is_new !== false };
  }
}

function wait(seconds: number, watch: TusWatch): Promise<void> {
  watch.waiting(seconds);
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
