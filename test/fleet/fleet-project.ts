import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { root } from "../../tools/engine/paths.mjs";
import { type Outcome, ucaas } from "../cli/ucaas.ts";

export interface FleetRun extends Outcome {
  /** The calls of the CLI, each with its arguments. */
  readonly calls: string[];
  readonly files: string[];
}

/**
 * A project of the stacks a, b and prod, with a `pulumi` that notes its calls, and answers
 * what `answers` has for the command; without an answer it fails, but for an empty config.
 * After a call for the stack `lastOf` it is gone. A call for the stack `waitsAt` ends when it is interrupted.
 * A refresh ends with `refreshEnds`, and notes whether it is to compare outputs alone.
 */
export class FleetProject {
  readonly folder = mkdtempSync(join(tmpdir(), "ucaas-fleet-"));
  readonly #environment: NodeJS.ProcessEnv;

  constructor({
    installed = true,
    answers = {},
    lastOf = "",
    waitsAt = "",
    refreshEnds = 255,
    env = {},
  }: {
    installed?: boolean;
    answers?: Readonly<Record<string, string>>;
    lastOf?: string;
    waitsAt?: string;
    refreshEnds?: number;
    env?: NodeJS.ProcessEnv;
  } = {}) {
    onTestFinished(() => rmSync(this.folder, { recursive: true }));
    this.write("Pulumi.yaml", "name: ucaas\nruntime: nodejs\n");
    for (const stack of ["a", "b", "prod"]) this.write(`Pulumi.${stack}.yaml`, "");
    this.install({ lastOf, waitsAt, refreshEnds });
    for (const [command, answer] of Object.entries({ config: "{}", ...answers }))
      this.write(`answer-${command}`, answer);
    const PATH = installed ? `${this.folder}:/usr/bin:/bin` : "/nowhere";
    this.#environment = { ...process.env, PATH, ...env };
  }

  /** From its first call on, `taken` is a folder. */
  install({
    lastOf = "",
    waitsAt = "",
    refreshEnds = 255,
  }: {
    lastOf?: string;
    waitsAt?: string;
    refreshEnds?: number;
  } = {}): void {
    this.write("calls", "");
    this.write("ended", "");
    const script = `#!/bin/sh
echo "$@" >> calls
[ "$1" = config ] || echo "zstd=$PULUMI_DIY_BACKEND_ZSTD" >> compression
[ -d taken ] || { rm -f taken; mkdir taken; }
stack="$4"; [ "$2" != --stack ] || stack="$3"
[ "$stack" != "${lastOf}" ] || rm pulumi
if [ "$stack" = "${waitsAt}" ]; then
  trap 'exit 255' INT
  while :; do sleep 0.1; done
fi
cat "answer-$1" 2>/dev/null || exit 255
[ "$1" != refresh ] || { echo "$PULUMI_ENABLE_LEGACY_REFRESH_DIFF" > legacy-diff; echo refresh >> ended; exit ${refreshEnds}; }
`;
    writeFileSync(join(this.folder, "pulumi"), script, { mode: 0o755 });
  }

  async run(...args: string[]): Promise<FleetRun> {
    const options = { cwd: this.folder, env: this.#environment };
    return this.#withTraces(await ucaas(["fleet", ...args], options));
  }

  /** Runs it, and sends it SIGINT once it is time. */
  async interrupt(isTime: () => boolean, ...args: string[]): Promise<FleetRun> {
    const child = spawn(process.execPath, [join(root, "cli", "start.mjs"), "fleet", ...args], {
      cwd: this.folder,
      env: this.#environment,
    });
    let [stdout, stderr] = ["", ""];
    const watch = setInterval(() => {
      if (!isTime()) return;
      clearInterval(watch);
      child.kill("SIGINT");
    }, 50);
    child.stdout.setEncoding("utf8").on("data", (chunk) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk) => (stderr += chunk));
    const [exitCode] = (await once(child, "close")) as [number];
    clearInterval(watch);
    return this.#withTraces({ exitCode, stdout, stderr });
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  get environment(): NodeJS.ProcessEnv {
    return this.#environment;
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  #withTraces(outcome: Outcome): FleetRun {
    const calls = this.read("calls").split("\n").filter(Boolean);
    return { ...outcome, calls, files: readdirSync(this.folder) };
  }
}

/** What `pulumi up --json` prints at its end. */
export const summaryEvent = (changes: object) =>
  `${JSON.stringify({ summaryEvent: { resourceChanges: changes } })}\n`;
