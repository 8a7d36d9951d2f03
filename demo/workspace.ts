import { spawn } from "node:child_process";
import { cpSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { engineFolder, root } from "../tools/engine/paths.mjs";
import { plainEnvironment } from "../tools/environment.mjs";

/** What a command did. `output` is all that it printed. */
export interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

/**
 * A copy of the stack program in a folder that git ignores, so that the demo may change
 * the stack file. It has its own Pulumi home, file backend and passphrase. Nothing of the
 * user's is read or written.
 */
export class Playground {
  readonly folder = join(root, ".demo");
  readonly project = join(this.folder, "project");
  readonly #environment: NodeJS.ProcessEnv;

  constructor(vendors: Record<string, string>) {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(join(this.folder, "state"), { recursive: true, mode: 0o700 });
    mkdirSync(join(this.folder, "home"));
    // The launcher looks for the engine below PULUMI_HOME.
    symlinkSync(dirname(engineFolder()), join(this.folder, "home", "versions"));
    cpSync(join(root, "stacks"), join(this.project, "stacks"), { recursive: true });
    cpSync(join(root, "Pulumi.yaml"), join(this.project, "Pulumi.yaml"));
    this.#environment = {
      ...plainEnvironment(),
      ...vendors,
      PATH: [join(root, "node_modules", ".bin"), dirname(process.execPath), process.env.PATH].join(
        delimiter,
      ),
      PULUMI_HOME: join(this.folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(this.folder, "state")}?metadata=skip`,
      PULUMI_CONFIG_PASSPHRASE: "sandbox",
      PULUMI_STACK: "sandbox",
      PULUMI_CONTINUE_ON_ERROR: "true",
      PULUMI_DIY_BACKEND_ZSTD: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
  }

  /** Runs a command of the project as a user would type it, and shows what it prints. */
  run(
    program: string,
    args: readonly string[],
    { quiet = false, input }: { quiet?: boolean; input?: string } = {},
  ): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const [file, ...first] =
        program === "ucaas" ? [process.execPath, join(root, "cli", "start.mjs")] : [program];
      const child = spawn(file as string, [...first, ...args], {
        cwd: this.project,
        env: this.#environment,
        stdio: ["pipe", "pipe", "pipe"],
      });
      child.stdin.end(input);
      let output = "";
      const take = (text: string) => {
        output += text;
        if (!quiet) process.stdout.write(text.replace(/^(?=.)/gm, "    "));
      };
      child.stdout.setEncoding("utf8").on("data", take);
      child.stderr.setEncoding("utf8").on("data", take);
      child.on("error", reject);
      child.on("close", (code) => resolve({ exitCode: code ?? -1, output }));
    });
  }
}
