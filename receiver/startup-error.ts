import type { ErrorCode } from "pulumi-ucaas/internal/runtime/errors";

/** Why the receiver cannot start. Never holds a key or the URL of a database. */
export class StartupError extends Error {
  override readonly name = "StartupError";
  /** Stable, for programs: `DATABASE_NOT_OPENED`, `LISTEN_FAILED`, … */
  readonly code: ErrorCode;
  /** What to do now. */
  readonly hint: string;

  constructor(
    message: string,
    { code, hint, cause }: { code: ErrorCode; hint: string; cause?: unknown },
  ) {
    super(message, { cause });
    this.code = code;
    this.hint = hint;
  }
}
