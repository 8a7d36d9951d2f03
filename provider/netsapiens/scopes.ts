/**
 * User scopes that may use the API for Xima, the least first (the guide's list, in its
 * order; that the order is a rank is inferred).
 */
export const acceptedScopes = [
  "Office Manager",
  "Call Center Supervisor",
  "NDP",
  "Reseller",
  "Super User",
] as const;

export type Scope = (typeof acceptedScopes)[number];
