/** The steps of the verification, in the guide's order of troubleshooting. */
export const steps = ["apiUrl", "credentials", "permissions", "domain", "users", "did"] as const;

export type Step = (typeof steps)[number];

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
