import { steps, UcaasError, vendorCodeOf } from "pulumi-ucaas/internal/runtime/errors";
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
      hint: steps(
        remedies.get(code) ?? "Check the path, its permissions and the disk.",
        "Run the command again.",
      ),
    }).message;
  }
  return new UcaasError(`unexpected error: ${String(message ?? error).split("\n")[0]}`, {
    code: "UNEXPECTED",
    hint: steps(
      "Run the command again with --debug, which prints the stack.",
      `Report this as an error of pulumi-ucaas ${version} (Node ${process.versions.node}), with the command and the stack.`,
    ),
  }).message;
}

const remedies: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ENOENT: "Check that the path exists.",
    EACCES: "Give this user access to the path.",
    EPERM: "Give this user access to the path.",
    EISDIR: "Name a file, not a folder.",
    ENOTDIR: "Name a folder, not a file.",
    ENOSPC: "Make room on the disk.",
    EROFS: "Name a path on a disk that can be written.",
  }),
);

/** The stack, and those of the errors that caused it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return [error.stack ?? "", error.cause === undefined ? "" : `caused by ${stackOf(error.cause)}`]
    .filter(Boolean)
    .join("\n");
}
