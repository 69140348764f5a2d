// The upload page: a file by drag or choice, its way to the service, and what becomes of it.

import { t } from "../messages";
import { cancelJob, followJob, reason, showJob } from "./job";
import { type Fields, FormTransfer, type Submitted, type Transfer, sayBytes } from "./transfer";
import { NoDoorError, TusTransfer } from "./tus";

const KINDS = /\.(ifc|ifczip|ifcxml|zip)$/i;
const SPEED_MS = 1000;

export function startUploadPage(): void {
  const form = document.getElementById("upload-form");
  if (form instanceof HTMLFormElement) new UploadForm(form);
  document.addEventListener("click", (event) => {
    const box = event.target instanceof Element && event.target.id === "job-cancel" ? document.getElementById("job") : null;
    if (box?.dataset.job) void cancelJob(box.dataset.job);
  });
  const job = document.getElementById("job");
  if (job?.dataset.job && job.dataset.open === "true") followJob(job.dataset.job);
}

class UploadForm {
  #transfer: Transfer | null = null;
  #from = { bytes: 0, at: 0 };
  #speed = 0;
  #sent = 0;
  #box = document.getElementById("transfer");
  #pause = document.getElementById("transfer-pause");

  constructor(readonly form: HTMLFormElement) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    const drop = document.getElementById("drop");
    const field = form.elements.namedItem("file") as HTMLInputElement;
    for (const kind of ["dragenter", "dragover"]) drop?.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
    for (const kind of ["dragleave", "drop"]) drop?.addEventListener(kind, () => drop.classList.remove("over"));
    drop?.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer?.files.length) field.files = event.dataTransfer.files;
    });
    this.#pause?.addEventListener("click", () => this.#togglePause());
    document.getElementById("transfer-stop")?.addEventListener("click", () => this.#transfer?.stop());
    form.dataset.ready = "true";
    addEventListener("beforeunload", (event) => {
      if (this.#transfer) event.preventDefault();
    });
  }

  async #send(): Promise<void> {
    const file = (this.form.elements.namedItem("file") as HTMLInputElement).files?.[0];
    if (!file) return;
    if (!KINDS.test(file.name)) return this.#say(t("upload.wrong_kind", { name: file.name }));
    this.#open(file);
    try {
      const submitted = await this.#bring(file);
      this.#close();
      if (!submitted.isNew) this.#say(t("upload.same"));
      if (submitted.job_id) await this.#follow(submitted.job_id);
    } catch (error) {
      this.#close();
      this.#say(t("upload.failed", { reason: reason(error) }));
    }
  }

  /** Piece by piece where the service takes it so, else in one request. */
  async #bring(file: File): Promise<Submitted> {
    const words = { lost: t("upload.lost"), stopped: t("upload.stopped") };
    const sent = (bytes: number) => this.#showSent(bytes, file.size);
    try {
      const transfer = new TusTransfer(file, this.#fields(), words);
      this.#transfer = transfer;
      this.#pause?.toggleAttribute("hidden", false);
      return await transfer.send({
        sent,
        resumed: (bytes) => {
          this.#bar(bytes / file.size);
          this.#say(t("upload.resumed", { sent: sayBytes(bytes) }));
        },
        waiting: (seconds) => this.#say(t("upload.waiting", { seconds: String(seconds) })),
      });
    } catch (error) {
      if (!(error instanceof NoDoorError)) throw error;
      this.#transfer = new FormTransfer(file, this.#fields(), words);
      this.#pause?.toggleAttribute("hidden", true);
      return this.#transfer.send({ sent });
    }
  }

  #togglePause(): void {
    const transfer = this.#transfer;
    if (!(transfer instanceof TusTransfer)) return;
    if (transfer.isPaused) transfer.resume();
    else transfer.pause();
    if (this.#pause) this.#pause.textContent = t(transfer.isPaused ? "upload.resume" : "upload.pause");
    if (transfer.isPaused) this.#say(t("upload.paused", { sent: sayBytes(this.#sent), size: sayBytes(transfer.file.size) }));
  }

  async #follow(job: string): Promise<void> {
    const url = new URL(location.href);
    url.searchParams.set("job", job);
    history.replaceState(null, "", url);
    await showJob(job);
    document.getElementById("job")?.focus();
    if (document.getElementById("job")?.dataset.open === "true") followJob(job);
  }

  #fields(): Fields {
    const data = new FormData(this.form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    return { project: text("project"), name: text("name"), discipline: text("discipline"), public: data.get("public") === "true" };
  }

  #open(file: File): void {
    this.#from = { bytes: 0, at: performance.now() };
    this.#speed = 0;
    this.form.hidden = true;
    this.#box?.toggleAttribute("hidden", false);
    const name = document.getElementById("transfer-name");
    if (name) name.textContent = file.name;
    if (this.#pause) this.#pause.textContent = t("upload.pause");
    this.#bar(0);
    document.getElementById("transfer-stop")?.focus();
  }

  #close(): void {
    this.#transfer = null;
    this.form.hidden = false;
    document.querySelector("#transfer progress")?.toggleAttribute("hidden", true);
    document.querySelector("#transfer .upload-actions")?.toggleAttribute("hidden", true);
    this.#say("");
  }

  /** The bar never goes back, whatever a retry may have to send again. */
  #bar(share: number): void {
    const bar = document.querySelector<HTMLProgressElement>("#transfer progress");
    if (!bar) return;
    bar.hidden = false;
    document.querySelector("#transfer .upload-actions")?.toggleAttribute("hidden", false);
    bar.value = share === 0 ? 0 : Math.max(bar.value, share);
  }

  #showSent(bytes: number, size: number): void {
    const now = performance.now();
    this.#sent = bytes;
    if (now - this.#from.at > SPEED_MS || !this.#speed) {
      this.#speed = ((bytes - this.#from.bytes) / Math.max(1, now - this.#from.at)) * 1000;
      this.#from = { bytes, at: now };
    }
    this.#bar(size ? bytes / size : 1);
    this.#say(t("upload.sent", { sent: sayBytes(bytes), size: sayBytes(size), speed: sayBytes(Math.max(0, this.#speed)) }));
  }

  #say(text: string): void {
    const said = document.getElementById("transfer-text");
    if (said) said.textContent = text;
    if (text) this.#box?.toggleAttribute("hidden", false);
  }
}
