// The 4-D slider: the model on a day, as planned or as reported; plays week by week.

import { element } from "../element";
import { t } from "../messages";
import { field, select } from "./controls";
import type { Columns } from "./scene";

const DAY_MS = 86_400_000;
const STEP_DAYS = 7;
const FRAME_MS = 700;
const WAIT_MS = 150;

export type Telling = "plan" | "status" | "deviation";

export interface TimelineUser {
  showDay(day: string | null, telling: Telling): Promise<void>;
}

/** First and last planned day of the elements, or null without any plan. */
export function planRange(columns: Columns): { first: string; last: string } | null {
  const days = [...(columns.plan_start ?? []), ...(columns.plan_finish ?? [])].filter((day): day is string => Boolean(day));
  if (!days.length) return null;
  let [first, last] = [days[0] ?? "", days[0] ?? ""];
  for (const day of days) {
    if (day < first) first = day;
    if (day > last) last = day;
  }
  return { first: first.slice(0, 10), last: last.slice(0, 10) };
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10);
}

export function daysBetween(first: string, last: string): number {
  return Math.round((Date.parse(`${last}T00:00:00Z`) - Date.parse(`${first}T00:00:00Z`)) / DAY_MS);
}

export class Timeline {
  #slider: HTMLInputElement;
  #text = element("output", { className: "day" });
  #telling: HTMLSelectElement;
  #play = element("button", { type: "button", className: "quiet", textContent: "▶" });
  #bar: HTMLElement;
  #playing = false;
  #waiting = 0;

  constructor(
    ground: HTMLElement,
    toggle: HTMLElement,
    readonly range: { first: string; last: string },
    day: string | null,
    readonly user: TimelineUser,
  ) {
    const from = addDays(range.first, -STEP_DAYS);
    const whole = daysBetween(from, range.last) + STEP_DAYS;
    this.range = { first: from, last: addDays(from, whole) };
    this.#slider = element("input", { type: "range", min: "0", max: String(whole), step: "1", value: String(daysBetween(from, day ?? today(range))) });
    this.#telling = select([["status", t("bim.as_reported")], ["plan", t("bim.as_planned")], ["deviation", t("bim.as_compared")]], "status");
    this.#play.setAttribute("aria-label", t("bim.play"));
    this.#play.addEventListener("click", () => void this.#toggle());
    this.#slider.addEventListener("input", () => this.#soon());
    this.#slider.setAttribute("aria-label", t("bim.day"));
    this.#telling.addEventListener("change", () => this.#soon());
    this.#telling.setAttribute("aria-label", t("bim.telling"));
    this.#bar = element("div", { className: "timeline", role: "group", hidden: day === null }, [this.#play, this.#telling, this.#slider, this.#text]);
    this.#bar.setAttribute("aria-label", t("bim.timeline"));
    ground.append(this.#bar);
    const box = element("input", { type: "checkbox", checked: day !== null });
    box.addEventListener("change", () => void this.#open(box.checked));
    toggle.append(field(t("bim.timeline"), box));
    this.#say();
    if (day !== null) void this.#show();
  }

  async #open(open: boolean): Promise<void> {
    this.#bar.hidden = !open;
    this.#playing = false;
    if (open) await this.#show();
    else await this.user.showDay(null, "status");
  }

  #soon(): void {
    this.#say();
    clearTimeout(this.#waiting);
    this.#waiting = window.setTimeout(() => void this.#show(), WAIT_MS);
  }

  #day(): string {
    return addDays(this.range.first, this.#slider.valueAsNumber);
  }

  #say(): void {
    this.#text.textContent = this.#day();
    this.#slider.setAttribute("aria-valuetext", this.#day());
  }

  #show(): Promise<void> {
    this.#say();
    return this.user.showDay(this.#day(), this.#telling.value as Telling);
  }

  async #toggle(): Promise<void> {
    this.#playing = !this.#playing;
    this.#play.textContent = this.#playing ? "❚❚" : "▶";
    this.#play.setAttribute("aria-label", t(this.#playing ? "bim.pause" : "bim.play"));
    if (this.#slider.value === this.#slider.max) this.#slider.value = "0";
    while (this.#playing) {
      await this.#show();
      if (this.#slider.value === this.#slider.max) return void this.#toggle();
      await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
      if (this.#playing) this.#slider.valueAsNumber += STEP_DAYS;
    }
  }
}

function today(range: { first: string; last: string }): string {
  const now = new Date().toISOString().slice(0, 10);
  return now < range.first ? range.first : now > range.last ? range.last : now;
}
