// A boundary file dropped on the page: what it was read as, its open questions, the overlap, the reports.

import { element } from "../element";
import { t } from "../messages";
import { json, reasonOf, say, send } from "./api";
import { FileImport } from "./import";
import { followJob } from "./job";
import type { LandMap } from "./map";
import { boundsOf } from "./shapes";
import type { Preview, Row, Told } from "./told";

const ROWS_SHOWN = 50;

export class BoundaryFile {
  #told: Told | null = null;
  #turn = 0;
  #body: unknown = null; // the question that the table on the page answers
  readonly #import: FileImport;

  constructor(readonly map: () => LandMap | null) {
    this.#import = new FileImport(map);
    const form = document.getElementById("file-form");
    if (!(form instanceof HTMLFormElement)) return;
    const field = form.elements.namedItem("file") as HTMLInputElement;
    field.addEventListener("change", () => void this.#take(field.files?.[0]));
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const id of ["drop", "ground"]) this.#bindDrop(document.getElementById(id));
    document.getElementById("overlap-form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#overlap();
    });
    document.getElementById("reports")?.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLButtonElement>("[data-report]") : null;
      if (button) void this.#report(button);
    });
    form.dataset.ready = "true";
  }

  get uploadId(): string | null {
    return this.#told && !this.#told.questions.length ? this.#told.upload_id : null;
  }

  #bindDrop(place: HTMLElement | null): void {
    if (!place) return;
    const mark = (on: boolean) => place.classList.toggle("over", on);
    for (const kind of ["dragenter", "dragover"]) place.addEventListener(kind, (event) => {
      event.preventDefault();
      mark(true);
    });
    place.addEventListener("dragleave", () => mark(false));
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      mark(false);
      void this.#take(event.dataTransfer?.files[0]);
    });
  }

  async #take(file: File | undefined): Promise<void> {
    if (!file) return;
    const turn = ++this.#turn;
    openPart("work-file");
    this.#clear();
    say("file-said", t("land.reading", { name: file.name }));
    const body = new FormData();
    body.set("file", file, file.name);
    try {
      const told = await this.#read(await send(`/api/v1/uploads${languageOf("?")}`, { method: "POST", body }), turn, file.name);
      if (told && turn === this.#turn) await this.#show(told);
    } catch (error) {
      if (turn === this.#turn) say("file-said", t("land.file_failed", { reason: reasonOf(error) }));
    }
  }

  /** What a file was read as; of a large one the answer names the job that reads it. */
  async #read(answer: Response, turn: number, name: string): Promise<Told | null> {
    if (answer.status !== 202) return (await answer.json()) as Told;
    const { upload_id, job_id } = (await answer.json()) as { upload_id: string; job_id: string };
    await followJob(job_id, (job) => {
      if (turn === this.#turn) say("file-said", t("land.reading_percent", { name, percent: job.progress.toFixed(0) }));
    });
    if (turn !== this.#turn) return null;
    const preview = (await (await send(`/api/v1/uploads/${upload_id}/preview${languageOf("?")}&limit=1`)).json()) as Preview;
    return preview.upload;
  }

  #clear(): void {
    this.#told = null;
    this.#body = null;
    this.#import.clear();
    for (const id of ["file-read", "overlap-form", "overlap", "reports"]) document.getElementById(id)?.toggleAttribute("hidden", true);
    this.map()?.show("upload", []);
    this.map()?.showPieces({ type: "FeatureCollection", features: [] });
  }

  async #show(told: Told): Promise<void> {
    this.#told = told;
    const preview = (await (await send(`/api/v1/uploads/${told.upload_id}/preview${languageOf("?")}`)).json()) as Preview;
    const rows = preview.features as Row[];
    const shown = rows.flatMap((row) => (row.geometry ? [row] : []));
    this.map()?.show("upload", shown);
    this.map()?.fly(boundsOf(shown.map((row) => row.geometry)));
    const box = document.getElementById("file-read");
    box?.replaceChildren(facts(told), ...questions(told, (field, value) => void this.#answer(field, value)), ...lists(told), table(rows, preview.numberMatched));
    box?.toggleAttribute("hidden", false);
    const isPlaced = !told.questions.length && shown.length > 0; // a ledger may tell of parcels without their outlines
    document.getElementById("overlap-form")?.toggleAttribute("hidden", !isPlaced);
    this.#import.offer(told, rows);
    say("file-said", "");
    box?.focus({ preventScroll: true });
    if (isPlaced) await this.#overlap();
  }

  async #answer(field: string, value: string): Promise<void> {
    const told = this.#told;
    if (!told || !value) return;
    try {
      const answer = await send(`/api/v1/uploads/${told.upload_id}${languageOf("?")}`, json("PATCH", { [field]: value }));
      const read = await this.#read(answer, this.#turn, told.file_name);
      if (read) await this.#show(read);
    } catch (error) {
      say("file-said", t("land.file_failed", { reason: reasonOf(error) }));
    }
  }

  async #overlap(): Promise<void> {
    const form = document.getElementById("overlap-form");
    if (!this.uploadId || !(form instanceof HTMLFormElement)) return;
    const data = new FormData(form);
    const body = { subject: { upload: this.uploadId }, layers: data.getAll("layers"), buffer_m: Number(data.get("buffer_m") ?? 0), geometry: true };
    say("file-said", t("land.running"));
    form.setAttribute("aria-busy", "true");
    try {
      const html = await (await send("/land/overlap", json("POST", body))).text();
      const template = document.createElement("template");
      template.innerHTML = html;
      document.getElementById("overlap")?.replaceWith(template.content);
      this.#body = body;
      const pieces = document.getElementById("pieces")?.textContent;
      if (pieces) this.map()?.showPieces(JSON.parse(pieces) as GeoJSON.FeatureCollection);
      document.getElementById("reports")?.toggleAttribute("hidden", false);
      document.getElementById("overlap")?.focus({ preventScroll: true });
      say("file-said", "");
    } catch (error) {
      say("file-said", t("land.file_failed", { reason: reasonOf(error) }));
    } finally {
      form.removeAttribute("aria-busy");
    }
  }

  async #report(button: HTMLButtonElement): Promise<void> {
    if (!this.#body) return;
    button.setAttribute("aria-busy", "true");
    try {
      const response = await send(`/api/v1/overlap?f=${button.dataset.report}${languageOf("&")}`, json("POST", this.#body));
      save(await response.blob(), fileName(response.headers.get("Content-Disposition")) ?? `overlap.${button.dataset.report}`);
    } catch (error) {
      say("file-said", t("land.report_failed", { reason: reasonOf(error) }));
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}

function languageOf(sign: "?" | "&"): string {
  return `${sign}lang=${document.documentElement.lang.startsWith("zh") ? "zh" : "en"}`;
}

function openPart(id: string): void {
  document.getElementById(id)?.toggleAttribute("open", true);
}

/** The name that a download is to have: RFC 6266, the form that holds Chinese goes first. */
export function fileName(disposition: string | null): string | null {
  const long = disposition?.match(/filename\*=UTF-8''([^;]+)/i)?.[1];
  return long ? decodeURIComponent(long) : (disposition?.match(/filename="([^"]+)"/i)?.[1] ?? null);
}

function save(blob: Blob, name: string): void {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function facts(told: Told): HTMLElement {
  const rows: [string, string][] = [
    ["kind", told.kind.toUpperCase()],
    ["encoding", told.encoding ?? t("land.none_told")],
    ["crs", told.crs ?? t("land.none_told")],
    ["features", String(told.feature_count)],
  ];
  const lines = rows.map(([name, value]) => element("div", {}, [element("dt", { textContent: t(`land.${name}`) }), element("dd", { textContent: value })]));
  return element("dl", { className: "facts" }, lines);
}

/** What is ambiguous asks: a choice where there are some, a field where there are none. */
function questions(told: Told, answer: (field: string, value: string) => void): HTMLElement[] {
  return told.questions.map((question) => {
    const input = question.choices.length
      ? element("select", { required: true }, [element("option", { value: "", textContent: t("land.choose") }), ...question.choices.map((choice) => element("option", { value: choice, textContent: choice }))])
      : element("input", { type: "text", required: true });
    const form = element("form", { className: "question" }, [
      element("label", {}, [element("span", { textContent: question.message }), input]),
      element("button", { textContent: t("land.answer_it") }),
    ]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer(question.field, input.value.trim());
    });
    return form;
  });
}

function lists(told: Told): HTMLElement[] {
  const evidence = told.crs_evidence.map((each) => each.message);
  const warnings = told.warnings.map((each) => [each.where, each.message].filter(Boolean).join("："));
  return [
    ...list(t("land.warnings", { n: String(warnings.length) }), warnings, true),
    ...list(t("land.evidence", { n: String(evidence.length) }), evidence, false),
  ];
}

function list(title: string, lines: string[], open: boolean): HTMLElement[] {
  if (!lines.length) return [];
  const rows = lines.map((line) => element("li", { textContent: line }));
  return [element("details", { open }, [element("summary", { textContent: title }), element("ul", { className: "remarks" }, rows)])];
}

function table(rows: Row[], matched: number): HTMLElement {
  const names = ["feature_no", "stated", "computed", "difference"].map((name) => element("th", { scope: "col", textContent: t(`land.${name}`) }));
  const shown = rows.slice(0, ROWS_SHOWN).flatMap((row) => tableRow(row));
  const left = matched - Math.min(rows.length, ROWS_SHOWN);
  const more = left > 0 ? [element("p", { className: "muted", textContent: t("land.more_features", { n: String(left) }) })] : [];
  const whole = element("table", {}, [element("thead", {}, [element("tr", {}, names)]), element("tbody", {}, shown)]);
  const scroll = element("div", { className: "scroll", tabIndex: 0 }, [whole]);
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", t("land.read"));
  return element("div", {}, [scroll, ...more]);
}

function tableRow(row: Row): HTMLElement[] {
  const properties = row.properties ?? {};
  const cells = [number(properties.stated_area_m2, 2), number(properties.computed_area_m2, 2), number(properties.difference_percent, 3, "%")];
  const place = typeof properties.where === "string" && properties.where ? properties.where : String(row.id ?? "");
  const line = element("tr", {}, [element("th", { scope: "row", textContent: place }), ...cells.map((text) => element("td", { textContent: text }))]);
  const notes = [...(row.repair_note ? [t("land.repair", { note: row.repair_note })] : []), ...row.errors.map((each) => each.message)];
  if (!notes.length) return [line];
  return [line, element("tr", {}, [element("td", { colSpan: 4, className: "mark-text wrap", textContent: notes.join(" ") })])];
}

function number(value: unknown, decimals: number, unit = ""): string {
  if (typeof value !== "number") return "–";
  const rounded = Number(value.toFixed(decimals)) + 0; // never −0
  return rounded.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }) + unit;
}
