import { isUnknown } from "../dynamic/unknown.ts";
import type { ApiRevision, LicenseInputs } from "./schema.ts";

/** A rule of the contract that the declared licence breaks, or a note on what it buys. */
export interface Finding {
  readonly property: string;
  readonly reason: string;
  /** A note does not stop anything. */
  readonly note?: true;
}

type SeatField = Exclude<
  keyof LicenseInputs,
  "ccId" | "aiMessaging" | "aiAudioServices" | "sipCredentials" | "adopt" | "reassertAfter" | "account" | "__stack" | "__resource"
>;

/** The smallest number of each seat that can be bought, by revision; 0 removes the licence in both. */
const minimum: Record<ApiRevision, Partial<Record<SeatField, number>>> = {
  guide: { workforceOptimizationSeats: 10, workforceManagementSeats: 10, speechAnalyticsSeats: 5, dialerSeats: 5 },
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

const named: Record<ApiRevision, string> = { guide: "licensing guide", "1.4": "OpenAPI 1.4" };

/**
 * All rules of a revision that the inputs break, as far as they are known. Seats that are not declared are left as they
 * are on the server, so when a customer is adopted nothing is concluded from their absence.
 */
export function findings(inputs: Partial<LicenseInputs>, revision: ApiRevision): Finding[] {
  const ai = revision === "guide" ? aiFindingsOfGuide(inputs) : aiFindings(inputs);
  return [...minimumFindings(inputs, revision), ...ai, ...sipFindings(inputs)];
}

function minimumFindings(inputs: Partial<LicenseInputs>, revision: ApiRevision): Finding[] {
  return Object.entries(minimum[revision]).flatMap(([field, least]) => {
    const seats = known(inputs[field as SeatField]);
    if (seats === undefined || seats === 0 || seats >= least) return [];
    return [{ property: field, reason: `must be 0 or at least ${least}, not ${seats} (${named[revision]})` }];
  });
}

function aiFindingsOfGuide(inputs: Partial<LicenseInputs>): Finding[] {
  if (!known(inputs.additionalAiMessages) || !absent(inputs, "eliteSeats")) return [];
  return [{ property: "additionalAiMessages", reason: `needs at least one of eliteSeats (licensing guide)${unlessThere}` }];
}

function aiFindings(inputs: Partial<LicenseInputs>): Finding[] {
  const found: Finding[] = [];
  if (known(inputs.additionalAiMessages) !== undefined) {
    found.push({
      property: "additionalAiMessages",
      reason:
        "was removed from the API (OpenAPI 1.4): use aiMessaging, or set xima:apiRevision to guide for a server of the older revision",
    });
  }
  const standard = known(inputs.aiMessaging?.standardBundles) ?? 0;
  const advanced = known(inputs.aiMessaging?.advancedBundles) ?? 0;
  if (standard > 0 && advanced > 0) {
    found.push({ property: "aiMessaging", reason: "only one of standardBundles and advancedBundles may be above 0 (OpenAPI 1.4)" });
  }
  if (standard + advanced > 0 && absent(inputs, "professionalSeats", "eliteSeats")) {
    found.push({
      property: "aiMessaging",
      reason: `any bundle needs at least one Professional seat or higher (OpenAPI 1.4): declare professionalSeats or eliteSeats${unlessThere}`,
    });
  }
  if (standard > 0 && (known(inputs.eliteSeats) ?? 0) > 0) {
    found.push({
      property: "aiMessaging.standardBundles",
      reason: `an account with an Elite seat already includes one standard bundle; this buys ${standard} more (OpenAPI 1.4)`,
      note: true,
    });
  }
  if ((known(inputs.aiAudioServices?.additionalHours) ?? 0) > 0 && absent(inputs, "essentialSeats", "professionalSeats", "eliteSeats")) {
    found.push({
      property: "aiAudioServices",
      reason: `transcription needs at least one Essential seat or higher (OpenAPI 1.4): declare essentialSeats, professionalSeats or eliteSeats${unlessThere}`,
    });
  }
  return found;
}

const unlessThere = "; for a customer that has such seats already, set adopt: true";

function sipFindings({ sipCredentials }: Partial<LicenseInputs>): Finding[] {
  if (!sipCredentials || isUnknown(sipCredentials)) return [];
  if ((sipCredentials.sipPort === undefined) === (sipCredentials.transport === undefined)) return [];
  return [
    { property: "sipCredentials", reason: "sipPort and transport come together or not at all; neither means an SRV look-up (OpenAPI 1.4)" },
  ];
}

/** True when the declaration says there is no such seat. Seats that are unknown yet may be there; so may undeclared ones of an adopted customer. */
function absent(inputs: Partial<LicenseInputs>, ...fields: SeatField[]): boolean {
  const mayHaveMore = inputs.adopt === true || isUnknown(inputs.adopt);
  return fields.every((field) => inputs[field] === 0 || (inputs[field] === undefined && !mayHaveMore));
}

function known(value: number | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}
