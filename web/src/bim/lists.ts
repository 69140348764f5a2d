// The page without 3-D: the list of elements, the card, the figures, all rendered by the server.

import { withParameter } from "../address";
import { t } from "../messages";
import { type Part, loadPart, putInPlace } from "../parts";
import { problemOf } from "./scene";

const LIST_PARAMETERS = ["q", "filter", "ifc_class", "storey", "status", "after"] as const;
const PAGE_PARAMETERS = ["model", "revision"] as const;

export interface ListUser {
  chosen(globalId: string | null): void;
  reported(): void;
}

export class Lists {
  #shown = new URL(location.href);
  #opener: HTMLElement | null = null;
  #turn = 0;

  constructor(
    readonly model: number | null,
    readonly say: (message: string | null) => void,
    readonly user: ListUser,
  ) {
    document.addEventListener("click", (event) => this.#onClick(event));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("submit", (event) => this.#onSubmit(event));
    document.addEventListener("change", (event) => this.#onChange(event));
    addEventListener("popstate", () => void this.#follow(new URL(location.href)));
    this.#mark();
  }

  get chosen(): string | null {
    return this.#shown.searchParams.get("sel");
  }

  /** Opens the card of an element, or closes it. */
  choose(globalId: string | null): void {
    this.#opener ??= document.activeElement instanceof HTMLElement ? document.activeElement : null;
    void this.go(withParameter(here(), "sel", globalId));
  }

  async go(to: URL): Promise<void> {
    const next = new URL(to);
    if (next.hash.length < 2 || !next.hash.includes("/")) next.hash = location.hash; // the camera, not a place in the page
    history.pushState(null, "", next);
    await this.#follow(next);
  }

  /** Asks for parts of the page again, as they are now. */
  async renew(parts: readonly Part[]): Promise<void> {
    const url = this.#shown;
    const loaded = await Promise.all(parts.map((part) => loadPart(url, part)));
    if (url !== this.#shown) return;
    const said = document.querySelector("#report output")?.textContent; // of the same card: a newer one keeps it
    loaded.forEach(putInPlace);
    const again = document.querySelector("#report output");
    if (said && again) again.textContent = said;
    this.#mark();
  }

  async #follow(next: URL): Promise<void> {
    const turn = ++this.#turn;
    const before = this.#shown;
    const differ = (names: readonly string[]) => names.some((name) => (before.searchParams.get(name) ?? "") !== (next.searchParams.get(name) ?? ""));
    if (differ(PAGE_PARAMETERS)) return location.reload();
    const parts: Part[] = [];
    if (differ(LIST_PARAMETERS)) parts.push("elements", "figures");
    if (differ(["sel"])) parts.push("element");
    try {
      const loaded = await Promise.all(parts.map((part) => loadPart(next, part)));
      if (turn !== this.#turn) return; // the reader has already gone on
      this.#shown = next;
      loaded.forEach(putInPlace);
      fillFilters(next);
      if (parts.includes("element")) this.#cardChanged();
      this.#mark();
    } catch {
      location.assign(next); // the server's own answer says more than we could
    }
  }

  #cardChanged(): void {
    this.user.chosen(this.chosen);
    if (this.chosen) document.getElementById("element")?.focus({ preventScroll: innerWidth > 800 });
    else {
      const opener = this.#opener;
      this.#opener = null;
      if (opener?.isConnected && opener !== document.body) opener.focus({ preventScroll: true });
    }
  }

  /** What the server wrote for readers without script is made to work with it. */
  #mark(): void {
    for (const link of document.querySelectorAll<HTMLAnchorElement>("#elements a.element")) {
      const isChosen = link.closest<HTMLElement>("[data-element]")?.dataset.element === this.chosen;
      if (isChosen) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  #onClick(event: MouseEvent): void {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("#bim a") : null;
    const address = link && new URL(link.href, location.href);
    if (!link || !address || address.pathname !== location.pathname || address.origin !== location.origin) return;
    if (PAGE_PARAMETERS.some((name) => (address.searchParams.get(name) ?? "") !== (this.#shown.searchParams.get(name) ?? ""))) return;
    event.preventDefault();
    if (address.searchParams.get("sel") && !link.closest("#drawer")) this.#opener = link;
    const listed = new URL(address);
    for (const name of ["colour", "floor", "cut", "day", "from", "also"]) {
      const value = here().searchParams.get(name);
      if (value) listed.searchParams.set(name, value);
    }
    if (address.hash === "#elements") document.getElementById("tab-list")?.click();
    listed.hash = "";
    void this.go(listed);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.defaultPrevented || !this.chosen || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.choose(null);
  }

  #onSubmit(event: SubmitEvent): void {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    if (form.id === "report") {
      event.preventDefault();
      void this.#report(form);
    }
    if (form.id !== "filters") return;
    event.preventDefault();
    const next = here();
    for (const name of LIST_PARAMETERS) next.searchParams.delete(name);
    for (const [name, value] of new FormData(form)) {
      if (typeof value === "string" && value.trim()) next.searchParams.set(name, value.trim());
    }
    void this.go(next);
  }

  #onChange(event: Event): void {
    const field = event.target;
    if (field instanceof HTMLSelectElement && field.form?.id === "filters") field.form.requestSubmit();
  }

  async #report(form: HTMLFormElement): Promise<void> {
    const percent = Number(new FormData(form).get("percent"));
    const status = percent >= 100 ? "done" : percent > 0 ? "in_progress" : "not_started";
    const said = form.querySelector("output");
    const response = await fetch(`/api/v1/models/${this.model}/elements`, {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify([{ global_id: form.dataset.element, status, percent }]),
    });
    if (!response.ok) {
      if (said) said.textContent = await problemOf(response);
      return;
    }
    const { refused, unmatched } = (await response.json()) as { refused: { message: string }[]; unmatched: { message: string }[] };
    const faults = [...refused, ...unmatched].map((fault) => fault.message).join(" ");
    if (faults) {
      if (said) said.textContent = faults;
      return;
    }
    await this.renew(["element", "elements", "figures"]);
    const again = document.querySelector("#report output");
    if (again) again.textContent = t("bim.saved");
    this.user.reported();
  }
}

/** The form shows what the address asks for, also after a step back or a click on an example. */
function fillFilters(url: URL): void {
  const form = document.getElementById("filters");
  if (!(form instanceof HTMLFormElement)) return;
  for (const name of LIST_PARAMETERS) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement) field.value = url.searchParams.get(name) ?? "";
  }
}

function here(): URL {
  return new URL(location.href);
}
