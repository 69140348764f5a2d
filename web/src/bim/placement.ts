// Where a scene lies on the map: metres east, north and up of its origin to the map's own world and back.

import { LngLat, MercatorCoordinate } from "maplibre-gl";

import { type Box3, type Matrix, type Point, corners, multiply, scaling, translation } from "./matrix";

export interface Ground {
  readonly matrix: Matrix;
  /** The same place with another height on the plane of the map. */
  at(lowest: number): Ground;
  toMap(point: Point): [longitude: number, latitude: number];
  fromMap(longitude: number, latitude: number): [east: number, north: number];
}

/**
 * Ground at a place; `lowest` is the height in metres that lies on the plane of the map, which has no terrain.
 */
export function groundAt(longitude: number, latitude: number, lowest: number): Ground {
  const at = MercatorCoordinate.fromLngLat(new LngLat(longitude, latitude), 0);
  const metre = at.meterInMercatorCoordinateUnits();
  const toWorld = multiply(translation(at.x, at.y, at.z), scaling(metre, -metre, metre));
  return {
    matrix: multiply(toWorld, translation(0, 0, -lowest)),
    at: (height) => groundAt(longitude, latitude, height),
    toMap([east, north]) {
      const { lng, lat } = new MercatorCoordinate(at.x + east * metre, at.y - north * metre, 0).toLngLat();
      return [lng, lat];
    },
    fromMap(lng, lat) {
      const there = MercatorCoordinate.fromLngLat(new LngLat(lng, lat), 0);
      return [(there.x - at.x) / metre, (at.y - there.y) / metre];
    },
  };
}

/** West, south, east, north of a box in metres. */
export function boundsOn(ground: Ground, box: Box3): [number, number, number, number] {
  const places = corners(box).map((corner) => ground.toMap(corner));
  const longitudes = places.map(([longitude]) => longitude);
  const latitudes = places.map(([, latitude]) => latitude);
  return [Math.min(...longitudes), Math.min(...latitudes), Math.max(...longitudes), Math.max(...latitudes)];
}
