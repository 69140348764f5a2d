import { describe, expect, it } from "vitest";

import { readShown, withShown } from "../src/bim/address";
import { ELEMENTS_SHOWN, chooseTiles } from "../src/bim/caps";
import { ColourTable, HIDDEN, SOLID, WIDTH, hues, parseColour, toText } from "../src/bim/colours";
import { fromColumn, fromColumns, fromStates, sumLegends } from "../src/bim/colouring";
import { type Difference, kindsOf } from "../src/bim/compare";
import { betweenOrigins, intoFrameOf } from "../src/bim/frames";
import { GlbError, readGlb } from "../src/bim/glb";
import { type Box3, IDENTITY, Z_UP, aimedAt, around, corners, mayShow, moved, multiply, scaling, transformed, translation, turning } from "../src/bim/matrix";
import { distance } from "../src/bim/measure";
import { groundAt } from "../src/bim/placement";
import { middleOf, readPoints, shifted } from "../src/bim/placing";
import { gridStep } from "../src/bim/plane";
import { ModelScene } from "../src/bim/model-scene";
import type { Columns, SceneDocument, Tile } from "../src/bim/scene";
import { addDays, daysBetween, planRange } from "../src/bim/timeline";
import { makeBranches, pathTo, visibleRows } from "../src/bim/tree-rows";
import { Visibility } from "../src/bim/visibility";

/** A GLB of one triangle with feature ids 7, 7, 7 whose node stands at (1, 2, 3), written byte by byte. */
function handMadeGlb(changes: Record<string, unknown> = {}): ArrayBuffer {
  const binary = new ArrayBuffer(36 + 12 + 12 + 12);
  new Float32Array(binary, 0, 9).set([0, 0, 0, 1, 0, 0, 0, 1, 0]);
  new Int8Array(binary, 36, 12).set([0, 0, 127, 0, 0, 0, 127, 0, 0, 0, 127, 0]);
  new Float32Array(binary, 48, 3).set([7, 7, 7]);
  new Uint32Array(binary, 60, 3).set([0, 1, 2]);
  const view = (byteOffset: number, byteLength: number, byteStride?: number) => ({ buffer: 0, byteOffset, byteLength, ...(byteStride ? { byteStride } : {}) });
  const document = {
    asset: { version: "2.0" },
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0, translation: [1, 2, 3] }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0, NORMAL: 1, _FEATURE_ID_0: 2 }, indices: 3 }] }],
    accessors: [
      { bufferView: 0, componentType: 5126, count: 3, type: "VEC3" },
      { bufferView: 1, componentType: 5120, count: 3, type: "VEC3", normalized: true },
      { bufferView: 2, componentType: 5126, count: 3, type: "SCALAR" },
      { bufferView: 3, componentType: 5125, count: 3, type: "SCALAR" },
    ],
    bufferViews: [view(0, 36), view(36, 12, 4), view(48, 12), view(60, 12)],
    extensionsRequired: ["KHR_mesh_quantization"],
    ...changes,
  };
  const json = new TextEncoder().encode(JSON.stringify(document).padEnd(Math.ceil(JSON.stringify(document).length / 4) * 4));
  const bytes = new Uint8Array(12 + 8 + json.length + 8 + binary.byteLength);
  const header = new DataView(bytes.buffer);
  const numbers: [number, number][] = [[0, 0x46546c67], [4, 2], [8, bytes.length], [12, json.length], [16, 0x4e4f534a], [20 + json.length, binary.byteLength], [24 + json.length, 0x004e4942]];
  for (const [at, value] of numbers) header.setUint32(at, value, true);
  bytes.set(json, 20);
  bytes.set(new Uint8Array(binary), 28 + json.length);
  return bytes.buffer;
}

describe("a tile", () => {
  it("gives positions, normals with their padding, feature ids, indices and where its node stands", () => {
    const [mesh, ...others] = readGlb(handMadeGlb());
    expect(others).toEqual([]);
    expect([...(mesh?.positions.values ?? [])]).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0]);
    expect(mesh?.normals).toMatchObject({ parts: 3, stride: 4, isNormalised: true, count: 3 });
    expect([...(mesh?.features.values ?? [])]).toEqual([7, 7, 7]);
    expect([...(mesh?.indices ?? [])]).toEqual([0, 1, 2]);
    expect(moved(mesh?.matrix ?? IDENTITY, [0, 0, 0])).toEqual([1, 2, 3]);
  });

  it("that needs a decoder we do not have is refused by name", () => {
    expect(() => readGlb(handMadeGlb({ extensionsRequired: ["EXT_meshopt_compression"] }))).toThrow("EXT_meshopt_compression");
  });

  it("that is cut off, or nothing of the kind, is refused", () => {
    expect(() => readGlb(handMadeGlb().slice(0, 200))).toThrow(GlbError);
    expect(() => readGlb(new TextEncoder().encode("<html>no such tile</html>").buffer as ArrayBuffer)).toThrow(GlbError);
  });
});

describe("matrices", () => {
  it("turn glTF axes to ours: its up becomes our up, its backwards our north", () => {
    expect(moved(Z_UP, [1, 5, -2])).toEqual([1, 2, 5]);
  });

  it("turn anti-clockwise seen from above", () => {
    expect(moved(turning(90), [2, 0, 1]).map((value) => Math.round(value * 1e9) / 1e9)).toEqual([0, 2, 1]);
  });

  it("multiply from the right: first the right one, then the left one", () => {
    expect(moved(multiply(translation(10, 0, 0), scaling(2, 2, 2)), [1, 1, 1])).toEqual([12, 2, 2]);
  });

  it("aim one pixel at the whole target: its middle becomes the middle", () => {
    // pixel (3, 1) of 8 × 4: its middle is at 3.5 / 8 and 1.5 / 4, so −0.125 and 0.25 in the view
    const [x, y] = transformed(aimedAt(IDENTITY, 3, 1, 8, 4), [-0.125, 0.25, 0]);
    expect([x, y]).toEqual([0, 0]);
    expect(transformed(aimedAt(IDENTITY, 3, 1, 8, 4), [0, 0.25, 0])[0]).toBe(1); // its right rim
  });

  it("leave out a box only when all of it lies beyond one side", () => {
    expect(mayShow(IDENTITY, [0.5, -0.5, -0.5, 2, 0.5, 0.5])).toBe(true);
    expect(mayShow(IDENTITY, [1.5, -0.5, -0.5, 2, 0.5, 0.5])).toBe(false);
  });

  it("go around points", () => {
    const box: Box3 = [0, 1, 2, 3, 4, 5];
    expect(around(corners(box))).toEqual(box);
  });
});

describe("a place on the map", () => {
  it("is found again from metres, and a metre is a metre", () => {
    const ground = groundAt(115.77, 33.27, 30);
    const [lon, lat] = ground.toMap([100, 50, 0]);
    const [east, north] = ground.fromMap(lon, lat);
    expect([east, north].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([100, 50]);
    // 100 m east at 33.27° N on a sphere of 6371008.8 m (the map's): 100 / (π/180 · R · cos φ)
    expect(lon - 115.77).toBeCloseTo(100 / ((Math.PI / 180) * 6371008.8 * Math.cos((33.27 * Math.PI) / 180)), 8);
  });

  it("puts the lowest height on the plane of the map", () => {
    expect(transformed(groundAt(0, 0, 30).matrix, [0, 0, 30])[2]).toBe(0);
  });

  it("without a georeference has a grid of round steps", () => {
    expect([gridStep(7), gridStep(95), gridStep(260), gridStep(20_000)]).toEqual([0.5, 5, 20, 1000]);
  });
});

describe("colours", () => {
  it("fill rows of texels, one element each, and do not touch how it shows", () => {
    const table = new ColourTable(WIDTH + 1);
    table.show((fid) => (fid === 1 ? HIDDEN : SOLID));
    table.paint([[1, 2, 3], [4, 5, 6]], [0, 1, ...new Array<number>(WIDTH - 2).fill(0), 1]);
    expect(table.height).toBe(2);
    expect([...table.texels.slice(0, 8)]).toEqual([1, 2, 3, SOLID, 4, 5, 6, HIDDEN]);
    expect(table.colourOf(WIDTH)).toEqual([4, 5, 6]); // the first texel of the second row
  });

  it("are read and written as the style documents write them", () => {
    expect(parseColour("#2e9e5b")).toEqual([0x2e, 0x9e, 0x5b]);
    expect(parseColour("#f80")).toEqual([255, 136, 0]);
    expect(toText([46, 158, 91])).toBe("#2e9e5b");
  });

  it("of categories are all different", () => {
    expect(new Set(hues(24).map(toText)).size).toBe(24);
  });

  it("of states come from the palette of the service, with counts of what there is", () => {
    const palette = [
      { index: 0, key: "todo", colour: "#010203", title_zh: "未开始", title_en: "Not started" },
      { index: 2, key: "done", colour: "#040506", title_zh: "已完成", title_en: "Done" },
      { index: 3, key: "none", colour: "#070809", title_zh: "既有", title_en: "Existing" },
    ];
    const states = { revision: 1, as_of: "2025-10-31", theme: "status", palette, colour: Uint8Array.of(2, 2, 0, 0) };
    const colouring = fromStates(states, 4, new Set([3]), true);
    expect(colouring.legend.map((row) => [row.text, row.n])).toEqual([["未开始", 1], ["已完成", 2]]);
    expect(colouring.palette[2]).toEqual([4, 5, 6]);
  });

  it("of a column name what is of none as well", () => {
    const colouring = fromColumn({ names: ["一层"], index: [0, null, 0] }, "discipline", 3, new Set());
    expect(colouring.legend.map((row) => [row.text, row.n])).toEqual([["一层", 2], ["bim.of_none", 1]]);
  });
});

describe("what shows", () => {
  it("is hidden by itself, by its storey, or faint beside what is isolated; the chosen one stands out", () => {
    const shown = new Visibility();
    shown.toggle([1], false);
    shown.isolated = new Set([0, 1]);
    shown.chosen = 3;
    expect([0, 1, 2, 3].map(shown.mode)).toEqual([255, 0, 64, 254]);
    shown.storey = (fid) => fid !== 0;
    expect(shown.mode(0)).toBe(0);
    shown.clear();
    expect(shown.mode(1)).toBe(255);
  });
});

describe("caps", () => {
  const tile = (storey: string, features: number, triangles = 12 * features): Tile => ({ uri: `${storey}.glb`, storey, discipline: null, features, triangles, bytes: 1, box: [0, 0, 0, 1, 1, 1] });

  it("stop at twenty thousand elements unless all is asked for", () => {
    const tiles = [tile("1", 15_000), tile("2", 9_000), tile("3", 5_000)];
    const load = chooseTiles(tiles, null, false);
    expect([load.tiles.map((each) => each.storey), load.features, load.total, load.isWhole]).toEqual([["1", "3"], ELEMENTS_SHOWN, 29_000, false]);
    expect(chooseTiles(tiles, null, true).isWhole).toBe(true);
  });

  it("count triangles too, and one tile shows whatever its size", () => {
    expect(chooseTiles([tile("1", 10, 2_000_000), tile("2", 10)], null, false).tiles).toHaveLength(1);
    const others = [chooseTiles([tile("1", 15_000)], null, false)]; // drawn of other models
    expect(chooseTiles([tile("1", 4_000), tile("2", 9_000)], null, false, others)).toMatchObject({ features: 4_000, isWhole: false });
  });

  it("apply to the one storey that is to show", () => {
    expect(chooseTiles([tile("1", 15_000), tile("2", 9_000)], "2", false)).toMatchObject({ features: 9_000, isWhole: true });
  });
});

const COLUMNS: Columns = {
  revision: 1,
  global_id: ["a", "b", "c", "d"],
  name: ["墙 1", null, "板 1", "墙 2"],
  ifc_class: { names: ["IfcWall", "IfcSlab"], index: [0, 0, 1, 0] },
  storey: { names: ["二层", "一层"], index: [0, 1, 1, null] },
  discipline: { names: [], index: [null, null, null, null] },
  plan_start: ["2025-03-01", null, "2025-02-10", null],
  plan_finish: ["2025-04-01", null, "2025-06-30T00:00:00+08:00", null],
};

describe("structure", () => {
  const branches = makeBranches(COLUMNS, "storey", ["一层", "二层"]);

  it("stands from below, what has no storey last", () => {
    expect(branches.map((branch) => [branch.label, branch.fids])).toEqual([["一层", [1, 2]], ["二层", [0]], [null, [3]]]);
  });

  it("shows a level more for each opened branch", () => {
    expect(visibleRows(branches, new Set())).toHaveLength(3);
    const first = branches[0];
    const rows = visibleRows(branches, new Set([first?.id ?? ""]));
    expect(rows.map((row) => [row.level, row.branch?.label, row.position, row.siblings])).toEqual([
      [1, "一层", 1, 3],
      [2, "IfcSlab", 1, 2],
      [2, "IfcWall", 2, 2],
      [1, "二层", 2, 3],
      [1, null, 3, 3],
    ]);
  });

  it("knows the way to an element", () => {
    expect(pathTo(branches, 2).map((branch) => branch.label)).toEqual(["一层", "IfcSlab"]);
  });

  it("of 100,000 elements has a row for each when all is open", () => {
    const n = 100_000;
    const many: Columns = { ...COLUMNS, global_id: Array.from({ length: n }, (_, i) => String(i)), storey: { names: ["一层", "二层"], index: Array.from({ length: n }, (_, i) => i % 2) }, ifc_class: { names: ["IfcWall"], index: new Array<number>(n).fill(0) }, discipline: { names: [], index: new Array<null>(n).fill(null) } };
    const large = makeBranches(many, "storey", []);
    const open = new Set(large.flatMap((branch) => [branch.id, ...branch.branches.map((below) => below.id)]));
    expect(visibleRows(large, open)).toHaveLength(n + 4);
  });
});

describe("days", () => {
  it("run from the first planned start to the last planned finish", () => {
    expect(planRange(COLUMNS)).toEqual({ first: "2025-02-10", last: "2025-06-30" });
    expect(planRange({ ...COLUMNS, plan_start: [], plan_finish: [] })).toBeNull();
  });

  it("are counted over the turn of a year", () => {
    expect(addDays("2024-12-30", 3)).toBe("2025-01-02");
    expect(daysBetween("2024-02-28", "2024-03-01")).toBe(2);
  });
});

describe("a comparison", () => {
  it("marks elements of the newer revision by their new names", () => {
    const difference: Difference = {
      counts: { added: 1, removed: 1, changed: 1, matched: 1 },
      added: ["b"],
      removed: ["z"],
      changed: [{ global_id: "c", what: ["psets"] }],
      matched: [{ from: "y", to: "d", confidence: 1 }],
    };
    const kinds = kindsOf(difference, (id) => ({ a: 0, b: 1, c: 2, d: 3 })[id] ?? null);
    expect([...kinds]).toEqual([[1, "added"], [2, "changed"], [3, "matched"]]);
  });
});

describe("models together", () => {
  // by PROJ's topocentric conversion (EPSG method 9837) on GRS 80
  const base = { longitude: 116.97, latitude: 33.65, height_m: 31 };
  const other = { longitude: 116.9742, latitude: 33.6469, height_m: 27.5 };

  it("stand to each other as their places on the earth do", () => {
    const between = betweenOrigins(other, base);
    const near = (found: readonly number[], wanted: readonly number[]) => found.forEach((value, axis) => expect(value).toBeCloseTo(wanted[axis] ?? 0, 5));
    near(moved(between, [0, 0, 0]), [389.615870343026, -343.833337175798, -3.5211891544905427]);
    near(moved(between, [30, 40, 12]), [419.6149779121888, -303.83276794487506, 8.47914443562206]);
    near(multiply(betweenOrigins(base, other), between), IDENTITY);
  });

  it("without a place count from the zero of their files, and never beside one that has a place", () => {
    const scene = (origin: typeof base | null, x: number) => ({ origin, local_origin: [x, 5, 0] as const, enu_from_model: turning(90) });
    expect(moved(intoFrameOf(scene(null, 100), scene(null, 130)) ?? [], [1, 1, 1])).toEqual([31, 1, 1]);
    expect(intoFrameOf(scene(base, 0), scene(null, 0))).toBeNull();
    expect(intoFrameOf(scene(null, 0), scene(base, 0))).toBeNull();
    const turned = moved(intoFrameOf(scene(base, 0), scene(base, 0)) ?? [], [1, 0, 0]); // its x axis points north
    expect(turned.map((value) => Math.round(value * 1e6) / 1e6 + 0)).toEqual([0, 1, 0]);
  });

  const columns = (...classes: string[]) => ({ ifc_class: { names: classes, index: classes.map((_, n) => n) }, storey: { names: [null], index: classes.map(() => 0) } }) as unknown as Columns;
  const members = [
    { name: "建筑", features: 2, columns: columns("IfcWall", "IfcDoor"), uncounted: new Set<number>() },
    { name: "机电", features: 3, columns: columns("IfcPipeSegment", "IfcDoor", "IfcPump"), uncounted: new Set([2]) },
  ];

  it("give one value one colour in all of them, and one legend", () => {
    const [building, services] = fromColumns(members, "ifc_class");
    expect(services?.palette[services.index[1] ?? -1]).toEqual(building?.palette[building.index[1] ?? -1]);
    expect(services?.index[0]).not.toBe(building?.index[0]);
    expect(sumLegends([building!, services!]).map(({ key, n }) => [key, n])).toEqual([["IfcWall", 1], ["IfcDoor", 2], ["IfcPipeSegment", 1]]);
    expect(sumLegends(fromColumns(members, "storey")).map(({ key, n }) => [key, n])).toEqual([["null", 4]]);
  });

  it("are told apart by a colour each", () => {
    const colourings = fromColumns(members, "model");
    expect(sumLegends(colourings).map(({ text, n }) => [text, n])).toEqual([["建筑", 2], ["机电", 2]]);
    expect(new Set(colourings.flatMap(({ index }) => [...Array.from(index)]))).toEqual(new Set([0, 1]));
  });
});

describe("a model", () => {
  const tile: Tile = { uri: "a.glb", storey: null, discipline: null, features: 1, triangles: 1, bytes: 1, box: [100, 0, 5, 110, 4, 8] };
  const document: SceneDocument = { model_id: 1, revision: 1, features: 8, origin: null, enu_from_model: IDENTITY, local_origin: [100, 0, 0], tiles: [tile] };

  it("whose tiles count from a point of their own has its boxes there too", () => {
    const model = new ModelScene(document, 1, [0, 0, 0]);
    expect(model.box).toEqual([0, 0, 5, 10, 4, 8]);
    model.place(multiply(turning(90), translation(100, 0, 0))); // its zero at the origin, turned
    expect(model.box?.map(Math.round)).toEqual([-4, 100, 5, 0, 110, 8]);
  });

  it("knows the box of one element out of its tile", () => {
    const model = new ModelScene(document, 1, [0, 0, 0]);
    model.add(tile, handMadeGlb()); // a triangle of 1 m at (1, 2, 3) of glTF: (1, −3, 2) of ours
    expect(model.boxOfFeature(7)).toEqual([1, -3, 2, 2, -3, 3]);
    expect(model.boxOfFeature(6)).toBeNull();
  });
});

describe("placing", () => {
  it("reads pairs of points, one a line, with whatever stands between the numbers", () => {
    expect(readPoints("0, 0, 39385285.7, 3683261.1\n43.2;10.2 39385320；3683280\nnonsense\n1 2 3")).toEqual([
      { local: [0, 0], map: [39385285.7, 3683261.1] },
      { local: [43.2, 10.2], map: [39385320, 3683280] },
    ]);
  });

  it("moves every corner of an outline and finds its middle", () => {
    const outline = { type: "MultiPolygon", coordinates: [[[[1, 1], [3, 1], [3, 5], [1, 1]]]] } as GeoJSON.Geometry;
    expect(middleOf(outline)).toEqual([2, 3]);
    expect(middleOf(shifted(outline, 10, -3))).toEqual([12, 0]);
  });
});

describe("a measured distance", () => {
  it("tells the way along the ground from the rise", () => {
    expect(distance([0, 0, 0], [3, 4, -12])).toEqual({ whole_m: 13, flat_m: 5, rise_m: -12 });
  });
});

describe("the address", () => {
  it("keeps what differs from the first view and survives nonsense", () => {
    const url = new URL("http://localhost/projects/A/bim?model=3&sel=x&cut=zz&day=soon&from=-1#18/33/115");
    expect(readShown(url)).toEqual({ sel: "x", colour: "status", floor: null, cut: null, day: null, from: null, also: [] });
    const next = withShown(url, { colour: "plan", cut: 3.5, day: null, from: null });
    expect(next.search).toBe("?model=3&sel=x&cut=3.5&colour=plan");
    const together = withShown(next, { also: [7, 12] });
    expect(readShown(together).also).toEqual([7, 12]);
    expect(withShown(together, { also: [] }).search).toBe(next.search);
    expect(readShown(new URL("http://x/?also=7,x,-1,7,")).also).toEqual([7]);
    expect(withShown(next, { colour: "status" }).searchParams.has("colour")).toBe(false);
    expect(next.hash).toBe("#18/33/115");
  });
});
