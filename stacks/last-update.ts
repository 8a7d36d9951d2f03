import * as pulumi from "@pulumi/pulumi";
import {
  readStackOutputs,
  readStackResources,
} from "pulumi-ucaas/internal/runtime/stack-resources";
import { isRecord } from "./object-path.ts";

/** What the last update left in the stack's state. */
export interface LastUpdate {
  /** The customers that it has: declared once, and not deleted since. */
  readonly customers: ReadonlySet<string>;
  /** Outputs of a customer's resource in a system of which a customer has one. */
  outputs(slug: string, system: string): Record<string, unknown> | undefined;
}

/**
 * Asks the engine for the state of the stack that this program runs for. It is the state
 * before this run's changes, and it is there in every command that runs the program, in a
 * first preview too, where it is empty.
 *
 * Components are in the state as soon as they are registered, so a customer whose
 * update failed is among them. The stack's output `customers` is older where the last
 * update failed; it counts where the resources cannot be read.
 *
 * @throws {pulumi.RunError} if the engine gives neither
 */
export async function lastUpdate(): Promise<LastUpdate> {
  try {
    return fromResources(await readStackResources());
  } catch {
    const { customers } = await readStackOutputs().catch(() => {
      throw new pulumi.RunError(unreadable);
    });
    return {
      customers: new Set(Object.keys(isRecord(customers) ? customers : {})),
      outputs: () => undefined,
    };
  }
}

const unreadable = `the engine does not give the stack's last outputs, so a missing customer would not be noticed; nothing was changed
  What to do: 1. Check that pulumi stack export works for this stack.
    2. Run the command again.`;

const customerType = "ucaas:index:Customer";
const systems: Record<string, string> = {
  XimaLicense: "xima",
  XelionTenantProvision: "xelion",
  EnableXCustomer: "enablex",
  NetsapiensOAuthClient: "netsapiens",
};

/** The resources are given by URN, each with its outputs. */
export function fromResources(resources: Record<string, unknown>): LastUpdate {
  const customers = new Set<string>();
  const outputs = new Map<string, Record<string, unknown>>();
  for (const [urn, resource] of Object.entries(resources)) {
    // urn:pulumi:<stack>::<project>::<types, from the parent's on, between $>::<name>
    const [, , types = "", name = ""] = urn.split("::");
    const own = types.slice(types.lastIndexOf("$") + 1);
    if (own === customerType) customers.add(name);
    const system = systems[own.slice(own.lastIndexOf(":") + 1)];
    if (system && isRecord(resource) && isRecord(resource.outputs))
      outputs.set(`${name} ${system}`, resource.outputs);
  }
  return { customers, outputs: (slug, system) => outputs.get(`${slug} ${system}`) };
}
