// Shapes as text: what is drawn by hand can be typed too.

export type Kind = "Point" | "LineString" | "Polygon";
export type Position = [number, number];

/** Reads `lon,lat; lon,lat`; a ring that closes is an area, several points are a line. Null where it cannot be read. */
export function readShape(text: string): GeoJSON.Geometry | null {
  const points = text
    .split(/[;；\n]/)
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => part.split(/[,，\s]+/).map(Number));
  if (!points.length || points.some((point) => point.length !== 2 || !point.every(Number.isFinite))) return null;
  const positions = points as Position[];
  const [first, last] = [positions[0] as Position, positions[positions.length - 1] as Position];
  if (positions.length === 1) return { type: "Point", coordinates: first };
  const closed = positions.length > 3 && first[0] === last[0] && first[1] === last[1];
  return closed ? { type: "Polygon", coordinates: [positions] } : { type: "LineString", coordinates: positions };
}

export function writeShape(positions: Position[], kind: Kind): string {
  const first = positions[0];
  const ring = kind === "Polygon" && first ? [...positions, first] : positions;
  return ring.map(([lon, lat]) => `${lon.toFixed(7)},${lat.toFixed(7)}`).join("; ");
}

export function isEnough(positions: Position[], kind: Kind): boolean {
  return positions.length >= { Point: 1, LineString: 2, Polygon: 3 }[kind];
}

export type Bounds = [number, number, number, number];

/** The box around geometries; null where none has a coordinate. */
export function boundsOf(geometries: (GeoJSON.Geometry | null | undefined)[]): Bounds | null {
  const box: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    if (typeof part[0] !== "number") return part.forEach(visit);
    const [lon, lat] = part as Position;
    box[0] = Math.min(box[0], lon);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon);
    box[3] = Math.max(box[3], lat);
  };
  for (const geometry of geometries) if (geometry && "coordinates" in geometry) visit(geometry.coordinates);
  return Number.isFinite(box[0]) ? box : null;
}
