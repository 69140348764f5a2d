// What becomes of an upload: the job's own words as the server renders them, and its progress as it happens.

import { t } from "../messages";
import { putInPlace } from "../parts";

interface JobEvent {
  state: string;
  progress: number;
  phase: string | null;
}

const OPEN = new Set(["queued", "running"]);

export async function showJob(job: string): Promise<void> {
  const response = await fetch(`/upload?${new URLSearchParams({ job, part: "job" })}`, { cache: "no-cache" });
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  putInPlace(template.content);
}

/** Follows a job until it has ended; then the page says what the server says of it. */
export function followJob(job: string): void {
  const events = new EventSource(`/api/v1/jobs/${job}/events`);
  let state = "";
  events.addEventListener("job", (event) => {
    const told = JSON.parse((event as MessageEvent<string>).data) as JobEvent;
    if (!OPEN.has(told.state)) {
      events.close();
      void showJob(job);
      return;
    }
    if (told.state !== state) void showJob(job).then(() => showProgress(told));
    state = told.state;
    showProgress(told);
  });
}

function showProgress({ progress, phase }: JobEvent): void {
  const box = document.getElementById("job");
  const bar = box?.querySelector("progress");
  if (bar) bar.value = Math.max(bar.value, progress);
  const steps = [...(box?.querySelectorAll<HTMLElement>("[data-phase]") ?? [])];
  const at = steps.findIndex((step) => step.dataset.phase === phase);
  if (at < 0) return;
  steps.forEach((step, n) => {
    step.classList.toggle("past", n < at);
    if (n === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
}

export async function cancelJob(job: string): Promise<void> {
  await fetch(`/api/v1/jobs/${job}`, { method: "DELETE" });
  await showJob(job);
}

export function reason(error: unknown): string {
  return error instanceof Error ? error.message : t("upload.lost");
}
