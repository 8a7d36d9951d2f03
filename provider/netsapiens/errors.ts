import { setCommand } from "../runtime/config.ts";
import { steps, UcaasError } from "../runtime/errors.ts";
import { netsapiensConfig } from "./config.ts";
import { portalPath } from "./portal-labels.ts";
import type { StepResult, stepErrors } from "./steps.ts";

/** What the codes of `NetsapiensOAuthClient` mean. */
export const netsapiensErrors = {
  AMBIGUOUS_CLIENT: "several clients have the name, none the known secret",
  BROWSER_FAILED: "the browser does not start",
  BROWSER_MISSING: "no browser is installed",
  CLIENT_UNCLEAR: "the client may be in use at another address",
  CREATE_REFUSED: "the portal did not create the client",
  CREATE_UNSETTLED: "the portal does not show the client after Create",
  DELETE_NOT_DONE: "the portal still lists the client",
  INTERRUPTED: "the run was cancelled in the portal",
  LIST_INCOMPLETE: "the list has pages that were not read",
  PORTAL_CLOSED: "the portal is closed to this network",
  PORTAL_FAILED: "the browser failed at a step",
  PORTAL_LABEL_NOT_FOUND: "a control of the portal was not found",
  PORTAL_LOGIN_MISSING: "the config has no login for the client's portal",
  PORTAL_LOGIN_REFUSED: "the portal refused the login",
  PORTAL_NOT_REACHED: "the portal does not answer",
  PORTAL_REDIRECTED: "the login page is on another host",
  PORTAL_SESSION_LOST: "the portal ended the session twice",
  SECRET_NOT_SHOWN: "the portal does not show the client's secret",
  VERIFICATION_FAILED: "a step of the verification failed",
} as const;

export type NetsapiensErrorCode = keyof typeof netsapiensErrors;

declare module "../runtime/errors.ts" {
  interface ErrorCatalogues {
    netsapiens: typeof netsapiensErrors & typeof stepErrors;
  }
}

/**
 * What goes wrong on a walk through the portal; it becomes an error when what the page
 * showed has been kept.
 */
export class PortalError extends Error {
  readonly code: NetsapiensErrorCode;
  readonly hint?: string;
  constructor(code: NetsapiensErrorCode, reason: string, hint?: string) {
    super(reason);
    this.code = code;
    this.hint = hint;
  }
}

/** The portal shows its login page in the middle of a walk. */
export class SessionLost extends PortalError {
  constructor() {
    super("PORTAL_SESSION_LOST", "the portal ended the session again after a new login");
  }
}
/** Nothing of a walk that is cut off is kept: the next one begins with a look at the list. */
export function portalInterrupted(operation: string, step?: string): UcaasError {
  const where = step === undefined ? "before the portal was opened" : `at the step '${step}'`;
  return new UcaasError(`interrupted ${where}`, {
    code: "INTERRUPTED",
    vendor: "netsapiens",
    operation,
    hint: "run `pulumi up` again: it looks at the list first, and makes no second client",
  });
}

/**
 * What to do where a client may be in use at another address. A replaced resource has the
 * URN of its successor.
 */
export function leaveAsOneSystem(usedAt = "the address where a resource uses the client"): string {
  return [
    `If it is one system with ${usedAt}, delete nothing there:`,
    steps(
      "Run this in a terminal: pulumi state delete <urn>",
      "Where it asks, choose the one that is pending deletion.",
    ),
  ].join("\n    ");
}

/**
 * @param origin the portal that the client is in
 * @param perhapsAt the address at which the resource may have the same client
 */
export function portalLoginMissing(
  operation: string,
  origin: string,
  perhapsAt?: string,
): UcaasError {
  const set = (key: string) => setCommand(netsapiensConfig, key, "old");
  return new UcaasError(`no portal login of the config is for ${origin}`, {
    code: "PORTAL_LOGIN_MISSING",
    vendor: "netsapiens",
    operation,
    hint: [
      "nothing was typed there.",
      leaveAsOneSystem(perhapsAt),
      "Otherwise give that address a section of its own:",
      steps(
        set("apiUrl").replace("<value>", origin),
        set("portalUsername"),
        set("portalPassword"),
        "Run the command again.",
      ),
      "Or, in place of the section:",
      steps(
        `Delete the client there by hand: ${portalPath}.`,
        "Take it out of the state, as above.",
      ),
    ].join("\n    "),
  });
}

export function secretNotShown(id: string): UcaasError {
  return new UcaasError("the client exists, but the portal does not show its secret", {
    code: "SECRET_NOT_SHOWN",
    vendor: "netsapiens",
    operation: `create client ${id}`,
    hint: steps(
      "Ask the operator of the system for the secret.",
      "Declare it as clientSecret.",
      "Run `pulumi up`.",
    ),
  });
}

export function verificationFailed(id: string, failures: readonly StepResult[]): UcaasError {
  const names = failures.map(({ step }) => step).join(", ");
  const remedies = failures.map(({ step, code, evidence, remedy }, index) => {
    const saidBefore = remedy === failures[index - 1]?.remedy;
    return `\n    ${step}: ${evidence} [${code}]\n      ${saidBefore ? "as before" : remedy}`;
  });
  return new UcaasError(`the verification failed (${names})`, {
    code: "VERIFICATION_FAILED",
    vendor: "netsapiens",
    operation: `verify ${id}`,
    hint: `correct these steps; the client is kept, and the next \`pulumi up\` verifies again${remedies.join("")}`,
  });
}
