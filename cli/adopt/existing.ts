import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { inWords } from "pulumi-ucaas/internal/runtime/outputs";
import { speaksOfSecrets } from "pulumi-ucaas/internal/runtime/secret-names";
import { toJson } from "pulumi-ucaas/internal/runtime/to-json";
import { hasUnknown } from "pulumi-ucaas/internal/runtime/unknown";
import { leaves, valueAt } from "pulumi-ucaas-stacks/internal/object-path";
import type { Step } from "../pulumi/preview.ts";
import { parseUrn } from "../pulumi/urn.ts";
import { callResource } from "./call-resource.ts";
import type { Adopted } from "./import-file.ts";
import type { PlannedCandidate } from "./plan.ts";
import { type PlannedResource, toPlannedResource } from "./planned-resource.ts";
import type { Section } from "./section.ts";
import type { AdoptionSource, ExistingResource } from "./source.ts";
import type { Config } from "./stack.ts";

/**
 * Those of the resources that a preview would create which exist at the vendor, as the
 * state is to have them. `sections` are the customers' declarations for this vendor, by
 * slug.
 *
 * @throws {UcaasError} `NOT_AS_DECLARED` when one of them would be changed by the next
 *   `pulumi up`, or cannot be read: then none is imported
 */
export async function existingResources(
  vendor: Pick<AdoptionSource, "name">,
  config: Config,
  sections: ReadonlyMap<string, Section>,
  planned: readonly PlannedCandidate[],
  previewSteps: readonly Step[],
): Promise<Adopted[]> {
  const candidates = new Map(
    planned.flatMap(({ candidate, action }) =>
      "slug" in action ? [[action.slug, candidate]] : [],
    ),
  );
  const found = previewSteps.flatMap((step) => {
    const pending = toPlannedResource(step, sections);
    const existing =
      pending &&
      candidates
        .get(pending.parent === undefined ? pending.name : parseUrn(pending.parent).name)
        ?.match(pending);
    return existing ? [{ pending, existing }] : [];
  });
  const results = await Promise.all(
    found.map(({ pending, existing }) => inState(pending, existing, config)),
  );
  const refused = results.filter((result) => typeof result === "string");
  if (refused.length === 0) return results.filter((result) => typeof result !== "string");
  const count = `${refused.length} ${refused.length === 1 ? "resource differs from its" : "resources differ from their"} declaration`;
  throw new UcaasError(`nothing imported: ${count}:\n  ${refused.join("\n  ")}`, {
    code: "NOT_AS_DECLARED",
    vendor: vendor.name,
    operation: "adopt",
    hint: steps(
      "Make the declaration (or ucaas:defaults, where it comes from there) what the vendor has.",
      "Run the same command again.",
    ),
  });
}

/** The resource, or why it cannot be imported. */
async function inState(
  pending: PlannedResource,
  { id, inputs, outputs: fetch }: ExistingResource,
  config: Config,
): Promise<Adopted | string> {
  const { type, name, unresolvedSecrets } = pending;
  const resource = `${type} ${name}`;
  if (unresolvedSecrets.length > 0)
    return [
      resource,
      `${unresolvedSecrets.join(", ")} is a secret that does not come from the customer's own declaration`,
      "declare it there",
    ].join(": ");
  if (hasUnknown(inputs))
    return [
      resource,
      "it takes something from a resource that is not in the state yet",
      "adopt that one first",
    ].join(": ");
  try {
    const outputs = toJson(await fetch()) as Record<string, unknown>;
    const { changes } = await callResource(config, type, "diff", [id, outputs, inputs]);
    return changes
      ? `${type} ${name}: ${differences(pending, inputs, outputs)}`
      : { pending, id, inputs, outputs };
  } catch (error) {
    return `${type} ${name}: ${(error as Error).message}`;
  }
}

function differences({ secretPaths }: PlannedResource, inputs: unknown, outputs: unknown): string {
  const isSecret = (path: string) =>
    speaksOfSecrets(path) ||
    secretPaths.some((secret) => path === secret || path.startsWith(`${secret}.`));
  const found = leaves(inputs).flatMap(({ path, value }) => {
    const actual = valueAt(outputs, path);
    if (actual === value) return [];
    const at = path.join(".");
    return [
      isSecret(at)
        ? `${at} is another there`
        : `${at} is declared ${JSON.stringify(value)}, there it is ${inWords(actual)}`,
    ];
  });
  return found.join(", ") || "the provider sees a difference";
}
