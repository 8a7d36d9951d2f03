import { steps } from "pulumi-ucaas/schemas";
import { formerSlugs, slugPaths } from "./config.ts";
import { type Moved, movedAway } from "./duplicates.ts";
import { labelled } from "./error-line.ts";
import { customerType, type LastUpdate } from "./last-update.ts";
import { type Path, valueAt } from "./object-path.ts";
import { Declaration, type GivenConfig, type StackFiles } from "./stack-files.ts";

/**
 * What a slip would cost: customers, and sections of customers, that the last update has
 * and no file declares, and ids that would follow from another slug than they did. To the
 * engine they are deletions like any other. What is to go is listed under `ucaas:removed`.
 */
export function guardErrors(
  files: StackFiles,
  config: GivenConfig,
  customers: readonly Declaration[],
  last: LastUpdate,
): string[] {
  const removed = new Set(Array.isArray(config.removed) ? config.removed.map(String) : []);
  const moved = movedAway(files, goneSystems(customers, last));
  const accounted = new Set([
    ...removed,
    ...moved.flatMap(({ slug, system }) => [slug, `${slug}.${system}`]),
  ]);
  return [
    ...movedErrors(files, customers, removed, moved),
    ...missing(files, customers, accounted, last),
    ...missingSections(files, customers, accounted, last),
    ...contradictions(files, customers, removed),
    ...impossibleRenames(customers, last),
    ...customers.flatMap((customer) => lostIds(customer, last)),
  ];
}

/** What the last update has of systems that no file declares now, by today's slugs. */
function goneSystems(customers: readonly Declaration[], last: LastUpdate): Declaration[] {
  return [...last.customers].flatMap((slug) => {
    const now = customers.find((each) => [each.slug, ...formerSlugs(each.value)].includes(slug));
    if (now && !now.isReadable) return [];
    const gone = last
      .sections(slug)
      .map((section) => [section, last.outputs(slug, section)] as const)
      .filter(([section, outputs]) => outputs && valueAt(now?.value, [section]) === undefined);
    return gone.length > 0
      ? [new Declaration(now?.slug ?? slug, Object.fromEntries(gone), [])]
      : [];
  });
}

/**
 * To this stack they are removals, and the other one takes over what is about to be
 * deleted, or orders it once more.
 */
function movedErrors(
  files: StackFiles,
  customers: readonly Declaration[],
  removed: ReadonlySet<string>,
  moved: readonly Moved[],
): string[] {
  const declared = new Set(customers.map(({ slug }) => slug));
  const parts = moved.filter(({ slug }) => declared.has(slug));
  const first = new Map(moved.toReversed().map((each) => [each.slug, each]));
  const whole = [...first.values()].filter(({ slug }) => !declared.has(slug));
  return [
    ...[...new Set(whole.map(({ stack }) => stack))].map((stack) =>
      movedCustomers(
        files,
        removed,
        stack,
        whole.filter((each) => each.stack === stack),
      ),
    ),
    ...new Set(parts.map((part) => movedSystem(files, part))),
  ];
}

function movedCustomers(
  { fileName, stack, project }: StackFiles,
  removed: ReadonlySet<string>,
  to: string,
  moved: readonly Moved[],
): string {
  const slugs = moved.map(({ slug }) => slug);
  const listed = slugs.filter((slug) => removed.has(slug));
  const renamed = moved.filter(
    ({ slug, to }) => ![to.slug, ...formerSlugs(to.value)].includes(slug),
  );
  const urns = slugs.map((slug) => `'urn:pulumi:${stack}::${project}::${customerType}::${slug}'`);
  const named = `${fileName} ${nounFor(slugs)} ${slugs.join(", ")} of the last update`;
  return [
    `${named} would be deleted: ${declaredIn(moved)} [MOVED_TO_OTHER_STACK]`,
    `What to do: ${steps(
      ...(listed.length > 0 ? [`Take ${listed.join(", ")} out of ucaas:removed.`] : []),
      ...renamed.map(({ slug, to }) => `Write renamedFrom: ${slug} in the section ${to.slug}.`),
      `Run: pulumi state move --source ${stack} --dest ${to} ${urns.join(" ")}`,
      `Run pulumi up for ${to}, then for ${stack}.`,
    )}`,
    ...otherServer(moved),
    `If ${to} has customers already: see docs/stack-files.md, Moving a customer to another stack.`,
    `To delete instead: take it out of stack ${to}.`,
  ].join("\n    ");
}

/** The engine moves a resource with its children, and never without its parent. */
function movedSystem({ fileName }: StackFiles, moved: Moved): string {
  const { slug, system, stack } = moved;
  return [
    `${fileName} ${slug}.${system} of the last update would be deleted: ${declaredIn([moved])} [MOVED_TO_OTHER_STACK]`,
    `What to do: ${steps(
      "Restore the section here: only a whole customer can be moved.",
      `Take it out of stack ${stack}.`,
    )}`,
    ...otherServer([moved]),
    `To delete it here: take it out of stack ${stack} first.`,
  ].join("\n    ");
}

/** An address that the other stack has from the environment is not known here. */
function otherServer(moved: readonly Moved[]): string[] {
  const from = moved.find(({ serverKey }) => serverKey !== undefined);
  return from
    ? [`If stack ${from.stack} is at another server: write ${from.serverKey} into its stack file.`]
    : [];
}

function declaredIn(moved: readonly Moved[]): string {
  const places = moved.map(({ to, system }) => to.locate([system], "key").place);
  return `stack ${moved[0]?.stack} declares ${moved.length === 1 ? "it" : "them"} (${places.join(", ")})`;
}

function missing(
  files: StackFiles,
  customers: readonly Declaration[],
  accounted: ReadonlySet<string>,
  last: LastUpdate,
): string[] {
  const declared = new Set(customers.flatMap(({ slug, value }) => [slug, ...formerSlugs(value)]));
  const slugs = [...last.customers].filter((slug) => !declared.has(slug) && !accounted.has(slug));
  if (slugs.length === 0) return [];
  const named = `${nounFor(slugs)} ${slugs.join(", ")}`;
  const one = slugs.length === 1 ? "the customer" : "a customer";
  return [
    [
      `${notDeclared(files, named, slugs.length)} [CUSTOMER_MISSING]`,
      ...placesOf(files, slugs),
      "What to do: restore the section or the file.",
      `  To delete ${one}: list the slug under ${removedWith(slugs[0])}`,
      `  After a change of the slug: write renamedFrom: ${slugs[0]} in the new section.`,
    ].join("\n    "),
  ];
}

function nounFor(slugs: readonly string[]): string {
  return slugs.length === 1 ? "customer" : "customers";
}

function notDeclared({ fileName }: StackFiles, named: string, count: number): string {
  const what = count === 1 ? "it" : "them";
  return `${fileName} ${named} of the last update: no file declares ${what} now`;
}

function removedWith(entry: string | undefined): string {
  return `ucaas:removed, such as ucaas:removed: [${entry}]`;
}

function placesOf(files: StackFiles, slugs: readonly string[]): string[] {
  const elsewhere = files.elsewhere(slugs);
  const inOthers = files.others().flatMap((other) =>
    other
      .customers(other.asWritten)
      .filter(({ slug }) => slugs.includes(slug))
      .map((customer) => `declared in stack ${other.stack}: ${customer.locate([], "key").place}`),
  );
  return [
    `searched: ${files.fileName} (ucaas:customers), ${files.customersName}/<slug>.yaml`,
    ...inOthers,
    ...(elsewhere.length > 0 ? [`found, but not read: ${elsewhere.join(", ")}`] : []),
  ];
}

/** A customer may lose its own file, and still be declared in the stack's. */
function missingSections(
  files: StackFiles,
  customers: readonly Declaration[],
  removed: ReadonlySet<string>,
  last: LastUpdate,
): string[] {
  const lost = customers
    .flatMap((customer) => lostSections(customer, last))
    .filter((path) => !removed.has(path.join(".")));
  if (lost.length === 0) return [];
  const slugs = lost.flatMap(([slug = ""]) => slug);
  const named = lost.map((path) => path.join(".")).join(", ");
  return [
    [
      `${notDeclared(files, named, lost.length)} [SECTION_MISSING]`,
      ...placesOf(files, slugs),
      "What to do: restore the section or the file.",
      ...waysToDelete(lost),
    ].join("\n    "),
  ];
}

/**
 * An empty list is declared, and single members may go. Where a whole section is lost,
 * its lists are no further loss.
 */
function lostSections(customer: Declaration, last: LastUpdate): string[][] {
  const { slug, value, isReadable } = customer;
  if (!isReadable) return [];
  const before = new Set([slug, ...formerSlugs(value)].flatMap((each) => last.sections(each)));
  return [...before]
    .map((section) => section.split("."))
    .filter(
      (path) =>
        valueAt(value, path) === undefined && valueAt(value, path.slice(0, -1)) !== undefined,
    )
    .map((path) => [slug, ...path]);
}

function waysToDelete(lost: readonly string[][]): string[] {
  const system = lost.find(({ length }) => length === 2);
  const lists = lost.flatMap(([, section, list]) =>
    list === undefined
      ? []
      : [`  To delete all ${list} of a customer: write ${list}: {} in its section ${section}.`],
  );
  return [
    ...(system
      ? [
          `  To delete what a customer has in a system: list it under ${removedWith(system.join("."))}`,
        ]
      : []),
    ...new Set(lists),
  ];
}

function contradictions(
  files: StackFiles,
  customers: readonly Declaration[],
  removed: ReadonlySet<string>,
): string[] {
  const place = (slug: string) => {
    const list = files.asWritten.removed;
    const index = Array.isArray(list) ? list.indexOf(slug) : -1;
    return index < 0
      ? files.fileName
      : (files.file?.place([...files.keyPath("removed"), index], "value") ?? files.fileName);
  };
  const declared = [...removed].flatMap((entry) => {
    const [slug, ...path] = entry.split(".");
    const customer = customers.find((each) => each.slug === slug);
    if (!customer || valueAt(customer.value, path) === undefined) return [];
    const { place: declaration } = customer.locate(path, "key");
    const fault = `lists ${entry}, which is declared (${declaration}): keep one of the two`;
    return [`${place(entry)} ucaas:removed ${fault}`];
  });
  const renamed = customers.flatMap((customer) =>
    formerSlugs(customer.value)
      .filter((former) => removed.has(former))
      .map(
        (former) =>
          `${place(former)} ucaas:removed lists ${former}, which ${customer.slug} is renamed from: keep one of the two`,
      ),
  );
  return [...declared, ...renamed];
}

/** An alias leads to a resource of another name only as long as there is none of the own. */
function impossibleRenames(customers: readonly Declaration[], last: LastUpdate): string[] {
  return customers.flatMap((customer) => {
    const { slug, value } = customer;
    const there = [slug, ...formerSlugs(value)].filter((each) => last.customers.has(each));
    if (there.length < 2) return [];
    const { place } = customer.locate(["renamedFrom"]);
    const fault = `the last update has ${there.join(" and ")}, and only one of them can be ${slug}`;
    const remedy = "declare the others by themselves, or list them under ucaas:removed";
    return [`${place} ${slug}.renamedFrom: ${fault}. What to do: ${remedy}`];
  });
}

/**
 * Ids that are not declared follow from the slug. If the slug changed, the next update
 * would create a new tenant and delete the old one.
 */
function lostIds(customer: Declaration, last: LastUpdate): string[] {
  const former = [customer.slug, ...formerSlugs(customer.value)].find((slug) =>
    last.customers.has(slug),
  );
  if (former === undefined) return [];
  return slugPaths.flatMap((path) => {
    const [system, ...property] = path;
    const now = valueAt(customer.value, path);
    const before = valueAt(last.outputs(former, String(system)), property);
    if (
      customer.says(path) ||
      typeof now !== "string" ||
      typeof before !== "string" ||
      now === before
    )
      return [];
    return [lostId(customer, path, now)];
  });
}

function lostId(customer: Declaration, path: Path, now: string): string {
  const { place } = customer.locate([path[0] ?? ""], "key");
  const change = `${labelled(customer.slug, path)} would become ${now}`;
  return [
    `${place} ${change}: the last update has another one, which would be deleted [ID_LOST]`,
    "What to do: keep renamedFrom, with all former slugs and the oldest first, or write the id that the customer has",
    "  (pulumi stack output customers shows it).",
  ].join("\n    ");
}
