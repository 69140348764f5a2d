// A job of the service, followed to its end: told as it happens, asked for where the stream breaks.

import { send } from "./api";

export interface Fault {
  readonly where: string;
  readonly message: string;
  readonly message_zh: string;
}

export interface Fate {
  readonly where: string;
  readonly key: string;
  readonly id: number;
  readonly action: "added" | "changed" | "unchanged";
  readonly changes: readonly string[];
}

export interface Job {
  readonly job_id: string;
  readonly state: "queued" | "running" | "succeeded" | "failed" | "quarantined" | "cancelled";
  readonly progress: number;
  readonly counts: Readonly<Record<string, number>> | null;
  readonly verdict: {
    readonly code: string;
    readonly message: string;
    readonly message_zh: string;
    readonly detail: { rows?: Fate[]; errors?: Fault[]; error_count?: number; bbox?: [number, number, number, number] | null; collection?: string };
  } | null;
}

const ASK_AGAIN_MS = 1000;

export function isOpen(job: Job): boolean {
  return job.state === "queued" || job.state === "running";
}

/** Resolves with the job as it ended; `tell` hears of it on the way. */
export function followJob(id: string, tell: (job: Job) => void): Promise<Job> {
  return new Promise((resolve, reject) => {
    const events = new EventSource(`/api/v1/jobs/${id}/events`);
    events.addEventListener("job", (event) => {
      const job = JSON.parse((event as MessageEvent<string>).data) as Job;
      tell(job);
      if (isOpen(job)) return;
      events.close();
      resolve(job);
    });
    events.addEventListener("error", () => {
      events.close();
      ask(id, tell).then(resolve, reject);
    });
  });
}

async function ask(id: string, tell: (job: Job) => void): Promise<Job> {
  for (;;) {
    const job = (await (await send(`/api/v1/jobs/${id}`)).json()) as Job;
    tell(job);
    if (!isOpen(job)) return job;
    await new Promise((done) => setTimeout(done, ASK_AGAIN_MS));
  }
}
