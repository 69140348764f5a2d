import { describe, expect, it } from "vitest";

import { fileName } from "../src/land/file";
import { boundsOf, isEnough, readShape, writeShape } from "../src/land/shapes";

describe("shapes as text", () => {
  it("reads a point, a line and a ring that closes", () => {
    expect(readShape("115.8,33.0")).toEqual({ type: "Point", coordinates: [115.8, 33] });
    expect(readShape("115.8 33.0；115.9，33.1")).toEqual({ type: "LineString", coordinates: [[115.8, 33], [115.9, 33.1]] });
    expect(readShape("1,1; 2,1; 2,2; 1,1")?.type).toBe("Polygon");
  });

  it("reads nothing out of what is no shape", () => {
    for (const text of ["", "  ", "115.8", "115.8,x", "1,2,3", "1,1; 2"]) expect(readShape(text)).toBeNull();
  });

  it("writes what it reads back, an area with its ring closed", () => {
    const corners: [number, number][] = [[115.8, 33], [115.9, 33], [115.9, 33.1]];
    expect(readShape(writeShape(corners, "Polygon"))).toEqual({ type: "Polygon", coordinates: [[...corners, corners[0]]] });
    expect(readShape(writeShape(corners, "LineString"))).toEqual({ type: "LineString", coordinates: corners });
    expect(isEnough(corners.slice(0, 2), "Polygon")).toBe(false);
  });

  it("finds the box around geometries of every depth, and none around nothing", () => {
    const polygon: GeoJSON.Geometry = { type: "Polygon", coordinates: [[[1, 2], [3, 2], [3, 5], [1, 2]]] };
    expect(boundsOf([polygon, null, { type: "Point", coordinates: [0, 9] }])).toEqual([0, 2, 3, 9]);
    expect(boundsOf([null, undefined])).toBeNull();
  });
});

describe("name of a download", () => {
  it("takes the form that holds Chinese first", () => {
    expect(fileName(`attachment; filename="overlap.pdf"; filename*=UTF-8''${encodeURIComponent("压占.pdf")}`)).toBe("压占.pdf");
    expect(fileName('attachment; filename="overlap.pdf"')).toBe("overlap.pdf");
    expect(fileName(null)).toBeNull();
  });
});
