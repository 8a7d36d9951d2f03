import { describe, expect, test } from "vitest";
import { YamlFile } from "../../stacks/yaml-file.ts";

const read = (text: string) => new YamlFile("file.yaml", text);
const faults = (text: string) => {
  const file = read(text);
  return file.faults.map(({ offset, reason }) => `${file.at(offset)} ${reason}`);
};

describe("a YAML file", () => {
  test("knows each value, its place and its key's place, through anchors and lists too", () => {
    const file = read("a: &x\n  - one\n  - {b: 2}\nc: *x\nd: |\r\n  text\r\n  lines\r\n");
    expect(file.faults).toEqual([]);
    expect(file.value([])).toEqual({
      a: ["one", { b: 2 }],
      c: ["one", { b: 2 }],
      d: "text\nlines\n",
    });
    expect(file.place(["a", 1, "b"], "value")).toBe("file.yaml:3:9");
    expect(file.place(["a", 1, "b"], "key")).toBe("file.yaml:3:6");
    expect(file.place(["c"], "value")).toBe("file.yaml:4:4");
    expect(file.value(["c", 1, "b"])).toBe(2);
    expect(file.has(["c", 2])).toBe(false);
  });

  test("recognizes a value that is encrypted, itself or by a parent", () => {
    const file = read("a: {secure: v1:x}\nb: {secure: v1:x, more: 1}\n");
    expect([
      file.isEncrypted(["a"]),
      file.isEncrypted(["a", "secure"]),
      file.isEncrypted(["b"]),
    ]).toEqual([true, true, false]);
  });

  test.each([
    [
      "merge keys",
      "b: &b {x: 1}\na: {<<: *b}",
      "file.yaml:2:5 merge keys (<<) are not read: write the values out, or use ucaas:defaults",
    ],
    ["a tag", "a: !!int '5'", "file.yaml:1:10 a tag (!) is not read: write text in quotes instead"],
    [
      "a directive",
      "%YAML 1.1\n---\na: 1",
      "file.yaml:1:1 directives (%) are not read: take the line out",
    ],
    [
      "a second document",
      "a: 1\n---\nb: 2",
      "file.yaml:2:1 a second document (---) is not read: take it out",
    ],
    [
      "a key that is a list",
      "? [1]\n: 2",
      "file.yaml:1:3 a key must be text, without anchor, alias or tag",
    ],
    [
      "the same key twice, however it is written",
      '7: a\n"7": b',
      "file.yaml:2:1 is there twice in the same map",
    ],
    ["an inherited name", "__proto__: {}", "file.yaml:1:1 the key __proto__ is not allowed"],
    [
      "unquoted text on two lines",
      "a: x\n  y",
      "file.yaml:1:4 is text of several lines: write it in quotes, or below a |",
    ],
    [
      "a line separator",
      "a: x\u2028y",
      "file.yaml:1:5 the character U+2028 does not belong into a YAML file",
    ],
    [
      "a lone carriage return",
      "a: x\ry",
      "file.yaml:1:5 the character U+000D does not belong into a YAML file",
    ],
    [
      "a control character",
      "a: \u0007",
      "file.yaml:1:4 the character U+0007 does not belong into a YAML file",
    ],
    [
      "an alias of nothing",
      "voicemail: *97",
      'file.yaml:1:12 is an alias of nothing: write it in quotes ("*97")',
    ],
    [
      "an alias of itself",
      "a: &a [*a]",
      expect.stringMatching(/^file\.yaml:1:8 is an alias of nothing: write it in quotes \("\*a"/),
    ],
    ["a syntax error", "a: [1", expect.stringMatching(/^file\.yaml:1:6 Flow sequence/)],
  ])("refuses %s, with its place", (_, text, line) => expect(faults(text)).toEqual([line]));

  test.each([
    'a: "x" hunter2',
    'a: "\\qhunter2"',
    "a: !hunter2 x",
    "a: | hunter2",
    "a: [x hunter2: y",
    "a: 'hunter2",
    "- hunter2\na: b",
  ])("shows nothing of the text in a syntax error: %j", (text) => {
    const file = read(text);
    expect(file.faults.length).toBeGreaterThan(0);
    expect(file.faults.map(({ reason }) => reason).join()).not.toContain("hunter2");
  });

  test("refuses what would take all memory or time, with one sentence", () => {
    const levels = "abcdefghi".split("");
    const bomb = levels
      .map(
        (name, i) =>
          `${name}: &${name} [${Array(9)
            .fill(i ? `*${levels[i - 1]}` : "x")
            .join(", ")}]`,
      )
      .join("\n");
    const count = "the file holds more than 50000 values, counting what aliases repeat";
    expect(faults(bomb)).toEqual([expect.stringContaining(count)]);
    expect(faults(`[${"a,".repeat(60_000)}]`)).toEqual([expect.stringContaining(count)]);
    expect(faults("[".repeat(20_000))).toEqual(
      expect.arrayContaining([expect.stringContaining("is nested more than 64 levels deep")]),
    );
    expect(faults(Array.from({ length: 70 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"))).toEqual([
      expect.stringContaining("is nested more than 64 levels deep"),
    ]);
  });

  test("is empty with comments alone", () => {
    expect([
      read("").isEmpty,
      read("# only\n").isEmpty,
      read("null\n").isEmpty,
      read("{}\n").isEmpty,
    ]).toEqual([true, true, true, false]);
  });
});
