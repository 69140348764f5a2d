// The BIM page: lists by the server, the model in 3-D where the browser can, and one state for both in the address.

import { t } from "../messages";
import { type Shown, readShown, withShown } from "./address";
import { Lists } from "./lists";
import type { Stage } from "./stage";

export interface Island {
  readonly project: string;
  readonly model: number | null;
  readonly name: string;
  readonly others: readonly { id: number; name: string; revision: number }[];
  readonly revision: number | null;
  readonly asked_revision: number | null;
  readonly revisions: readonly number[];
  readonly storeys: readonly { name: string; elevation_m: number | null }[];
  readonly placed: boolean;
  readonly footprint: readonly number[] | null;
  readonly may_place: boolean;
  readonly may_report: boolean;
}

export interface Room {
  readonly ground: HTMLElement;
  readonly island: Island & { readonly model: number; readonly revision: number };
  say(message: string | null): void;
  remember(changes: Partial<Shown>): void;
  choose(globalId: string | null): void;
  changed(): void;
}

export async function startBimPage(): Promise<void> {
  const island = JSON.parse(document.getElementById("island")?.textContent ?? "{}") as Island;
  const ground = document.getElementById("ground");
  if (!ground) return;
  startTabs();
  let stage: Stage | null = null;
  const lists = new Lists(island.model, say, {
    chosen: (id) => stage?.choose(id),
    reported: () => void stage?.poll(),
  });
  document.addEventListener("click", (event) => {
    const action = event.target instanceof Element ? event.target.closest<HTMLElement>("#element [data-action], #elements [data-action]")?.dataset.action : null;
    if (action) stage?.act(action);
  });
  if (island.model === null || island.revision === null) return;
  if (!document.createElement("canvas").getContext("webgl2")) return sayLasting(t("bim.no_webgl"));
  const room: Room = {
    ground,
    island: { ...island, model: island.model, revision: island.revision },
    say,
    remember: (changes) => history.replaceState(history.state, "", withShown(new URL(location.href), changes)),
    choose: (id) => lists.choose(id),
    changed: () => void lists.renew(["figures", "elements", ...(lists.chosen ? (["element"] as const) : [])]).catch(() => say(t("offline"))),
  };
  try {
    ground.setAttribute("aria-busy", "true");
    const { openStage } = await import("./stage");
    stage = await openStage(room, readShown(new URL(location.href)));
    document.documentElement.classList.add("has-map");
  } catch (error) {
    ground.removeAttribute("aria-busy");
    sayLasting(t("bim.failed", { reason: error instanceof Error ? error.message : String(error) }));
  }
}

function say(message: string | null): void {
  const notice = document.getElementById("notice");
  if (!notice || notice.dataset.lasting) return;
  notice.textContent = message ?? "";
  notice.hidden = message === null;
}

function sayLasting(message: string): void {
  say(message);
  document.documentElement.classList.add("no-map");
  document.getElementById("notice")?.setAttribute("data-lasting", "true");
}

/** Structure and list share one place; arrow keys go from tab to tab. */
function startTabs(): void {
  const bar = document.querySelector<HTMLElement>("[role=tablist]");
  if (!bar) return;
  const tabs = [...bar.querySelectorAll<HTMLButtonElement>("[role=tab]")];
  const open = (tab: HTMLButtonElement) => {
    for (const each of tabs) {
      each.setAttribute("aria-selected", String(each === tab));
      each.tabIndex = each === tab ? 0 : -1;
      document.getElementById(each.getAttribute("aria-controls") ?? "")?.toggleAttribute("hidden", each !== tab);
    }
  };
  bar.hidden = false;
  for (const panel of ["structure", "found"]) document.getElementById(panel)?.setAttribute("role", "tabpanel");
  bar.addEventListener("click", (event) => {
    const tab = event.target instanceof Element ? event.target.closest<HTMLButtonElement>("[role=tab]") : null;
    if (tab) open(tab);
  });
  bar.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const at = tabs.findIndex((tab) => tab === document.activeElement);
    const next = tabs[(at + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length];
    if (!next) return;
    open(next);
    next.focus();
  });
  const asksForList = ["q", "filter", "ifc_class", "storey", "status", "after"].some((name) => new URL(location.href).searchParams.get(name));
  const first = tabs[asksForList ? 1 : 0];
  if (first) open(first);
}
