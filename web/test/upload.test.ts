import { describe, expect, it } from "vitest";

import { readProblem, sayBytes } from "../src/upload/transfer";
import { keyOf, metadataOf } from "../src/upload/tus";

describe("an upload", () => {
  it("tells its project and names in base64 of UTF-8, and leaves out what is empty", () => {
    const told = metadataOf("桥.ifc", { project: "A-1", name: "", discipline: "", public: true });
    // 桥 is E6 A1 A5 in UTF-8; base64 by hand: 5qGl, of ".ifc" Lmlm Yw==
    expect(told).toBe("filename 5qGlLmlmYw==,kind bW9kZWw=,project QS0x,public dHJ1ZQ==");
  });

  it("is the same after a reload for the same file of the same project only", () => {
    const file = { name: "a.ifc", size: 3, lastModified: 7 };
    expect(keyOf(file, "A")).toBe(keyOf({ ...file }, "A"));
    expect(new Set([keyOf(file, "A"), keyOf(file, "B"), keyOf({ ...file, size: 4 }, "A"), keyOf({ ...file, lastModified: 8 }, "A")]).size).toBe(4);
  });
});

describe("a refusal", () => {
  it("is told in the words of the problem document, with its places", () => {
    const text = JSON.stringify({ title: "Bad", detail: "文件在第 12 行截断。", errors: [{ where: "line 12", message: "no END-ISO" }] });
    expect(readProblem(text, 422)).toBe("文件在第 12 行截断。 line 12: no END-ISO");
    expect(readProblem("<html>", 502)).toBe("502");
  });
});

describe("bytes", () => {
  it("are told with three digits", () => {
    expect([0, 999, 1500, 12_345_678, 999_600_000].map(sayBytes)).toEqual(["0 B", "999 B", "1.50 kB", "12.3 MB", "1.00 GB"]);
  });
});
