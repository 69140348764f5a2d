// Sends a file to the service, telling how far it is; a transfer may be stopped at any time.

export interface Fields {
  readonly project: string;
  readonly name: string;
  readonly discipline: string;
  readonly public: boolean;
}

export interface Submitted {
  readonly model_id: number;
  readonly revision: number;
  readonly job_id: string | null;
  readonly isNew: boolean;
}

export interface Watch {
  sent(bytes: number): void;
}

export class TransferError extends Error {}

export interface Transfer {
  readonly isResumable: boolean;
  send(watch: Watch): Promise<Submitted>;
  stop(): void;
}

/** One form in one request: what every service takes, but a broken connection begins it anew. */
export class FormTransfer implements Transfer {
  readonly isResumable = false;
  #request = new XMLHttpRequest();

  constructor(
    readonly file: File,
    readonly fields: Fields,
    readonly words: { lost: string; stopped: string },
  ) {}

  send(watch: Watch): Promise<Submitted> {
    const body = new FormData();
    if (this.fields.name) body.set("name", this.fields.name);
    if (this.fields.discipline) body.set("discipline", this.fields.discipline);
    if (this.fields.public) body.set("public", "true");
    body.set("file", this.file, this.file.name);
    const request = this.#request;
    return new Promise((resolve, reject) => {
      request.upload.addEventListener("progress", (event) => watch.sent(Math.min(event.loaded, this.file.size)));
      request.addEventListener("error", () => reject(new TransferError(this.words.lost)));
      request.addEventListener("abort", () => reject(new TransferError(this.words.stopped)));
      request.addEventListener("load", () => {
        if (request.status === 200 || request.status === 202) resolve({ ...(JSON.parse(request.responseText) as Omit<Submitted, "isNew">), isNew: request.status === 202 });
        else reject(new TransferError(readProblem(request.responseText, request.status)));
      });
      request.open("POST", `/api/v1/projects/${encodeURIComponent(this.fields.project)}/models`);
      request.send(body);
    });
  }

  stop(): void {
    this.#request.abort();
  }
}

/** What a problem document says, in its own words. */
export function readProblem(text: string, status: number): string {
  try {
    const problem = JSON.parse(text) as { detail?: string; title?: string; errors?: { where?: string; message?: string }[] };
    const faults = (problem.errors ?? []).map((fault) => [fault.where, fault.message].filter(Boolean).join(": ")).filter((fault) => fault && !problem.detail?.includes(fault));
    return [problem.detail ?? problem.title ?? String(status), ...faults].join(" ");
  } catch {
    return String(status);
  }
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** A number of bytes with three significant digits, in steps of a thousand. */
export function sayBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}
