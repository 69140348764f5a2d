// The list, the filters and the card: what works with or without a map.

import { type Box, around, chosenCode, fromForm, isFiltered, parseBox, sameFilters, withChosen, withParameter } from "./address";
import { t } from "./messages";
import { type Part, loadPart, putInPlace } from "./parts";

/** What the page asks of a map, once there is one. */
export interface MapView {
  choose(code: string | null, box: Box | null): void;
  show(codes: string[] | null): void;
  showPieces(pieces: GeoJSON.FeatureCollection): void;
  refresh(): void;
}

const POLL_MS = 5000;
const STICKY_PX = 32; // the line with the count stays at the top of the list
const NO_PIECES: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

export class Page {
  #map: MapView | null = null;
  #shown = new URL(location.href);
  #opener: HTMLElement | null = null;
  #turn = 0;

  constructor(readonly say: (message: string | null) => void) {
    document.addEventListener("click", (event) => this.#onClick(event));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("submit", (event) => this.#onSubmit(event));
    document.addEventListener("change", (event) => this.#onChange(event));
    addEventListener("popstate", () => void this.#follow(new URL(location.href)));
    document.addEventListener("visibilitychange", () => void this.#poll());
    setInterval(() => void this.#poll(), POLL_MS);
  }

  /** Box around the chosen project, else around all that are listed. */
  get box(): Box | null {
    const chosen = chosenCode(this.#shown);
    return (chosen && this.boxOf(chosen)) || around(this.#items().flatMap((item) => boxesOf(item)));
  }

  boxOf(code: string): Box | null {
    const holder = document.querySelector<HTMLElement>(`[data-code="${CSS.escape(code)}"][data-bbox]`);
    return holder && parseBox(holder.dataset.bbox);
  }

  join(map: MapView): void {
    this.#map = map;
    this.#showOnMap(null);
    map.showPieces(readPieces());
  }

  /** Opens the card of a project, or closes it. */
  open(code: string | null): void {
    this.#opener ??= document.activeElement instanceof HTMLElement ? document.activeElement : null;
    void this.#go(withChosen(this.#shown, code));
  }

  async #go(to: URL): Promise<void> {
    const here = new URL(location.href); // the map keeps the camera and the colouring in it
    const next = withParameter(to, "colour", here.searchParams.get("colour"));
    next.hash = here.hash;
    history.pushState(null, "", next);
    await this.#follow(next);
  }

  /** Brings the page to what the address says, asking only for the parts that differ. */
  async #follow(next: URL): Promise<void> {
    const turn = ++this.#turn;
    const before = this.#shown;
    const chosen = chosenCode(next);
    const parts: Part[] = [];
    if (!sameFilters(before, next)) parts.push("list");
    if (chosen !== chosenCode(before)) parts.push("card");
    if (!this.#map && parts.length) parts.push("sketch");
    try {
      const loaded = await Promise.all(parts.map((part) => loadPart(next, part)));
      if (turn !== this.#turn) return; // the reader has already gone on
      this.#shown = next;
      loaded.forEach(putInPlace);
      fillForm(next);
      if (parts.includes("card")) this.#cardChanged(chosen);
      this.#showOnMap(parts.includes("card") ? chosen : null);
      this.say(null);
    } catch {
      location.assign(next); // the server's own answer says more than we could
    }
  }

  #cardChanged(chosen: string | null): void {
    const overlap = document.getElementById("overlap");
    overlap?.replaceChildren();
    overlap?.toggleAttribute("hidden", true);
    this.#map?.showPieces(NO_PIECES);
    if (chosen) document.getElementById("card")?.focus({ preventScroll: innerWidth > 800 });
    else this.#returnFocus();
  }

  #returnFocus(): void {
    const opener = this.#opener;
    this.#opener = null;
    if (opener?.isConnected && opener !== document.body) opener.focus({ preventScroll: true });
    else document.getElementById("list")?.focus({ preventScroll: true });
  }

  /** Marks the chosen project in the list and tells the map what to show; flies to `towards`, if any. */
  #showOnMap(towards: string | null): void {
    const chosen = chosenCode(this.#shown);
    for (const item of this.#items()) {
      const link = item.querySelector("a.project");
      if (item.dataset.code !== chosen) link?.removeAttribute("aria-current");
      else {
        link?.setAttribute("aria-current", "true");
        bringIntoView(item);
      }
    }
    const codes = isFiltered(this.#shown) ? this.#items().map((item) => item.dataset.code ?? "") : null;
    this.#map?.show(codes);
    this.#map?.choose(chosen, towards ? this.boxOf(towards) : null);
  }

  #items(): HTMLElement[] {
    return [...document.querySelectorAll<HTMLElement>("#list li[data-code]")];
  }

  #onClick(event: MouseEvent): void {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = event.target instanceof Element ? event.target : null;
    const action = target?.closest<HTMLElement>("[data-action]")?.dataset.action;
    if (action === "zoom") this.#map?.choose(chosenCode(this.#shown), this.box);
    const link = target?.closest<HTMLAnchorElement | SVGAElement>("#app a");
    const address = link && new URL(link.getAttribute("href") ?? "", location.href);
    if (!address || address.pathname !== location.pathname || address.origin !== location.origin) return;
    event.preventDefault();
    if (action === "overlap") return void this.#showOverlap();
    if (chosenCode(address) && !link.closest("#drawer")) this.#opener = link as unknown as HTMLElement;
    void this.#go(address);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.defaultPrevented || !chosenCode(this.#shown)) return;
    event.preventDefault();
    this.open(null);
  }

  #onSubmit(event: SubmitEvent): void {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.id !== "filters") return;
    event.preventDefault();
    void this.#filter(form, document.activeElement);
  }

  #onChange(event: Event): void {
    if (!(event.target instanceof HTMLSelectElement)) return;
    event.target.form?.requestSubmit();
  }

  /** Applies the filters; Enter in the search field opens the project when it is the only one found. */
  async #filter(form: HTMLFormElement, from: Element | null): Promise<void> {
    await this.#go(fromForm(new FormData(form), this.#shown));
    const items = this.#items();
    if (!(from instanceof HTMLInputElement) || !from.value || items.length !== 1) return;
    this.#opener = from;
    this.open(items[0]?.dataset.code ?? null);
  }

  async #showOverlap(): Promise<void> {
    const url = this.#shown;
    const button = document.querySelector('#card [data-action="overlap"]');
    button?.setAttribute("aria-busy", "true");
    try {
      const html = await loadPart(url, "overlap");
      if (url !== this.#shown) return;
      putInPlace(html);
      document.getElementById("overlap")?.scrollIntoView({ block: "nearest" });
      document.getElementById("overlap")?.focus({ preventScroll: true });
      this.#map?.showPieces(readPieces());
    } catch {
      this.say(t("offline"));
    } finally {
      button?.removeAttribute("aria-busy");
    }
  }

  /** Asks for the list again (304 when it is unchanged); if anything changed, list, card and map are renewed. */
  async #poll(): Promise<void> {
    if (document.hidden) return;
    const url = this.#shown;
    try {
      const list = await loadPart(url, "list");
      this.say(null);
      if (url !== this.#shown || changesIn(list) === changesIn(document)) return;
      const card = chosenCode(url) ? await loadPart(url, "card") : null;
      if (url !== this.#shown) return;
      putInPlace(list);
      if (card) putInPlace(card);
      this.#showOnMap(null);
      this.#map?.refresh();
    } catch {
      this.say(t("offline"));
    }
  }
}

/** Scrolls the list, never the page: on a phone the reader stays where they are. */
function bringIntoView(item: HTMLElement): void {
  const list = item.closest<HTMLElement>("#list");
  if (!list || list.scrollHeight <= list.clientHeight) return;
  const [from, to] = [item.offsetTop - list.offsetTop, item.offsetTop - list.offsetTop + item.offsetHeight];
  if (from < list.scrollTop + STICKY_PX) list.scrollTop = from - STICKY_PX;
  else if (to > list.scrollTop + list.clientHeight) list.scrollTop = to - list.clientHeight;
}

/** Which projects are listed, and when each of them last changed. */
function changesIn(root: ParentNode): string {
  const items = [...root.querySelectorAll<HTMLElement>("#list li[data-code]")];
  return items.map((item) => `${item.dataset.code} ${item.dataset.changed}`).join("\n");
}

/** The form shows what the address asks for, also after a step back or a click on a figure. */
function fillForm(url: URL): void {
  const form = document.getElementById("filters");
  if (!(form instanceof HTMLFormElement)) return;
  for (const field of form.elements) {
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = url.searchParams.get(field.name) ?? "";
  }
}

function boxesOf(item: HTMLElement): Box[] {
  const box = parseBox(item.dataset.bbox);
  return box ? [box] : [];
}

function readPieces(): GeoJSON.FeatureCollection {
  const text = document.getElementById("pieces")?.textContent;
  return text ? (JSON.parse(text) as GeoJSON.FeatureCollection) : NO_PIECES;
}
