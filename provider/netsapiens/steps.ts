/** What the codes of the steps of a verification mean. */
export const stepErrors = {
  BLOCKED: "the API refuses every call of this machine",
  DID_DISABLED: "the number is disabled",
  DID_NOT_FOUND: "the number is not assigned",
  DID_NOT_ROUTED: "the number has no destination",
  DID_ROUTED_ELSEWHERE: "the number has another destination",
  DOMAIN_NOT_FOUND: "the domain is not visible",
  FORBIDDEN: "the user may not read it",
  GRANT_REFUSED: "the system refused client and user together",
  MFA_REQUIRED: "the user has a second factor",
  NO_ANSWER: "no reply arrived",
  NO_API_V2: "no API v2 answers at the URL",
  NO_TOKEN: "the reply has no token",
  NO_TOKEN_ROUTE: "no API gives tokens at the URL",
  NO_USERS: "the user sees no users",
  OTHER_CLIENT: "the token is for another client",
  OTHER_DOMAIN: "the reply is of another domain",
  PASSWORD_NOT_SECURE: "the password is not secure",
  PASSWORD_NOT_SET: "no password is set",
  SCOPE_TOO_LOW: "the scope of the user is too low",
  TOKEN_REFUSED: "the API refuses its own token",
  USER_OF_OTHER_DOMAIN: "the user belongs to another domain",
  MALFORMED_REPLY: "the reply is not what the API documents",
  INVALID_REQUEST: "HTTP does not allow a character of the call",
} as const;

export type StepErrorCode = keyof typeof stepErrors;

/** The steps of the verification, in the guide's order of troubleshooting. */
export const steps = ["apiUrl", "credentials", "permissions", "domain", "users", "did"] as const;

export type Step = (typeof steps)[number];

/** How one step of the verification ended. */
export interface StepResult {
  readonly step: Step;
  readonly status: "passed" | "failed" | "skipped";
  /** What was seen, without secrets; for a skipped step, why. */
  readonly evidence: string;
  /** Of a failure, for programs: `GRANT_REFUSED`, `DID_NOT_ROUTED`, … */
  readonly code?: StepErrorCode;
  /** Of a failure: what to do, in the guide's words. */
  readonly remedy?: string;
}

/** Which steps are run: all, none, or those that are named and what they need. */
export type Verify = "all" | "off" | readonly Step[];

/**
 * The steps that a choice asks for, in order. Every read after the second step needs the
 * token that the second one gets.
 */
export function chosenSteps(verify: Verify = "all"): Step[] {
  if (verify === "all") return [...steps];
  if (verify === "off") return [];
  const needsToken = verify.some((step) => steps.indexOf(step) > steps.indexOf("credentials"));
  return steps.filter((step) => verify.includes(step) || (needsToken && step === "credentials"));
}
