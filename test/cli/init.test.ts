import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { ximaCommand } from "../../cli/commands/xima.ts";
import { type InitOptions, initRepository } from "../../cli/init/init.ts";
import { repositoryFiles, vendors } from "../../cli/init/template.ts";
import { schemaFiles } from "../../stacks/json-schema.ts";
import { root } from "../../tools/engine/paths.mjs";

const choices: InitOptions = { vendors: [...vendors], stack: "dev", ci: "github" };

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "ucaas-init-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  vi.spyOn(console, "log").mockImplementation(() => {});
  onTestFinished(() => void vi.restoreAllMocks());
  return made;
}

const filesFor = (given: Partial<Parameters<typeof repositoryFiles>[0]>) =>
  repositoryFiles({ ...choices, name: "voicehouse", sandbox: true, packages: {}, ...given });

test("a repository says nothing of a vendor that was not chosen", () => {
  for (const vendor of vendors) {
    const files = filesFor({ vendors: vendors.filter((each) => each !== vendor), ci: "none" });
    for (const [file, text] of files)
      if (file.startsWith("stacks/"))
        expect(text, file).not.toMatch(new RegExp(`^ *(# .*)?${vendor}:`, "m"));
  }
});

test("the pipelines are those of the chosen platform, for the chosen stack", () => {
  const names = (ci: InitOptions["ci"]) =>
    [...filesFor({ ci, stack: "prod" }).keys()].filter((file) => /^\.git(hub|lab)/.test(file));
  expect(names("github")).toHaveLength(3);
  expect(names("gitlab")).toEqual([".gitlab-ci.yml"]);
  expect(names("none")).toEqual([]);
  expect(filesFor({ ci: "gitlab", stack: "prod" }).get(".gitlab-ci.yml")).toContain("[prod]");
});

test("no placeholder of the template is left, and no section that is for pulumi new", () => {
  for (const [file, text] of filesFor({})) expect(text, file).not.toMatch(/\$\{[A-Z]+\}/);
  expect(parse(filesFor({}).get("Pulumi.yaml")!)).not.toHaveProperty("template");
});

test("the files of stacks and customers keep to their schemas", () => {
  const schema = (name: string) => z.fromJSONSchema(JSON.parse(schemaFiles[name] ?? ""));
  const files = [...filesFor({})].filter(([file]) => file.startsWith("stacks/"));
  expect(files).toHaveLength(4);
  for (const [file, text] of files) {
    const name = file.includes("/customers/") ? "customer.schema.json" : "schema.json";
    expect(schema(name).safeParse(parse(text)).error, file).toBeUndefined();
    expect(text).toMatch(new RegExp(`^# yaml-language-server: .*/pulumi-ucaas-stacks/${name}\n`));
  }
});

test("nothing is overwritten: where one file exists, none is written", async () => {
  const target = folder();
  writeFileSync(join(target, "README.md"), "mine");
  await expect(initRepository(target, { ...choices, name: "voicehouse" })).rejects.toThrow(
    /README\.md.*\[FILES_EXIST\]/s,
  );
  expect(readdirSync(target)).toEqual(["README.md"]);
  expect(readFileSync(join(target, "README.md"), "utf8")).toBe("mine");
});

test("a run that fails half-way leaves nothing, so that the next one can write all", async () => {
  const target = folder();
  const init = () => initRepository(target, { ...choices, name: "voicehouse" });
  writeFileSync(join(target, "stacks"), "in the way");
  await expect(init()).rejects.toThrow("[FILE_NOT_WRITTEN]");
  expect(readdirSync(target)).toEqual(["stacks"]);
  rmSync(join(target, "stacks"));
  await init();
  expect(existsSync(join(target, "stacks", "Pulumi.dev.yaml"))).toBe(true);
});

test("--json names the folder and each file that was written", async () => {
  const target = folder();
  await initRepository(target, { ...choices, name: "voicehouse", json: true });
  const report = JSON.parse(String(vi.mocked(console.log).mock.lastCall?.[0]));
  expect(report).toMatchObject({ version: 1, folder: target, name: "voicehouse" });
  expect(report.files).toContain("Pulumi.yaml");
  for (const file of report.files) expect(existsSync(join(target, file)), file).toBe(true);
});

test("a name that Pulumi does not take is refused before anything is written", async () => {
  const target = folder();
  await expect(initRepository(target, { ...choices, name: "Voice House" })).rejects.toThrow(
    "[NAME_INVALID]",
  );
  expect(readdirSync(target)).toEqual([]);
});

test("the template asks for packages of this version and for the pinned Pulumi", () => {
  const manifest = (file: string) => JSON.parse(readFileSync(join(root, file), "utf8"));
  const own = manifest("package.json");
  const template = manifest("cli/templates/reseller/package.json");
  const asked = { ...template.dependencies, ...template.devDependencies };
  for (const name of ["pulumi-ucaas", "pulumi-ucaas-stacks", "ucaas"])
    expect(asked[name]).toBe(`^${own.version}`);
  expect(asked.pulumi).toBe(own.devDependencies.pulumi);
  expect(asked["@pulumi/pulumi"]).toBe(own.peerDependencies["@pulumi/pulumi"]);
});

test("the commands in the stack file's comments are complete, and name files that they make", () => {
  const text = filesFor({ stack: "prod", name: "voicehouse" }).get("stacks/Pulumi.prod.yaml")!;
  expect(text).toContain("ucaas xima keys new --common-name voicehouse`");
  const [key, csr] = ["key", "csr"].map((name) => {
    const option = ximaCommand()
      .commands.find((each) => each.name() === "keys")!
      .commands.find((each) => each.name() === "new")!
      .options.find((each) => each.name() === name)!;
    return String(option.defaultValue);
  });
  expect(text).toContain(`xima:privateKey < ${key}\n`);
  expect(text).toContain(csr);
  // A pipeline has no file that git ignores.
  expect(text).not.toMatch(/keys\//);
});
