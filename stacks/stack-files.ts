import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { completed } from "./config.ts";
import { inOrderOf, isRecord, leaves, merged, type Path, valueAt } from "./tree.ts";
import { YamlFile } from "./yaml-file.ts";

/** The stack's config as the engine hands it over: secrets are decrypted, and only the file tells which they are. */
export interface GivenConfig {
  readonly defaults: unknown;
  readonly customers: unknown;
  /** Whether the engine counts the whole key as secret, since something in it is. */
  isSecret(key: "defaults" | "customers"): boolean;
}

/** The files of one stack: its own, and one for each customer that has a file of its own. */
export class StackFiles {
  readonly folder: string;
  readonly stack: string;
  readonly file: YamlFile | undefined;
  readonly customerFiles: ReadonlyMap<string, YamlFile>;

  /** `folder` is the one of all stack files. */
  constructor(folder: string, stack: string) {
    this.folder = folder;
    this.stack = stack;
    const read = (...parts: string[]) => YamlFile.read(join(folder, ...parts), join(basename(folder), ...parts));
    this.file = read(`Pulumi.${stack}.yaml`);
    this.customerFiles = new Map(
      namesIn(join(folder, "customers", stack), /^(.+)\.yaml$/).flatMap(({ name, part }) => {
        const file = read("customers", stack, name);
        return file ? [[part, file]] : [];
      }),
    );
  }

  /** The other stacks in the same folder. */
  others(): StackFiles[] {
    return namesIn(this.folder, /^Pulumi\.(.+)\.yaml$/)
      .filter(({ part }) => part !== this.stack)
      .map(({ part }) => new StackFiles(this.folder, part));
  }

  /** Where a key of the namespace `ucaas` stands in the stack's file, which may leave the project's own namespace out. */
  keyPath(key: string): Path {
    const short = ["config", key];
    return this.file?.has(short) ? short : ["config", `ucaas:${key}`];
  }

  /** What the files alone say: encrypted values are `{ secure: … }`. */
  get asWritten(): GivenConfig {
    return {
      defaults: this.file?.value(this.keyPath("defaults")),
      customers: this.file?.value(this.keyPath("customers")),
      isSecret: () => false,
    };
  }

  /** The stack's defaults, by themselves. */
  defaults(config: GivenConfig): Declaration {
    return new Declaration("defaults", config.defaults, [this.#defaults(config, config.defaults)]);
  }

  /** The customers of the stack, wherever they stand, with the stack's defaults filled in. */
  customers(config: GivenConfig): Declaration[] {
    const inStack = this.#inOrder("customers", config) as Record<string, unknown>;
    return [...new Set([...Object.keys(inStack), ...this.customerFiles.keys()])].map((slug) => {
      const own: Origin[] = [];
      if (slug in inStack) {
        own.push({
          file: this.file,
          base: [...this.keyPath("customers"), slug],
          value: inStack[slug],
          hidden: config.isSecret("customers"),
        });
      }
      const file = this.customerFiles.get(slug);
      if (file) own.push({ file, base: [], value: file.value([]), hidden: false });
      const said = own.reduceRight<unknown>((under, { value }) => merged(under, value), {});
      const defaults = this.#defaults(config, defaultsFor(said, this.#inOrder("defaults", config)));
      return new Declaration(slug, completed(slug, merged(defaults.value, said)), own, defaults);
    });
  }

  /** The engine hands maps over with their keys sorted; in a configuration that is passed on, and in errors, the order of the file counts. */
  #inOrder(key: "customers" | "defaults", config: GivenConfig): unknown {
    const given = config[key];
    return isRecord(given) ? inOrderOf(this.file?.value(this.keyPath(key)), given) : {};
  }

  #defaults(config: GivenConfig, value: unknown): Origin {
    return { file: this.file, base: this.keyPath("defaults"), value, hidden: config.isSecret("defaults") };
  }
}

/** A place where something is declared. */
interface Origin {
  readonly file: YamlFile | undefined;
  /** The way to it in the file. */
  readonly base: Path;
  /** What stands there, as the engine understands it. */
  readonly value: unknown;
  /** Something in it is secret, so what the file does not tell about is taken for secret too. */
  readonly hidden: boolean;
}

/** A customer, or the defaults, as the files declare it: not yet checked, and knowing where each part of it stands. */
export class Declaration {
  /** A customer's slug, or "defaults". */
  readonly slug: string;
  readonly value: unknown;
  readonly #own: readonly Origin[];
  readonly #origins: readonly Origin[];
  readonly #defaults: Origin | undefined;

  constructor(slug: string, value: unknown, own: readonly Origin[], defaults?: Origin) {
    this.slug = slug;
    this.value = value;
    this.#own = own;
    this.#defaults = defaults;
    this.#origins = defaults ? [...own, defaults] : own;
  }

  /** Where a path is declared, in words and as `file:line:column`. What nobody declares is missing from the customer, so that is where it is. */
  locate(path: Path, what: "key" | "value" = "value"): { label: string; place: string } {
    const said = this.#origins.find(({ file, base }) => file?.has([...base, ...path]));
    if (said) {
      return { label: said === this.#defaults ? "defaults" : this.slug, place: said.file!.place([...said.base, ...path], what) };
    }
    for (let length = path.length - 1; length >= 0; length--) {
      const near = path.slice(0, length);
      const around = this.#own.find(({ file, base }) => file?.has([...base, ...near]));
      const at = around && [...around.base, ...near];
      if (at) return { label: this.slug, place: around.file!.place(at, at.length > 0 ? "key" : "value") };
    }
    return { label: this.slug, place: "the stack's config" };
  }

  /** Whether the leaf at a path is encrypted where it is said. What the file says otherwise came another way, and is as secret as its whole key. */
  isSecret(path: Path): boolean {
    const origin = this.#origins.find(({ value }) => valueAt(value, path) !== undefined);
    if (!origin) return false;
    const { file, base, value, hidden } = origin;
    const there = [...base, ...path];
    return file?.isEncrypted(there) || (hidden && file?.value(there) !== valueAt(value, path));
  }

  /** What is said both in the stack's file and in the customer's own. */
  get saidTwice(): { path: Path; places: string[] }[] {
    const [inStack, ownFile] = this.#own;
    if (!inStack || !ownFile) return [];
    return leaves(ownFile.value)
      .filter(({ path, value }) => value !== null && valueAt(inStack.value, path) !== undefined)
      .map(({ path }) => ({ path, places: this.#own.map(({ file, base }) => file!.place([...base, ...path], "value")) }));
  }
}

/** Only the systems that a customer has take part: a default gives nobody a system. */
function defaultsFor(customer: unknown, defaults: unknown): unknown {
  if (!isRecord(customer) || !isRecord(defaults)) return {};
  return Object.fromEntries(Object.entries(defaults).filter(([system]) => system in customer));
}

function namesIn(folder: string, pattern: RegExp): { name: string; part: string }[] {
  try {
    return readdirSync(folder)
      .sort()
      .flatMap((name) => {
        const part = pattern.exec(name)?.[1];
        return part === undefined ? [] : [{ name, part }];
      });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
