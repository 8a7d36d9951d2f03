/** What a drift check found out about one stack. */
export interface StackDrift {
  readonly stack: string;
  readonly status: Status;
  /** Resources that were compared with their system. */
  readonly checked: number;
  readonly differences: readonly Difference[];
  /** Why it could not be told, each with the resource that it is about, if it is about one. */
  readonly unknown: readonly Doubt[];
}

export type Status = "none" | "drift" | "unknown";

/** One property that is otherwise than declared, or one resource that is. Secret values are masked already. */
export interface Difference {
  /** The slug of the customer, when the resource belongs to a `Customer`. */
  readonly customer?: string;
  /** The resource's class: `XimaLicense`. */
  readonly resource: string;
  readonly name: string;
  readonly urn: string;
  /** `changed`: a property has another value. `gone`: the resource does not exist any more. `hidden`: it differs, but in nothing that may be shown. */
  readonly kind: "changed" | "gone" | "hidden";
  /** The property's path: `aiMessaging.standardBundles`. */
  readonly property?: string;
  /** Absent when nothing is declared. */
  readonly declared?: unknown;
  /** Absent when there is nothing. */
  readonly actual?: unknown;
}

export interface Doubt {
  readonly customer?: string;
  readonly resource?: string;
  readonly name?: string;
  readonly reason: string;
}

/** What `ucaas drift --json` prints. */
export interface DriftReport {
  readonly version: 1;
  readonly checkedAt: string;
  readonly status: Status;
  readonly stacks: readonly StackDrift[];
}

export function driftReport(stacks: readonly StackDrift[], checkedAt = new Date()): DriftReport {
  return { version: 1, checkedAt: checkedAt.toISOString(), status: worst(stacks.map(({ status }) => status)), stacks };
}

/** Nothing known is worse than drift: where it could not be told, there may be any drift. */
function worst(statuses: readonly Status[]): Status {
  if (statuses.includes("unknown") || statuses.length === 0) return "unknown";
  return statuses.includes("drift") ? "drift" : "none";
}

/** Of the command: 0 no drift, 2 drift, 1 could not tell. */
export const exitStatus: Record<Status, number> = { none: 0, drift: 2, unknown: 1 };

/** `3 stacks: 1 without drift, 1 with drift, 1 that could not be told`. */
export function summary(stacks: readonly StackDrift[]): string {
  const count = (status: Status) => stacks.filter((each) => each.status === status).length;
  const parts = [
    [count("none"), "without drift"],
    [count("drift"), "with drift"],
    [count("unknown"), "that could not be told"],
  ] as const;
  const said = parts.filter(([number]) => number > 0).map(([number, words]) => `${number} ${words}`);
  return `${stacks.length} ${stacks.length === 1 ? "stack" : "stacks"}: ${said.join(", ")}`;
}

/** A difference as cells: customer, resource, property, declared, actual. */
export function cells({
  customer,
  resource,
  name,
  kind,
  property,
  declared,
  actual,
}: Difference): [string, string, string, string, string] {
  const place = [customer ?? "", name === customer ? resource : `${resource} ${name}`] as const;
  if (kind === "gone") return [...place, "", "exists", "gone"];
  if (kind === "hidden") return [...place, "(not shown)", "", "differs in a secret or internal value"];
  return [...place, property ?? "", shown(declared), shown(actual)];
}

/** As one line of a report: what a vendor's server said is text, never a control character for the terminal. */
function shown(value: unknown): string {
  if (value === undefined) return "—";
  if (value === secretMask) return secretMask;
  const text = JSON.stringify(value).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escaped);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** In the place of a secret value. */
export const secretMask = "[secret]";

const longest = 80;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Who a doubt is about, in words. */
export function about({ customer, resource, name }: Doubt): string {
  return [customer === name ? "" : customer, resource, name].filter(Boolean).join(" ");
}
