import * as pulumi from "@pulumi/pulumi";
import { stackIdentity } from "./stack-identity.ts";

/** The identity of the stack that this program runs for. */
export function programStack(): string {
  return stackIdentity(pulumi.getProject(), pulumi.getStack(), organization());
}

/** The backend's organization, where it has some: backends of files call each "organization". */
export function organization(): string | undefined {
  try {
    const name = pulumi.getOrganization();
    return name === "organization" ? undefined : name;
  } catch {
    // A unit test without mocks has none.
    return undefined;
  }
}
