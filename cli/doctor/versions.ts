import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { satisfies } from "semver";
import { pulumi } from "../pulumi/run.ts";
import type { Check, Outcome } from "./check.ts";

/** The support matrix (docs/support.md), as ranges of npm. */
export const supported = { node: ">=22.19", pulumi: "^3.259.0", sdk: "^3.259.0" } as const;

/** Node, the Pulumi CLI, its SDK and this package, as a run of this project finds them. */
export function versionChecks(projectFolder: string): Check[] {
  return [
    {
      system: "node",
      check: "version",
      async run(signal) {
        const { stdout } = await promisify(execFile)("node", ["--version"], {
          cwd: projectFolder,
          signal,
        }).catch((error: NodeJS.ErrnoException) => {
          if (error.code === "ENOENT") return { stdout: "" };
          throw error;
        });
        return judgeNode(process.versions.node, stdout.trim().replace(/^v/, "") || undefined);
      },
    },
    {
      system: "pulumi",
      check: "version",
      async run(signal) {
        const { stdout } = await pulumi(["version"], { signal });
        return judgeVersion("Pulumi CLI", stdout.trim().replace(/^v/, ""), supported.pulumi, {
          install: "npm install pulumi@3, or https://www.pulumi.com/docs/install/",
        });
      },
    },
    {
      system: "pulumi",
      check: "SDK",
      run: async () =>
        judgeVersion("@pulumi/pulumi", versionIn(projectFolder, "@pulumi/pulumi"), supported.sdk, {
          install: "npm install @pulumi/pulumi@3",
        }),
    },
    {
      system: "pulumi-ucaas",
      check: "version",
      run: async () =>
        judgePackage(
          versionIn(projectFolder, "pulumi-ucaas"),
          versionIn(import.meta.dirname, "pulumi-ucaas"),
        ),
    },
  ];
}

/**
 * The engine starts programs and providers with the `node` of the PATH, which need not be
 * the one that runs this command.
 */
export function judgeNode(own: string, onPath: string | undefined): Outcome {
  const remedy = `put Node ${supported.node.slice(2)} or later first on the PATH (https://nodejs.org)`;
  if (onPath === undefined)
    return {
      status: "action",
      found: "there is no node on the PATH",
      remedy,
      code: "NODE_MISSING",
    };
  const outcome = judgeVersion("Node", onPath, supported.node, { install: remedy });
  const other = onPath === own ? "" : ` on the PATH, ${own} for this command`;
  return { ...outcome, found: `${outcome.found}${other}` };
}

export function judgeVersion(
  name: string,
  version: string | undefined,
  range: string,
  { install }: { install: string },
): Outcome {
  if (version === undefined || version === "")
    return {
      status: "action",
      code: "NOT_INSTALLED",
      found: `${name} is not installed in this project`,
      remedy: install,
    };
  if (satisfies(version, range, { includePrerelease: true }))
    return { status: "ok", found: `${name} ${version}` };
  return {
    status: "action",
    code: "VERSION_UNSUPPORTED",
    found: `${name} ${version} is not supported (${range})`,
    remedy: install,
  };
}

/** The program and this command should be of one release: the state and the journal are shared. */
export function judgePackage(installed: string | undefined, own: string | undefined): Outcome {
  if (installed === undefined)
    return {
      status: "action",
      code: "NOT_INSTALLED",
      found: "pulumi-ucaas is not installed in this project",
      remedy: "npm install pulumi-ucaas",
    };
  if (own === undefined || installed === own)
    return { status: "ok", found: `pulumi-ucaas ${installed}` };
  return {
    status: "action",
    code: "VERSIONS_DIFFER",
    found: `the project has pulumi-ucaas ${installed}, this command uses ${own}`,
    remedy: `run the project's own command: npx ucaas doctor, or npm install pulumi-ucaas@${own}`,
  };
}

/** The version of a package, as a program in this folder would import it. */
function versionIn(folder: string, name: string): string | undefined {
  try {
    const file = findPackageJSON(name, pathToFileURL(join(folder, "index.js")));
    if (file === undefined) return undefined;
    const { version } = (tryParseJson(readFileSync(file, "utf8")) ?? {}) as { version?: string };
    return version;
  } catch {
    return undefined;
  }
}
