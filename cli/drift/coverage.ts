/** What a refresh of a resource finds out. */
export type Coverage = "compared" | "existenceOnly" | "notReadable";

/** The classes whose vendor cannot show what they have: docs/drift.md. All others are compared. */
const limited: Record<string, Coverage> = {
  XimaLicense: "existenceOnly",
  XelionTenantProvision: "notReadable",
};

/** By the type as the engine knows it: `pulumi-nodejs:dynamic/ucaas:XimaLicense`. */
export function coverageOf(type: string): Coverage {
  return limited[type.split(/[:/]/).at(-1) ?? ""] ?? "compared";
}
