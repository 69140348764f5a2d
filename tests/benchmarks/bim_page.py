"""What a large model costs in the browser: time to its first picture, bytes, recolouring, a frame, a pick, memory.

Run: ``python -m tests.benchmarks.scene --elements 100000 --project CODE`` publishes a large model into an installation
that is served; then ``python -m tests.benchmarks.bim_page URL`` opens it in Chromium, which draws in software here: its
times of drawing tell nothing of a graphics card, its times in script do. Floor of recolouring, in the same run: one pass
over as many bytes in the same script engine.
"""

import argparse
import statistics
import time
from typing import Any

from playwright.sync_api import Page, Response, sync_playwright

from tests.flows.live_site import SOFTWARE_GL, find_chromium

PATIENCE_MS = 900_000
FLOOR = """n => { const bytes = new Uint8Array(4 * n), begun = performance.now();
  for (let i = 0; i < bytes.length; i++) bytes[i] = i; return performance.now() - begun; }"""
LAST = "name => performance.getEntriesByName(name).map(entry => entry.duration)"
MORE_PICKS = "n => performance.getEntriesByName('bim-pick').length > n"
HEAP_MB = "() => performance.memory.usedJSHeapSize / 1e6"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "url",
        help="the BIM page of a large model, such as http://127.0.0.1:8000/projects/CODE/bim?model=9&lang=en",
    )
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    measure(asked.url, asked.rounds)


def measure(url: str, rounds: int) -> None:
    """Open a page, load all of its model, and print what that and each change costs."""
    with sync_playwright() as playwright:
        arguments = [*SOFTWARE_GL, "--enable-precise-memory-info"]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(PATIENCE_MS)
        sizes: dict[str, int] = {}
        page.on("response", lambda response: _note(response, sizes))
        _load(page, url)
        _recolour(page, rounds)
        _pick(page)
        print(f"script per frame      {page.locator('#ground').get_attribute('data-frame-ms')} ms")
        print(f"script heap           {page.evaluate(HEAP_MB):.0f} MB")
        for kind, size in sizes.items():
            print(f"on the wire: {kind:<9}{size / 1e6:8.2f} MB")
        browser.close()


def _note(response: Response, sizes: dict[str, int]) -> None:
    kinds = {".glb": "geometry", "/states": "states", "elements.json": "columns", "/dashboard/": "programs"}
    kind = next((name for part, name in kinds.items() if part in response.url), None)
    if kind is not None and response.status == 200:
        length = response.headers.get("content-length", "0")
        sizes[kind] = sizes.get(kind, 0) + int(length)


def _load(page: Page, url: str) -> None:
    begun = time.monotonic()
    page.goto(url)
    _wait(page)
    print(f"first picture         {time.monotonic() - begun:.1f} s")
    button = page.get_by_role("button", name="Load all")
    if button.count():
        begun = time.monotonic()
        button.click()
        _wait(page)
        print(f"all of it             {time.monotonic() - begun:.1f} s more")


def _recolour(page: Page, rounds: int) -> None:
    names = ["ifc_class", "status", "storey", "deviation", "plan"] * rounds
    for name in names[: max(rounds, 3)]:
        page.get_by_label("Colour by").select_option(name)
        _wait(page)
    times: list[float] = page.evaluate(LAST, "bim-recolour")
    n = sum(int(text.replace(",", "")) for text in page.locator(".legend-row .muted").all_inner_texts())
    floor = statistics.median(page.evaluate(FLOOR, n) for _ in range(rounds))
    median = statistics.median(times)
    print(f"recolour {n:,} elements: {median:.1f} ms script, {median / max(floor, 0.01):.1f}x one pass")


def _pick(page: Page) -> None:
    box: Any = page.locator(".maplibregl-canvas").bounding_box()
    for step in range(3):
        page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5 + 3 * step)
        page.wait_for_function(MORE_PICKS, arg=step)
    times: list[float] = page.evaluate(LAST, "bim-pick")
    print(f"pick with its frame   {statistics.median(times):.0f} ms")


def _wait(page: Page) -> None:
    page.wait_for_selector("html.has-map")
    page.wait_for_selector('#ground[aria-busy="false"]')


if __name__ == "__main__":
    main()
