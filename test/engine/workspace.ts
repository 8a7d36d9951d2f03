// A Pulumi project in a temporary folder, driven by the real engine: the fixture of all
// tests in test/engine.
//
// ```
// await using ws = await workspace({
//   program: `import { XimaLicense } from "pulumi-ucaas"; export const id = …;`,
//   config: { "xima:baseUrl": server.url, "xima:privateKey": secret(pem) },
// });
// (await ws.up()).ok(); // throws with the whole output unless the command ended with 0
// const preview = await ws.preview("--expect-no-changes"); // arguments go to the CLI
// expect(preview.exitCode, preview.output).toBe(0);
// await ws.writeProgram(`…`);
// expect((await ws.outputs()).id).toBe("…");
// ```
//
// Nothing of the user's is read or written: the workspace has its own PULUMI_HOME, file
// backend and passphrase, and its own environment, from which every PULUMI_* variable of
// the caller is taken out. `pulumi-ucaas` is a link to this repository, so the program
// runs the current code. In a test, what the SDK loads and nothing here uses is loaded on
// first use (tools/lazy-sdk.cjs), unless the project has modules of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { engineFolder, root } from "../../tools/engine/paths.mjs";
import { plainEnvironment } from "../../tools/environment.mjs";
import { hangLimit } from "../hang-limit.ts";

export interface WorkspaceOptions {
  /**
   * Text of index.ts. An ES module in TypeScript that Node can strip; it may import
   * `pulumi-ucaas`, `@pulumi/pulumi` and every other dependency.
   */
  program: string;
  /** The program's file; default index.ts. */
  main?: string;
  /** Name of the stack, for backends that several workspaces share; default test. */
  stack?: string;
  /**
   * A folder of modules that is used as it is, such as one that npm installed; default
   * links to the repository and to its modules.
   */
  modules?: string;
  /**
   * Stack configuration; a key without a namespace is the project's (`ucaas-test:`). A
   * value in `secret()` is encrypted.
   */
  config?: Record<string, unknown>;
  /** Environment variables for every command (a value of undefined takes one away). */
  env?: Record<string, string | undefined>;
}

/** What a command of the CLI did. */
export class Run {
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(command: string, exitCode: number, stdout: string, stderr: string) {
    this.command = command;
    this.exitCode = exitCode;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** Both streams, for a search or a test's message. */
  get output(): string {
    return `$ ${this.command}\n${this.stdout}${this.stderr}(exit status ${this.exitCode})\n`;
  }

  /** This run, if it succeeded; else an error with all that was printed. */
  ok(): this {
    if (this.exitCode !== 0) throw new Error(this.output);
    return this;
  }
}

/** A command that goes on while the test does something else. */
export interface RunningCommand {
  /** Of the engine's process. */
  readonly pid: number | undefined;
  done: Promise<Run>;
  /** What has been printed so far. */
  output(): string;
  /** Sends one signal to the engine alone: SIGINT is what Ctrl-C does. */
  signal(name: NodeJS.Signals): void;
  /** The engine and all that it started end at once, as in a power cut. */
  crash(): Promise<void>;
}

/** A stack's deployment, as `pulumi stack export` prints it. */
export interface Deployment {
  version: number;
  deployment: {
    resources?: {
      urn: string;
      type: string;
      id?: string;
      custom: boolean;
      inputs?: Record<string, unknown>;
      outputs?: Record<string, unknown>;
      initErrors?: string[];
      protect?: boolean;
      dependencies?: string[];
    }[];
    pending_operations?: { type: string; resource: { urn: string } }[];
  };
}

export interface Workspace extends AsyncDisposable {
  /** The project's folder: Pulumi.yaml, index.ts, Pulumi.test.yaml. */
  readonly folder: string;
  /** The file backend's folder: a test that looks for a secret searches all files in it. */
  readonly stateFolder: string;
  /** The environment that commands run in. */
  readonly env: Record<string, string | undefined>;
  /**
   * Runs the CLI, non-interactively, in the project's folder. Does not throw when the
   * command fails.
   */
  pulumi(
    args: string[],
    options?: { env?: Record<string, string | undefined>; timeoutMs?: number },
  ): Promise<Run>;
  /** Starts the CLI and returns at once. */
  start(
    args: string[],
    options?: { env?: Record<string, string | undefined>; timeoutMs?: number },
  ): RunningCommand;
  /** `pulumi up --yes --skip-preview` */
  up(...args: string[]): Promise<Run>;
  preview(...args: string[]): Promise<Run>;
  /**
   * `pulumi refresh --yes --skip-preview`, or with `--preview-only` among the arguments
   * just that.
   */
  refresh(...args: string[]): Promise<Run>;
  destroy(...args: string[]): Promise<Run>;
  /** `pulumi stack export`; secrets stay encrypted. */
  export(): Promise<Deployment>;
  /** `pulumi stack import` of a deployment, as the engine will find it next time. */
  import(deployment: Deployment): Promise<Run>;
  /** The stack's outputs; `{ showSecrets: true }` decrypts them. */
  outputs(options?: { showSecrets?: boolean }): Promise<Record<string, unknown>>;
  /**
   * Sets configuration; see WorkspaceOptions. Plain values are written into the stack's
   * file, so this costs no command unless a value is secret.
   */
  setConfig(config: Record<string, unknown>): Promise<void>;
  setConfig(key: string, value: unknown, options?: { secret?: boolean }): Promise<void>;
  removeConfig(...keys: string[]): Promise<void>;
  writeProgram(text: string): Promise<void>;
  /** Ends what still runs and removes the folder. `await using` does the same. */
  remove(): Promise<void>;
}

const secretMark = Symbol("secret");

/**
 * Marks a configuration value as secret. An object is encrypted as the JSON that Pulumi
 * reads back.
 */
export function secret(value: unknown): { [secretMark]: string } {
  return { [secretMark]: typeof value === "string" ? value : JSON.stringify(value) };
}

const project = "ucaas-test";

export async function workspace(options: WorkspaceOptions): Promise<Workspace> {
  const engine = join(engineFolder(), "bin");
  if (!existsSync(join(engine, "pulumi")))
    throw new Error(`There is no Pulumi engine in ${engine}. Run "npm run engine".`);

  const base = await realpath(await mkdtemp(join(tmpdir(), "ucaas-workspace-")));
  const folder = join(base, "project");
  const main = options.main ?? "index.ts";
  const stack = options.stack ?? "test";
  const stateFolder = join(base, "state");
  const home = join(base, "home");
  const stackFile = join(folder, `Pulumi.${stack}.yaml`);
  const running = new Set<RunningCommand>();

  await Promise.all([folder, stateFolder, home].map((path) => mkdir(path)));
  await Promise.all([
    writeFile(
      join(folder, "Pulumi.yaml"),
      stringify({
        name: project,
        runtime: { name: "nodejs", options: { typescript: false } },
        main,
      }),
    ),
    writeFile(
      join(folder, "package.json"),
      JSON.stringify({ private: true, type: main.endsWith(".cjs") ? "commonjs" : "module" }),
    ),
    writeFile(join(folder, main), options.program),
    symlink(dirname(engineFolder()), join(home, "versions")),
    options.modules
      ? symlink(options.modules, join(folder, "node_modules"))
      : linkModules(join(folder, "node_modules")),
  ]);

  const env: Record<string, string | undefined> = {
    ...Object.fromEntries(
      Object.entries(plainEnvironment()).filter(([name]) => !name.startsWith("VITEST")),
    ),
    PATH: [engine, join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${stateFolder}`,
    PULUMI_CONFIG_PASSPHRASE: "a passphrase for tests",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    NO_COLOR: "1",
    // Figures are measured, and packages tried, with the SDK as a user has it.
    ...(process.env.VITEST &&
      !options.modules && { NODE_OPTIONS: `--require "${join(root, "tools", "lazy-sdk.cjs")}"` }),
    ...options.env,
  };

  function start(
    args: string[],
    {
      env: extra = {},
      timeoutMs = hangLimit,
    }: { env?: Record<string, string | undefined>; timeoutMs?: number } = {},
  ) {
    const child = spawn(join(engine, "pulumi"), [...args, "--non-interactive", "--color=never"], {
      cwd: folder,
      env: { ...env, ...extra },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    const soFar = (exitCode: number) =>
      new Run(`pulumi ${args.join(" ")}`, exitCode, stdout, stderr);
    const command: RunningCommand = {
      pid: child.pid,
      done: new Promise<Run>((resolve, reject) => {
        const timer = setTimeout(() => {
          void command.crash();
          reject(new Error(`No end within ${timeoutMs / 1000} s:\n${soFar(-1).output}`));
        }, timeoutMs);
        child.on("error", reject);
        child.on("close", (code) => {
          clearTimeout(timer);
          running.delete(command);
          resolve(soFar(code ?? -1));
        });
      }),
      output: () => soFar(-1).output,
      signal: (name) => void child.kill(name),
      crash: () => crash(child),
    };
    running.add(command);
    return command;
  }

  const pulumi: Workspace["pulumi"] = (args, runOptions) => start(args, runOptions).done;

  async function readStackFile(): Promise<{ config?: Record<string, unknown> }> {
    return parse(await readFile(stackFile, "utf8")) ?? {};
  }

  async function setConfig(
    keys: string | Record<string, unknown>,
    value?: unknown,
    { secret: isSecret = false } = {},
  ) {
    const config = typeof keys === "string" ? { [keys]: isSecret ? secret(value) : value } : keys;
    const content = await readStackFile();
    const secrets: string[] = [];
    for (const [name, given] of Object.entries(config)) {
      const key = name.includes(":") ? name : `${project}:${name}`;
      if (given !== null && typeof given === "object" && secretMark in given)
        secrets.push("--secret", `${key}=${given[secretMark]}`);
      else content.config = { ...content.config, [key]: given };
    }
    await writeFile(stackFile, stringify(content));
    if (secrets.length > 0) (await pulumi(["config", "set-all", ...secrets])).ok();
  }

  const ws: Workspace = {
    folder,
    stateFolder,
    env,
    pulumi,
    start,
    setConfig,
    up: (...args) => pulumi(["up", "--yes", "--skip-preview", ...args]),
    preview: (...args) => pulumi(["preview", ...args]),
    refresh: (...args) =>
      pulumi([
        "refresh",
        ...(args.includes("--preview-only") ? [] : ["--yes", "--skip-preview"]),
        ...args,
      ]),
    destroy: (...args) => pulumi(["destroy", "--yes", "--skip-preview", ...args]),
    export: async () => JSON.parse((await pulumi(["stack", "export"])).ok().stdout),
    async import(deployment) {
      const file = join(base, "deployment.json");
      await writeFile(file, JSON.stringify(deployment));
      return await pulumi(["stack", "import", "--file", file]);
    },
    async outputs({ showSecrets = false } = {}) {
      return JSON.parse(
        (
          await pulumi(["stack", "output", "--json", ...(showSecrets ? ["--show-secrets"] : [])])
        ).ok().stdout,
      );
    },
    async removeConfig(...keys) {
      const content = await readStackFile();
      for (const key of keys)
        delete content.config?.[key.includes(":") ? key : `${project}:${key}`];
      await writeFile(stackFile, stringify(content));
    },
    writeProgram: (text) => writeFile(join(folder, main), text),
    async remove() {
      for (const command of running) {
        command.done.catch(() => {});
        await command.crash();
      }
      await rm(base, { recursive: true, force: true, maxRetries: 3 });
    },
    [Symbol.asyncDispose]: () => ws.remove(),
  };

  try {
    (await pulumi(["stack", "init", stack])).ok();
    if (options.config) await setConfig(options.config);
    return ws;
  } catch (error) {
    await ws.remove();
    throw error;
  }
}

/**
 * Links to the repository's modules one by one: a link to the whole folder would leave no
 * room for `pulumi-ucaas` itself.
 */
async function linkModules(folder: string): Promise<void> {
  const installed = join(root, "node_modules");
  await mkdir(folder);
  await symlink(root, join(folder, "pulumi-ucaas"));
  const names = (await readdir(installed)).filter(
    (name) => name !== "pulumi-ucaas" && name !== ".package-lock.json",
  );
  await Promise.all(names.map((name) => symlink(join(installed, name), join(folder, name))));
}

/**
 * Kills a process and its descendants. They are listed first: once the engine is gone,
 * nothing leads to what it had started.
 */
async function crash(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  for (const pid of [child.pid, ...(await descendants(child.pid))]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

async function descendants(pid: number): Promise<number[]> {
  const listing = spawn("ps", ["-eo", "pid=,ppid="], { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  for await (const chunk of listing.stdout) text += chunk;
  const parents = text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const ancestor of found)
    for (const [child, parent] of parents)
      if (parent === ancestor && child !== undefined) found.push(child);
  return found.slice(1);
}
