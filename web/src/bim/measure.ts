// The distance between two picked points, with its parts along the ground and upwards.

import { BufferGeometry, Float32BufferAttribute, Line, LineBasicMaterial } from "three";

import { element } from "../element";
import { t } from "../messages";
import type { Point } from "./matrix";
import type { Viewer } from "./viewer";

export interface Distance {
  readonly whole_m: number;
  readonly flat_m: number;
  readonly rise_m: number;
}

export function distance(a: Point, b: Point): Distance {
  const [dx, dy, dz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
  return { whole_m: Math.hypot(dx, dy, dz), flat_m: Math.hypot(dx, dy), rise_m: dz };
}

export class Measure {
  isOn = false;
  #button = element("button", { type: "button", className: "quiet", textContent: t("bim.measure") });
  #text = element("output", { className: "measured", hidden: true });
  #points: Point[] = [];
  #line: Line<BufferGeometry, LineBasicMaterial>;

  constructor(
    ground: HTMLElement,
    place: HTMLElement,
    readonly viewer: Viewer,
  ) {
    const material = new LineBasicMaterial({ color: viewer.mark, depthTest: false });
    this.#line = new Line(new BufferGeometry(), material);
    this.#line.frustumCulled = false;
    this.#line.renderOrder = 1;
    this.#line.visible = false;
    viewer.layer.addMark(this.#line);
    this.#button.setAttribute("aria-pressed", "false");
    this.#button.addEventListener("click", () => this.#toggle());
    place.append(this.#button);
    ground.append(this.#text);
  }

  /** Takes a picked point; the second one ends a measurement, the third begins another. */
  add(point: Point): void {
    if (this.#points.length === 2) this.#points = [];
    this.#points.push(point);
    this.#draw();
  }

  #toggle(): void {
    this.isOn = !this.isOn;
    this.#points = [];
    this.#button.setAttribute("aria-pressed", String(this.isOn));
    this.viewer.map.getCanvas().classList.toggle("measuring", this.isOn);
    this.#draw();
  }

  #draw(): void {
    const [a, b] = this.#points;
    this.#text.hidden = !this.isOn;
    this.#line.visible = Boolean(a && b);
    if (a && b) {
      this.#line.geometry.setAttribute("position", new Float32BufferAttribute([...a, ...b], 3));
      const { whole_m, flat_m, rise_m } = distance(a, b);
      this.#text.textContent = t("bim.measured", { whole: whole_m.toFixed(3), flat: flat_m.toFixed(3), rise: rise_m.toFixed(3) });
    } else this.#text.textContent = t(a ? "bim.measure_second" : "bim.measure_first");
    this.viewer.layer.repaint();
  }
}
