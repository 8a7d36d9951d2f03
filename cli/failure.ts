import { UcaasError, vendorCodeOf } from "pulumi-ucaas/internal/runtime/errors";
import { Interrupted } from "./interruption.ts";
import { printNotice } from "./output.ts";

/**
 * Prints why a command failed, and sets the exit status. Nothing that a command throws
 * reaches the user in another way.
 */
export function reportFailure(
  error: unknown,
  { version, debug }: { version: string; debug: boolean },
): void {
  process.exitCode = error instanceof Interrupted ? error.exitCode : 1;
  printNotice(error instanceof Interrupted ? "Interrupted." : messageOf(error, version));
  if (debug) printNotice(stackOf(error));
}

function messageOf(error: unknown, version: string): string {
  if (error instanceof UcaasError) return error.message;
  const { code, syscall, path, message } = error as NodeJS.ErrnoException;
  if (typeof code === "string" && syscall !== undefined) {
    return new UcaasError(`${syscall} failed${path === undefined ? "" : ` for ${path}`}`, {
      code: vendorCodeOf(code),
      hint: `${remedies.get(code) ?? "check the path, its permissions and the disk"}, then run the command again`,
    }).message;
  }
  return new UcaasError(`unexpected error: ${String(message ?? error).split("\n")[0]}`, {
    code: "UNEXPECTED",
    hint: [
      "1. Run the command again with --debug, which prints the stack.",
      `2. Report this as an error of pulumi-ucaas ${version} (Node ${process.versions.node}), with the command and the stack.`,
    ].join("\n    "),
  }).message;
}

const remedies: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ENOENT: "check that the path exists",
    EACCES: "give this user access to the path",
    EPERM: "give this user access to the path",
    EISDIR: "name a file, not a folder",
    ENOTDIR: "name a folder, not a file",
    ENOSPC: "make room on the disk",
    EROFS: "name a path on a disk that can be written",
  }),
);

/** The stack, and those of the errors that caused it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return [error.stack ?? "", error.cause === undefined ? "" : `caused by ${stackOf(error.cause)}`]
    .filter(Boolean)
    .join("\n");
}
