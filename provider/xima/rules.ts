import type { dynamic } from "@pulumi/pulumi";
import { steps } from "../runtime/errors.ts";
import { inOneSpelling, spellingChange } from "../runtime/identifiers.ts";
import { isUnknown } from "../runtime/unknown.ts";
import type { ApiRevision, SeatRules } from "./config.ts";
import type { LicenseInputs } from "./schema.ts";

/** A rule of the contract that the declared licence breaks, or a note on what it buys. */
export interface Finding {
  readonly property: string;
  readonly reason: string;
  /** A note does not stop anything. */
  readonly note?: true;
}

type SeatField = Exclude<
  keyof LicenseInputs,
  | "ccId"
  | "aiMessaging"
  | "aiAudioServices"
  | "sipCredentials"
  | "adopt"
  | "reassertAfter"
  | "account"
  | "__stack"
  | "__resource"
>;

/**
 * The smallest number of each seat that can be bought, by revision; 0 removes the licence
 * in both.
 */
const minimum: Record<ApiRevision, Partial<Record<SeatField, number>>> = {
  guide: {
    workforceOptimizationSeats: 10,
    workforceManagementSeats: 10,
    speechAnalyticsSeats: 5,
    dialerSeats: 5,
  },
  "1.4": {
    digitalOnlySeats: 5,
    essentialSeats: 5,
    professionalSeats: 5,
    eliteSeats: 5,
    workforceOptimizationSeats: 10,
    workforceManagementSeats: 10,
    speechAnalyticsSeats: 5,
    dialerSeats: 10,
  },
};

/** Counts that may have a minimum. */
export const seatFields = [
  "digitalOnlySeats",
  "essentialSeats",
  "professionalSeats",
  "eliteSeats",
  "workforceOptimizationSeats",
  "workforceManagementSeats",
  "speechAnalyticsSeats",
  "dialerSeats",
] as const satisfies readonly (SeatField & keyof SeatRules)[];

const named: Record<ApiRevision, string> = { guide: "licensing guide", "1.4": "OpenAPI 1.4" };

/** Minimums and needs that the vendor's own pages contradict, with what the other page says. */
const contradicted: Partial<Record<ApiRevision, Partial<Record<keyof SeatRules, string>>>> = {
  "1.4": {
    dialerSeats: "the authentication page shows 5",
    workforceOptimizationSeats: "the licensing page says 5",
    workforceManagementSeats: "the licensing page says 5",
    aiMessaging: "its own example has none",
    aiAudioServices: "OpenAPI 1.4 names no such rule",
  },
};

/**
 * All rules of a revision that the inputs break, as far as they are known. Seats that are
 * not declared are left as they are on the server, so when a customer is adopted nothing
 * is concluded from their absence.
 *
 * `rules` is `xima:seatRules`: it replaces a minimum, or makes a rule a note or nothing.
 */
export function ruleFindings(
  inputs: Partial<LicenseInputs>,
  revision: ApiRevision,
  rules: SeatRules = {},
): Finding[] {
  const ai = revision === "guide" ? aiFindingsOfGuide(inputs) : aiFindings(inputs, revision);
  const broken: RuleFinding[] = [
    ...minimumFindings(inputs, revision, rules),
    ...ai,
    ...sipFindings(inputs),
  ];
  return broken.flatMap(({ rule, ...finding }) => {
    const setting = rule && rules[rule];
    if (setting === "off") return [];
    return setting === "warn" ? [{ ...finding, note: true as const }] : [finding];
  });
}

/** With the key of `xima:seatRules` that a rule obeys; a rule without one always counts. */
interface RuleFinding extends Finding {
  readonly rule?: keyof SeatRules;
}

function minimumFindings(
  inputs: Partial<LicenseInputs>,
  revision: ApiRevision,
  rules: SeatRules,
): RuleFinding[] {
  return seatFields.flatMap((rule) => {
    const seats = known(inputs[rule]);
    const setting = rules[rule];
    const least = leastSeats(rule, revision, rules);
    if (seats === undefined || seats === 0 || seats >= least) return [];
    const source =
      typeof setting === "number"
        ? `xima:seatRules.${rule}`
        : named[revision] + wayOut(rule, revision);
    return [
      { property: rule, reason: `must be 0 or at least ${least}, not ${seats} (${source})`, rule },
    ];
  });
}

/**
 * The least number of seats beside 0, by the revision and `xima:seatRules`; 0 where there
 * is none.
 */
export function leastSeats(
  field: (typeof seatFields)[number],
  revision: ApiRevision,
  rules: SeatRules,
): number {
  const setting = rules[field];
  if (setting === "off") return 0;
  return typeof setting === "number" ? setting : (minimum[revision][field] ?? 0);
}

/** For a rule that the vendor's pages contradict: what the other one says, and the setting. */
function wayOut(rule: keyof SeatRules, revision: ApiRevision): string {
  const other = contradicted[revision]?.[rule];
  return other ? `; ${other}, see xima:seatRules.${rule}` : "";
}

function aiFindingsOfGuide(inputs: Partial<LicenseInputs>): RuleFinding[] {
  if (!known(inputs.additionalAiMessages) || !absent(inputs, "eliteSeats")) return [];
  const reason = `needs at least one of eliteSeats (licensing guide)${unlessThere}`;
  return [{ property: "additionalAiMessages", reason, rule: "additionalAiMessages" }];
}

function aiFindings(inputs: Partial<LicenseInputs>, revision: ApiRevision): RuleFinding[] {
  const found: RuleFinding[] = [];
  if (known(inputs.additionalAiMessages) !== undefined) {
    found.push({
      property: "additionalAiMessages",
      reason: [
        "was removed from the API (OpenAPI 1.4). What to do: use aiMessaging,",
        "or set xima:apiRevision to guide for a server of the older revision",
      ].join(" "),
    });
  }
  const standard = known(inputs.aiMessaging?.standardBundles) ?? 0;
  const advanced = known(inputs.aiMessaging?.advancedBundles) ?? 0;
  if (standard > 0 && advanced > 0) {
    found.push({
      property: "aiMessaging",
      reason: "only one of standardBundles and advancedBundles may be above 0 (OpenAPI 1.4)",
    });
  }
  if (standard + advanced > 0 && absent(inputs, "professionalSeats", "eliteSeats")) {
    found.push({
      property: "aiMessaging",
      reason: [
        `any bundle needs at least one Professional seat or higher (licensing page${wayOut("aiMessaging", revision)}).`,
        `What to do: declare professionalSeats or eliteSeats${unlessThere}`,
      ].join(" "),
      rule: "aiMessaging",
    });
  }
  if (standard > 0 && (known(inputs.eliteSeats) ?? 0) > 0) {
    found.push({
      property: "aiMessaging.standardBundles",
      reason: `Elite already includes one standard bundle; this buys ${standard} more (OpenAPI 1.4)`,
      note: true,
    });
  }
  if (
    (known(inputs.aiAudioServices?.additionalHours) ?? 0) > 0 &&
    absent(inputs, "essentialSeats", "professionalSeats", "eliteSeats")
  ) {
    found.push({
      property: "aiAudioServices",
      reason: [
        `transcription needs at least one Essential seat or higher (licensing page${wayOut("aiAudioServices", revision)}).`,
        `What to do: declare essentialSeats, professionalSeats or eliteSeats${unlessThere}`,
      ].join(" "),
      rule: "aiAudioServices",
    });
  }
  return found;
}

const unlessThere = "; for a customer that has such seats already, set adopt: true";

function sipFindings({ sipCredentials }: Partial<LicenseInputs>): Finding[] {
  if (!sipCredentials || isUnknown(sipCredentials)) return [];
  if ((sipCredentials.sipPort === undefined) === (sipCredentials.transport === undefined))
    return [];
  return [
    {
      property: "sipCredentials",
      reason: "sipPort and transport come together or not at all (OpenAPI 1.4)",
    },
  ];
}

/**
 * An id that changes its case or its Unicode spelling alone. It would be a replacement. On
 * a server that ignores either, the delete of the old licence would be a delete of the new
 * one, since both are one customer. Whether the server does is not public.
 */
export function respelledIds(
  { ccId: before }: Partial<LicenseInputs>,
  { ccId }: LicenseInputs,
): dynamic.CheckFailure[] {
  const ids = ["resellerId", "tenantId"] as const;
  const changed = ids.filter((name) => ccId?.[name] !== before?.[name]);
  const isSame = ids.every((name) => isSpelledAlike(before?.[name], ccId?.[name]));
  if (!before || !isSame) return [];
  return changed.map((name) => ({
    property: `ccId.${name}`,
    reason: [
      [
        `changes ${whatChanged(before[name], ccId[name])} alone, and Xima may take both for one customer.`,
        `What to do: declare "${before[name]}"`,
      ].join(" "),
      `If they are two customers: ${steps("Remove the resource, and run `pulumi up`.", "Declare the other customer.")}`,
    ].join("\n    "),
  }));
}

function isSpelledAlike(before: unknown, now: unknown): boolean {
  if (typeof before !== "string" || typeof now !== "string") return before === now;
  return inOneSpelling(before).toLowerCase() === inOneSpelling(now).toLowerCase();
}

function whatChanged(before: string, now: string): string {
  const isCase = before.toLowerCase() === now.toLowerCase();
  return isCase ? "its case" : `its Unicode spelling (${spellingChange(before, now)})`;
}

/**
 * The API has no way to take SIP credentials away (inferred), so a silent change of the
 * declaration would be a lie. `before` is what the same licence had, if there was one.
 */
export function removedSipCredentials(
  before: Partial<LicenseInputs>,
  news: LicenseInputs,
): dynamic.CheckFailure[] {
  if (!before.sipCredentials || news.sipCredentials) return [];
  return [
    {
      property: "sipCredentials",
      reason: [
        "cannot be removed: the licensing API only sets them. What to do: declare them again",
        `To remove them instead: ${steps(
          "Ask support@ximasoftware.com to do it.",
          "Run `pulumi state delete <urn>`.",
          "Adopt the licence without them.",
        )}`,
      ].join("\n    "),
    },
  ];
}

/**
 * The names are required on the customer's first request (OpenAPI 1.4); one that had a
 * licence `before`, or is adopted, has had its first.
 */
export function missingNames(
  before: Partial<LicenseInputs>,
  news: LicenseInputs,
  isAdopted: boolean,
): dynamic.CheckFailure[] {
  // Of what is not known yet the check before the create will tell.
  if ([news.ccId, news.ccId?.resellerId, news.ccId?.tenantId, news.adopt].some(isUnknown))
    return [];
  if (before.ccId || !news.ccId || isAdopted) return [];
  return (["resellerName", "tenantName"] as const)
    .filter((name) => news.ccId[name] === undefined)
    .map((name) => ({
      property: `ccId.${name}`,
      reason: [
        "is required on the customer's first request (OpenAPI 1.4).",
        "What to do: declare it, or set adopt: true for a customer that exists",
      ].join(" "),
    }));
}

/**
 * True when the declaration says there is no such seat. Seats that are unknown yet may be
 * there; so may undeclared ones of an adopted customer.
 */
function absent(inputs: Partial<LicenseInputs>, ...fields: SeatField[]): boolean {
  const mayHaveMore = inputs.adopt === true || isUnknown(inputs.adopt);
  return fields.every(
    (field) => inputs[field] === 0 || (inputs[field] === undefined && !mayHaveMore),
  );
}

function known(value: number | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}
