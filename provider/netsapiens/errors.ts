import { UcaasError } from "../runtime/errors.ts";
import type { StepResult } from "./steps.ts";

/**
 * What goes wrong on a walk through the portal; it becomes an error when what the page
 * showed has been kept.
 */
export class PortalError extends Error {
  readonly code: string;
  readonly hint?: string;
  constructor(code: string, reason: string, hint?: string) {
    super(reason);
    this.code = code;
    this.hint = hint;
  }
}

/** The portal shows its login page in the middle of a walk. */
export class SessionLost extends PortalError {
  constructor() {
    super(
      "PORTAL_SESSION_LOST",
      "the portal ended the session, and did so again after a new login",
    );
  }
}
export function secretNotShown(id: string): UcaasError {
  return new UcaasError("the client was made, but the portal's list does not show its secret", {
    code: "SECRET_NOT_SHOWN",
    vendor: "netsapiens",
    operation: `create client ${id}`,
    hint: "ask the provider for the secret and declare it as clientSecret; the next `pulumi up` goes on with it",
  });
}

export function verificationFailed(id: string, failures: readonly StepResult[]): UcaasError {
  const names = failures.map(({ step }) => step).join(", ");
  const remedies = failures.map(({ step, code, evidence, remedy }, index) => {
    const saidBefore = remedy === failures[index - 1]?.remedy;
    return `\n    ${step}: ${evidence} [${code}]\n      ${saidBefore ? "as before" : remedy}`;
  });
  return new UcaasError(
    `the verification failed (${names}); the client is kept, and the next \`pulumi up\` verifies again`,
    {
      code: "VERIFICATION_FAILED",
      vendor: "netsapiens",
      operation: `verify ${id}`,
      hint: remedies.join(""),
    },
  );
}
