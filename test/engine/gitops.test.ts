import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { repositoryFiles } from "../../cli/init/template.ts";
import { engineFolder, root } from "../../tools/engine/paths.mjs";
import { type GitHubApi, gitHubApi } from "../gitops/github-api.ts";
import { Runner, type WorkflowEvent, type WorkflowRun } from "../gitops/runner.ts";
import { licenceServer } from "../xima/licence-server.ts";

const passphrase = "a passphrase of the tests";

/**
 * The workflows as they stand, from a pull request to the nightly check, on the real
 * engine against the licence server.
 */
describe("the workflows", () => {
  let base: string;
  let repository: string;
  let api: GitHubApi;
  let licences: Awaited<ReturnType<typeof licenceServer>>;
  let runner: Runner;
  let reviewed: string;
  let beyondLimits: WorkflowRun;
  /** Takes messages to a chat. */
  let chat: Server;
  let messages = "";

  const git = (...args: string[]) =>
    execFileSync(
      "git",
      ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args],
      {
        encoding: "utf8",
        stdio: "pipe",
      },
    ).trim();
  const commit = (message: string) => {
    git("add", "--all");
    git("commit", "--quiet", "--message", message);
    return git("rev-parse", "HEAD");
  };
  const stackFile = (stack: string) => join(repository, "stacks", `Pulumi.${stack}.yaml`);
  /** Sets a number of the stack `north`. */
  const set = (key: string, number: number) => {
    const text = readFileSync(stackFile("north"), "utf8");
    writeFileSync(
      stackFile("north"),
      text.replace(new RegExp(`${key}: \\d+`), `${key}: ${number}`),
    );
  };
  const seats = (number: number) => set("essentialSeats", number);
  /** A customer with a file of its own. */
  const clinic = (number: number) =>
    writeFileSync(
      join(repository, "stacks", "customers", "north", "clinic.yaml"),
      `name: Clinic\nxima: {eliteSeats: ${number}}\n`,
    );
  const licence = () => licences.server.state.customers["voicehouse/bakery"]?.licence;

  beforeAll(async () => {
    [api, licences] = await Promise.all([gitHubApi(), licenceServer()]);
    base = mkdtempSync(join(tmpdir(), "ucaas-gitops-"));
    repository = join(base, "repository");
    const home = join(base, "home");
    mkdirSync(join(base, "state"));
    mkdirSync(home);
    symlinkSync(dirname(engineFolder()), join(home, "versions"));
    const files = repositoryFiles({
      name: "voicehouse",
      vendors: ["xima"],
      stack: "voicehouse",
      ci: "github",
      sandbox: false,
      packages: {},
    });
    for (const [file, text] of files) {
      mkdirSync(dirname(join(repository, file)), { recursive: true });
      writeFileSync(join(repository, file), text);
    }
    // The engine looks for the program's packages in the same folder.
    symlinkSync(join(root, "node_modules"), join(repository, "node_modules"));

    const environment = {
      ...process.env,
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${join(base, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: passphrase,
      PATH: `${join(engineFolder(), "bin")}:${process.env.PATH}`,
    };
    const pulumi = (...args: string[]) =>
      promisify(execFile)("pulumi", [...args, "--non-interactive"], {
        cwd: repository,
        env: environment,
      });
    const customers = {
      voicehouse: { acme: { name: "Acme", xima: { professionalSeats: 12 } } },
      north: { bakery: { name: "Bakery", xima: { essentialSeats: 5 } } },
    };
    for (const [stack, declared] of Object.entries(customers)) {
      writeFileSync(
        stackFile(stack),
        stringify({
          config: {
            "xima:baseUrl": licences.server.baseUrl,
            "xima:keyId": "key-of-the-tests",
            "ucaas:defaults": {
              xima: { ccId: { resellerId: "voicehouse", resellerName: "Voicehouse" } },
            },
            "ucaas:customers": declared,
            "ucaas:prices": { currency: "EUR", skus: { "xima.essentialSeats": "20.00" } },
            "ucaas:limits": { maxRemovals: 0, maxAddedSeats: 25 },
          },
        }),
      );
      await pulumi("stack", "init", stack, "--no-select");
      await pulumi(
        "config",
        "set-all",
        "--stack",
        stack,
        "--secret",
        `xima:privateKey=${licences.pem}`,
      );
    }
    mkdirSync(join(repository, "stacks", "customers", "north"), { recursive: true });
    clinic(20);
    git("init", "--quiet", "--initial-branch", "main");
    git("config", "uploadpack.allowAnySHA1InWant", "true");
    commit("two stacks");
    chat = createServer((request, response) => {
      request.setEncoding("utf8").on("data", (text: string) => (messages += text));
      request.on("end", () => response.end());
    }).listen(0, "127.0.0.1");
    await once(chat, "listening");
    const secrets = { PULUMI_CONFIG_PASSPHRASE: passphrase };
    const ofDrift = {
      ...secrets,
      UCAAS_WEBHOOK_URL: `http://127.0.0.1:${(chat.address() as AddressInfo).port}/hook-of-the-chat`,
    };
    runner = new Runner({
      api,
      repository,
      vars: { PULUMI_BACKEND_URL: environment.PULUMI_BACKEND_URL, UCAAS_NOTIFY: "true" },
      environments: {
        voicehouse: secrets,
        "voicehouse-preview": secrets,
        "voicehouse-drift": ofDrift,
        north: secrets,
        "north-preview": secrets,
        "north-drift": ofDrift,
      },
    });
  });
  afterAll(async () => {
    runner?.remove();
    chat?.close();
    rmSync(base, { recursive: true, force: true, maxRetries: 3 });
    await Promise.all([api[Symbol.asyncDispose](), licences.server.stop()]);
  });

  /** Pull request 7 at the head of its branch. GitHub merges it for the workflow. */
  function pullRequest(repositoryOfHead = api.repository, login = "ada"): WorkflowEvent {
    const head = git("rev-parse", "change");
    git("checkout", "--quiet", "--detach", "main");
    git("merge", "--quiet", "--no-ff", "--message", "merge", "change");
    const sha = git("rev-parse", "HEAD");
    git("checkout", "--quiet", "change");
    const pull = {
      number: 7,
      user: { login },
      head: { sha: head, repo: { full_name: repositoryOfHead } },
      base: { sha: git("rev-parse", "main") },
    };
    return { name: "pull_request", sha, payload: { pull_request: pull } };
  }

  /** GitHub lists a run that succeeded for the reviewed commit. */
  function keepPreview({ id }: WorkflowRun): void {
    api.state.runs.push({
      id,
      workflow: "preview.yml",
      event: "pull_request",
      conclusion: "success",
      head_sha: reviewed,
      head_repository: { full_name: api.repository },
    });
  }

  /** A pull request that was previewed and merged; its `up` has still to run. */
  async function mergeSeats(number: number): Promise<WorkflowEvent> {
    git("checkout", "--quiet", "-B", "change", "main");
    seats(number);
    reviewed = commit(`${number} seats`);
    const run = await runner.run("preview.yml", pullRequest());
    expect(run.result("comment"), run.log).toBe("success");
    keepPreview(run);
    return push();
  }

  /** A push to main of one commit, which came by pull request 7. */
  function push(): WorkflowEvent {
    git("checkout", "--quiet", "main");
    const before = git("rev-parse", "HEAD");
    git("merge", "--quiet", "--squash", "change");
    const sha = commit("merged");
    api.state.pulls[sha] = [
      { number: 7, merged_at: "2026-11-22T00:00:00Z", head: { sha: reviewed } },
    ];
    return { name: "push", sha, payload: { before } };
  }

  test("by hand, one stack is previewed again and updated", async () => {
    const run = await runner.run("up.yml", {
      name: "workflow_dispatch",
      sha: git("rev-parse", "HEAD"),
      payload: {},
      inputs: { stack: "north" },
    });
    expect(
      run.jobs.map(({ name, result }) => [name, result]),
      run.log,
    ).toEqual([
      ["stacks", "success"],
      ["up (north)", "success"],
    ]);
    expect(licence()).toEqual({ essentialSeats: 5 });
    // The first update adds all seats.
    set("maxAddedSeats", 5);
    commit("5 seats at a time");
  });

  const beyond = "beyond ucaas:limits.maxAddedSeats: 75 seats are added, and 5 may be (bakery)";

  test("by hand, a change beyond the limits of its stack is not applied", async () => {
    const start = git("rev-parse", "HEAD");
    seats(80);
    // A fork's pull request has no preview, and can be merged.
    const sha = commit("80 seats, which no preview has seen");
    const run = await runner.run("up.yml", {
      name: "workflow_dispatch",
      sha,
      payload: {},
      inputs: { stack: "north" },
    });
    expect(run.result("up (north)"), run.log).toBe("failure");
    expect(run.log).toContain(beyond);
    expect(run.log).not.toContain("Updating (north)");
    expect(licence()).toEqual({ essentialSeats: 5 });
    git("reset", "--quiet", "--hard", start);
  });

  test("a pull request beyond the limits of its stack fails, and the comment says why", async () => {
    git("checkout", "--quiet", "-b", "change");
    seats(80);
    reviewed = commit("80 seats, a slip");
    const run = await runner.run("preview.yml", pullRequest());
    expect(run.result("preview (north)"), run.log).toBe("failure");
    // The branch requires this one.
    expect(run.result("comment"), run.log).toBe("failure");
    expect(run.log).toContain(beyond);
    expect(run.log).toContain("set ucaas:limits.maxAddedSeats to 75");
    expect(api.state.comments).toMatchObject([{ body: expect.stringContaining(beyond) }]);
    beyondLimits = run;
  });

  test("a merge whose preview is beyond the limits is refused, also where its check was left out", async () => {
    const start = git("rev-parse", "main");
    // As after a pull request that takes the check out of preview.yml.
    keepPreview(beyondLimits);
    const run = await runner.run("up.yml", push());
    expect(run.result("up (north)"), run.log).toBe("failure");
    expect(run.log).toContain(beyond);
    expect(run.log).not.toContain("Updating (north)");
    expect(licence()).toEqual({ essentialSeats: 5 });
    git("reset", "--quiet", "--hard", start);
    git("checkout", "--quiet", "change");
  });

  test("a pull request gets a comment with previews of the affected stacks, and changes nothing", async () => {
    seats(8);
    reviewed = commit("8 seats");
    const run = await runner.run("preview.yml", pullRequest());
    expect(
      run.jobs.map(({ name, result }) => [name, result]),
      run.log,
    ).toEqual([
      ["stacks", "success"],
      ["preview (north)", "success"],
      ["comment", "success"],
    ]);
    expect(api.state.comments).toMatchObject([
      { issue: 7, body: expect.stringContaining("| `north` | 1 to update |") },
    ]);
    expect(api.state.comments[0]!.body).toContain(
      "| `bakery` | `xima.essentialSeats` | `5 → 8` | `+3` | `+€60.00` |",
    );
    expect(run.log).not.toContain(passphrase);
    expect(licence()).toEqual({ essentialSeats: 5 });
    keepPreview(run);
  });

  test("a pull request from a fork, or of Dependabot, runs nothing: there are no secrets for it", async () => {
    for (const event of [
      pullRequest("eve/ucaas"),
      pullRequest(api.repository, "dependabot[bot]"),
    ]) {
      const run = await runner.run("preview.yml", event);
      expect(new Set(run.jobs.map(({ result }) => result))).toEqual(new Set(["skipped"]));
    }
  });

  test("a merge is refused before any change if another merge changed the stack after the preview", async () => {
    git("checkout", "--quiet", "main");
    const start = git("rev-parse", "HEAD");
    clinic(25);
    commit("the clinic's seats");
    const run = await runner.run("up.yml", push());
    expect(run.result("up (north)"), run.log).toBe("failure");
    expect(run.log).toContain("north was changed by another merge since its preview");
    expect(run.log).not.toContain("Updating (north)");
    expect(licence()).toEqual({ essentialSeats: 5 });
    git("reset", "--quiet", "--hard", start);
  });

  test("a merge of something else than was previewed is refused before the vendor is called", async () => {
    const start = git("rev-parse", "main");
    git("checkout", "--quiet", "change");
    seats(20);
    commit("after the preview");
    const run = await runner.run("up.yml", push());
    expect(run.result("up (north)"), run.log).toBe("failure");
    expect(run.log).toContain("violates plan");
    expect(licence()).toEqual({ essentialSeats: 5 });
    git("reset", "--quiet", "--hard", start);
    git("branch", "--quiet", "--force", "change", reviewed);
  });

  test("a merge does what the pull request's preview planned, for its stack alone", async () => {
    writeFileSync(join(repository, "docs.md"), "Documents may change in between.\n");
    commit("documents");
    const run = await runner.run("up.yml", push());
    expect(
      run.jobs.map(({ name, result }) => [name, result]),
      run.log,
    ).toEqual([
      ["stacks", "success"],
      ["up (north)", "success"],
    ]);
    expect(licence()).toEqual({ essentialSeats: 8 });
    expect(run.log).not.toContain(passphrase);
  });

  test("a run that is older than another merge of the stack is refused, so no seat is taken back", async () => {
    // Of a merge whose run was replaced in the queue, or failed.
    const older = await mergeSeats(9);
    const newer = await runner.run("up.yml", await mergeSeats(10));
    expect(newer.result("up (north)"), newer.log).toBe("success");
    expect(licence()).toEqual({ essentialSeats: 10 });
    const byHand = { ...older, name: "workflow_dispatch", inputs: { stack: "north" } } as const;
    for (const event of [older, byHand]) {
      const again = await runner.run("up.yml", event);
      expect(again.result("up (north)"), again.log).toBe("failure");
      expect(again.log).toContain("north was changed by a later merge");
      expect(again.log).not.toContain("Updating (north)");
      expect(licence()).toEqual({ essentialSeats: 10 });
    }
  });

  test("nightly drift opens an issue, and a run without drift closes it", async () => {
    const nightly: WorkflowEvent = { name: "schedule", sha: git("rev-parse", "main"), payload: {} };
    // Of a stack that was never brought up nothing is known.
    const up = await runner.run("up.yml", {
      ...nightly,
      name: "workflow_dispatch",
      inputs: { stack: "voicehouse" },
    });
    expect(up.result("up (voicehouse)"), up.log).toBe("success");
    const kept = structuredClone(licences.server.state.customers["voicehouse/bakery"]!);
    delete licences.server.state.customers["voicehouse/bakery"];
    const drift = await runner.run("drift.yml", nightly);
    expect(
      drift.jobs.map(({ name, result }) => [name, result]),
      drift.log,
    ).toEqual([
      ["stacks", "success"],
      ["drift (north)", "failure"],
      ["drift (voicehouse)", "success"],
      ["issue", "success"],
    ]);
    expect(api.state.issues).toMatchObject([
      {
        state: "open",
        title: "Drift check: drift in north",
        body: expect.stringContaining("| `north` | `bakery` | `XimaLicense` |"),
      },
    ]);

    expect(drift.log).toMatch(/All is in order. \(stack north\)/);
    expect(messages).toMatch(/Drift: north: drift was found/);
    expect(messages).not.toContain("voicehouse:");
    expect(drift.log).not.toContain("hook-of-the-chat");
    messages = "";

    licences.server.state.customers["voicehouse/bakery"] = kept;
    const none = await runner.run("drift.yml", nightly);
    expect(
      none.jobs.every(({ result }) => result === "success"),
      none.log,
    ).toBe(true);
    expect(api.state.issues).toMatchObject([{ state: "closed" }]);
    expect(messages).toBe("");
  });
});
