import * as pulumi from "@pulumi/pulumi";
import { knownOrganization, stackIdentity } from "./stack-identity.ts";

/** The identity of the stack that this program runs for. */
export function programStack(): string {
  return stackIdentity(pulumi.getProject(), pulumi.getStack(), organization());
}

/** The backend's organization, where it has some. */
export function organization(): string | undefined {
  try {
    return knownOrganization(pulumi.getOrganization());
  } catch {
    // A unit test without mocks has none.
    return undefined;
  }
}
