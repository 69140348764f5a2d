// The reserve ledger: the card of a parcel, holding it for a project, letting it go.

import { t } from "../messages";
import { json, reasonOf, say, send } from "./api";
import type { LandMap } from "./map";
import { boundsOf } from "./shapes";

export class Ledger {
  constructor(readonly map: () => LandMap | null) {
    const part = document.getElementById("work-ledger");
    part?.addEventListener("click", (event) => this.#onClick(event));
    part?.addEventListener("submit", (event) => void this.#onSubmit(event));
    document.addEventListener("parcel", (event) => {
      part?.toggleAttribute("open", true);
      void this.#open((event as CustomEvent<string>).detail);
    });
    addEventListener("popstate", () => void this.#render(new URL(location.href), true));
    const chosen = new URL(location.href).searchParams.get("parcel");
    if (chosen) void this.#show();
  }

  #onClick(event: MouseEvent): void {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = event.target instanceof Element ? event.target : null;
    const release = target?.closest<HTMLElement>("#release");
    if (release?.dataset.parcel) return void this.#release(release.dataset.parcel, release.dataset.project ?? "");
    const link = target?.closest<HTMLAnchorElement>("a[href]");
    if (!link || link.origin !== location.origin || link.pathname !== "/land") return;
    event.preventDefault();
    const next = new URL(link.href);
    next.hash = location.hash;
    void this.#go(next, link.rel === "next");
  }

  async #onSubmit(event: SubmitEvent): Promise<void> {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    event.preventDefault();
    const data = new FormData(form);
    if (form.id === "reserve") return this.#reserve(form.dataset.parcel ?? "", String(data.get("project")), String(data.get("reason") ?? "").trim());
    const next = new URL("/land", location.href);
    const state = String(data.get("state") ?? "");
    if (state) next.searchParams.set("state", state);
    next.hash = location.hash;
    await this.#go(next, true);
  }

  async #open(parcel: string): Promise<void> {
    const next = new URL(location.href);
    next.searchParams.set("parcel", parcel);
    await this.#go(next, false);
  }

  async #go(next: URL, list: boolean): Promise<void> {
    history.pushState(null, "", next);
    await this.#render(next, list);
  }

  async #render(url: URL, list: boolean): Promise<void> {
    try {
      await Promise.all([part(url, "parcel"), ...(list ? [part(url, "ledger")] : [])]);
    } catch {
      return location.reload(); // the server's own answer says more than we could
    }
    const chosen = url.searchParams.get("parcel");
    for (const row of document.querySelectorAll<HTMLElement>("#ledger tr[data-parcel]")) {
      if (row.dataset.parcel === chosen) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    if (chosen) {
      document.getElementById("parcel")?.focus();
      await this.#show();
    } else this.map()?.show("answer", []);
  }

  /** Brings the chosen parcel into view. */
  async #show(): Promise<void> {
    const id = document.getElementById("parcel")?.dataset.id;
    if (!id || !this.map()) return;
    try {
      const feature = (await (await send(`/ogc/collections/land_parcels/items/${id}?f=json`)).json()) as GeoJSON.Feature;
      this.map()?.show("answer", [feature]);
      this.map()?.fly(boundsOf([feature.geometry]));
    } catch {
      // the card says what there is to say
    }
  }

  async #reserve(parcel: string, project: string, reason: string): Promise<void> {
    const body = reason ? { project, reason } : { project };
    await this.#change(parcel, json("POST", body), t("land.reserved_done"));
  }

  async #release(parcel: string, project: string): Promise<void> {
    await this.#change(parcel, json("DELETE", { project }), t("land.cancelled_done"));
  }

  async #change(parcel: string, init: RequestInit, done: string): Promise<void> {
    try {
      const answer = (await (await send(`/api/v1/land/parcels/${encodeURIComponent(parcel)}/reservations`, init)).json()) as { warnings?: { zh: string; en: string }[] };
      await this.#render(new URL(location.href), true);
      const zh = document.documentElement.lang.startsWith("zh");
      say("parcel-said", [done, ...(answer.warnings ?? []).map((each) => (zh ? each.zh : each.en))].join(" "));
      this.map()?.refresh();
    } catch (error) {
      say("parcel-said", reasonOf(error));
    }
  }
}

async function part(url: URL, name: "ledger" | "parcel"): Promise<void> {
  const address = new URL(url);
  address.hash = "";
  address.searchParams.set("part", name);
  const template = document.createElement("template");
  template.innerHTML = await (await send(address.href, { headers: { Accept: "text/html" } })).text();
  document.getElementById(name)?.replaceWith(template.content);
}
