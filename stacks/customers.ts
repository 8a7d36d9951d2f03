import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Path, YamlFile } from "./yaml-file.ts";

/** Where something about a customer is said: a file and the way to the customer in it. */
interface Origin {
  readonly file: YamlFile;
  readonly base: Path;
}

/** A customer as its files declare it, defaults filled in, not yet checked. */
export interface DeclaredCustomer {
  readonly slug: string;
  readonly value: unknown;
  /** `file:line:column` of what stands at a path, or of what it is missing from. */
  place(path: Path, what?: "key" | "value"): string;
  /** Whether the value at a path is encrypted. */
  isSecret(path: Path): boolean;
}

/** The files of one stack: its own and those of its customers. */
export class StackFiles {
  readonly stack: YamlFile | undefined;
  readonly customers = new Map<string, YamlFile>();

  constructor(folder: string, stack: string) {
    this.stack = YamlFile.read(join(folder, `Pulumi.${stack}.yaml`));
    for (const name of filesIn(join(folder, "customers", stack))) {
      const file = YamlFile.read(join(folder, "customers", stack, name));
      if (file) this.customers.set(name.replace(/\.ya?ml$/, ""), file);
    }
  }

  /**
   * The customers of the stack. `defaults` and `customers` are the stack's config as the engine hands it over, with secrets decrypted; what
   * comes from the customers' own files is added to it.
   */
  declared(defaults: unknown, customers: unknown): DeclaredCustomer[] {
    const inStack = isRecord(customers) ? customers : {};
    return [...new Set([...Object.keys(inStack), ...this.customers.keys()])].map((slug) => {
      const own = this.customers.get(slug);
      const origins: Origin[] = [];
      if (this.stack) origins.push({ file: this.stack, base: ["config", "ucaas:customers", slug] });
      if (own) origins.push({ file: own, base: [] });
      if (this.stack) origins.push({ file: this.stack, base: ["config", "ucaas:defaults"] });
      const said = merged(own?.value([]) ?? {}, inStack[slug] ?? {});
      return {
        slug,
        value: completed(slug, merged(defaultsFor(said, defaults), said)),
        place: (path, what) => placeOf(origins, path, what),
        isSecret: (path) => origins.find(({ file, base }) => file.has([...base, ...path]))?.file.isSecret(path) ?? false,
      };
    });
  }
}

/** The place of a path in the first file that has it; where none has it, that of the nearest thing around it. */
function placeOf(origins: Origin[], path: Path, what: "key" | "value" = "value"): string {
  for (let length = path.length; length >= 0; length--) {
    const near = path.slice(0, length);
    const origin = origins.find(({ file, base }) => file.has([...base, ...near]));
    if (origin) return origin.file.place([...origin.base, ...near], length < path.length ? "key" : what);
  }
  return "the stack's config";
}

/** Only the systems that a customer has take part; a default does not give a customer a system. */
function defaultsFor(customer: unknown, defaults: unknown): unknown {
  if (!isRecord(customer) || !isRecord(defaults)) return {};
  return Object.fromEntries(Object.entries(defaults).filter(([system]) => system in customer));
}

/** What can be told from the slug and the name need not be written. */
function completed(slug: string, customer: unknown): unknown {
  if (!isRecord(customer) || !isRecord(customer.xima)) return customer;
  return { ...customer, xima: merged({ ccId: { tenantId: slug, tenantName: customer.name } }, customer.xima) };
}

/** Maps are merged key by key; of anything else the second counts. A section without content is an empty one. */
function merged(under: unknown, over: unknown): unknown {
  if (over === null && isRecord(under)) return under;
  if (!isRecord(under) || !isRecord(over)) return over;
  return Object.fromEntries(
    [...new Set([...Object.keys(under), ...Object.keys(over)])].map((key) => [
      key,
      key in over ? merged(under[key], over[key]) : under[key],
    ]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
