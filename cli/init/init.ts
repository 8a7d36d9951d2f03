import { existsSync, readdirSync } from "node:fs";
import { basename, relative, resolve, sep } from "node:path";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { print, printJson } from "../output.ts";
import { writeNewFiles } from "../write-new-files.ts";
import { type CiPlatform, repositoryFiles, type Vendor } from "./template.ts";

export interface InitOptions {
  readonly name?: string;
  readonly vendors: readonly Vendor[];
  readonly stack: string;
  readonly ci: CiPlatform;
  readonly sandbox?: boolean;
  readonly packages?: string;
  readonly json?: true;
}

/**
 * Makes a reseller's repository. Nothing is overwritten: when one of the files exists,
 * none is written.
 *
 * @throws {UcaasError} `NAME_INVALID`, `PACKAGES_MISSING`, `FILES_EXIST`, `FILE_NOT_WRITTEN`
 */
export async function initRepository(folder: string, options: InitOptions): Promise<void> {
  const target = resolve(folder);
  const name = options.name ?? basename(target);
  requireProjectName(name);
  const files = repositoryFiles({
    ...options,
    name,
    sandbox: options.sandbox === true,
    packages: options.packages === undefined ? {} : tarballs(target, options.packages),
  });
  await writeNewFiles(target, files, {
    operation: "init",
    hint: "name a new folder: ucaas init <folder>",
  });
  if (options.json) return printJson({ folder: target, name, files: [...files.keys()] });
  print(nextSteps(relative(process.cwd(), target), [...files.keys()], options));
}

/** As Pulumi names projects. It is also the resellerId that the stack file begins with. */
function requireProjectName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(name)) return;
  throw new UcaasError(`${JSON.stringify(name)} cannot be the name of a Pulumi project`, {
    code: "NAME_INVALID",
    operation: "init",
    hint: "set --name to letters, digits, hyphens, underscores and periods, such as --name voicehouse",
  });
}

/** The tarballs that `npm run package` made, by the names of their packages. */
function tarballs(target: string, folder: string): Record<string, string> {
  const found = Object.fromEntries(
    (existsSync(folder) ? readdirSync(folder) : []).flatMap((file) => {
      const [, name] = /^(.+)-\d+\.\d+\.\d+.*\.tgz$/.exec(file) ?? [];
      const path = relative(target, resolve(folder, file)).split(sep).join("/");
      return name ? [[name, `file:${path}`]] : [];
    }),
  );
  const missing = ["pulumi-ucaas", "pulumi-ucaas-stacks", "ucaas"].filter((name) => !found[name]);
  if (missing.length === 0) return found;
  throw new UcaasError(`${folder} has no tarball of ${missing.join(", ")}`, {
    code: "PACKAGES_MISSING",
    operation: "init",
    hint: "make the tarballs in a clone of pulumi-ucaas: npm run package -- <folder>",
  });
}

function nextSteps(folder: string, files: readonly string[], options: InitOptions): string {
  const enter = folder === "" ? [] : [`cd ${folder}`];
  const start = options.sandbox
    ? [
        "npx ucaas sandbox                      # in a terminal that stays open",
        ". .sandbox/env                         # in a second terminal",
        "npx pulumi up",
      ]
    : [`npx pulumi stack init ${options.stack}`, "npx pulumi preview"];
  const commands = [...enter, "npm install", ...start].map((line) => `  ${line}`);
  return [
    `${files.length} files were written.\n`,
    ...commands,
    "\nREADME.md goes on from there.",
  ].join("\n");
}
