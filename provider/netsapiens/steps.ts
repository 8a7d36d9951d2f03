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
  readonly code?: string;
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
