import { type ImportEntry, importEntry } from "pulumi-ucaas/internal/runtime/import-file";
import type { Step } from "../pulumi/preview.ts";
import { parseUrn } from "../pulumi/urn.ts";
import type { PlannedResource } from "./planned-resource.ts";

/** A resource that goes into the state. */
export interface Adopted {
  readonly pending: PlannedResource;
  readonly id: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

interface Component {
  readonly type: string;
  readonly name: string;
  readonly logicalName: string;
  readonly component: true;
  readonly parent?: string;
}

type Entry = (ImportEntry & { readonly logicalName: string; readonly parent?: string }) | Component;

/**
 * The file for `pulumi import`: the resources, and the components above them that are not
 * in the state either. Names in it must be unique, but resources of one customer share a
 * name. So each entry is named by its URN, and has its own name in `logicalName`.
 */
export function importFile(adopted: readonly Adopted[], steps: readonly Step[]) {
  const made = new Map(
    steps.flatMap(({ op, urn, newState }) =>
      op === "create" && newState?.custom === false ? [[urn, newState]] : [],
    ),
  );
  const components = new Map<string, Component>();
  const nameTable: Record<string, string> = {};
  const parentOf = (urn: string | undefined): { parent?: string } => {
    if (urn === undefined || parseUrn(urn).type === stackType) return {};
    const component = made.get(urn);
    if (!component) nameTable[urn] = urn;
    else if (!components.has(urn)) {
      components.set(urn, {
        type: component.type,
        name: urn,
        logicalName: parseUrn(urn).name,
        component: true,
        ...parentOf(component.parent),
      });
    }
    return { parent: urn };
  };
  const resources: Entry[] = adopted.map(
    ({ pending: { urn, type, name, parent, secretPaths }, id, inputs, outputs }) => ({
      ...importEntry(type, name, id, inputs, outputs, secretPaths),
      name: urn,
      logicalName: name,
      ...parentOf(parent),
    }),
  );
  return { nameTable, resources: [...components.values(), ...resources] };
}

const stackType = "pulumi:pulumi:Stack";

/**
 * The steps of a preview that the import does not cover. The stack itself and Pulumi's
 * own providers come with any import.
 */
export function unrelatedSteps(
  steps: readonly Step[],
  file: ReturnType<typeof importFile>,
): Step[] {
  const covered = new Set(file.resources.map(({ name }) => name));
  return steps.filter(
    ({ urn, newState }) =>
      !covered.has(urn) &&
      !/^pulumi:(pulumi:Stack$|providers:)/.test(newState?.type ?? parseUrn(urn).type),
  );
}
