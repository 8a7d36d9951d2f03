import * as pulumi from "@pulumi/pulumi";
import { readStackResources } from "pulumi-ucaas/internal/runtime/stack-resources";
import { isRecord } from "./object-path.ts";

/** What the last update left in the stack's state. */
export interface LastUpdate {
  /** The customers that it has: declared once, and not deleted since. */
  readonly customers: ReadonlySet<string>;
  /** What a customer has, by the place of its declaration: `xima`, `enablex.users`. */
  sections(slug: string): string[];
  /** Outputs of a customer's resource in a system of which a customer has one. */
  outputs(slug: string, system: string): Record<string, unknown> | undefined;
}

/**
 * Asks the engine for the state of the stack that this program runs for. It is the state
 * before this run's changes, and it is there in every command that runs the program, in a
 * first preview too, where it is empty.
 *
 * Components are in the state as soon as they are registered, so a customer whose
 * update failed is among them. The stack's output `customers` would be older then, and
 * does not say what a customer has.
 *
 * @throws {pulumi.RunError} if the engine does not give it
 */
export async function lastUpdate(): Promise<LastUpdate> {
  try {
    return fromResources(await readStackResources());
  } catch {
    throw new pulumi.RunError(unreadable);
  }
}

const unreadable = [
  "the engine does not give the stack's resources, so a missing customer would not be noticed; nothing was changed",
  "  What to do: 1. Check that pulumi stack export works for this stack.",
  "    2. Run the command again.",
].join("\n");

export const customerType = "ucaas:index:Customer";
/** Resources that have the name of their customer. */
const systems: Readonly<Record<string, string>> = {
  XimaLicense: "xima",
  XelionTenantProvision: "xelion",
  EnableXCustomer: "enablex",
  NetsapiensOAuthClient: "netsapiens",
};
/** Resources of which a customer has several. */
const lists: Readonly<Record<string, string>> = {
  EnableXUser: "enablex.users",
  EnableXSubscription: "enablex.subscriptions",
};

/** The resources are given by URN, each with its outputs. */
export function fromResources(resources: Record<string, unknown>): LastUpdate {
  const customers = new Set<string>();
  const single = new Map<string, Record<string, unknown>>();
  const members: { list: string; name: string; customerId: unknown }[] = [];
  for (const [urn, resource] of Object.entries(resources)) {
    // urn:pulumi:<stack>::<project>::<types, from the parent's on, between $>::<name>
    const [, , types = "", name = ""] = urn.split("::");
    const [own = "", parent] = types.split("$").reverse();
    if (own === customerType) customers.add(name);
    if (parent !== customerType) continue;
    const type = own.slice(own.lastIndexOf(":") + 1);
    const outputs = isRecord(resource) && isRecord(resource.outputs) ? resource.outputs : {};
    if (systems[type]) single.set(`${name} ${systems[type]}`, outputs);
    if (lists[type]) members.push({ list: lists[type], name, customerId: outputs.customerId });
  }
  const outputs = (slug: string, system: string) => single.get(`${slug} ${system}`);
  // Of acme-north-ada, the name alone does not say whether acme or acme-north has her.
  const listsOf = (slug: string) => {
    const id = outputs(slug, "enablex")?.customerId;
    return members
      .filter(
        ({ name, customerId }) =>
          id !== undefined && customerId === id && name.startsWith(`${slug}-`),
      )
      .map(({ list }) => list);
  };
  return {
    customers,
    outputs,
    sections: (slug) => [
      ...Object.values(systems).filter((system) => outputs(slug, system)),
      ...new Set(listsOf(slug)),
    ],
  };
}
