import { formerSlugs, slugPaths } from "./config.ts";
import { labelled } from "./error-line.ts";
import type { LastUpdate } from "./last-update.ts";
import { type Path, valueAt } from "./object-path.ts";
import type { Declaration, GivenConfig, StackFiles } from "./stack-files.ts";

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
  return [
    ...missing(files, customers, removed, last),
    ...missingSections(files, customers, removed, last),
    ...contradictions(files, customers, removed),
    ...impossibleRenames(customers, last),
    ...customers.flatMap((customer) => lostIds(customer, last)),
  ];
}

function missing(
  files: StackFiles,
  customers: readonly Declaration[],
  removed: ReadonlySet<string>,
  last: LastUpdate,
): string[] {
  const accounted = new Set([
    ...customers.flatMap(({ slug, value }) => [slug, ...formerSlugs(value)]),
    ...removed,
  ]);
  const slugs = [...last.customers].filter((slug) => !accounted.has(slug));
  if (slugs.length === 0) return [];
  const what = slugs.length === 1 ? "customer" : "customers";
  return [
    [
      `${files.fileName} ${what} ${slugs.join(", ")} of the last update: no file declares ${slugs.length === 1 ? "it" : "them"} now [CUSTOMER_MISSING]`,
      ...placesOf(files, slugs),
      "What to do: restore the section or the file.",
      `  To delete ${slugs.length === 1 ? "the customer" : "a customer"}: list the slug under ucaas:removed, such as ucaas:removed: [${slugs[0]}]`,
      `  After a change of the slug: write renamedFrom: ${slugs[0]} in the new section.`,
    ].join("\n    "),
  ];
}

function placesOf(files: StackFiles, slugs: readonly string[]): string[] {
  const elsewhere = files.elsewhere(slugs);
  return [
    `searched: ${files.fileName} (ucaas:customers), ${files.customersName}/<slug>.yaml`,
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
  return [
    [
      `${files.fileName} ${lost.map((path) => path.join(".")).join(", ")} of the last update: no file declares ${lost.length === 1 ? "it" : "them"} now [SECTION_MISSING]`,
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
          `  To delete what a customer has in a system: list it under ucaas:removed, such as ucaas:removed: [${system.join(".")}]`,
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
    return [
      `${place(entry)} ucaas:removed lists ${entry}, which is declared (${customer.locate(path, "key").place}): keep one of the two`,
    ];
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
    return [
      `${place} ${slug}.renamedFrom: the last update has ${there.join(" and ")}, and only one of them can be ${slug}. What to do: declare the others by themselves, or list them under ucaas:removed`,
    ];
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
  return [
    `${customer.locate([path[0] ?? ""], "key").place} ${labelled(customer.slug, path)} would become ${now}: the last update has another one, which would be deleted [ID_LOST]`,
    "What to do: keep renamedFrom, with all former slugs and the oldest first, or write the id that the customer has",
    "  (pulumi stack output customers shows it).",
  ].join("\n    ");
}
