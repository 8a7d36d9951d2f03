/**
 * A story's Pulumi project: program, file backend, machine. Nothing of the user's is read
 * or written.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { stringify } from "yaml";
import { engineFolder, root } from "../../tools/engine/paths.mjs";
import { plainEnvironment } from "../../tools/environment.mjs";
import { type Addresses, argumentsOf, type Declaration, inProgramOrder } from "./declaration.ts";
import { mark, processesOf, send } from "./processes.ts";

/** What a command of the CLI printed, and what the program declared meanwhile. */
export interface Run {
  readonly command: string;
  readonly exitCode: number;
  readonly output: string;
  readonly declaration: Declaration;
  /** When the story came to the machine that it was on: the journal knows no earlier order. */
  readonly machineSince: number;
  /** It did not end in time and was ended. */
  readonly stuck: boolean;
}

/** What a story may run with, other than what is shipped. */
export interface Variant {
  /** The package that the program and the provider process load: a mutant of this one. */
  readonly packageFolder?: string | undefined;
  /** The engine writes its state once, at the end of each run; all machines share a journal. */
  readonly skipCheckpoints?: boolean;
}

const program = `import { readFileSync } from "node:fs";
import * as ucaas from "pulumi-ucaas";
const made = new Map();
for (const { type, name, key, owner, args } of JSON.parse(readFileSync("declared.json", "utf8"))) {
  made.set(key, new ucaas[type](name, owner === undefined ? args : { ...args, customerId: made.get(owner).customerId }));
}
`;

export class Project {
  readonly id: string;
  readonly runs: Run[] = [];
  readonly #base: string;
  readonly #addresses: Addresses;
  readonly #skipCheckpoints: boolean;
  #stack = "chaos";
  #machines = 1;
  #machineSince = Date.now();
  #declaration: Declaration = [];

  private constructor(
    id: string,
    base: string,
    addresses: Addresses,
    { skipCheckpoints }: Variant,
  ) {
    this.id = id;
    this.#base = base;
    this.#addresses = addresses;
    this.#skipCheckpoints = skipCheckpoints ?? false;
  }

  static async make(
    id: string,
    addresses: Addresses,
    config: Record<string, unknown>,
    variant: Variant = {},
  ): Promise<Project> {
    if (!existsSync(join(engineFolder(), "bin", "pulumi")))
      throw new Error('There is no Pulumi engine. Run "npm run engine".');
    const base = await realpath(await mkdtemp(join(tmpdir(), "ucaas-chaos-")));
    const project = new Project(id, base, addresses, variant);
    const folder = join(base, "project");
    await Promise.all([
      mkdir(folder),
      mkdir(join(base, "state")),
      mkdir(join(base, "machine")),
      project.#makeHome(),
    ]);
    await Promise.all([
      writeFile(
        join(folder, "Pulumi.yaml"),
        stringify({
          name: "chaos",
          runtime: { name: "nodejs", options: { typescript: false } },
          main: "index.js",
        }),
      ),
      writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" })),
      writeFile(join(folder, "index.js"), program),
      linkModules(join(folder, "node_modules"), variant.packageFolder ?? root),
    ]);
    await project.declare([]);
    await project.pulumi(["stack", "init", project.#stack]);
    await writeFile(join(folder, `Pulumi.${project.#stack}.yaml`), stringify({ config }));
    return project;
  }

  get #home(): string {
    return this.#homeOf(this.#machines);
  }

  #homeOf(machine: number): string {
    return join(this.#base, `home-${machine}`);
  }

  get #machineFolder(): string {
    return join(this.#base, "machine");
  }

  async #makeHome(): Promise<void> {
    await mkdir(this.#home);
    await symlink(dirname(engineFolder()), join(this.#home, "versions"));
  }

  async declare(declaration: Declaration): Promise<void> {
    this.#declaration = declaration;
    const resources = inProgramOrder(declaration).map((resource) => ({
      ...resource,
      args: argumentsOf(resource, this.#addresses),
    }));
    await writeFile(
      join(this.#base, "project", "declared.json"),
      JSON.stringify(resources, undefined, 2),
    );
  }

  /**
   * From now on another machine: the same project and backend, nothing of the home
   * folder, so no journal either.
   */
  async moveToAnotherMachine(): Promise<void> {
    this.#machines += 1;
    this.#machineSince = Date.now();
    await this.#makeHome();
  }

  /** The same. The machine before is gone, with its journal. */
  async loseMachine(): Promise<void> {
    await rm(this.#home, { recursive: true });
    await this.moveToAnotherMachine();
  }

  async renameStack(): Promise<Run> {
    const name = `${this.#stack}x`;
    const run = await this.pulumi(["stack", "rename", name]);
    if (run.exitCode === 0) this.#stack = name;
    return run;
  }

  async setClock(seconds: number): Promise<void> {
    const file = join(this.#machineFolder, "clock");
    if (seconds === 0) await rm(file, { force: true });
    else await writeFile(file, String(seconds * 1000));
  }

  async fillDisk(full: boolean): Promise<void> {
    const file = join(this.#machineFolder, "disk-full");
    if (full) await writeFile(file, "");
    else await rm(file, { force: true });
  }

  /** Whether a command holds the stack, or held it when it was killed. */
  async isLocked(): Promise<boolean> {
    const entries = await readdir(join(this.#base, "state", ".pulumi", "locks"), {
      recursive: true,
    }).catch(() => []);
    return entries.some((entry) => entry.endsWith(".json"));
  }

  async dropLocks(): Promise<void> {
    await rm(join(this.#base, "state", ".pulumi", "locks"), { recursive: true, force: true });
  }

  /** Our own CLI, on each machine where the story was before. */
  async ucaasOnEarlierMachines(args: string[]): Promise<void> {
    for (let machine = 1; machine < this.#machines; machine++) {
      const home = this.#homeOf(machine);
      if (existsSync(home)) await this.#ucaas(args, home).done;
    }
  }

  async pulumi(args: string[]): Promise<Run> {
    return await this.start(args).done;
  }

  /** Our own CLI, on the machine where the story is. */
  async ucaas(args: string[]): Promise<Run> {
    return await this.#ucaas(args, this.#home).done;
  }

  #ucaas(args: string[], home: string) {
    const program = [process.execPath, join(root, "cli", "ucaas.ts")];
    return this.#run("ucaas", program, args, { timeoutMs: 60_000, home });
  }

  /** Starts the CLI and returns at once. */
  start(
    args: string[],
    timeoutMs = 600_000,
  ): { readonly child: ChildProcess; readonly done: Promise<Run> } {
    const stack = args[0] === "stack" && args[1] === "init" ? [] : ["--stack", this.#stack];
    const program = [join(engineFolder(), "bin", "pulumi")];
    const common = [...stack, "--non-interactive", "--color=never"];
    return this.#run("pulumi", program, [...args, ...common], { timeoutMs, home: this.#home });
  }

  #run(
    name: string,
    [file = "", ...first]: string[],
    args: string[],
    { timeoutMs, home }: { readonly timeoutMs: number; readonly home: string },
  ): { readonly child: ChildProcess; readonly done: Promise<Run> } {
    const engine = join(engineFolder(), "bin");
    const journal = join(this.#skipCheckpoints ? this.#base : join(home, "ucaas"), "journal");
    const child = spawn(file, [...first, ...args], {
      cwd: join(this.#base, "project"),
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...plainEnvironment(),
        PATH: [engine, join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
        ...(this.#skipCheckpoints && {
          PULUMI_SKIP_CHECKPOINTS: "true",
          UCAAS_JOURNAL_DIR: journal,
        }),
        PULUMI_HOME: home,
        PULUMI_BACKEND_URL: `file://${join(this.#base, "state")}?metadata=skip`,
        PULUMI_CONFIG_PASSPHRASE: "chaos",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "compiled"),
        NODE_OPTIONS: `--require "${join(root, "tools", "lazy-sdk.cjs")}" --import "${join(import.meta.dirname, "preload.mjs")}"`,
        [mark]: this.id,
        UCAAS_TRIAL_MACHINE: this.#machineFolder,
        UCAAS_TRIAL_DISK: journal,
      },
    });
    const [declaration, machineSince] = [this.#declaration, this.#machineSince];
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (output += text));
    let stuck = false;
    const done = new Promise<Run>((resolve, reject) => {
      const timer = setTimeout(() => {
        stuck = true;
        send("SIGKILL", processesOf(this.id));
      }, timeoutMs);
      child.on("error", reject);
      child.on("close", (code) => {
        clearTimeout(timer);
        const run: Run = {
          command: `${name} ${args.join(" ")}`,
          exitCode: code ?? -1,
          output,
          declaration,
          machineSince,
          stuck,
        };
        this.runs.push(run);
        resolve(run);
      });
    });
    return { child, done };
  }

  async remove(): Promise<void> {
    send("SIGKILL", processesOf(this.id));
    await rm(this.#base, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * Links to the repository's modules one by one, so that `pulumi-ucaas` itself can be
 * another folder.
 */
async function linkModules(folder: string, packageFolder: string): Promise<void> {
  const installed = join(root, "node_modules");
  await mkdir(folder);
  await symlink(packageFolder, join(folder, "pulumi-ucaas"));
  const names = (await readdir(installed)).filter(
    (name) => name !== "pulumi-ucaas" && !name.startsWith("."),
  );
  await Promise.all(names.map((name) => symlink(join(installed, name), join(folder, name))));
}
