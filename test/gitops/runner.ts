import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
import { templateFolder } from "../../cli/init/template.ts";
import { engineFolder, root } from "../../tools/engine/paths.mjs";
import { evaluated, isMet, type Scope } from "./expression.ts";
import type { GitHubApi, Permissions } from "./github-api.ts";

/**
 * A workflow file, as far as ours use the syntax; what is not here is refused, so that
 * nothing is silently left out.
 */
export interface Workflow {
  readonly name: string;
  readonly on: unknown;
  readonly permissions: Permissions;
  readonly concurrency?: { group: string; "cancel-in-progress": boolean };
  readonly jobs: Record<string, Job>;
}

export interface Job {
  readonly if?: string;
  readonly needs?: string | string[];
  readonly "runs-on": string;
  readonly "timeout-minutes": number;
  readonly permissions: Permissions;
  readonly environment?: string;
  readonly concurrency?: { group: string; "cancel-in-progress": boolean };
  readonly strategy?: { "fail-fast": boolean; matrix: Record<string, string> };
  readonly outputs?: Record<string, string>;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Record<string, string | number | boolean>;
  readonly run?: string;
  readonly env?: Record<string, string>;
}

export interface WorkflowEvent {
  readonly name: "pull_request" | "push" | "schedule" | "workflow_dispatch";
  /** The commit that the workflow runs for; of a pull request, its merge. */
  readonly sha: string;
  /** What GitHub hands over as JSON. */
  readonly payload: Record<string, unknown>;
  readonly inputs?: Record<string, string>;
}

export interface JobRun {
  /** `preview`, or with a matrix `preview (north)`. */
  readonly name: string;
  readonly result: "success" | "failure" | "skipped";
  readonly log: string;
}

export interface WorkflowRun {
  readonly id: number;
  readonly jobs: readonly JobRun[];
  result(name: string): JobRun["result"] | undefined;
  /** All that the jobs printed. */
  readonly log: string;
}

/** Where workflows are: those of the template for resellers, and this repository's own. */
const folders = [join(templateFolder, ".github", "workflows"), join(root, ".github", "workflows")];
const files = new Map(
  folders.flatMap((folder) => readdirSync(folder).map((name) => [name, join(folder, name)])),
);

export function workflowFiles(): string[] {
  return [...files.keys()].sort();
}

export function workflowText(file: string): string {
  return readFileSync(files.get(file) ?? file, "utf8");
}

/** The branch that pushes, nightly runs and runs by hand are of. */
const branchOfRuns = "main";

interface Settings {
  readonly api: GitHubApi;
  /** The repository that jobs check out. */
  readonly repository: string;
  readonly vars: Record<string, string>;
  /** Secrets by environment: a job without that environment has none of them. */
  readonly environments: Record<string, Record<string, string>>;
}

/**
 * Runs the repository's workflows as GitHub does, step by step. Each `run` is executed
 * unchanged in bash. The actions are simulated, and the installed packages are used. Each
 * job gets a token with only the permissions that it requests.
 */
export class Runner {
  readonly #settings: Settings;
  readonly #folder = mkdtempSync(join(tmpdir(), "ucaas-runner-"));
  /** What was uploaded, by run and name. */
  readonly #artifacts = new Map<string, string>();
  #lastRun = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    const home = join(this.#folder, "home", ".pulumi");
    mkdirSync(home, { recursive: true });
    symlinkSync(dirname(engineFolder()), join(home, "versions"));
    const bin = join(this.#folder, "bin");
    mkdirSync(bin);
    // `npm ci` would take minutes, and the network: the checkout has a link to the
    // packages in its place.
    const npm = join(bin, "npm");
    writeFileSync(
      npm,
      `#!/bin/sh\n[ "$*" = ci ] && exit 0\nPATH=\${PATH#${bin}:}\nexec npm "$@"\n`,
    );
    chmodSync(npm, 0o755);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async run(file: string, event: WorkflowEvent): Promise<WorkflowRun> {
    const workflow = parse(workflowText(file)) as Workflow;
    const id = ++this.#lastRun;
    const jobs: JobRun[] = [];
    const needs: Record<string, { result: JobRun["result"]; outputs: Record<string, string> }> = {};
    for (const [name, job] of Object.entries(workflow.jobs)) {
      const needed = [job.needs ?? []].flat();
      const contexts = {
        ...this.#contexts(event, id),
        needs: Object.fromEntries(needed.map((each) => [each, needs[each]])),
      };
      const success = () => needed.every((each) => needs[each]?.result === "success");
      if (!isMet(job.if, { contexts, functions: functions(success) })) {
        needs[name] = { result: "skipped", outputs: {} };
        jobs.push({ name, result: "skipped", log: "" });
        continue;
      }
      const runs = await Promise.all(
        matrixOf(job, contexts).map((matrix) =>
          this.#job(name, job, event, id, { ...contexts, matrix }),
        ),
      );
      jobs.push(...runs.map(({ run }) => run));
      const result = runs.every(({ run }) => run.result === "success") ? "success" : "failure";
      needs[name] = { result, outputs: Object.assign({}, ...runs.map(({ outputs }) => outputs)) };
    }
    return {
      id,
      jobs,
      result: (name) => jobs.find((job) => job.name === name)?.result,
      log: jobs.map(({ name, result, log }) => `== ${name}: ${result}\n${log}`).join("\n"),
    };
  }

  async #job(
    name: string,
    job: Job,
    event: WorkflowEvent,
    runId: number,
    contexts: Record<string, unknown>,
  ) {
    const folder = mkdtempSync(join(this.#folder, "job-"));
    const workspace = join(folder, "workspace");
    mkdirSync(workspace);
    const outputFile = join(folder, "output");
    const eventFile = join(folder, "event.json");
    writeFileSync(eventFile, JSON.stringify(event.payload));
    const environment =
      job.environment === undefined
        ? ""
        : String(evaluated(job.environment, { contexts, functions: functions() }));
    const token = this.#settings.api.token(job.permissions);
    const steps: Record<string, { outputs: Record<string, string> }> = {};
    const all: Record<string, unknown> = {
      ...contexts,
      github: { ...(contexts.github as object), token },
      secrets: this.#settings.environments[environment] ?? {},
      steps,
    };
    let failed = false;
    let log = "";
    const scope: Scope = { contexts: all, functions: functions(() => !failed) };
    const strings = (values: object = {}) =>
      Object.fromEntries(
        Object.entries(values).map(([key, value]) => [
          key,
          String(evaluated(String(value), scope) ?? ""),
        ]),
      );

    for (const step of job.steps) {
      if (!isMet(step.if, scope)) continue;
      try {
        if (step.uses !== undefined)
          log += await this.#action(step.uses, strings(step.with), {
            workspace,
            runId,
            sha: event.sha,
            permissions: job.permissions,
          });
        else {
          writeFileSync(outputFile, "");
          writeFileSync(join(folder, "script.sh"), String(evaluated(step.run ?? "", scope)));
          const env = {
            ...this.#environment(event, runId),
            ...strings(step.env),
            GITHUB_OUTPUT: outputFile,
            GITHUB_EVENT_PATH: eventFile,
          };
          const { exitCode, output } = await command(
            "bash",
            ["-e", join(folder, "script.sh")],
            workspace,
            env,
          );
          log += `$ ${step.run}\n${output}`;
          if (exitCode !== 0) failed = true;
          const lines = readFileSync(outputFile, "utf8").split("\n").filter(Boolean);
          if (step.id)
            steps[step.id] = {
              outputs: Object.fromEntries(
                lines.map((line) => /^([^=]+)=(.*)$/.exec(line)!.slice(1) as [string, string]),
              ),
            };
        }
      } catch (error) {
        failed = true;
        log += `${(error as Error).message}\n`;
      }
    }
    const matrix = Object.values((contexts.matrix as object) ?? {});
    const run: JobRun = {
      name: matrix.length > 0 ? `${name} (${matrix.join(", ")})` : name,
      result: failed ? "failure" : "success",
      log,
    };
    return { run, outputs: strings(job.outputs) };
  }

  /** What the actions do, as far as the workflows rely on it. */
  async #action(
    uses: string,
    options: Record<string, string>,
    job: { workspace: string; runId: number; sha: string; permissions: Permissions },
  ): Promise<string> {
    const name = uses.split("@")[0]!;
    const path = join(job.workspace, options.path ?? "");
    if (name === "actions/checkout") {
      const depth = options["fetch-depth"] ?? "1";
      const git = async (...args: string[]) => {
        const { exitCode, output } = await command("git", args, job.workspace, process.env);
        if (exitCode !== 0) throw new Error(`git ${args.join(" ")}: ${output}`);
      };
      const fetch = (...args: string[]) =>
        git("fetch", "--quiet", `file://${this.#settings.repository}`, ...args);
      await git("init", "--quiet");
      if (depth === "0") await fetch("+refs/heads/*:refs/remotes/origin/*");
      // Without `ref`, the action sets the branch of the run back to the run's commit.
      if (depth === "0" && !options.ref)
        await fetch(`+${job.sha}:refs/remotes/origin/${branchOfRuns}`);
      await fetch(...(depth === "0" ? [] : ["--depth", depth]), options.ref || job.sha);
      await git("checkout", "--quiet", "FETCH_HEAD");
      symlinkSync(join(root, "node_modules"), join(job.workspace, "node_modules"));
    } else if (name === "actions/upload-artifact") {
      if (!existsSync(path)) return `no ${options.path}\n`;
      const copy = mkdtempSync(join(this.#folder, "artifact-"));
      cpSync(path, copy, { recursive: true });
      this.#artifacts.set(`${job.runId} ${options.name}`, copy);
    } else if (name === "actions/download-artifact") {
      const run = options["run-id"] ?? String(job.runId);
      if (options["run-id"] !== undefined && !job.permissions.actions)
        throw new Error("Resource not accessible by integration");
      const found = [...this.#artifacts].filter(([key]) => fits(key, run, options));
      if (options.pattern === undefined && found.length === 0)
        throw new Error(
          `Unable to download artifact(s): Artifact not found for name: ${options.name}`,
        );
      for (const [, copy] of found) cpSync(copy, path, { recursive: true });
    } else if (name !== "actions/setup-node")
      throw new Error(`the runner does not know the action ${name}`);
    return `${name}\n`;
  }

  #contexts(event: WorkflowEvent, runId: number): Record<string, unknown> {
    const { api, vars } = this.#settings;
    const github = {
      event: event.payload,
      event_name: event.name,
      repository: api.repository,
      sha: event.sha,
      ref_name: branchOfRuns,
      run_id: String(runId),
    };
    return { github, vars, inputs: event.inputs ?? {} };
  }

  /**
   * What GitHub sets for every step, and the machine's own. Nothing of this process's
   * environment comes along.
   */
  #environment(event: WorkflowEvent, runId: number): Record<string, string> {
    const { api } = this.#settings;
    return {
      PATH: [
        join(this.#folder, "bin"),
        join(root, "node_modules", "node", "bin"),
        process.env.PATH,
      ].join(delimiter),
      HOME: join(this.#folder, "home"),
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_API_URL: api.url,
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_REPOSITORY: api.repository,
      GITHUB_EVENT_NAME: event.name,
      GITHUB_SHA: event.sha,
      GITHUB_RUN_ID: String(runId),
    };
  }
}

function fits(key: string, run: string, { name, pattern }: Record<string, string>): boolean {
  const [ofRun, artifact = ""] = key.split(" ");
  return (
    ofRun === run &&
    (name === undefined ? artifact.startsWith(pattern!.replace(/\*$/, "")) : artifact === name)
  );
}

function matrixOf(job: Job, contexts: Record<string, unknown>): Record<string, unknown>[] {
  const [axis, ...more] = Object.entries(job.strategy?.matrix ?? {});
  if (more.length > 0) throw new Error("the runner knows matrices of one axis");
  if (!axis) return [{}];
  const values = evaluated(axis[1], { contexts, functions: functions() }) as unknown[];
  return values.map((value) => ({ [axis[0]]: value }));
}

function functions(success: () => boolean = () => true): Scope["functions"] {
  return {
    success,
    failure: () => !success(),
    cancelled: () => false,
    always: () => true,
    fromJSON: (text) => JSON.parse(String(text)) as unknown,
  };
}

function command(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ exitCode: code ?? -1, output }));
  });
}
