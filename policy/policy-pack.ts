import {
  PolicyPack,
  type PolicyResource,
  type ReportViolation,
  type ResourceValidationArgs,
} from "@pulumi/policy";
import { type DeclaredResource, LimitWatch } from "ucaas/internal/changes/limit-watch";
import type { Violation } from "ucaas/internal/changes/limits";
import { violationLines } from "ucaas/internal/changes/rows";
import { knownInputs } from "./known-inputs.ts";
import { readStack } from "./read-stack.ts";
import { keepToldOrganization } from "./told-organization.ts";

/** One deployment a process: the engine starts the pack for each. */
let watch: Promise<LimitWatch | undefined> | undefined;

/** The state is read before the first resource is applied: it is the state before all. */
function watchOf(urn: string): Promise<LimitWatch | undefined> {
  watch ??= readStack(urn).then(
    ({ state, limits, terms }) => limits && new LimitWatch(state, limits, terms),
  );
  return watch;
}

keepToldOrganization();

new PolicyPack("pulumi-ucaas", {
  enforcementLevel: "mandatory",
  policies: [
    {
      name: "added-by-resource",
      description: "No resource is applied that goes beyond ucaas:limits of its stack.",
      async validateResource(resource: ResourceValidationArgs, report: ReportViolation) {
        const found = (await watchOf(resource.urn))?.take(declared(resource));
        for (const violation of found ?? []) report(messageOf(violation));
      },
    },
    {
      name: "whole-deployment",
      description: "No deployment goes beyond ucaas:limits of its stack, removals included.",
      async validateStack({ resources }, report) {
        const [first] = resources;
        if (!first) return;
        const all = resources.map(declared);
        for (const violation of (await watchOf(first.urn))?.finish(all) ?? [])
          report(messageOf(violation));
      },
    },
  ],
});

function declared({
  urn,
  type,
  props,
  opts: { parent, aliases },
}: ResourceValidationArgs | PolicyResource): DeclaredResource {
  return { urn, type, ...(parent && { parent }), aliases, inputs: knownInputs(props) };
}

/** As `ucaas ci check` says it. */
function messageOf(violation: Violation): string {
  const [line] = violationLines({ violations: [violation] });
  return `${line?.text}\n    What to do: ${line?.remedy}`;
}
