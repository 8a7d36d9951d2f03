import { execFile, spawn } from "node:child_process";
import { copyFile, mkdtemp, readFile, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
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
  // The clone of the page: a copy, since packing changes package.json for a moment.
  await symlink(made.copy, join(base, "pulumi-ucaas"));
  for (const tarball of made.tarballs("pulumi-ucaas"))
    await copyFile(tarball, join(made.copy, basename(tarball)));

  const environment = {
    ...process.env,
    PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
    npm_config_prefer_offline: "true",
  };
  const sandbox = spawn(process.execPath, ["sandbox/main.ts", join(made.copy, ".sandbox")], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
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
    const page = await readFile(join(root, "docs", "tutorial.md"), "utf8");
    const run = promisify(execFile)("bash", ["-e", "-c", script(page)], {
      cwd: base,
      env: environment,
      maxBuffer: 16 * 1024 * 1024,
    });
    const { stdout } = await run.catch((error: { stdout: string; stderr: string }) =>
      expect.fail(`${error.stdout}\n${error.stderr}`),
    );
    expect(stdout).toContain("professionalSeats: 12 => 15");
    expect(stdout).toMatch(
      /clinic *: "Clinic am See · Xima voicehouse\/clinic, 20 elite seats · EnableX \d+, Active"/,
    );
    expect(stdout).toMatch(/Resources:\n {4}- 9 deleted/);
  } finally {
    sandbox.kill("SIGINT");
    await ended;
  }
});
