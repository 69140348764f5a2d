// Where one scene stands in the frame of another: each has a tangent plane of its own, as the service gave it.

import { type Matrix, type Point, multiply, translation } from "./matrix";
import type { SceneDocument } from "./scene";

export type Origin = NonNullable<SceneDocument["origin"]>;

// CGCS2000 (EPSG ellipsoid 1024), whose poles lie 0.1 mm from those of WGS 84
const SEMI_MAJOR_M = 6_378_137;
const FLATTENING = 1 / 298.257222101;

/** Where the base stands: its origin, and the point of its file from which its tiles count. */
export interface Base {
  readonly origin: Origin | null;
  readonly local_origin: Point;
}

/** Takes metres of another scene's tiles to metres east, north, up of the base; null where only one of them has a place. */
export function intoFrameOf(base: Base, other: Pick<SceneDocument, "origin" | "local_origin" | "enu_from_model">): Matrix | null {
  if (base.origin && other.origin) return multiply(betweenOrigins(other.origin, base.origin), other.enu_from_model);
  if (base.origin || other.origin) return null;
  const [x, y, z] = base.local_origin.map((value, axis) => (other.local_origin[axis] ?? 0) - value);
  return translation(x ?? 0, y ?? 0, z ?? 0); // neither has one: both count from the zero of their files
}

/** From east, north, up of one origin to east, north, up of another, through the centre of the earth. */
export function betweenOrigins(from: Origin, to: Origin): Matrix {
  const [fromAxes, toAxes] = [axesAt(from), axesAt(to)];
  const turn = fromAxes.flatMap((axis) => [...toAxes.map((other) => dot(axis, other)), 0]);
  const [x, y, z] = centred(from).map((value, axis) => value - (centred(to)[axis] ?? 0));
  const way: Point = [x ?? 0, y ?? 0, z ?? 0];
  return [...turn, ...toAxes.map((axis) => dot(axis, way)), 1];
}

function radians(origin: Origin): [longitude: number, latitude: number] {
  return [(origin.longitude * Math.PI) / 180, (origin.latitude * Math.PI) / 180];
}

/** East, north and up as seen from the earth's centre. */
function axesAt(origin: Origin): [east: Point, north: Point, up: Point] {
  const [longitude, latitude] = radians(origin);
  const [sinL, cosL, sinP, cosP] = [Math.sin(longitude), Math.cos(longitude), Math.sin(latitude), Math.cos(latitude)];
  return [
    [-sinL, cosL, 0],
    [-sinP * cosL, -sinP * sinL, cosP],
    [cosP * cosL, cosP * sinL, sinP],
  ];
}

function centred(origin: Origin): Point {
  const [longitude, latitude] = radians(origin);
  const squared = FLATTENING * (2 - FLATTENING);
  const radius = SEMI_MAJOR_M / Math.sqrt(1 - squared * Math.sin(latitude) ** 2);
  const level = (radius + origin.height_m) * Math.cos(latitude);
  return [level * Math.cos(longitude), level * Math.sin(longitude), (radius * (1 - squared) + origin.height_m) * Math.sin(latitude)];
}

function dot(a: Point, b: Point): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
