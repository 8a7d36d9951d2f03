import type { State } from "./stack.ts";
import { parseUrn } from "./urn.ts";

/** What people call a resource: its class, its name, and the customer that it belongs to. */
export interface ResourceRef {
  readonly customer?: string;
  readonly resource: string;
  readonly name: string;
}

/** Tells where in the stack a resource is, by its URN. */
export type Locator = (urn: string) => ResourceRef;

export function locator(resources: readonly State[]): Locator {
  const parents = new Map(resources.map(({ urn, parent }) => [urn, parent]));
  return (urn) => {
    const { type, name } = parseUrn(urn);
    const place = { resource: type.split(/[:/]/).at(-1) ?? type, name };
    for (let above = parents.get(urn); above; above = parents.get(above)) {
      const ancestor = parseUrn(above);
      if (ancestor.type === "ucaas:index:Customer") return { customer: ancestor.name, ...place };
    }
    return place;
  };
}

/** Whether a vendor has it: components, the stack itself and providers exist in the state alone. */
export function isAtVendor({ type, custom }: State): boolean {
  return custom === true && !type.startsWith("pulumi:");
}
