// 4 × 4 matrices as column-major lists of doubles: on the map a metre is 3e-8 of the world, too little for floats.

export type Matrix = readonly number[];
export type Point = readonly [x: number, y: number, z: number];
export type Box3 = readonly [xMin: number, yMin: number, zMin: number, xMax: number, yMax: number, zMax: number];

export const IDENTITY: Matrix = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** glTF is y-up; models, maps and this page are z-up: (x, y, z) → (x, −z, y). */
export const Z_UP: Matrix = [1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 1];

export function multiply(a: Matrix, b: Matrix): number[] {
  const product = new Array<number>(16).fill(0);
  for (let column = 0; column < 4; column++) {
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += (a[4 * k + row] ?? 0) * (b[4 * column + k] ?? 0);
      product[4 * column + row] = sum;
    }
  }
  return product;
}

export function translation(x: number, y: number, z: number): number[] {
  return [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, x, y, z, 1];
}

/** A turn about the upward axis, anti-clockwise seen from above. */
export function turning(degrees: number): number[] {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [cos, sin, 0, 0, -sin, cos, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
}

export function scaling(x: number, y: number, z: number): number[] {
  return [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1];
}

/** A point in homogeneous coordinates, as the graphics card sees it. */
export function transformed(m: Matrix, [x, y, z]: Point): [number, number, number, number] {
  const row = (r: number) => (m[r] ?? 0) * x + (m[4 + r] ?? 0) * y + (m[8 + r] ?? 0) * z + (m[12 + r] ?? 0);
  return [row(0), row(1), row(2), row(3)];
}

export function moved(m: Matrix, point: Point): Point {
  const [x, y, z] = transformed(m, point);
  return [x, y, z];
}

export function corners([x0, y0, z0, x1, y1, z1]: Box3): Point[] {
  return [x0, x1].flatMap((x) => [y0, y1].flatMap((y) => [z0, z1].map((z): Point => [x, y, z])));
}

export function around(points: readonly Point[]): Box3 {
  const axis = (n: 0 | 1 | 2, of: (...values: number[]) => number) => of(...points.map((point) => point[n]));
  return [axis(0, Math.min), axis(1, Math.min), axis(2, Math.min), axis(0, Math.max), axis(1, Math.max), axis(2, Math.max)];
}

/** Whether a box may show: false only when all of it lies beyond one side of the view. */
export function mayShow(projection: Matrix, box: Box3): boolean {
  const seen = corners(box).map((corner) => transformed(projection, corner));
  return [0, 1].every(
    (axis) => seen.some((p) => (p[axis] ?? 0) >= -p[3]) && seen.some((p) => (p[axis] ?? 0) <= p[3]),
  ) && seen.some((p) => p[3] > 0);
}

/** The projection that makes one pixel of a `width` × `height` view fill the whole target. */
export function aimedAt(projection: Matrix, x: number, y: number, width: number, height: number): number[] {
  const nx = (2 * (x + 0.5)) / width - 1;
  const ny = 1 - (2 * (y + 0.5)) / height;
  const aim = [width, 0, 0, 0, 0, height, 0, 0, 0, 0, 1, 0, -nx * width, -ny * height, 0, 1];
  return multiply(aim, projection);
}
