import { slugSchema } from "../../stacks/config.ts";
import { duplicates } from "../../stacks/duplicates.ts";
import type { Declaration, StackFiles } from "../../stacks/stack-files.ts";
import { isRecord } from "../../stacks/tree.ts";
import type { State } from "../stack.ts";
import { partsOf } from "../urn.ts";
import { slugOf } from "./slug.ts";
import type { Section, Thing, Vendor } from "./vendor.ts";

/** What becomes of a thing. */
export type Fate =
  /** The state has it. */
  | { readonly kind: "managed"; readonly slug: string }
  /** The files have it, so it only has to be imported. */
  | { readonly kind: "declared"; readonly slug: string; readonly place: string }
  /** It gets a customer of its own. */
  | { readonly kind: "new"; readonly slug: string }
  /** A customer of the files gets it. */
  | { readonly kind: "joins"; readonly slug: string }
  | { readonly kind: "left out"; readonly reason: string };

export interface Planned {
  readonly thing: Thing;
  readonly fate: Fate;
}

/** Everything that decides over the fates. */
export interface Situation {
  readonly vendor: Pick<Vendor, "name" | "type" | "account">;
  readonly files: StackFiles;
  readonly state: readonly State[];
  /** Slugs that the user chose, by the thing's id. */
  readonly chosen: ReadonlyMap<string, string>;
}

/**
 * Decides what becomes of each thing: one that the state or the files have is found there; another gets the slug that the user chose, or one
 * made of its names. If a customer of that slug is in the files and has no such section, it gets the thing.
 */
export function plan(things: readonly Thing[], situation: Situation): Planned[] {
  const { vendor, files, chosen } = situation;
  const customers = files.customers(files.asWritten);
  const bySlug = new Map(customers.map((customer) => [customer.slug, customer]));
  const given = new Set<string>();
  const first = things.map((thing): Planned => {
    const known = managed(thing, situation) ?? declared(thing, vendor.name, customers);
    if (known) return { thing, fate: known };
    if (thing.obstacle !== undefined) return { thing, fate: { kind: "left out", reason: thing.obstacle } };
    const isTaken = (slug: string) => given.has(slug) || sectionOf(bySlug.get(slug), vendor.name) !== undefined;
    const wanted = chosen.get(thing.id);
    const wrong = wanted === undefined ? undefined : slugSchema.safeParse(wanted).error?.issues[0];
    if (wrong) return { thing, fate: { kind: "left out", reason: `${JSON.stringify(wanted)} is no slug: it ${wrong.message}` } };
    if (wanted !== undefined && isTaken(wanted)) {
      return { thing, fate: { kind: "left out", reason: `customer ${wanted} has another ${vendor.name} already: choose another slug` } };
    }
    const slug = wanted ?? slugOf(thing.names, isTaken);
    given.add(slug);
    return { thing, fate: { kind: bySlug.has(slug) ? "joins" : "new", slug } };
  });
  return withoutDuplicates(first, situation);
}

function managed({ id }: Thing, { vendor, state }: Situation): Fate | undefined {
  const found = state.find(
    (resource) =>
      resource.type.endsWith(`:${vendor.type}`) && resource.id === id && (resource.inputs?.account ?? undefined) === vendor.account,
  );
  return found && { kind: "managed", slug: partsOf(found.parent ?? found.urn).name };
}

function declared(thing: Thing, vendor: string, customers: readonly Declaration[]): Fate | undefined {
  const found = customers.find((customer) => {
    const section = sectionOf(customer, vendor);
    return section && thing.isDeclaredBy(section);
  });
  return found && { kind: "declared", slug: found.slug, place: found.locate([vendor], "key").place };
}

/** What the files of this stack or of another in the folder say already, the program would refuse a second time. */
function withoutDuplicates(planned: readonly Planned[], { vendor, files }: Situation): Planned[] {
  const { asWritten } = files;
  const inStack = isRecord(asWritten.customers) ? asWritten.customers : {};
  const added = planned.flatMap(({ thing, fate }) =>
    fate.kind === "new" || fate.kind === "joins"
      ? [[fate.slug, { name: thing.name, ...(inStack[fate.slug] as object), [vendor.name]: thing.section }]]
      : [],
  );
  const slugs = new Set(added.map(([slug]) => slug));
  const all = files.customers({ ...asWritten, customers: { ...inStack, ...Object.fromEntries(added) } });
  // The later of two is told to be the second.
  const inOrder = [...all.filter(({ slug }) => !slugs.has(slug)), ...all.filter(({ slug }) => slugs.has(slug))];
  const found = duplicates(files, inOrder);
  const reasons = new Map(found.filter(({ path }) => path[0] === vendor.name).map(({ customer, reason }) => [customer.slug, reason]));
  return planned.map((each) => {
    const reason = "slug" in each.fate && slugs.has(each.fate.slug) ? reasons.get(each.fate.slug) : undefined;
    return reason === undefined ? each : { thing: each.thing, fate: { kind: "left out", reason } };
  });
}

export function sectionOf(customer: Declaration | undefined, vendor: string): Section | undefined {
  const section = isRecord(customer?.value) ? customer.value[vendor] : undefined;
  return isRecord(section) ? section : undefined;
}
