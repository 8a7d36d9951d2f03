import { slugSchema } from "pulumi-ucaas-stacks/internal/config";
import { duplicates } from "pulumi-ucaas-stacks/internal/duplicates";
import { isRecord } from "pulumi-ucaas-stacks/internal/object-path";
import type { Declaration, StackFiles } from "pulumi-ucaas-stacks/internal/stack-files";
import type { State } from "../pulumi/stack.ts";
import { parseUrn } from "../pulumi/urn.ts";
import { sectionOf } from "./section.ts";
import { slugOf } from "./slug.ts";
import type { AdoptionSource, Candidate } from "./source.ts";

/** What becomes of a thing. */
export type Action =
  /** The state has it. */
  | { readonly kind: "managed"; readonly slug: string }
  /** The files have it, so it only has to be imported. */
  | { readonly kind: "declared"; readonly slug: string; readonly place: string }
  /** It gets a customer of its own. */
  | { readonly kind: "new"; readonly slug: string }
  /** A customer of the files gets it. */
  | { readonly kind: "joins"; readonly slug: string }
  | { readonly kind: "left out"; readonly reason: string };

export interface PlannedCandidate {
  readonly candidate: Candidate;
  readonly action: Action;
}

/** Everything that decides over the fates. */
export interface PlanContext {
  readonly vendor: Pick<AdoptionSource, "name" | "type" | "account">;
  readonly files: StackFiles;
  readonly state: readonly State[];
  /** Slugs that the user chose, by the candidate's id. */
  readonly chosen: ReadonlyMap<string, string>;
}

/**
 * Decides what happens to each candidate. One that the state or the files have keeps its
 * place. Another gets the slug that the user chose, or one made from its names. If the
 * files have a customer of that slug without such a section, the candidate becomes its
 * section.
 */
export function plan(candidates: readonly Candidate[], situation: PlanContext): PlannedCandidate[] {
  const { vendor, files, chosen } = situation;
  const customers = files.customers(files.asWritten);
  const bySlug = new Map(customers.map((customer) => [customer.slug, customer]));
  const given = new Set<string>();
  const first = candidates.map((candidate): PlannedCandidate => {
    const known = managed(candidate, situation) ?? declared(candidate, vendor.name, customers);
    if (known) return { candidate, action: known };
    if (candidate.blockedReason !== undefined)
      return { candidate, action: { kind: "left out", reason: candidate.blockedReason } };
    const isTaken = (slug: string) =>
      given.has(slug) || sectionOf(bySlug.get(slug), vendor.name) !== undefined;
    const wanted = chosen.get(candidate.id);
    const wrong = wanted === undefined ? undefined : slugSchema.safeParse(wanted).error?.issues[0];
    if (wrong)
      return {
        candidate,
        action: {
          kind: "left out",
          reason: `${JSON.stringify(wanted)} is no slug: it ${wrong.message}`,
        },
      };
    if (wanted !== undefined && isTaken(wanted)) {
      return {
        candidate,
        action: {
          kind: "left out",
          reason: `customer ${wanted} has another ${vendor.name} already: choose another slug`,
        },
      };
    }
    const slug = wanted ?? slugOf(candidate.names, isTaken);
    given.add(slug);
    return { candidate, action: { kind: bySlug.has(slug) ? "joins" : "new", slug } };
  });
  return withoutDuplicates(first, situation);
}

function managed({ id }: Candidate, { vendor, state }: PlanContext): Action | undefined {
  const found = state.find(
    (resource) =>
      resource.type.endsWith(`:${vendor.type}`) &&
      resource.id === id &&
      (resource.inputs?.account ?? undefined) === vendor.account,
  );
  return found && { kind: "managed", slug: parseUrn(found.parent ?? found.urn).name };
}

function declared(
  candidate: Candidate,
  vendor: string,
  customers: readonly Declaration[],
): Action | undefined {
  const found = customers.find((customer) => {
    const section = sectionOf(customer, vendor);
    return section && candidate.isDeclaredBy(section);
  });
  return (
    found && { kind: "declared", slug: found.slug, place: found.locate([vendor], "key").place }
  );
}

/**
 * What the files of this stack or of another in the folder say already, the program would
 * refuse a second time.
 */
function withoutDuplicates(
  planned: readonly PlannedCandidate[],
  { vendor, files }: PlanContext,
): PlannedCandidate[] {
  const { asWritten } = files;
  const inStack = isRecord(asWritten.customers) ? asWritten.customers : {};
  const added = planned.flatMap(({ candidate, action }) =>
    action.kind === "new" || action.kind === "joins"
      ? [
          [
            action.slug,
            {
              name: candidate.name,
              ...(inStack[action.slug] as object),
              [vendor.name]: candidate.section,
            },
          ],
        ]
      : [],
  );
  const slugs = new Set(added.map(([slug]) => slug));
  const all = files.customers({
    ...asWritten,
    customers: { ...inStack, ...Object.fromEntries(added) },
  });
  // Of two duplicates, the later one is reported.
  const inOrder = [
    ...all.filter(({ slug }) => !slugs.has(slug)),
    ...all.filter(({ slug }) => slugs.has(slug)),
  ];
  const found = duplicates(files, inOrder);
  const reasons = new Map(
    found
      .filter(({ path }) => path[0] === vendor.name)
      .map(({ customer, reason }) => [customer.slug, reason]),
  );
  return planned.map((each) => {
    const reason =
      "slug" in each.action && slugs.has(each.action.slug)
        ? reasons.get(each.action.slug)
        : undefined;
    return reason === undefined
      ? each
      : { candidate: each.candidate, action: { kind: "left out", reason } };
  });
}
