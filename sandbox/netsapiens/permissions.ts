/** What a user may see, by scope. */
import type { NetsapiensState, Scope, User } from "./state.ts";

const listsUsers: Scope[] = [
  "Site Manager",
  "Call Center Supervisor",
  "Office Manager",
  "Reseller",
  "Super User",
  "NDP",
];

/** Whether a user of one domain sees another (or his own). */
export function sees(
  user: User,
  ownDomain: string,
  domain: string,
  state: NetsapiensState,
): boolean {
  // The token of a legacy password has no scope, and so no rights.
  if (user.legacyPassword || user.mfa || user.scope === "No Portal") return false;
  if (user.scope === "Super User" || user.scope === "NDP") return true;
  if (user.scope === "Reseller")
    return state.domains[domain]?.territory === state.domains[ownDomain]?.territory;
  return domain === ownDomain;
}

export const mayListUsers = (user: User): boolean => listsUsers.includes(user.scope);

/** A scope as the system shows it. */
export const shownScope = (scope: Scope, spelling: "blanks" | "hyphens"): string =>
  spelling === "hyphens" ? scope.toLowerCase().replaceAll(" ", "-") : scope;
