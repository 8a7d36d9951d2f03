import { basename, join, relative } from "node:path";
import { closestMatches } from "pulumi-ucaas/schemas";
import { impliedFrom, isCustomer, withDefaults } from "./config.ts";
import { type CustomerFolder, customerFolder, entriesOf } from "./customer-folder.ts";
import { inOrderOf, isRecord, leaves, merge, type Path, valueAt } from "./object-path.ts";
import { projectFile, projectName } from "./project-file.ts";
import { YamlFile } from "./yaml-file.ts";

/**
 * The stack's config as the engine hands it over: secrets are decrypted, and only the
 * file tells which they are.
 */
export interface GivenConfig {
  readonly defaults: unknown;
  readonly customers: unknown;
  /** Slugs whose customers are to be deleted. */
  readonly removed?: unknown;
  /** What the seats cost, and what one change may do: for commands, not for the resources. */
  readonly prices?: unknown;
  readonly limits?: unknown;
  /** Whether the engine counts the whole key as secret, since something in it is. */
  isSecret(key: "defaults" | "customers"): boolean;
}

/** The files of one stack: its own, and one for each customer that has a file of its own. */
export class StackFiles {
  readonly folder: string;
  readonly stack: string;
  /** The project's name, which is the namespace of the keys that name none. */
  readonly project: string;
  readonly file: YamlFile | undefined;
  /** The stack's own file, as people name it, whether it is there or not. */
  readonly fileName: string;
  readonly customerFiles: ReadonlyMap<string, YamlFile>;
  /** The folder of the customers' files, as people name it. */
  readonly customersName: string;
  /** What lies there and is not read. */
  readonly unread: CustomerFolder["unread"];
  readonly #extension: string;
  readonly #read: (...parts: string[]) => YamlFile | undefined;
  readonly #nameOf: (...parts: string[]) => string;
  #others: StackFiles[] | undefined;

  /** `folder` is the one of all stack files. */
  constructor(folder: string, stack: string) {
    const project = projectFile(folder);
    const nameOf = (...parts: string[]) => join(relative(project.folder, folder), ...parts);
    this.#read = (...parts) =>
      YamlFile.read(join(folder, ...parts), nameOf(...parts), { within: project.folder });
    const own = customerFolder(join(folder, "customers", stack));
    this.folder = folder;
    this.stack = stack;
    this.project = projectName(project) ?? "ucaas";
    this.#extension = project.extension;
    this.fileName = nameOf(`Pulumi.${stack}${project.extension}`);
    this.#nameOf = nameOf;
    this.customersName = nameOf("customers", stack);
    this.unread = own.unread;
    this.file = this.#read(basename(this.fileName));
    this.customerFiles = new Map(
      own.files.flatMap(({ slug, name }) => {
        const file = this.#read("customers", stack, name);
        return file ? [[slug, file]] : [];
      }),
    );
  }

  /** The other stacks in the same folder. */
  others(): StackFiles[] {
    this.#others ??= this.#stacks().map((stack) => new StackFiles(this.folder, stack));
    return this.#others;
  }

  /** Files and folders beside these, as people name them, that no stack reads. */
  strays(): {
    readonly unreadStackFile: string | undefined;
    readonly folders: string[];
    readonly files: string[];
  } {
    const nameOf = this.#nameOf;
    const stacks = new Set([this.stack, ...this.#stacks()]);
    const inCustomers = entriesOf(join(this.folder, "customers"));
    const unread = entriesOf(this.folder).find(
      ({ name }) =>
        name !== basename(this.fileName) &&
        [".json", ".yaml", ".yml"].some((ext) => name === `Pulumi.${this.stack}${ext}`),
    );
    return {
      unreadStackFile: unread && nameOf(unread.name),
      folders: inCustomers
        .filter((entry) => entry.isDirectory() && !stacks.has(entry.name))
        .map(({ name }) => nameOf("customers", name)),
      files: inCustomers
        .filter(({ name }) => isYaml(name))
        .map(({ name }) => nameOf("customers", name)),
    };
  }

  /**
   * Customers' files of this stack, or of none, that are not below `customers`. The stack
   * folder may be the project's root, so a file must say that it is a customer's.
   */
  misplaced(): string[] {
    const others = this.#stacks();
    const foldersIn = (...parts: string[]) =>
      entriesOf(join(this.folder, ...parts))
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => [...parts, name]);
    const alike = foldersIn().filter(
      ([name = ""]) => name !== "customers" && closestMatches(name, ["customers"]).length > 0,
    );
    const places = [
      [],
      [this.stack],
      [this.stack, "customers"],
      ...alike.flatMap((folder) => [
        folder,
        ...foldersIn(...folder).filter(([, name = ""]) => !others.includes(name)),
      ]),
    ];
    return places
      .flatMap((parts) =>
        entriesOf(join(this.folder, ...parts)).map(({ name }) => [...parts, name]),
      )
      .filter((path) => {
        const name = path.at(-1) ?? "";
        return (
          isYaml(name) && !name.startsWith("Pulumi.") && isCustomer(this.#read(...path)?.value([]))
        );
      })
      .map((path) => this.#nameOf(...path));
  }

  /**
   * Files anywhere below customers/ that have one of the names, whatever their ending,
   * and that no stack reads.
   */
  elsewhere(slugs: readonly string[]): string[] {
    const wanted = new Set(slugs);
    const read = new Set(
      [this, ...this.others()].flatMap(({ customerFiles }) =>
        [...customerFiles.values()].map(({ name }) => name),
      ),
    );
    const search = (...parts: string[]): string[] =>
      entriesOf(join(this.folder, ...parts)).flatMap((entry) => {
        if (entry.isDirectory()) return parts.length < 4 ? search(...parts, entry.name) : [];
        const slug = entry.name.split(".")[0] ?? "";
        return wanted.has(slug) || wanted.has(slug.toLowerCase())
          ? [this.#nameOf(...parts, entry.name)]
          : [];
      });
    return search("customers")
      .filter((name) => !read.has(name))
      .slice(0, 10);
  }

  /** Names of the other stacks that have a file in the folder. */
  #stacks(): string[] {
    return entriesOf(this.folder).flatMap(({ name }) => {
      const stack =
        name.startsWith("Pulumi.") && name.endsWith(this.#extension)
          ? name.slice(7, -this.#extension.length)
          : "";
      return stack && stack !== this.stack ? [stack] : [];
    });
  }

  /** A key of the stack's file as the engine reads it: namespace and name. */
  fullKey(key: string): [namespace: string, name: string] {
    const end = key.indexOf(":");
    return end < 0 ? [this.project, key] : [key.slice(0, end), key.slice(end + 1)];
  }

  /** Where a key of the namespace `ucaas` is in the stack's file. */
  keyPath(key: string): Path {
    const short = ["config", key];
    const isOurs = this.fullKey(key)[0] === "ucaas";
    return isOurs && this.file?.has(short) ? short : ["config", `ucaas:${key}`];
  }

  /** What the files alone say: encrypted values are `{ secure: … }`. */
  get asWritten(): GivenConfig {
    return {
      defaults: this.file?.value(this.keyPath("defaults")),
      customers: this.file?.value(this.keyPath("customers")),
      removed: this.file?.value(this.keyPath("removed")),
      prices: this.file?.value(this.keyPath("prices")),
      limits: this.file?.value(this.keyPath("limits")),
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
      if (Object.hasOwn(inStack, slug)) {
        own.push({
          file: this.file,
          base: [...this.keyPath("customers"), slug],
          value: inStack[slug],
          hidden: config.isSecret("customers"),
        });
      }
      const file = this.customerFiles.get(slug);
      // Of a file that cannot be read, the name alone is known.
      if (file)
        own.push({ file, base: [], value: file.isReadable ? file.value([]) : {}, hidden: false });
      const said = own.reduceRight<unknown>((under, { value }) => merge(under, value), {});
      const defaults = this.#defaults(config, defaultsFor(said, this.#inOrder("defaults", config)));
      return new Declaration(slug, withDefaults(slug, merge(defaults.value, said)), own, defaults);
    });
  }

  /**
   * The engine hands maps over with their keys sorted; in a configuration that is passed
   * on, and in errors, the order of the file counts.
   */
  #inOrder(key: "customers" | "defaults", config: GivenConfig): unknown {
    const given = config[key];
    return isRecord(given) ? inOrderOf(this.file?.value(this.keyPath(key)), given) : {};
  }

  #defaults(config: GivenConfig, value: unknown): Origin {
    return {
      file: this.file,
      base: this.keyPath("defaults"),
      value,
      hidden: config.isSecret("defaults"),
    };
  }
}

function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

const unknownPlace = "the stack's config";

/** A place where something is declared. */
interface Origin {
  readonly file: YamlFile | undefined;
  /** The way to it in the file. */
  readonly base: Path;
  /** What is there, as the engine understands it. */
  readonly value: unknown;
  /** Something in it is secret, so what the file does not tell about is taken for secret too. */
  readonly hidden: boolean;
}

/**
 * A customer, or the defaults, as the files declare it: not yet checked, and knowing
 * where each part of it stands.
 */
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

  /**
   * Where a path is declared, in words and as `file:line:column`. A value that is not
   * declared is missing from the customer, so that is its place.
   */
  locate(path: Path, what: "key" | "value" = "value"): { label: string; place: string } {
    // An unreadable file of the customer's own has no part that could be named.
    const unreadable = this.#own.find(({ file }) => file && !file.isReadable)?.file;
    if (path.length === 0 && unreadable) return { label: this.slug, place: unreadable.at(0) };
    const said = this.#origins.find(({ file, base }) => file?.has([...base, ...path]));
    if (said) {
      return {
        label: said === this.#defaults ? "defaults" : this.slug,
        place: said.file!.place([...said.base, ...path], what),
      };
    }
    for (let length = path.length - 1; length >= 0; length--) {
      const near = path.slice(0, length);
      const around = this.#own.find(({ file, base }) => file?.has([...base, ...near]));
      const at = around && [...around.base, ...near];
      if (at)
        return { label: this.slug, place: around.file!.place(at, at.length > 0 ? "key" : "value") };
    }
    return { label: this.slug, place: unknownPlace };
  }

  /**
   * Whether the leaf at a path is encrypted where it is said. What the file says
   * otherwise came another way, and is as secret as its whole key; what follows from the
   * name is as secret as the name.
   */
  isSecret(path: Path): boolean {
    const origin = this.#origins.find(({ value }) => valueAt(value, path) !== undefined);
    if (!origin) return impliedFrom(path) === "name" && this.isSecret(["name"]);
    const { file, base, value, hidden } = origin;
    const there = [...base, ...path];
    return file?.isEncrypted(there) || (hidden && file?.value(there) !== valueAt(value, path));
  }

  /** Whether the customer's own file, where it has one, says what it has. */
  get isReadable(): boolean {
    return this.#own.every(({ file }) => file?.isReadable ?? true);
  }

  /** Whether a file says what stands at a path; else it follows from the slug or the name. */
  says(path: Path): boolean {
    return this.#origins.some(({ value }) => valueAt(value, path) !== undefined);
  }

  /**
   * What is empty in one file though another has something there: the other would
   * silently not count, or count alone.
   */
  get emptied(): { path: Path; place: string }[] {
    return this.#own.flatMap(({ file, base, value }) =>
      leaves(value)
        .filter(
          ({ path, value: leaf }) => leaf === null && (valueAt(this.value, path) ?? null) !== null,
        )
        .map(({ path }) => ({
          path,
          place: file?.place([...base, ...path], "value") ?? unknownPlace,
        })),
    );
  }

  /** What is said both in the stack's file and in the customer's own. */
  get saidTwice(): { path: Path; places: string[] }[] {
    const [inStack, ownFile] = this.#own;
    if (!inStack || !ownFile) return [];
    return leaves(ownFile.value)
      .filter(({ path, value }) => value !== null && valueAt(inStack.value, path) !== undefined)
      .map(({ path }) => ({
        path,
        places: this.#own.map(({ file, base }) => file!.place([...base, ...path], "value")),
      }));
  }
}

/** Only for the systems that a customer has: a default adds no system to a customer. */
function defaultsFor(customer: unknown, defaults: unknown): unknown {
  if (!isRecord(customer) || !isRecord(defaults)) return {};
  return Object.fromEntries(
    Object.entries(defaults).filter(([system]) => Object.hasOwn(customer, system)),
  );
}
