import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../tools/engine/paths.mjs";

const execute = promisify(execFile);

export interface Packed {
  /** What `npm pack` made. */
  readonly tarball: string;
  /** The copy of the repository that it was made from. */
  readonly copy: string;
  /** Its content, unpacked. */
  readonly content: string;
  /** A new project outside the repository, into which npm installed the tarball. */
  readonly project: string;
  run(
    program: string,
    args: readonly string[],
    cwd?: string,
  ): Promise<{ stdout: string; stderr: string }>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Packs a copy of the repository, for packing changes package.json for as long as it
 * takes, and installs it as a user would.
 */
export async function packed(): Promise<Packed> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "ucaas-package-")));
  const run: Packed["run"] = (program, args, cwd = join(base, "project")) =>
    execute(program, args, {
      cwd,
      env: {
        ...process.env,
        PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
        npm_config_prefer_offline: "true",
      },
      maxBuffer: 64 * 1024 * 1024,
    });
  const copy = join(base, "copy");
  await mkdir(join(base, "project"));
  const left = new Set(["node_modules", ".git", ".demo", ".sandbox", "dist", "test"]);
  for (const name of await readdir(root)) {
    if (!left.has(name)) await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  await run("npm", ["pack", "--pack-destination", base], copy);
  const tarball = join(
    base,
    (await readdir(base)).find((name) => name.endsWith(".tgz")) ?? "nothing was packed",
  );
  await run("tar", ["xzf", tarball, "-C", base]);
  await writeFile(
    join(base, "project", "package.json"),
    JSON.stringify({ private: true, type: "module" }),
  );
  await run("npm", ["install", "--no-audit", "--no-fund", tarball, "@pulumi/pulumi@3.259.0"]);
  return {
    tarball,
    copy,
    content: join(base, "package"),
    project: join(base, "project"),
    run,
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true, maxRetries: 3 }),
  };
}
