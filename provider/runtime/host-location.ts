import { createRequire } from "node:module";
import { join } from "node:path";
import { steps, UcaasError } from "./errors.ts";
import { sdkCommand } from "./sdk-command.ts";

const found = new Set<string>();

/**
 * Pulumi's provider process imports this package from the folder of the project,
 * whichever package of a workspace has created the resource. A package manager that links
 * strictly does not put it there by itself.
 *
 * @throws {UcaasError} `PACKAGE_NOT_FOUND`
 */
export function requireHostIn(folder: string): void {
  if (found.has(folder)) return;
  try {
    createRequire(join(folder, "package.json")).resolve("pulumi-ucaas/host");
    found.add(folder);
  } catch {
    throw new UcaasError(`the package pulumi-ucaas cannot be imported from ${folder}`, {
      code: "PACKAGE_NOT_FOUND",
      hint: [
        "Pulumi's provider process imports it from there, so the project itself has to depend on it:",
        steps(
          `Add pulumi-ucaas to the dependencies in ${join(folder, "package.json")}, in the version of the other packages.`,
          "Install (npm install, pnpm install).",
          "Run pulumi again.",
        ),
      ].join("\n    "),
    });
  }
}

/** Whether this process is a program that the Pulumi CLI started in the folder of its project. */
export function isProgramOfCli(argv: readonly string[] = process.argv): boolean {
  return sdkCommand(argv)?.name === "run";
}
