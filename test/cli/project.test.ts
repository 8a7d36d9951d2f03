import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { findProject } from "../../cli/pulumi/project.ts";

describe("the project that a command finds is the engine's", () => {
  let folder: string;
  const write = (file: string, text = "config: {}\n") => writeFileSync(join(folder, file), text);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ucaas-project-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
  });

  test("a project in Pulumi.json hides the one of the folder above", () => {
    write("Pulumi.yaml", "name: above\nruntime: nodejs\n");
    write("Pulumi.parent.yaml");
    mkdirSync(join(folder, "inner"));
    write("inner/Pulumi.json", '{ "name": "inner", "runtime": "nodejs" }');
    write("inner/Pulumi.dev.json", "{}");
    const inner = join(folder, "inner");
    expect(findProject(inner)).toMatchObject({ name: "inner", folder: inner, stacks: ["dev"] });
  });

  test.each([
    ["no main", undefined, ""],
    ["a file as main", "src/index.ts", "src"],
    ["a folder as main", "src", "src"],
  ])("the program of a project with %s runs where the engine starts it", (_, main, expected) => {
    mkdirSync(join(folder, "src"));
    write("src/index.ts", "");
    write("Pulumi.json", JSON.stringify({ name: "voice", runtime: "nodejs", main }));
    expect(findProject(folder).programFolder).toBe(join(folder, expected));
  });

  test("of two project files in a folder, Pulumi.json comes first", () => {
    write("Pulumi.json", '{ "name": "json", "runtime": "nodejs" }');
    write("Pulumi.yaml", "name: yaml\nruntime: nodejs\n");
    expect(findProject(folder).name).toBe("json");
  });

  test.each([".yaml", ".yml", ".json"])("stacks of a project in Pulumi%s end as it does", (own) => {
    write(`Pulumi${own}`, '{ "name": "voice", "runtime": "nodejs" }');
    write(`Pulumi.prod${own}`, "{}");
    write(`Pulumi.$(touch x)${own}`, "{}");
    write("Pulumi.$(touch x).other.json", "{}");
    expect(findProject(folder).stacks).toEqual(["prod"]);
    for (const other of [".yaml", ".yml", ".json", ".YAML"].filter((each) => each !== own)) {
      write(`Pulumi.lost${other}`, "{}");
      expect(() => findProject(folder)).toThrow(
        `Pulumi.lost${other} is not read: Pulumi${own} has another ending [PROJECT_INVALID]`,
      );
      rmSync(join(folder, `Pulumi.lost${other}`));
    }
  });
});
