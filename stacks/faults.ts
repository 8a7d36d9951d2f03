import { failuresIn, isSecretName, nearest, propertyPath } from "pulumi-ucaas/schemas";
import { isBlank } from "./blank.ts";
import { type CustomerDeclaration, customerSchema, defaultsSchema, slugSchema, ucaasKeys, vendorConfigs } from "./config.ts";
import { duplicates } from "./duplicates.ts";
import { type ConfigSource, rulesBrokenBy } from "./rules.ts";
import type { Declaration, GivenConfig, StackFiles } from "./stack-files.ts";
import { isRecord, leaves, type Path, valueAt } from "./tree.ts";
import type { YamlFile } from "./yaml-file.ts";

/** What is wrong in a stack's files, as lines for people: place, path, value and what was expected. Empty when all is well. */
export function faultsIn(files: StackFiles, config: GivenConfig, customers: readonly Declaration[], source: ConfigSource): string[] {
  const lines = [
    ...(files.file ? keyFaults(files.file) : []),
    ...mapFaults(files, config),
    ...defaultsFaults(files.defaults(config)),
    ...customers.flatMap((customer) => customerFaults(files, customer, source)),
    ...duplicates(files, customers).map(({ customer, path, reason }) => line(customer, path, reason)),
  ];
  return [...new Set(lines)];
}

/** Values in plain text that look like secrets, each with the command that encrypts it. */
export function plainSecretsIn(customers: readonly Declaration[]): string[] {
  return customers.flatMap((customer) =>
    leaves(customer.value)
      .filter(({ path, value }) => typeof value === "string" && isSecretByName(path) && !customer.isSecret(path))
      .map(({ path }) => {
        const { label, place } = customer.locate(path);
        const key = label === "defaults" ? "ucaas:defaults" : `ucaas:customers.${customer.slug}`;
        return `${place} ${label}.${propertyPath(path)} stands there in plain text. Take it out and run: pulumi config set --secret --path '${key}.${propertyPath(path)}'`;
      }),
  );
}

/** Keys of the config that nobody reads: a misspelt one would otherwise be passed over in silence. */
function keyFaults(file: YamlFile): string[] {
  const known = new Map(
    Object.values(vendorConfigs).map(({ namespace, keys }) => [namespace as string, [...Object.keys(keys), "accounts"]]),
  );
  known.set("ucaas", Object.keys(ucaasKeys));
  const fault = (path: Path, name: string, key: string, among: readonly string[]) => {
    const near = nearest(key, among)[0];
    return `${file.place(path, "key")} ${name} is not a key of the config. ${near ? `Did you mean ${near}?` : `Known: ${among.join(", ")}.`}`;
  };
  const config = file.value(["config"]);
  return Object.entries(isRecord(config) ? config : {}).flatMap(([name, value]) => {
    const [namespace, key] = name.includes(":") ? (name.split(":", 2) as [string, string]) : ["ucaas", name];
    const among = known.get(namespace);
    if (!among) return [];
    if (!among.includes(key)) return [fault(["config", name], name, key, among)];
    if (key !== "accounts" || !isRecord(value)) return [];
    const inAccounts = among.filter((each) => each !== "accounts");
    return Object.entries(value).flatMap(([account, section]) =>
      Object.keys(isRecord(section) ? section : {})
        .filter((each) => !inAccounts.includes(each))
        .map((each) => fault(["config", name, account, each], `${name}.${account}.${each}`, each, inAccounts)),
    );
  });
}

/** Customers that are not there at all would mean that all of them are to be deleted: that must be said, not left out. */
function mapFaults(files: StackFiles, { customers, defaults }: GivenConfig): string[] {
  const place = (key: string) => files.file?.place(files.keyPath(key), "value") ?? "the stack's config";
  const found: string[] = [];
  if (customers === undefined && files.customerFiles.size === 0)
    found.push(
      `${files.file?.name ?? "the stack's config"} ucaas:customers is missing, and there is no file in customers/${files.stack}. A stack without customers says so: ucaas:customers: {}`,
    );
  if (customers !== undefined && customers !== null && !isRecord(customers))
    found.push(`${place("customers")} ucaas:customers: expected a map of customers by slug`);
  if (defaults !== undefined && defaults !== null && !isRecord(defaults))
    found.push(`${place("defaults")} ucaas:defaults: expected a map of sections, one a system`);
  return found;
}

/** The defaults that are given must be right, whoever uses them; what is missing there the customers may give. */
function defaultsFaults(defaults: Declaration): string[] {
  const { value } = defaults;
  if (!isRecord(value)) return [];
  return failuresIn(defaultsSchema, value)
    .filter(({ path }) => valueAt(value, path) !== undefined)
    .map(({ path, reason }) => line(defaults, path, reason));
}

function customerFaults(files: StackFiles, customer: Declaration, source: ConfigSource): string[] {
  const { slug, value } = customer;
  const own = files.customerFiles.get(slug);
  if (own && own.errors.length > 0) return own.errors.map(({ place, reason }) => `${place} ${reason}`);
  const found: string[] = [];
  const slugFault = slugSchema.safeParse(slug).error?.issues[0];
  if (slugFault) found.push(`${customer.locate([], "key").place} ${JSON.stringify(slug)} is no slug: it ${slugFault.message}`);
  for (const { path, places } of customer.saidTwice)
    found.push(`${places[0]} ${slug}.${propertyPath(path)} is said in ${places[1]} too; say it once`);
  const encrypted = encryptedIn(own);
  for (const path of encrypted) {
    const property = propertyPath(path);
    found.push(
      `${customer.locate(path).place} ${slug}.${property} is encrypted here, where the engine does not decrypt it. Run: pulumi config set --secret --path 'ucaas:customers.${slug}.${property}'`,
    );
  }
  if (!isRecord(value)) return [...found, line(customer, [], "expected a map")];
  // The name goes to the vendors as well, where nothing else is said: there a blank one is no further fault.
  const blanks = leaves(value).filter(({ path, value: leaf }) => isBlank(leaf) && (path.length === 1 || leaf !== value.name));
  const failures = [
    ...blanks.map(({ path }) => ({ path, reason: "is a blank, which is still to be filled in" })),
    ...failuresIn(customerSchema, value).filter(({ path }) => !blanks.some((leaf) => isSamePath(leaf.path, path))),
  ];
  const broken = new Set(failures.map(({ path }) => path[0]));
  const sound = new Set(Object.keys(value).filter((section) => !broken.has(section)));
  failures.push(...rulesBrokenBy(value as CustomerDeclaration, sound, source));
  const untold = failures.filter(({ path }) => !encrypted.some((other) => isSamePath(other, path)));
  return [...found, ...untold.map(({ path, reason }) => line(customer, path, reason))];
}

function isSamePath(a: Path, b: Path): boolean {
  return propertyPath(a) === propertyPath(b);
}

/** The encrypted values of a customer's own file: the engine decrypts the stack's file alone. */
function encryptedIn(own: YamlFile | undefined): Path[] {
  return leaves(own?.value([]))
    .map(({ path }) => path.slice(0, -1))
    .filter((path) => own?.isEncrypted(path));
}

/** `place path = value: reason`; what is secret, or by its name should be, is masked. */
function line(customer: Declaration, path: Path, reason: string): string {
  const value = valueAt(customer.value, path);
  const unknown = reason.startsWith("is not a property");
  const { label, place } = customer.locate(path, unknown ? "key" : "value");
  const shown =
    value === undefined || typeof value === "object" || unknown
      ? ""
      : ` = ${customer.isSecret(path) || isSecretByName(path) ? "[secret]" : JSON.stringify(value)}`;
  const separator = reason.startsWith("is ") && shown === "" ? "" : ":";
  return `${place} ${[label, propertyPath(path)].filter(Boolean).join(".")}${shown}${separator} ${reason}`;
}

/** What a user or a subscription is called here says nothing of what is declared for it. */
function isSecretByName(path: Path): boolean {
  const isGiven = (index: number) => /^(users|subscriptions)$/.test(String(path[index - 1]));
  return path.some((part, index) => isSecretName(String(part)) && !isGiven(index));
}
