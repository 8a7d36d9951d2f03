import { propertyPath, unknownValue, validationFailures } from "pulumi-ucaas/schemas";
import { type CustomerDeclaration, customerSchema, slugSchema } from "./config.ts";
import { faultLine, labelled, setSecret, yamlFaultLine } from "./error-line.ts";
import { isRecord, leaves, type Path, replaced } from "./object-path.ts";
import { isUnfilled } from "./placeholder.ts";
import { type ConfigSource, checkRules } from "./rules.ts";
import type { Declaration } from "./stack-files.ts";
import type { YamlFile } from "./yaml-file.ts";

/**
 * What is wrong in a customer's declaration, as lines for people.
 *
 * @param own  the customer's own file, where it has one
 */
export function customerFaults(
  customer: Declaration,
  own: YamlFile | undefined,
  source: ConfigSource,
): string[] {
  const inOwn = own ? ownFileFaults(own, customer.slug) : [];
  if (own && (!own.isReadable || own.isEmpty)) return inOwn;
  const encrypted = encryptedIn(own);
  // What is reported of the text is not reported of the value as well.
  const reported = [...(own?.faults ?? []).map(({ path }) => path), ...encrypted];
  return [
    ...inOwn,
    ...slugFaults(customer),
    ...placeFaults(customer),
    ...encrypted.map((path) => encryptedFault(customer, path)),
    ...valueFaults(customer, reported, source),
  ];
}

function ownFileFaults(own: YamlFile, slug: string): string[] {
  if (own.unreadable) return [`${own.name} ${own.unreadable}`];
  if (own.isEmpty)
    return [
      [
        `${own.at(0)} the file is empty. Declare customer ${slug} in it,`,
        `or delete the file and list ${slug} under ucaas:removed`,
      ].join(" "),
    ];
  return own.faults.map((fault) =>
    yamlFaultLine(customerSchema, own, fault, fault.path.length > 0 ? slug : "", fault.path),
  );
}

function slugFaults(customer: Declaration): string[] {
  const { slug } = customer;
  const [fault] = slugSchema.safeParse(slug).error?.issues ?? [];
  return fault
    ? [
        `${customer.locate([], "key").place} ${JSON.stringify(slug)} is no slug: it ${fault.message}`,
      ]
    : [];
}

/** A value that two places declare. */
function placeFaults({ slug, saidTwice, emptied }: Declaration): string[] {
  return [
    ...saidTwice.map(
      ({ path, places }) =>
        `${places[0]} ${labelled(slug, path)} is said in ${places[1]} too; say it once`,
    ),
    ...emptied.map(
      ({ path, place }) =>
        `${place} ${labelled(slug, path)} is empty here, and declared elsewhere: write it here, or take the line out`,
    ),
  ];
}

/** The encrypted values of a customer's own file: the engine decrypts the stack's file alone. */
function encryptedIn(own: YamlFile | undefined): Path[] {
  return leaves(own?.value([]))
    .map(({ path }) => path.slice(0, -1))
    .filter((path) => own?.isEncrypted(path));
}

function encryptedFault(customer: Declaration, path: Path): string {
  const { slug } = customer;
  const key = labelled(`ucaas:customers.${slug}`, path);
  return [
    `${customer.locate(path).place} ${labelled(slug, path)} is encrypted here,`,
    `where the engine does not decrypt it. Run: ${setSecret(key)}`,
  ].join(" ");
}

function valueFaults(
  customer: Declaration,
  reported: readonly Path[],
  source: ConfigSource,
): string[] {
  const { value } = customer;
  if (!isRecord(value)) return [faultLine(customerSchema, customer, [], "expected a map")];
  const blanks = blanksIn(value);
  const known = [...blanks, ...reported];
  const failures = [
    ...blanks.map((path) => ({ path, reason: "is a blank, which is still to be filled in" })),
    ...validationFailures(customerSchema, value).filter(({ path }) => !includesPath(known, path)),
  ];
  const failed = failures.map(({ path }) => path);
  // A rule that looks at a value which is wrong by itself passes, as it does for one that
  // is not known yet.
  const checkable = [...known, ...failed].reduce<unknown>(
    (whole, path) => replaced(whole, path, unknownValue),
    value,
  );
  const broken = checkRules(checkable as CustomerDeclaration, source).filter(
    ({ path }) => !includesPath(failed, path),
  );
  return [...failures, ...broken].map(({ path, reason }) =>
    faultLine(customerSchema, customer, path, reason),
  );
}

/**
 * The name goes to the vendors as well, where nothing else is said: there a blank one is
 * no further fault.
 */
function blanksIn(value: Record<string, unknown>): Path[] {
  return leaves(value)
    .filter(
      ({ path, value: leaf }) => isUnfilled(leaf) && (path.length === 1 || leaf !== value.name),
    )
    .map(({ path }) => path);
}

function includesPath(paths: readonly Path[], path: Path): boolean {
  return paths.some((other) => propertyPath(other) === propertyPath(path));
}
