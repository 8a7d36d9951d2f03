import type {} from "pulumi-ucaas/internal/runtime/errors";

/** What the codes of the policy pack mean. */
export const policyErrors = {
  POLICY_NO_PROJECT: "the policy pack does not find the project",
} as const;

declare module "pulumi-ucaas/internal/runtime/errors" {
  interface ErrorCatalogues {
    policy: typeof policyErrors;
  }
}
