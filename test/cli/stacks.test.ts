import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseStacks, chosenShard, type Shard } from "../../cli/fleet/shard.ts";
import { affectedStacks, filesOfNoStack } from "../../cli/gitops/affected-stacks.ts";
import { ucaas } from "./ucaas.ts";

describe("the stacks that a change concerns", () => {
  const affected = (...files: string[]) =>
    affectedStacks(files, "stacks", ["north", "prod", "prod-eu"]);

  test("a stack file or a customer's file concerns its own stack alone", () => {
    expect(affected("stacks/Pulumi.prod.yaml")).toEqual(["prod"]);
    expect(affected("stacks/customers/prod-eu/acme.yaml", "stacks/Pulumi.north.yml")).toEqual([
      "north",
      "prod-eu",
    ]);
    expect(affected("stacks/Pulumi.prod.json")).toEqual(["prod"]);
  });

  test("code concerns all stacks, and so does all else that is not known to be harmless", () => {
    for (const file of [
      "stacks/index.ts",
      "provider/xima/client.ts",
      "package-lock.json",
      "Pulumi.yaml",
      "tools/engine/paths.mjs",
      "../shared/x.ts",
      "stacks/Pulumi.yaml",
    ])
      expect(affected("stacks/Pulumi.prod.yaml", file), file).toEqual(["north", "prod", "prod-eu"]);
  });

  test("documents, pictures of them, and the pipeline itself concern none", () => {
    expect(
      affected(
        "README.md",
        "docs/gitops.md",
        "docs/images/picture.png",
        ".github/workflows/up.yml",
        ".github/CODEOWNERS",
        ".gitlab-ci.yml",
        ".vscode/settings.json",
        ".gitignore",
      ),
    ).toEqual([]);
  });

  test.each([
    "demo/acme.json", // configurationFile of a tenant
    "docs/prices.yaml", // ucaas:prices
    "test/key.pem", // xima:privateKey
    "sandbox/customers.ts",
    ".github/acme.json",
    ".ci/run.yml",
  ])("a file that a stack can use concerns all stacks, whatever its folder: %s", (file) => {
    expect(affectedStacks([file], "stacks", ["prod"])).toEqual(["prod"]);
  });

  test("a stack that is no longer there is not among them, and its file is no code", () => {
    expect(affected("stacks/Pulumi.gone.yaml", "stacks/customers/gone/acme.yaml")).toEqual([]);
  });

  test.each([
    ["stacks/customers/prdo/acme.yaml", "stacks/customers/prdo"],
    ["stacks/customers/Prod/acme.yaml", "stacks/customers/Prod"],
    ["stacks/customers/prdo/acme.yml", "stacks/customers/prdo"],
    ["stacks/customers/prdo/west/acme.YAML", "stacks/customers/prdo"],
    ["stacks/Pulumi.-prod.yaml", "stacks/Pulumi.-prod.yaml"],
    ["stacks/customers/prod/acme.yml", undefined], // the program of that stack refuses it
    ["stacks/customers/acme.yaml", undefined], // so do the programs of all stacks
    ["stacks/customers/prdo/README.md", undefined],
    ["stacks/Pulumi.yaml", undefined],
    ["Pulumi.-prod.yaml", undefined],
  ])("a file that is of a stack, and of none that there is, is known: %s", (file, named) => {
    expect(filesOfNoStack([file], "stacks", ["north", "prod"])).toEqual(named ? [named] : []);
  });
});

describe("ucaas ci stacks", () => {
  let repository: string;
  const git = (...args: string[]) =>
    execFileSync(
      "git",
      ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args],
      { encoding: "utf8" },
    ).trim();
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(repository, file)), { recursive: true });
    writeFileSync(join(repository, file), text);
  };
  const commit = () => {
    git("add", "--all");
    git("commit", "--quiet", "--message", "x");
    return git("rev-parse", "HEAD");
  };
  const stacks = (...args: string[]) =>
    ucaas(["ci", "stacks", ...args], { cwd: join(repository, "telephony", "stacks") });

  beforeAll(() => {
    repository = mkdtempSync(join(tmpdir(), "ucaas-stacks-"));
    git("init", "--quiet");
    write("telephony/Pulumi.yaml", "name: ucaas\nruntime: nodejs\nstackConfigDir: stacks\n");
    for (const stack of ["north", "prod", "sandbox"])
      write(`telephony/stacks/Pulumi.${stack}.yaml`, "config: {}\n");
    write("telephony/stacks/Pulumi.$(touch x).yaml", "config: {}\n");
  });
  afterAll(() => rmSync(repository, { recursive: true, force: true }));

  test("lists the stacks of the enclosing project, as lines or as a matrix, by valid names only", async () => {
    expect(await stacks()).toMatchObject({ exitCode: 0, stdout: "north\nprod\nsandbox\n" });
    expect(await stacks("--json", "--except", "sandbox")).toMatchObject({
      stdout: '["north","prod"]\n',
    });
    expect(await stacks("--json", "--only", "prod")).toMatchObject({ stdout: '["prod"]\n' });
  });

  test("the shards of a matrix are those in which ucaas fleet has one of the stacks", async () => {
    for (const count of [1, 2, 5, 12, 256]) {
      const { stdout } = await stacks("--json", "--except", "sandbox", "--shards", `${count}`);
      const named = JSON.parse(stdout).map((shard: string) => chosenShard({ shard }, {}));
      const chosen = named.map((shard: Shard) =>
        chooseStacks(["north", "prod"], { except: ["sandbox"], shard }),
      );
      expect(chosen.flat().sort(), stdout).toEqual(["north", "prod"]);
      expect(chosen, stdout).not.toContainEqual([]);
    }
    for (const count of ["0", "257", "1e2", "0x10", "two"])
      expect(await stacks("--shards", count)).toMatchObject({ exitCode: 1, stdout: "" });
  });

  test("refuses a name that fits no stack, since a misspelt one would be updated or left out", async () => {
    for (const [option, ...command] of [
      ["--only", "ci", "stacks", "--only", "prod", "prdo"],
      ["--except", "ci", "stacks", "--except", "sandbox", "prdo"],
      ["--except", "drift", "--all", "--except", "sandbox", "prdo"],
    ]) {
      const run = await ucaas(command, { cwd: join(repository, "telephony") });
      expect(run).toMatchObject({ exitCode: 1, stdout: "" });
      expect(run.stderr).toContain(`${option} prdo fits no stack [NO_STACK]`);
      expect(run.stderr).toContain("north, prod, sandbox");
    }
  });

  test.each([
    {
      what: "stackConfigDir names another folder",
      file: "elsewhere/Pulumi.yaml",
      text: "name: ucaas\nruntime: nodejs\nstackConfigDir: stakcs\n",
      reason: /there is no stack file in \S+stakcs \[NO_STACK\]/,
    },
    {
      what: "a stack file has another ending",
      file: "elsewhere/stacks/Pulumi.prod.yml",
      text: "config: {}\n",
      reason:
        /Pulumi\.prod\.yml is not read: \S*Pulumi\.yaml has another ending \[PROJECT_INVALID\]/,
    },
    {
      what: "the folder has both its names",
      file: "elsewhere/Pulumi.yaml",
      text: "name: ucaas\nruntime: nodejs\nconfig: stacks\nstackConfigDir: stacks\n",
      reason: /Pulumi\.yaml has both config and stackConfigDir .*\[PROJECT_INVALID\]/,
    },
    {
      what: "the project's file has another ending",
      file: "elsewhere/Pulumi.json",
      text: '{ "name": "ucaas", "runtime": "nodejs", "stackConfigDir": "stacks" }',
      reason: /Pulumi\.dev\.yaml is not read: .*\n.*rename it to Pulumi\.dev\.json/,
    },
  ])("fails when $what, or no pipeline would do anything", async ({ file, text, reason }) => {
    write("elsewhere/Pulumi.yaml", "name: ucaas\nruntime: nodejs\nstackConfigDir: stacks\n");
    write("elsewhere/stacks/Pulumi.dev.yaml", "config: {}\n");
    write(file, text);
    for (const args of [["--json"], ["--json", "--except", "sandbox"]]) {
      const run = await ucaas(["ci", "stacks", ...args], { cwd: join(repository, "elsewhere") });
      expect(run).toMatchObject({ exitCode: 1, stdout: "" });
      expect(run.stderr).toMatch(reason);
    }
    rmSync(join(repository, "elsewhere"), { recursive: true });
  });

  test.each([
    ["by its old name", "config: stacks"],
    ["as if it were absolute", "stackConfigDir: /stacks"],
  ])("lists the stacks of a folder that the project's file gives %s", async (_, line) => {
    write("elsewhere/Pulumi.yaml", `name: ucaas\nruntime: nodejs\n${line}\n`);
    write("elsewhere/stacks/Pulumi.dev.yaml", "config: {}\n");
    const run = await ucaas(["ci", "stacks"], { cwd: join(repository, "elsewhere") });
    expect(run).toMatchObject({ exitCode: 0, stdout: "dev\n" });
    rmSync(join(repository, "elsewhere"), { recursive: true });
  });

  test("a project with the sandbox alone has no stack for a pipeline, and that is no error", async () => {
    write("trial/Pulumi.yaml", "name: ucaas\nruntime: nodejs\n");
    write("trial/Pulumi.sandbox.yaml", "config: {}\n");
    expect(
      await ucaas(["ci", "stacks", "--json", "--except", "sandbox"], {
        cwd: join(repository, "trial"),
      }),
    ).toMatchObject({ exitCode: 0, stdout: "[]\n" });
    rmSync(join(repository, "trial"), { recursive: true });
  });

  test("uses the files changed since a commit, even renamed ones in a subfolder of the repository", async () => {
    const first = commit();
    write("telephony/stacks/customers/prod/acme.yaml", "name: Acme\nxima: {essentialSeats: 5}\n");
    commit();
    expect((await stacks("--json", "--changed-since", first)).stdout).toBe('["prod"]\n');
    mkdirSync(join(repository, "telephony/stacks/customers/north"));
    git(
      "mv",
      "telephony/stacks/customers/prod/acme.yaml",
      "telephony/stacks/customers/north/acme.yaml",
    );
    commit();
    expect((await stacks("--json", "--changed-since", "HEAD^1")).stdout).toBe('["north","prod"]\n');
    write("shared.ts", "");
    commit();
    expect((await stacks("--json", "--changed-since", "HEAD^1")).stdout).toBe(
      '["north","prod","sandbox"]\n',
    );
  });

  test("fails while a changed file of a customer is in the folder of no stack", async () => {
    const folder = join("telephony", "stacks", "customers");
    const base = git("rev-parse", "HEAD");
    for (const stack of ["prdo", "North"]) write(`${folder}/${stack}/a.yaml`, "name: A\n");
    write(`${folder}/prdo/b.yaml`, "name: B\n");
    write(`${folder}/prod/c.yaml`, "name: C\n");
    commit();
    for (const choice of [
      ["--except", "sandbox"],
      ["--only", "prod"], // as GitLab's job asks for each stack
    ]) {
      const run = await stacks("--json", "--changed-since", base, ...choice);
      expect(run).toMatchObject({ exitCode: 1, stdout: "" });
      expect(run.stderr).toContain(
        "ci stacks: no stack reads stacks/customers/North, stacks/customers/prdo [NO_STACK]",
      );
      expect(run.stderr).toContain("the stacks are north, prod, sandbox");
    }
    // What was there before stops no other change.
    write(`${folder}/prod/c.yaml`, "name: D\n");
    commit();
    expect(await stacks("--json", "--changed-since", "HEAD^1")).toMatchObject({
      exitCode: 0,
      stdout: '["prod"]\n',
    });
    for (const stack of ["prdo", "North"]) git("rm", "-r", "--quiet", `${folder}/${stack}`);
    commit();
    expect(await stacks("--json", "--changed-since", "HEAD^1")).toMatchObject({
      exitCode: 0,
      stdout: "[]\n",
    });
    expect((await stacks("--json", "--changed-since", base)).stdout).toBe('["prod"]\n');
  });

  test("a plan fits also while a later merge adds a stack that this clone does not have", async () => {
    const own = git("symbolic-ref", "--short", "HEAD");
    write(
      ".git/preview.json",
      JSON.stringify({ version: 1, stack: "prod", status: "ok", text: "" }),
    );
    git("checkout", "--quiet", "-b", "with-new-stack");
    write("telephony/stacks/Pulumi.new.yaml", "config: {}\n");
    write("telephony/stacks/customers/new/a.yaml", "name: A\n");
    commit();
    git("checkout", "--quiet", own);
    const file = join(repository, ".git", "preview.json");
    const run = await ucaas(["ci", "check-plan", "--preview", file, "--branch", "with-new-stack"], {
      cwd: join(repository, "telephony"),
    });
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("lists all stacks, with the reason, if the commit does not exist", async () => {
    const run = await stacks("--json", "--changed-since", "0".repeat(40), "--except", "sandbox");
    expect(run).toMatchObject({
      exitCode: 0,
      stdout: '["north","prod"]\n',
      stderr: expect.stringContaining("so all stacks count as changed"),
    });
  });

  test("says why git failed, also when git itself says nothing", async () => {
    write("bin/git", "#!/bin/sh\nexit 3\n");
    chmodSync(join(repository, "bin", "git"), 0o755);
    const run = await ucaas(["ci", "stacks", "--changed-since", "HEAD"], {
      cwd: join(repository, "telephony"),
      env: { ...process.env, PATH: `${join(repository, "bin")}:${process.env.PATH}` },
    });
    expect(run.stderr).toMatch(/Command failed: git .*\[GIT_FAILED\]/);
  });

  test("a plan whose preview left no complete file does not fit, and the error has a remedy", async () => {
    write("half.json", '{"version":1,"sta');
    for (const name of ["half.json", "none.json"]) {
      const file = join(repository, name);
      const run = await ucaas(["ci", "check-plan", "--preview", file, "--before", "HEAD"], {
        cwd: join(repository, "telephony"),
      });
      expect(run).toMatchObject({
        exitCode: 1,
        stdout: "",
        stderr: [
          `use the plan: ${file} is missing or cut off: the preview ended before it was written [PLAN_OUTDATED]`,
          "  What to do: nothing was done. Run the workflow by hand for this stack: it makes a new preview",
          "",
        ].join("\n"),
      });
    }
  });

  test("a plan whose base is unknown, or not in the clone, does not fit", async () => {
    const fits = (report: object, ...options: string[]) => {
      write(
        "preview.json",
        JSON.stringify({ version: 1, stack: "prod", status: "ok", text: "", ...report }),
      );
      return ucaas(
        [
          ...["ci", "check-plan", "--preview", join(repository, "preview.json")],
          ...["--before", "HEAD", ...options],
        ],
        { cwd: join(repository, "telephony") },
      );
    };
    expect(await fits({})).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("its base is unknown"),
    });
    expect(await fits({ base: "f".repeat(40) })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("is not in this clone"),
    });
    const refused = await fits({ base: "f".repeat(40) }, "--json");
    expect(refused.exitCode).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      ...{ version: 1, usable: false, stack: "prod", before: "HEAD" },
      reason: expect.stringContaining("is not in this clone"),
    });
    expect(refused.stderr).toContain("[PLAN_OUTDATED]");
    const usable = await fits({ base: "HEAD" }, "--json");
    expect(usable.exitCode, usable.stderr).toBe(0);
    expect(JSON.parse(usable.stdout)).toMatchObject({ usable: true, stack: "prod", base: "HEAD" });
    expect(await fits({ base: "HEAD" })).toMatchObject({
      exitCode: 0,
      stdout: "Nothing else was merged for prod since its preview.\n",
    });
  });

  test("a plan does not fit once a later merge has changed its stack, also not by hand", async () => {
    const report = { version: 1, stack: "prod", status: "ok", text: "" };
    const fits = async (...options: string[]) => {
      // Where it is no file of the repository.
      write(".git/preview.json", JSON.stringify(report));
      const file = join(repository, ".git", "preview.json");
      return await ucaas(["ci", "check-plan", "--preview", file, ...options], {
        cwd: join(repository, "telephony"),
      });
    };
    const own = git("symbolic-ref", "--short", "HEAD");
    write("telephony/stacks/customers/prod/acme.yaml", "name: Acme\nxima: {essentialSeats: 10}\n");
    commit();
    git("branch", "newest");
    expect(await fits("--branch", "newest")).toMatchObject({ exitCode: 0, stderr: "" });

    git("checkout", "--quiet", "newest");
    write("telephony/stacks/customers/north/acme.yaml", "name: Acme\n");
    commit();
    git("checkout", "--quiet", own);
    expect(await fits("--branch", "newest")).toMatchObject({ exitCode: 0, stderr: "" });

    git("checkout", "--quiet", "newest");
    write("telephony/stacks/customers/prod/acme.yaml", "name: Acme\nxima: {essentialSeats: 12}\n");
    commit();
    git("checkout", "--quiet", own);
    const reason = "prod was changed by a later merge (git diff HEAD newest) [PLAN_OUTDATED]";
    for (const stack of ["prod", "voicehouse/ucaas/prod"]) {
      report.stack = stack;
      expect(await fits("--branch", "newest")).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(reason.replace("prod", stack)),
      });
    }
    report.stack = "prod";
    expect((await fits("--branch", "origin/none")).stderr).toContain("is not in this clone");
    expect((await fits()).stderr).toContain("[INVALID_ARGUMENT]");
    report.stack = "gone";
    expect((await fits("--branch", "newest")).stderr).toContain("gone has no stack file");
  });
});
