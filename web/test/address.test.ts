import { describe, expect, it } from "vitest";

import { around, fromForm, isFiltered, parseBox, sameFilters, withChosen } from "../src/address";

const HERE = new URL("http://localhost/?light=red&sel=341299-2024-05-0017-3&colour=light#9/33/115.8");

describe("address", () => {
  it("keeps filters, colouring and camera when another project is chosen", () => {
    const next = withChosen(HERE, "341299-2023-01-0001-1");
    expect(next.search).toBe("?light=red&sel=341299-2023-01-0001-1&colour=light");
    expect(next.hash).toBe("#9/33/115.8");
  });

  it("drops the project when the card is closed", () => {
    expect(withChosen(HERE, null).searchParams.has("sel")).toBe(false);
  });

  it("knows two addresses with the same filters, whatever is chosen", () => {
    expect(sameFilters(HERE, withChosen(HERE, null))).toBe(true);
    expect(sameFilters(HERE, new URL("http://localhost/?light=green"))).toBe(false);
    expect(isFiltered(new URL("http://localhost/?sel=x"))).toBe(false);
  });

  it("takes Chinese words from the form and leaves empty fields out", () => {
    const form = new FormData();
    form.set("q", " 滨河大道 ");
    form.set("light", "");
    const next = fromForm(form, HERE);
    expect(next.searchParams.get("q")).toBe("滨河大道");
    expect([...next.searchParams.keys()]).toEqual(["q"]);
    expect(next.hash).toBe("#9/33/115.8");
  });
});

describe("boxes", () => {
  it("reads four numbers and nothing else", () => {
    expect(parseBox("115.6,32.8,116,33.3")).toEqual([115.6, 32.8, 116, 33.3]);
    expect(parseBox("115.6,32.8,116")).toBeNull();
    expect(parseBox(undefined)).toBeNull();
  });

  it("goes around all of them", () => {
    expect(around([[1, 2, 3, 4], [0, 3, 2, 9]])).toEqual([0, 2, 3, 9]);
    expect(around([])).toBeNull();
  });
});
