import { UcaasError } from "../../provider/dynamic/errors.ts";
import { plain } from "../../provider/dynamic/plain.ts";
import { hasUnknown } from "../../provider/dynamic/unknown.ts";
import { call } from "../../provider/host.ts";
import { leaves, valueAt } from "../../stacks/tree.ts";
import { partsOf } from "../urn.ts";
import { type Adopted, type Pending, pendingOf } from "./pending.ts";
import type { Planned } from "./plan.ts";
import type { Config, Step } from "./stack.ts";
import type { Existing, Section, Vendor } from "./vendor.ts";

/**
 * Those of the resources that a preview would create which exist at the vendor, as the state is to have them. `sections` are the customers'
 * declarations for this vendor, by slug.
 *
 * @throws {UcaasError} `NOT_AS_DECLARED` when one of them would be changed by the next `pulumi up`, or cannot be read: then none is imported
 */
export async function existingResources(
  vendor: Pick<Vendor, "name">,
  config: Config,
  sections: ReadonlyMap<string, Section>,
  planned: readonly Planned[],
  steps: readonly Step[],
): Promise<Adopted[]> {
  const things = new Map(planned.flatMap(({ thing, fate }) => ("slug" in fate ? [[fate.slug, thing]] : [])));
  const found = steps.flatMap((step) => {
    const pending = pendingOf(step, sections);
    const existing = pending && things.get(pending.parent === undefined ? pending.name : partsOf(pending.parent).name)?.find(pending);
    return existing ? [{ pending, existing }] : [];
  });
  const results = await Promise.all(found.map(({ pending, existing }) => inState(pending, existing, config)));
  const refused = results.filter((result) => typeof result === "string");
  if (refused.length === 0) return results.filter((result) => typeof result !== "string");
  throw new UcaasError(`not all can be taken as it is declared, so nothing was imported:\n  ${refused.join("\n  ")}`, {
    code: "NOT_AS_DECLARED",
    vendor: vendor.name,
    operation: "adopt",
    hint: "make the declaration (or ucaas:defaults, where it comes from there) what the vendor has, and run the same command again",
  });
}

/** The resource, or why it cannot be imported. */
async function inState(pending: Pending, { id, inputs, outputs: fetch }: Existing, config: Config): Promise<Adopted | string> {
  const { type, name, unseen } = pending;
  if (unseen.length > 0)
    return `${type} ${name}: ${unseen.join(", ")} is a secret that does not come from the customer's own declaration: declare it there`;
  if (hasUnknown(inputs)) return `${type} ${name}: it takes something from a resource that is not in the state yet: adopt that one first`;
  try {
    const outputs = plain(await fetch()) as Record<string, unknown>;
    const { changes } = (await call(type, "diff", [id, outputs, inputs], config)) as { changes?: boolean };
    return changes ? `${type} ${name}: ${differences(pending, inputs, outputs)}` : { pending, id, inputs, outputs };
  } catch (error) {
    return `${type} ${name}: ${(error as Error).message}`;
  }
}

function differences({ secretPaths }: Pending, inputs: unknown, outputs: unknown): string {
  const isSecret = (path: string) => secretPaths.some((secret) => path === secret || path.startsWith(`${secret}.`));
  const found = leaves(inputs).flatMap(({ path, value }) => {
    const actual = valueAt(outputs, path);
    if (actual === value) return [];
    const at = path.join(".");
    return [isSecret(at) ? `${at} is another there` : `${at} is declared ${JSON.stringify(value)}, there it is ${JSON.stringify(actual)}`];
  });
  return found.join(", ") || "the provider sees a difference";
}
