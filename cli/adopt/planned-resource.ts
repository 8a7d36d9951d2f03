import { isUnknown } from "pulumi-ucaas/internal/runtime/unknown";
import { isRecord } from "pulumi-ucaas-stacks/internal/object-path";
import { type Step, secretMark } from "../pulumi/preview.ts";
import { parseUrn } from "../pulumi/urn.ts";
import type { Section } from "./section.ts";

const dynamicType = "pulumi-nodejs:dynamic/ucaas:";

/** A resource that the program declares and the state has not. */
export interface PlannedResource {
  readonly urn: string;
  /** Without Pulumi's prefix: `EnableXCustomer`. */
  readonly type: string;
  readonly name: string;
  /** URN of the component that it belongs to. */
  readonly parent: string | undefined;
  /**
   * As the program registers them, secrets included; what is not known yet is Pulumi's
   * unknown value.
   */
  readonly inputs: Record<string, unknown>;
  /** What the engine has to encrypt, with dots into objects. */
  readonly secretPaths: readonly string[];
  /** Secrets whose value the declaration does not have. */
  readonly unresolvedSecrets: readonly string[];
  readonly protect: boolean;
}

/**
 * A resource of this package as it is pending, or undefined for what is none. `sections`
 * are the declarations of customers, by slug.
 */
export function toPlannedResource(
  { op, urn, newState }: Step,
  sections: ReadonlyMap<string, Section>,
): PlannedResource | undefined {
  if (op !== "create" || !newState?.type.startsWith(dynamicType)) return undefined;
  const { parent, protect = false, additionalSecretOutputs = [] } = newState;
  const { __provider: _, ...shown } = newState.inputs ?? {};
  // The preview names no run, and an import needs none.
  if (isUnknown(shown.__journal)) delete shown.__journal;
  const { name } = parseUrn(urn);
  const slug = parent === undefined ? name : parseUrn(parent).name;
  const found = { secretPaths: new Set(additionalSecretOutputs), unresolvedSecrets: [] };
  const inputs = withSecrets(
    shown,
    declarationOf(name, slug, sections.get(slug)),
    [],
    found,
  ) as Record<string, unknown>;
  const { unresolvedSecrets, secretPaths } = found;
  return {
    urn,
    type: newState.type.slice(dynamicType.length),
    name,
    parent,
    inputs,
    secretPaths: [...secretPaths],
    unresolvedSecrets,
    protect,
  };
}

/**
 * What the file says of a resource: the section, or below it one of its users or
 * subscriptions, whose name begins with the slug.
 */
function declarationOf(name: string, slug: string, section: Section | undefined): unknown {
  if (name === slug) return section;
  return Object.values(section ?? {})
    .map((group) => (isRecord(group) ? group[name.slice(slug.length + 1)] : undefined))
    .find(isRecord);
}

interface Secrets {
  readonly secretPaths: Set<string>;
  readonly unresolvedSecrets: string[];
}

/**
 * A preview shows a secret as `secretMark`; the declaration has it. Within a list the whole
 * list is marked.
 */
function withSecrets(
  value: unknown,
  declared: unknown,
  path: readonly string[],
  found: Secrets,
): unknown {
  if (value === secretMark) {
    found.secretPaths.add(path.join("."));
    if (declared === undefined) found.unresolvedSecrets.push(path.join("."));
    return declared;
  }
  if (Array.isArray(value)) {
    const inList = { secretPaths: new Set<string>(), unresolvedSecrets: found.unresolvedSecrets };
    const items = value.map((item, index) =>
      withSecrets(item, Array.isArray(declared) ? declared[index] : undefined, path, inList),
    );
    if (inList.secretPaths.size > 0) found.secretPaths.add(path.join("."));
    return items;
  }
  if (!isRecord(value)) return value;
  const below = (key: string) => (isRecord(declared) ? declared[key] : undefined);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      withSecrets(item, below(key), [...path, key], found),
    ]),
  );
}
