import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { hangLimit } from "../hang-limit.ts";

it("npm run sandbox prints addresses without secrets, and its shell works in any project", async () => {
  const root = join(import.meta.dirname, "../..");
  const folder = mkdtempSync(join(tmpdir(), "sandbox-command-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const child = spawn(process.execPath, ["sandbox/main.ts", folder], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  try {
    await expect.poll(() => child.exitCode !== null || /npx pulumi up/.test(output)).toBe(true);
    expect(child.exitCode, output).toBeNull();
    const [source, ...commands] = output
      .split("\n")
      .flatMap((line) => /^ {2}(\. .*|npx pulumi .*)$/.exec(line)?.[1] ?? []);
    expect(commands).toEqual(["npx pulumi preview", "npx pulumi up"]);

    const shell = (command: string) =>
      promisify(execFile)("sh", ["-c", `${source}; ${command} 2>&1`], {
        cwd: root,
        timeout: hangLimit,
      });
    const { stdout: exported } = await shell("env");
    const secrets = /^(?:ENABLEX_ACCESS_KEY|NETSAPIENS_\w*PASSWORD|XELION_API_KEY)=(.+)$/gm;
    const values = [...exported.matchAll(secrets)].map(([, value]) => value!);
    expect(values).toHaveLength(4);
    for (const value of values) expect(output).not.toContain(value);

    const preview = await shell(commands[0]!);
    expect(preview.stdout).toMatch(/XimaLicense .* create[\s\S]*to create/);

    const other = join(folder, "other");
    mkdirSync(other);
    writeFileSync(join(other, "Pulumi.yaml"), "name: other\nruntime: nodejs\n");
    const { stdout: selected } = await shell(
      `pulumi="$PWD/node_modules/.bin/pulumi"; cd '${other}'; "$pulumi" stack init dev; "$pulumi" stack --show-name`,
    );
    expect(selected).toMatch(/^dev$/m);
  } finally {
    child.kill("SIGINT");
    expect(await ended).toBe(0);
  }
});
