import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { driftCronJob, upCronJob } from "../../cli/kubernetes/runner.ts";
import { root } from "../../tools/engine/paths.mjs";
import { hangLimit } from "../hang-limit.ts";
import { type Packed, packed } from "./packed.ts";
import { assembleImage } from "./runner-image.ts";
import { script } from "./tutorial.ts";

const environment = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
  npm_config_prefer_offline: "true",
};

let base: string;
let made: Packed;
let page: { readonly before: string; readonly after: string };
let sandbox: ChildProcess;
let sandboxEnded: Promise<unknown>;

const run = (script: string, env: NodeJS.ProcessEnv = environment) =>
  promisify(execFile)("bash", ["-e", "-c", script], {
    cwd: base,
    env,
    maxBuffer: 16 * 1024 * 1024,
  }).catch((error: { stdout: string; stderr: string }) =>
    expect.fail(`${error.stdout}\n${error.stderr}`),
  );

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "ucaas-tutorial-")));
  made = await packed("pulumi-ucaas");
  const text = await readFile(join(root, "docs", "tutorial.md"), "utf8");
  // The clone of the page: the packages are packed already.
  const [, init = ""] = /^npx ucaas (init .*)$/m.exec(text) ?? [];
  await mkdir(join(base, "pulumi-ucaas"));
  await symlink(made.tarballFolder, join(base, "pulumi-ucaas", "packages"));
  page = script(text);
  await run(`cd pulumi-ucaas && node ${join(root, "cli", "start.mjs")} ${init}`);
  await run(page.before);
  sandbox = spawn("npx", ["ucaas", "sandbox"], {
    cwd: join(base, "voice"),
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  sandboxEnded = new Promise((resolve) => sandbox.once("exit", resolve));
  let greeting = "";
  sandbox.stdout?.setEncoding("utf8").on("data", (text: string) => {
    greeting += text;
  });
  await vi.waitUntil(() => sandbox.exitCode !== null || greeting.includes("npx pulumi up"), {
    timeout: hangLimit,
  });
});
afterAll(async () => {
  if (sandbox) {
    process.kill(-sandbox.pid!, "SIGINT"); // npx and the command that it started
    await sandboxEnded;
  }
  await made?.[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true, maxRetries: 3 });
});

test("the tutorial works as it is written, from an empty folder to three customers and back", async () => {
  const { stdout } = await run(page.after);
  expect(stdout).toMatch(/acme.*12.*15/);
  expect(stdout).toMatch(
    /clinic *: "Clinic am See · Xima voicehouse\/clinic, 20 elite seats · EnableX \d+, Active"/,
  );
  expect(stdout).toMatch(/Resources:\n {4}- 7 deleted/);
});

test("the Jobs' commands run in the project's image, get no engine and write only to home", async () => {
  const tree = join(base, "image");
  // Its tarballs are named relative to the project.
  await mkdir(tree);
  await symlink(join(base, "pulumi-ucaas"), join(tree, "pulumi-ucaas"));
  const image = await assembleImage(join(base, "voice"), tree, (command) => run(command));
  await run(`touch ${join(base, "built")}`);
  for (const { command, env } of [upCronJob(options), driftCronJob(options)].map(containerOf)) {
    expect(command[0]).toBe(image.entrypoint);
    const { HOME = "", PULUMI_HOME = "", ...others } = env;
    const home = { HOME: join(tree, HOME), PULUMI_HOME: join(tree, PULUMI_HOME) };
    await mkdir(home.HOME, { recursive: true });
    const record = join(home.HOME, "record.json");
    const words = command
      .map((word) => (word === "--except" ? "--stacks" : word)) // the only stack here
      .map((word) => (word.startsWith("/tmp/") ? record : word));
    const settings = { ...image.environment, ...others, ...home, JOB_COMPLETION_INDEX: "0" };
    const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    await run(`cd voice; set -a; . .sandbox/env > /dev/null; cd ${image.workingFolder}
      env ${assignments.join(" ")} ${words.join(" ")}`);
    expect(JSON.parse(await readFile(record, "utf8")).stacks).toMatchObject([
      { stack: "sandbox", status: "done" },
    ]);
    expect(await readdir(home.PULUMI_HOME)).not.toContain("versions");
  }
  const { stdout: written } = await run(`find ${image.workingFolder} -newer built`);
  expect(written).toBe("");
});

const options = {
  ...{ namespace: "ucaas", image: "registry.example/voice:1", receiver: false, receiverImage: "" },
  ...{ shards: 1, schedule: "17 3 * * *" },
};

interface CronJob {
  spec: { jobTemplate: { spec: { template: { spec: { containers: [Container] } } } } };
}
interface Container {
  command: string[];
  env: { name: string; value: string }[];
}

function containerOf(job: object) {
  const [{ command, env }] = (job as CronJob).spec.jobTemplate.spec.template.spec.containers;
  return { command, env: Object.fromEntries(env.map(({ name, value }) => [name, value])) };
}
