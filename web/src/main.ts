import "./style.css";
import "./bim/bim.css";
import "./land/land.css";

import { readMessages, t } from "./messages";
import { Page } from "./page";

function say(message: string | null): void {
  const notice = document.getElementById("notice");
  if (!notice || (notice.dataset.lasting && message === null)) return;
  notice.textContent = message ?? "";
  notice.hidden = message === null;
}

function sayLasting(message: string): void {
  say(message);
  document.documentElement.classList.add("no-map");
  document.getElementById("notice")?.setAttribute("data-lasting", "true");
}

function hasWebGl2(): boolean {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

async function start(): Promise<void> {
  readMessages(document);
  document.documentElement.classList.add("scripted");
  const page = new Page(say);
  const ground = document.getElementById("ground");
  if (!ground) return;
  if (!hasWebGl2()) return sayLasting(t("no_webgl"));
  try {
    const { startMap } = await import("./map");
    page.join(await startMap(ground, page));
    document.documentElement.classList.add("has-map");
  } catch (error) {
    sayLasting(t("failed", { reason: error instanceof Error ? error.message : String(error) }));
  }
}

/** The other pages bring their own scripts, which nobody else loads. */
async function startOther(): Promise<void> {
  readMessages(document);
  document.documentElement.classList.add("scripted");
  if (document.getElementById("bim")) await (await import("./bim/page")).startBimPage();
  if (document.getElementById("upload")) (await import("./upload/page")).startUploadPage();
  if (document.getElementById("land")) await (await import("./land/page")).startLandPage();
}

if (document.getElementById("app")) void start();
else void startOther();
