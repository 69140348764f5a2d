// What is said where there is no map; kept apart so that a browser without WebGL loads no map library.

export type { LandMap } from "./map";

export function sayNoMap(reason: string): void {
  const notice = document.getElementById("notice");
  if (!notice) return;
  notice.textContent = reason;
  notice.hidden = false;
}
