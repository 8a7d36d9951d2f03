/**
 * What a licence may hold, by the rules of the two revisions of the contract, and what a
 * request changes in it.
 */
import type { PyValue } from "./python-json.ts";
import { Refusal } from "./refusal.ts";

/** The guide's early revision of the API, or the published OpenAPI 1.4.0. */
export type Revision = "guide" | "1.4";

/**
 * A licence as the server keeps it: what was never asked for is absent. Nested like the
 * request.
 */
export interface Licence {
  [field: string]: number | string | { [field: string]: number | string };
}

/** Old and new value of what one call changed, nested like the request. */
export interface Changes {
  [field: string]: { oldValue: unknown; newValue: unknown } | Changes;
}

/**
 * The least number of seats beside 0, which removes the licence; absent: the revision
 * does not know the field.
 */
const seats: Record<string, Partial<Record<Revision, number>>> = {
  digitalOnlySeats: { guide: 0, "1.4": 5 },
  essentialSeats: { guide: 0, "1.4": 5 },
  professionalSeats: { guide: 0, "1.4": 5 },
  eliteSeats: { guide: 0, "1.4": 5 },
  workforceOptimizationSeats: { guide: 10, "1.4": 10 },
  workforceManagementSeats: { guide: 10, "1.4": 10 },
  speechAnalyticsSeats: { guide: 5, "1.4": 5 },
  dialerSeats: { guide: 5, "1.4": 10 },
  additionalAiMessages: { guide: 0 },
  ehrEmrIntegrationSeats: { guide: 0, "1.4": 0 },
};
const groups: Record<string, string[]> = {
  aiMessaging: ["standardBundles", "advancedBundles"],
  aiAudioServices: ["additionalHours"],
  sipCredentials: ["username", "password", "sipServer", "outboundProxy", "sipPort", "transport"],
};
const most = 1_000_000;

/** The fields that the revision publishes, those of a group as `group.field`. */
export function licenceFields(revision: Revision): string[] {
  const inside = Object.entries(groups).flatMap(([group, names]) => [
    group,
    ...names.map((name) => `${group}.${name}`),
  ]);
  return [
    ...Object.keys(seats).filter((field) => seats[field]?.[revision] !== undefined),
    ...inside,
  ];
}

/** The fields inside the body's objects, as `object.field`. */
export function nestedKeys(body: Map<string, PyValue>): string[] {
  return [...body].flatMap(([group, value]) =>
    value instanceof Map ? [...value.keys()].map((name) => `${group}.${name}`) : [],
  );
}

/**
 * The part of a request's body that describes the licence, every value checked by itself.
 * Other fields are ignored.
 */
export function readLicence(body: Map<string, PyValue>, revision: Revision): Licence {
  const licence: Licence = {};
  for (const [field, value] of body) {
    const least = seats[field]?.[revision];
    if (least !== undefined) licence[field] = count(field, value, least);
    else if (field === "aiMessaging") licence[field] = counts(field, value);
    else if (field === "aiAudioServices") {
      licence[field] = counts(field, value);
      if (!(value as Map<string, PyValue>).has("additionalHours"))
        throw invalid("aiAudioServices.additionalHours is required");
    } else if (field === "sipCredentials") licence[field] = sipCredentials(value);
  }
  return licence;
}

/**
 * What the account has after a request. SIP credentials are replaced as a whole, for a
 * port that is not repeated means an SRV lookup; everything else is merged.
 */
export function merge(stored: Licence, asked: Licence): Licence {
  const whole: Licence = { ...stored };
  for (const [field, value] of Object.entries(asked)) {
    const before = whole[field];
    whole[field] =
      field === "aiMessaging" && typeof value === "object" && typeof before === "object"
        ? { ...before, ...value }
        : value;
  }
  return whole;
}

/** Checks what only the account as a whole can show. */
export function checkWhole(licence: Licence, revision: Revision, commercialNotes: boolean): void {
  const has = (field: string, inner?: string): number => {
    const value = licence[field];
    return Number((typeof value === "object" && inner !== undefined ? value[inner] : value) ?? 0);
  };
  if (revision === "guide") {
    if (has("additionalAiMessages") > 0 && has("eliteSeats") < 1)
      throw invalid("additionalAiMessages requires at least one of eliteSeats");
    return;
  }
  const [standard, advanced] = [
    has("aiMessaging", "standardBundles"),
    has("aiMessaging", "advancedBundles"),
  ];
  if (standard > 0 && advanced > 0)
    throw invalid(
      "only one of aiMessaging.standardBundles and aiMessaging.advancedBundles may be greater than 0",
    );
  if (!commercialNotes) return;
  const professionalOrHigher = has("professionalSeats") + has("eliteSeats");
  if (standard + advanced > 0 && professionalOrHigher < 1)
    throw invalid("aiMessaging requires at least one of professionalSeats or eliteSeats");
  if (
    has("aiAudioServices", "additionalHours") > 0 &&
    has("essentialSeats") + professionalOrHigher < 1
  ) {
    throw invalid(
      "aiAudioServices requires at least one of essentialSeats, professionalSeats or eliteSeats",
    );
  }
}

/**
 * What is different in `after`. What was never set counts as 0 or as an empty text: the
 * document has no null.
 */
export function changesBetween(before: Licence, after: Licence): Changes {
  const changes: Changes = {};
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[field], after[field]];
    if (Object.hasOwn(groups, field)) {
      const inner = changesBetween((old ?? {}) as Licence, (now ?? {}) as Licence);
      if (Object.keys(inner).length > 0) changes[field] = inner;
      continue;
    }
    const none = typeof (old ?? now) === "number" ? 0 : "";
    if ((old ?? none) !== (now ?? none))
      changes[field] = { oldValue: old ?? none, newValue: now ?? none };
  }
  return changes;
}

const invalid = (message: string) => new Refusal("VALIDATION_ERROR", message);

function count(path: string, value: PyValue, least: number): number {
  if (typeof value !== "bigint") throw invalid(`${path} must be an integer`);
  if (value < 0n || value > BigInt(most)) throw invalid(`${path} must be between 0 and ${most}`);
  if (value !== 0n && value < BigInt(least))
    throw invalid(`${path} must be 0 or at least ${least}`);
  return Number(value);
}

function counts(path: string, value: PyValue): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, item] of object(path, value))
    if (groups[path]?.includes(name)) found[name] = count(`${path}.${name}`, item, 0);
  return found;
}

function sipCredentials(value: PyValue): Record<string, number | string> {
  const required = ["username", "password", "sipServer", "outboundProxy"];
  const group = object("sipCredentials", value);
  const found: Record<string, number | string> = {};
  for (const name of required) found[name] = text(`sipCredentials.${name}`, group.get(name));
  if (group.has("sipPort") !== group.has("transport"))
    throw invalid("sipCredentials.sipPort and sipCredentials.transport must be given together");
  if (!group.has("sipPort")) return found;
  const port = count("sipCredentials.sipPort", group.get("sipPort")!, 1);
  if (port < 1 || port > 65535) throw invalid("sipCredentials.sipPort must be between 1 and 65535");
  const transport = text("sipCredentials.transport", group.get("transport"));
  if (!["udp", "tcp", "tls"].includes(transport))
    throw invalid("sipCredentials.transport must be udp, tcp or tls");
  return { ...found, sipPort: port, transport };
}

/** A JSON object. */
export function object(path: string, value: PyValue | undefined): Map<string, PyValue> {
  if (!(value instanceof Map)) throw invalid(`${path} must be an object`);
  return value;
}

/** A text that is there and not empty. */
export function text(path: string, value: PyValue | undefined): string {
  if (value === undefined) throw invalid(`${path} is required`);
  if (typeof value !== "string" || value.trim() === "")
    throw invalid(`${path} must be a non-empty string`);
  return value;
}
