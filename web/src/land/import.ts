// A file that was looked at goes into a layer: which column is what, what would change, then the import itself.

import { element } from "../element";
import { findText, isChinese, t } from "../messages";
import { json, reasonOf, say, send } from "./api";
import { type Fate, type Job, followJob } from "./job";
import type { LandMap } from "./map";
import type { Proposal, Row, Told } from "./told";

const LEDGER_LAYERS: Record<string, string> = { land_parcel: "land_parcels", project: "projects" };
const KEYS: Record<string, string> = { land_parcels: "parcel_no", projects: "code" };
const SHOWN = 50;
const ACTIONS = ["added", "changed", "unchanged"] as const;

export class FileImport {
  #told: Told | null = null;
  #proposals: Told["mappings"] = {}; // as the file proposes them, whatever was answered for another layer since
  #turn = 0;
  readonly #form = document.getElementById("import-form") as HTMLFormElement | null;

  constructor(readonly map: () => LandMap | null) {
    this.#form?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#run(true);
    });
    this.#form?.querySelector("select[name=layer]")?.addEventListener("change", () => this.#showMapping());
    this.#form?.addEventListener("change", () => this.#forget());
    document.getElementById("import-now")?.addEventListener("click", () => void this.#run(false));
    document.getElementById("import-result")?.addEventListener("click", (event) => openParcel(event));
  }

  clear(): void {
    this.#turn += 1;
    this.#told = null;
    this.#proposals = {};
    this.#form?.toggleAttribute("hidden", true);
    this.#forget();
  }

  /** Offers a file for import; one with open questions or faulty cells is told why it cannot be yet. */
  offer(told: Told, rows: readonly Row[]): void {
    const isNew = this.#told?.upload_id !== told.upload_id;
    if (isNew) this.clear();
    this.#told = told;
    if (isNew || Object.keys(this.#proposals).length === 0) this.#proposals = told.mappings;
    const faulty = document.getElementById("ledger-faults");
    const faults = told.ledger?.error_count ? ledgerFaults(told, rows) : [];
    faulty?.replaceChildren(...faults);
    faulty?.toggleAttribute("hidden", faults.length === 0);
    const ready = told.questions.length === 0 && faults.length === 0 && told.feature_count > 0;
    this.#form?.toggleAttribute("hidden", !ready);
    if (!ready || !this.#form) return;
    this.#chooseLayer(told);
    this.#showMapping();
  }

  #chooseLayer(told: Told): void {
    const field = this.#form?.elements.namedItem("layer");
    if (!(field instanceof HTMLSelectElement) || !told.ledger) return;
    const target = told.ledger.target ?? "";
    for (const option of field.options) option.disabled = layerTarget(option.value) !== target && option.value !== "";
    const only = [...field.options].filter((option) => option.value && !option.disabled);
    const known = LEDGER_LAYERS[target] ?? (only.length === 1 ? only[0]?.value : "");
    if (known && only.some((option) => option.value === known)) field.value = known;
  }

  get #layer(): string {
    return String(new FormData(this.#form ?? undefined).get("layer") ?? "");
  }

  #showMapping(): void {
    const box = document.getElementById("mapping");
    const proposal = this.#proposals[this.#layer];
    const rows = !this.#told || !this.#layer ? [] : this.#told.ledger ? [] : mappingRows(this.#told, proposal);
    box?.querySelectorAll("label").forEach((label) => label.remove());
    box?.append(...rows);
    box?.toggleAttribute("hidden", rows.length === 0);
    const origin = document.getElementById("mapping-origin");
    if (origin) origin.textContent = proposal ? t(`land.mapping_from.${proposal.source}`, { name: proposal.template ?? "" }) : "";
    this.#showNumbering();
  }

  /** Rows that the file does not number are numbered by a pattern; projects are never made up. */
  #showNumbering(): void {
    const key = KEYS[this.#layer] ?? "code";
    const missing = Boolean(this.#layer) && !this.#told?.ledger && this.#layer !== "projects" && !Object.values(this.#mapping()).includes(key);
    const label = document.getElementById("numbering");
    label?.toggleAttribute("hidden", !missing);
    const field = this.#form?.elements.namedItem("numbering");
    if (!(field instanceof HTMLInputElement)) return;
    field.required = missing;
    field.disabled = !missing;
    if (missing && !field.value) field.value = `${(this.#told?.file_name ?? "").replace(/\.[^.]*$/, "").slice(0, 30)}-{n}`;
  }

  #mapping(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const field of document.querySelectorAll<HTMLSelectElement>("#mapping select")) {
      if (field.value && field.dataset.column !== undefined) found[field.dataset.column] = field.value;
    }
    return found;
  }

  /** What was rehearsed holds no more. */
  #forget(): void {
    for (const id of ["import-result", "import-confirm"]) document.getElementById(id)?.toggleAttribute("hidden", true);
    say("import-said", "");
    if (this.#layer) this.#showNumbering();
  }

  async #run(rehearse: boolean): Promise<void> {
    const told = this.#told;
    if (!told || !this.#form || this.#form.getAttribute("aria-busy")) return;
    const [turn, layer] = [++this.#turn, this.#layer];
    const button = document.getElementById("import-now");
    this.#form.setAttribute("aria-busy", "true");
    button?.setAttribute("disabled", "");
    if (rehearse) this.#forget();
    say("import-said", t(rehearse ? "land.rehearsing" : "land.importing", { percent: "0" }));
    try {
      if (rehearse && !told.ledger) await this.#tellMapping(told, layer);
      const saveAs = String(new FormData(this.#form).get("save_as") ?? "").trim();
      const order = rehearse ? { layer, rehearse } : { layer, ...(saveAs ? { save_as: saveAs } : {}) };
      const asked = (await (await send(`/api/v1/uploads/${told.upload_id}/import${language()}`, json("POST", order))).json()) as { job_id: string };
      const ended = await followJob(asked.job_id, (job) => {
        if (turn === this.#turn) say("import-said", t(rehearse ? "land.rehearsing" : "land.importing", { percent: job.progress.toFixed(0) }));
      });
      if (turn === this.#turn) this.#show(ended, rehearse, layer);
    } catch (error) {
      if (turn === this.#turn) say("import-said", t("land.import_failed", { reason: reasonOf(error) }));
    } finally {
      this.#form.removeAttribute("aria-busy");
      button?.removeAttribute("disabled");
    }
  }

  async #tellMapping(told: Told, layer: string): Promise<void> {
    const pattern = String(new FormData(this.#form ?? undefined).get("numbering") ?? "").trim();
    const values = pattern ? { [KEYS[layer] ?? "code"]: pattern } : {};
    await send(`/api/v1/uploads/${told.upload_id}${language()}`, json("PATCH", { mapping: this.#mapping(), values }));
  }

  #show(job: Job, rehearse: boolean, layer: string): void {
    const verdict = job.verdict;
    const done = job.state === "succeeded";
    const counts = job.counts ?? {};
    const words = verdict ? (isChinese() ? verdict.message_zh : verdict.message) : job.state;
    say("import-said", done ? t(rehearse ? "land.rehearsed" : "land.imported") : t("land.import_failed", { reason: words }));
    const result = document.getElementById("import-result");
    const collection = verdict?.detail.collection ?? layer;
    const parts = done ? [countList(counts), ...fateTable(verdict?.detail.rows ?? [], counts, collection, rehearse)] : refusals(job);
    if (done && !rehearse) parts.push(...this.#wayToMap(verdict?.detail.bbox ?? null, collection));
    result?.replaceChildren(...parts);
    result?.toggleAttribute("hidden", false);
    const writes = (counts.added ?? 0) + (counts.changed ?? 0);
    const now = document.getElementById("import-now");
    if (now) now.textContent = t("land.import_now", { n: String(writes) });
    document.getElementById("import-confirm")?.toggleAttribute("hidden", !(done && rehearse && writes > 0));
    result?.focus({ preventScroll: true });
    result?.scrollIntoView({ block: "nearest" });
  }

  #wayToMap(box: [number, number, number, number] | null, collection: string): HTMLElement[] {
    const map = this.map();
    if (!map) return [];
    map.refresh(collection);
    if (!box) return [];
    const button = element("button", { type: "button", className: "quiet", textContent: t("land.show_on_map") });
    button.addEventListener("click", () => map.fly(box));
    return [element("p", { className: "upload-actions" }, [button])];
  }
}

function language(): string {
  return `?lang=${isChinese() ? "zh" : "en"}`;
}

function layerTarget(layer: string): string {
  return layer === "land_parcels" ? "land_parcel" : layer === "projects" ? "project" : "control_area";
}

function nameOf(property: string): string {
  const name = findText(`land.prop.${property}`);
  return name ? `${name} ${property}` : property;
}

/** One choice for each column, with a sample of what stands there. */
function mappingRows(told: Told, proposal: Proposal | undefined): HTMLElement[] {
  if (!proposal) return [];
  return (told.columns ?? []).map((column) => {
    const samples = column.samples.map(String).join("、").slice(0, 40);
    const options = proposal.properties.map((property) => element("option", { value: property, textContent: nameOf(property), selected: proposal.mapping[column.name] === property }));
    const select = element("select", {}, [element("option", { value: "", textContent: t("land.not_imported") }), ...options]);
    select.dataset.column = column.name;
    const name = samples ? t("land.column_with", { column: column.name, samples }) : column.name;
    return element("label", {}, [element("span", { textContent: name }), select]);
  });
}

function ledgerFaults(told: Told, rows: readonly Row[]): HTMLElement[] {
  const zh = isChinese();
  const table = (told.ledger?.table_errors ?? []).map((each) => `${each.where}：${zh ? each.zh : each.en}`);
  const cells = rows.flatMap((row) => row.errors.filter((each) => each.level === "error").map((each) => `${each.where}：${each.message}`));
  const lines = [...table, ...cells];
  const more = (told.ledger?.error_count ?? 0) - Math.min(lines.length, SHOWN);
  const link = element("a", { href: `/api/v1/uploads/${told.upload_id}/marked`, download: "marked.xlsx", className: "button", textContent: t("land.marked") });
  return [
    element("p", { textContent: t("land.ledger_faults", { n: String(told.ledger?.error_count ?? 0) }) }),
    ...remarks(lines, more),
    element("p", { className: "upload-actions" }, [link]),
  ];
}

function refusals(job: Job): HTMLElement[] {
  const faults = job.verdict?.detail.errors ?? [];
  const lines = faults.map((each) => `${each.where}：${isChinese() ? each.message_zh : each.message}`);
  return remarks(lines, (job.verdict?.detail.error_count ?? faults.length) - Math.min(lines.length, SHOWN));
}

function remarks(lines: readonly string[], more: number): HTMLElement[] {
  if (!lines.length) return [];
  const rows = lines.slice(0, SHOWN).map((line) => element("li", { textContent: line }));
  const left = more > 0 ? [element("p", { className: "muted", textContent: t("land.more_faults", { n: String(more) }) })] : [];
  return [element("ul", { className: "remarks" }, rows), ...left];
}

function countList(counts: Readonly<Record<string, number>>): HTMLElement {
  const names = [...ACTIONS, ...["skipped_invalid", "skipped_other_shapes"].filter((name) => counts[name])];
  const lines = names.map((name) => element("div", {}, [element("dt", { textContent: t(`land.count.${name}`) }), element("dd", { textContent: String(counts[name] ?? 0) })]));
  return element("dl", { className: "facts", id: "import-counts" }, lines);
}

function fateTable(rows: readonly Fate[], counts: Readonly<Record<string, number>>, collection: string, rehearse: boolean): HTMLElement[] {
  if (!rows.length) return [];
  const heads = ["place", "key", "fate", "changes"].map((name) => element("th", { scope: "col", textContent: t(`land.${name}`) }));
  const lines = rows.slice(0, SHOWN).map((row) => fateRow(row, collection, rehearse));
  const table = element("table", {}, [element("thead", {}, [element("tr", {}, heads)]), element("tbody", {}, lines)]);
  const scroll = element("div", { className: "scroll", tabIndex: 0 }, [table]);
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", t("land.fates"));
  const left = ACTIONS.reduce((sum, name) => sum + (counts[name] ?? 0), 0) - lines.length;
  return [scroll, ...(left > 0 ? [element("p", { className: "muted", textContent: t("land.more_rows", { n: String(left) }) })] : [])];
}

function fateRow(row: Fate, collection: string, rehearse: boolean): HTMLElement {
  const isThere = !(rehearse && row.action === "added");
  const link = element("a", { href: addressOf(row, collection), textContent: row.key });
  if (collection === "land_parcels") link.dataset.parcel = row.key;
  const changes = row.changes.map((name) => (name === "geometry" ? t("land.geometry") : (findText(`land.prop.${name}`) ?? name)));
  return element("tr", {}, [
    element("th", { scope: "row", textContent: row.where }),
    element("td", {}, [isThere ? link : row.key]),
    element("td", { textContent: t(`land.count.${row.action}`) }),
    element("td", { className: "wrap", textContent: changes.join("、") || "–" }),
  ]);
}

function addressOf(row: Fate, collection: string): string {
  if (collection === "land_parcels") return `/land?${new URLSearchParams({ parcel: row.key })}`;
  return `/ogc/collections/${collection}/items/${row.id}?f=html`;
}

/** The card of a parcel opens beside the file. */
function openParcel(event: MouseEvent): void {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target instanceof Element ? event.target.closest<HTMLElement>("a[data-parcel]") : null;
  if (!link) return;
  event.preventDefault();
  document.dispatchEvent(new CustomEvent("parcel", { detail: link.dataset.parcel }));
}
