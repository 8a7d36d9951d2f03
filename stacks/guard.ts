import { formerSlugs, slugPaths } from "./config.ts";
import { labelled } from "./error-line.ts";
import type { LastUpdate } from "./last-update.ts";
import { type Path, valueAt } from "./object-path.ts";
import type { Declaration, GivenConfig, StackFiles } from "./stack-files.ts";

/**
 * What a slip would cost: customers that the last update has and no file declares, and
 * ids that would follow from another slug than they did. To the engine both are deletions
 * like any other. A customer that is to go is listed under `ucaas:removed`.
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
  const elsewhere = files.elsewhere(slugs);
  return [
    [
      `${files.fileName} ${what} ${slugs.join(", ")} of the last update: no file declares ${slugs.length === 1 ? "it" : "them"} now [CUSTOMER_MISSING]`,
      `searched: ${files.fileName} (ucaas:customers), ${files.customersName}/<slug>.yaml`,
      ...(elsewhere.length > 0 ? [`found, but not read: ${elsewhere.join(", ")}`] : []),
      "What to do: restore the section or the file.",
      `  To delete ${slugs.length === 1 ? "the customer" : "a customer"}: list the slug under ucaas:removed, such as ucaas:removed: [${slugs[0]}]`,
      `  After a change of the slug: write renamedFrom: ${slugs[0]} in the new section.`,
    ].join("\n    "),
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
  return customers.flatMap((customer) => [
    ...(removed.has(customer.slug)
      ? [
          `${place(customer.slug)} ucaas:removed lists ${customer.slug}, which is declared (${customer.locate([], "key").place}): keep one of the two`,
        ]
      : []),
    ...formerSlugs(customer.value)
      .filter((former) => removed.has(former))
      .map(
        (former) =>
          `${place(former)} ucaas:removed lists ${former}, which ${customer.slug} is renamed from: keep one of the two`,
      ),
  ]);
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
