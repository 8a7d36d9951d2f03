import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../tools/engine/paths.mjs";
import { linkModules } from "./link-modules.ts";

const execute = promisify(execFile);

export interface Packed {
  /** The tarballs of the given packages, such as `pulumi-ucaas` or `ucaas`. */
  tarballs(...names: string[]): string[];
  /** Where all tarballs are. */
  readonly tarballFolder: string;
  /** The copy of the repository that was packed. */
  readonly repository: string;
  /** The content of the package pulumi-ucaas. */
  readonly content: string;
  /** A new project outside the repository, into which npm installed some packages. */
  readonly project: string;
  run(
    program: string,
    args: readonly string[],
    cwd?: string,
  ): Promise<{ stdout: string; stderr: string }>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a reseller's project has, with what these packages need of each other. */
export const packagesOfProject: Parameters<typeof packed> = [
  "pulumi-ucaas",
  "pulumi-ucaas-stacks",
  "pulumi-ucaas-receiver",
  "pulumi-ucaas-sandbox",
  "ucaas",
];

/**
 * Packs a copy of the repository, for packing changes package.json for as long as it
 * takes, and installs some of its packages as a user would.
 */
export async function packed(...installed: [string, ...string[]]): Promise<Packed> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "ucaas-package-")));
  const [copy, tarballFolder, project] = ["copy", "tarballs", "project"].map((name) =>
    join(base, name),
  ) as [string, string, string];
  const run: Packed["run"] = (program, args, cwd = project) =>
    execute(program, args, {
      cwd,
      env: {
        ...process.env,
        PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
        npm_config_prefer_offline: "true",
      },
      maxBuffer: 64 * 1024 * 1024,
    });
  await mkdir(project);
  await copyRepository(copy);
  await run(process.execPath, [join(copy, "tools", "package.mjs"), tarballFolder], copy);
  const files = await readdir(tarballFolder);
  const tarballs: Packed["tarballs"] = (...names) =>
    names.map((name) => {
      const file = files.find((each) => each.replace(/-\d+\.\d+\.\d+.*$/, "") === name);
      if (!file) throw new Error(`There is no package ${name} among ${files.join(", ")}.`);
      return join(tarballFolder, file);
    });
  await run("tar", ["xzf", ...tarballs("pulumi-ucaas"), "-C", base]);
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await run("npm", [
    ...["install", "--no-audit", "--no-fund"],
    ...tarballs(...installed),
    "@pulumi/pulumi@3.259.0",
  ]);
  return {
    tarballs,
    tarballFolder,
    repository: copy,
    content: join(base, "package"),
    project,
    run,
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** A copy with its own workspaces, which uses the installed packages of this repository. */
async function copyRepository(copy: string): Promise<void> {
  const left = new Set(["node_modules", ".git", ".demo", ".lab", ".sandbox", "dist", "test"]);
  for (const name of await readdir(root)) {
    if (!left.has(name)) await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await linkModules(copy);
}
