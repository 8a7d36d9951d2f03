import { type ImportEntry, importEntry } from "pulumi-ucaas/internal/runtime/import-file";
import { isRecord, leaves } from "pulumi-ucaas-stacks/internal/object-path";
import type { Step } from "../pulumi/preview.ts";
import type { State } from "../pulumi/stack.ts";
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
 * A preview shows a secret as `[secret]`; the declaration has it. Within a list the whole
 * list is marked.
 */
function withSecrets(
  value: unknown,
  declared: unknown,
  path: readonly string[],
  found: Secrets,
): unknown {
  if (value === "[secret]") {
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
 * in the state either. What a name stands for in it must be unique, and resources of one
 * customer have one name, so each is called by its URN, and by its own name in
 * `logicalName`.
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

/**
 * Where the state has something readable that is to be a secret. `isSecret` tells of a
 * text whether it holds one that is known.
 */
export function findPlaintextSecrets(
  state: readonly State[],
  adopted: readonly Adopted[],
  isSecret: (text: string) => boolean,
): string[] {
  const paths = new Map(adopted.map(({ pending }) => [pending.urn, pending.secretPaths]));
  return state.flatMap(({ urn, inputs = {}, outputs = {} }) =>
    Object.entries({ inputs, outputs }).flatMap(([bag, values]) =>
      leaves(values)
        .map(({ path, value }) => ({ path: path.join("."), value }))
        .filter(({ path, value }) => {
          const isEncrypted = /(^|\.)(ciphertext|4dabf18193072939515e22adb298388d)$/.test(path);
          const isMarked = paths
            .get(urn)
            ?.some((secret) => path === secret || path.startsWith(`${secret}.`));
          return !isEncrypted && (isMarked || (typeof value === "string" && isSecret(value)));
        })
        .map(({ path }) => `${urn} ${bag}.${path}`),
    ),
  );
}
