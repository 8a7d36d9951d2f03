import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";
import { packed } from "./packed.ts";
import { script } from "./tutorial.ts";

test("the tutorial works as it is written, from an empty folder to three customers and back", {
  timeout: 300_000,
}, async () => {
  const base = await realpath(await mkdtemp(join(tmpdir(), "ucaas-tutorial-")));
  onTestFinished(() => rm(base, { recursive: true, force: true, maxRetries: 3 }));
  await using made = await packed("pulumi-ucaas");
  const environment = {
    ...process.env,
    PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
    npm_config_prefer_offline: "true",
  };
  const page = await readFile(join(root, "docs", "tutorial.md"), "utf8");
  const run = (script: string) =>
    promisify(execFile)("bash", ["-e", "-c", script], {
      cwd: base,
      env: environment,
      maxBuffer: 16 * 1024 * 1024,
    }).catch((error: { stdout: string; stderr: string }) =>
      expect.fail(`${error.stdout}\n${error.stderr}`),
    );
  // The clone of the page: the packages are packed already.
  const [, init = ""] = /^npx ucaas (init .*)$/m.exec(page) ?? [];
  await mkdir(join(base, "pulumi-ucaas"));
  await symlink(made.tarballFolder, join(base, "pulumi-ucaas", "packages"));
  const { before, after } = script(page);
  await run(`cd pulumi-ucaas && node ${join(root, "cli", "start.mjs")} ${init}`);
  await run(before);

  const sandbox = spawn("npx", ["ucaas", "sandbox"], {
    cwd: join(base, "voice"),
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const ended = new Promise((resolve) => sandbox.once("exit", resolve));
  let greeting = "";
  sandbox.stdout.setEncoding("utf8").on("data", (text: string) => {
    greeting += text;
  });
  try {
    await expect
      .poll(() => sandbox.exitCode !== null || greeting.includes("npx pulumi up"), {
        timeout: 120_000,
      })
      .toBe(true);
    const { stdout } = await run(after);
    expect(stdout).toMatch(/acme.*12.*15/);
    expect(stdout).toMatch(
      /clinic *: "Clinic am See · Xima voicehouse\/clinic, 20 elite seats · EnableX \d+, Active"/,
    );
    expect(stdout).toMatch(/Resources:\n {4}- 7 deleted/);
  } finally {
    process.kill(-sandbox.pid!, "SIGINT"); // npx and the command that it started
    await ended;
  }
});
