import { join } from "node:path";
import { maskSecrets, rememberSecret, validationFailures } from "pulumi-ucaas/schemas";
import { customerSchema, defaultsSchema, ucaasKeys } from "./config.ts";
import { duplicates } from "./duplicates.ts";
import { faultLine, labelled, setSecret, yamlFaultLine } from "./error-line.ts";
import { limitsSchema } from "./limits.ts";
import { isRecord, leaves, type Path, valueAt } from "./object-path.ts";
import { priceListSchema } from "./prices.ts";
import { renameFaults } from "./renames.ts";
import type { ConfigSource } from "./rules.ts";
import { isSecretByName, isSecretPath } from "./secrets.ts";
import type { Declaration, GivenConfig, StackFiles } from "./stack-files.ts";
import { customerFaults } from "./validate-customer.ts";
import { hiddenKeyFaults, keyFaults, knownKeys } from "./validate-keys.ts";
import type { YamlFile } from "./yaml-file.ts";
import type { YamlFault } from "./yaml-tree.ts";

/**
 * What is wrong in a stack's files, as lines for people: place, path, value and what was
 * expected. Empty when all is well.
 */
export function validateStackFiles(
  files: StackFiles,
  config: GivenConfig,
  customers: readonly Declaration[],
  source: ConfigSource,
): string[] {
  const lines = [
    ...unreadFaults(files),
    ...(files.file ? [...stackFileFaults(files, files.file), ...keyFaults(files, files.file)] : []),
    ...hiddenKeyFaults(files, source),
    ...mapFaults(files, config),
    ...(["prices", "limits"] as const).flatMap((key) => reviewFaults(files, key, config[key])),
    ...(files.file ? productionFaults(files, files.file) : []),
    ...defaultsFaults(files.defaults(config)),
    ...customers.flatMap((customer) =>
      customerFaults(customer, files.customerFiles.get(customer.slug), source),
    ),
    ...duplicates(files, customers).map(({ customer, path, reason }) =>
      faultLine(customerSchema, customer, path, reason),
    ),
    ...renameFaults(customers).map(({ customer, reason }) =>
      faultLine(customerSchema, customer, ["renamedFrom"], reason),
    ),
  ];
  return withoutSecretsOf(customers, [...new Set(lines)]);
}

/** What is wrong beside the stack's files, and stops nothing. */
export function collectWarnings(files: StackFiles): string[] {
  const { folders } = files.strays();
  const unreadable = files.others().filter(({ file }) => file && !file.isReadable);
  return [
    ...folders.map(
      (name) => `${name} belongs to no stack of this folder, so its files are not read.`,
    ),
    ...unreadable.map(
      ({ fileName }) =>
        `${fileName} cannot be read, so it may declare the same objects as this stack.`,
    ),
  ];
}

/** Values in plain text that look like secrets, each with the command that encrypts it. */
export function findPlaintextSecrets(customers: readonly Declaration[]): string[] {
  return customers.flatMap((customer) =>
    leaves(customer.value)
      .filter(
        ({ path, value }) =>
          /^(string|number)$/.test(typeof value) &&
          isSecretByName(path) &&
          !customer.isSecret(path),
      )
      .map(({ path }) => {
        const { label, place } = customer.locate(path);
        const key = label === "defaults" ? "ucaas:defaults" : `ucaas:customers.${customer.slug}`;
        const remedy = `Take it out and run: ${setSecret(labelled(key, path))}`;
        return `${place} ${labelled(label, path)} is in plain text. ${remedy}`;
      }),
  );
}

/** A reason may name what it is about, and what it is about may be encrypted. */
function withoutSecretsOf(customers: readonly Declaration[], lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  for (const customer of customers) {
    for (const { path, value } of leaves(customer.value)) {
      if (customer.isSecret(path) || isSecretPath(path))
        rememberSecret(typeof value === "number" ? String(value) : value);
    }
  }
  return lines.map((line) => {
    const end = line.indexOf(" ");
    return `${line.slice(0, end)}${maskSecrets(line.slice(end))}`;
  });
}

/** A customer in a file that is not read would silently not exist, or be deleted. */
function unreadFaults(files: StackFiles): string[] {
  const { unreadStackFile, files: loose } = files.strays();
  return [
    ...files.unread.map(
      ({ name, remedy }) =>
        `${join(files.customersName, name)} is not read. What to do: ${remedy}.`,
    ),
    ...[...loose, ...files.misplaced()].map(
      (name) =>
        `${name} is not read. What to do: move it to ${files.customersName}, or to the stack that it belongs to.`,
    ),
    ...(unreadStackFile
      ? [
          [
            `${unreadStackFile} is not read: the engine reads ${files.fileName}.`,
            "What to do: 1. Move its content there. 2. Delete it.",
          ].join(" "),
        ]
      : []),
  ];
}

/** What keeps the stack's file, as far as it is ours, from meaning what is there. */
function stackFileFaults(files: StackFiles, file: YamlFile): string[] {
  if (file.unreadable) return [`${file.name} ${file.unreadable}`];
  const isOurs = ([top, key]: Path) =>
    top === undefined ||
    (top === "config" && (key === undefined || knownKeys.has(files.fullKey(String(key))[0])));
  return file.faults
    .filter((fault) => isOurs(fault.path) && !isAmount(fault))
    .map((fault) => yamlFaultLine(customerSchema, file, fault, ...placeInStack(fault.path)));
}

/** An amount is written with zeros at its end, which mean nothing to any reader. */
function isAmount({ path: [, key, ...rest], quotes = "" }: YamlFault): boolean {
  const name = String(key).replace(/^ucaas:/, "");
  const takesAmount =
    (name === "prices" && rest[0] === "skus") || (name === "limits" && rest[0] === "maxAddedCost");
  return takesAmount && /^(0|[1-9]\d{0,8})\.\d{1,6}$/.test(quotes);
}

/**
 * A path in a stack's file as people name it: a customer's from its slug, the others from
 * the config's key.
 */
function placeInStack([, key, slug, ...rest]: Path): [label: string, path: Path] {
  const name = String(key ?? "");
  if (/^(ucaas:)?customers$/.test(name) && slug !== undefined) return [String(slug), rest];
  if (/^(ucaas:)?defaults$/.test(name))
    return ["defaults", slug === undefined ? [] : [slug, ...rest]];
  return [name, slug === undefined ? [] : [slug, ...rest]];
}

/**
 * Customers that are not there at all would mean that all of them are to be deleted: that
 * must be said, not left out.
 */
function mapFaults(files: StackFiles, { customers, defaults, removed }: GivenConfig): string[] {
  const place = (key: string, what: "key" | "value" = "value") =>
    files.file?.has(files.keyPath(key))
      ? files.file.place(files.keyPath(key), what)
      : "the stack's config";
  const found: string[] = [];
  if (customers === undefined && files.customerFiles.size === 0) {
    const fault = `is missing, and there is no file in ${files.customersName}`;
    const remedy = "A stack without customers says so: ucaas:customers: {}";
    found.push(`${files.fileName} ucaas:customers ${fault}. ${remedy}`);
  }
  if (customers === null) {
    const remedy = "or write {} for a stack without customers in this file";
    found.push(
      `${place("customers", "key")} ucaas:customers is empty. Declare the customers below it, ${remedy}`,
    );
  } else if (customers !== undefined && !isRecord(customers))
    found.push(`${place("customers")} ucaas:customers: expected a map of customers by slug`);
  if (defaults === null)
    found.push(
      `${place("defaults", "key")} ucaas:defaults is empty. Declare the defaults below it, or take the line out`,
    );
  else if (defaults !== undefined && !isRecord(defaults))
    found.push(`${place("defaults")} ucaas:defaults: expected a map of sections, one a system`);
  if (removed !== undefined && !ucaasKeys.removed.safeParse(removed).success) {
    const expected = "a list of slugs, or of a slug and its system, such as [acme, bakery.xima]";
    found.push(`${place("removed")} ucaas:removed: expected ${expected}`);
  }
  return found;
}

/** The SDK takes two words, in the run that deletes. */
function productionFaults(files: StackFiles, file: YamlFile): string[] {
  const path = files.keyPath("production");
  if (!file.has(path) || file.isEncrypted(path)) return [];
  return [true, false, "true", "false"].some((each) => each === file.value(path))
    ? []
    : [`${file.place(path, "value")} ucaas:production: expected true or false`];
}

/** Prices and limits are for reviews; a slip in them would make a check pass in silence. */
function reviewFaults(files: StackFiles, key: "prices" | "limits", value: unknown): string[] {
  if (value === undefined) return [];
  const base = files.keyPath(key);
  const place = (path: Path) => {
    const whole = [...base, ...path];
    return files.file?.has(whole) ? files.file.place(whole, "value") : files.fileName;
  };
  if (key === "prices" && typeof value === "string") {
    return value === "" ? [`${place([])} ucaas:prices is empty`] : [];
  }
  if (!isRecord(value)) return [`${place([])} ucaas:${key}: expected a map (docs/cost.md)`];
  const schema = key === "prices" ? priceListSchema : limitsSchema;
  return validationFailures(schema, value).map(
    ({ path, reason }) => `${place(path)} ${labelled(`ucaas:${key}`, path)}: ${reason}`,
  );
}

/**
 * Given defaults must be valid even if no customer uses them. Customers may give what is
 * missing there.
 */
function defaultsFaults(defaults: Declaration): string[] {
  const { value } = defaults;
  if (!isRecord(value)) return [];
  return validationFailures(defaultsSchema, value)
    .filter(({ path }) => valueAt(value, path) !== undefined)
    .map(({ path, reason }) => faultLine(defaultsSchema, defaults, path, reason));
}
