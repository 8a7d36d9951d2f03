/** Judges a story by what the servers have and were asked, never by what the state says. */
import {
  configurationOf,
  type Declaration,
  type Declared,
  emailOf,
  type ResourceType,
  reseller,
  seatsOf,
  versionName,
} from "./declaration.ts";
import type { Run } from "./project.ts";
import type { Servers } from "./servers.ts";

export type Verdict =
  | "missing"
  | "not as declared"
  | "made twice"
  | "lost"
  | "left unreported"
  | "stuck"
  | "orphan"
  | "not empty"
  | "crash";

export interface Finding {
  readonly verdict: Verdict;
  readonly about: string;
}

/** A thing at a vendor that belongs to the story. */
export interface Record_ {
  readonly type: ResourceType;
  readonly key: string;
  /** The vendor's id, where it has one. */
  readonly id: string;
  /** Key of the customer that it belongs to. */
  readonly owner?: string | undefined;
  /** Whether it says what version `version` declares. */
  readonly isAs: (declared: Declared) => boolean;
  readonly found: string;
  /** When an order was sent. */
  readonly orderedAt?: number;
}

const prefixOf = (story: number) => `k${story}x`;

/** All that the servers have of a story, an order for each tenant: the last. */
export function recordsOf(story: number, { sandbox }: Servers): Record_[] {
  const isOurs = (key: unknown): key is string =>
    typeof key === "string" && key.startsWith(prefixOf(story));
  const records: Record_[] = [];
  for (const { ccId, licence, deletion } of Object.values(sandbox.xima.server.state.customers)) {
    if (!isOurs(ccId.tenantId) || deletion) continue;
    const isAs = ({ version }: Declared) => licence.professionalSeats === seatsOf(version);
    records.push({
      type: "XimaLicense",
      key: ccId.tenantId,
      id: ccId.tenantId,
      isAs,
      found: JSON.stringify(licence),
    });
  }
  const { customers, subscriptions, users } = sandbox.enablex.server.state;
  for (const [id, { fields }] of Object.entries(customers)) {
    const key = fields.customer_code;
    if (!isOurs(key)) continue;
    const isAs = ({ version }: Declared) => fields.customer_name === versionName(version);
    records.push({ type: "EnableXCustomer", key, id, isAs, found: JSON.stringify(fields) });
  }
  const codeOf = (customerId: unknown) =>
    String(customers[String(customerId)]?.fields.customer_code);
  for (const [id, { fields }] of Object.entries(subscriptions)) {
    const key = fields.plan_id;
    if (!isOurs(key)) continue;
    const isAs = ({ version }: Declared) => fields.note === versionName(version);
    records.push({
      type: "EnableXSubscription",
      key,
      id,
      owner: codeOf(fields.customer_id),
      isAs,
      found: JSON.stringify(fields),
    });
  }
  for (const [id, { fields }] of Object.entries(users)) {
    const key = String(fields.email).replace(/@.*/, "");
    if (!isOurs(key) || fields.email !== emailOf(key)) continue;
    const isAs = ({ version }: Declared) => fields.first_name === versionName(version);
    records.push({
      type: "EnableXUser",
      key,
      id,
      owner: codeOf(fields.customer_id),
      isAs,
      found: JSON.stringify(fields),
    });
  }
  const lastOrders = new Map(
    Object.values(sandbox.xelion.server.state.orders).map((order) => [order.tenantName, order]),
  );
  for (const [key, order] of lastOrders) {
    if (!isOurs(key)) continue;
    const isAs = ({ version }: Declared) =>
      order.status === "COMPLETED" &&
      sameJson(JSON.parse(order.configuration), configurationOf(key, version));
    const found = `order ${order.id} ${order.status} ${order.configuration}`;
    records.push({
      type: "XelionTenantProvision",
      key,
      id: String(order.id),
      isAs,
      found,
      orderedAt: Date.parse(order.submittedAt),
    });
  }
  return records;
}

const titled = ({ type, key, owner }: Pick<Declared, "type" | "key" | "owner">) =>
  `${type} ${key}${owner ? ` of ${owner}` : ""}`;
const matches = (declared: Declared, record: Record_) =>
  declared.type === record.type &&
  declared.key === record.key &&
  (declared.owner === undefined || declared.owner === record.owner);

/**
 * Each declared thing exists once and as declared; what is not declared is named in what
 * was printed since.
 */
export function judgeRecords(
  declaration: Declaration,
  records: readonly Record_[],
  runs: readonly Run[],
): Finding[] {
  const findings: Finding[] = [];
  for (const declared of declaration) {
    // A client that was there before is taken as it is.
    if (declared.type === "NetsapiensOAuthClient") continue;
    const own = records.filter((record) => matches(declared, record));
    if (own.length === 0) findings.push({ verdict: "missing", about: titled(declared) });
    if (own.length > 1)
      findings.push({
        verdict: "made twice",
        about: `${titled(declared)}: ${own.map(({ id }) => id).join(", ")}`,
      });
    for (const record of own) {
      if (!record.isAs(declared))
        findings.push({
          verdict: "not as declared",
          about: `${titled(declared)}, version ${declared.version}: ${record.found}`,
        });
    }
  }
  const undeclared = records.filter(
    (record) => !declaration.some((declared) => matches(declared, record)),
  );
  for (const record of undeclared) {
    const since = runs.filter(
      (run) =>
        run.command.startsWith("pulumi destroy") ||
        !run.declaration.some((declared) => matches(declared, record)),
    );
    if (!since.some((run) => isReported(record, run)))
      findings.push({
        verdict: "left unreported",
        about: `${titled(record)} (${record.id}): ${record.found}`,
      });
  }
  for (const [at, record] of undeclared.entries()) {
    const twin = undeclared
      .slice(at + 1)
      .find((other) => matches(record as unknown as Declared, other) && other.id !== record.id);
    if (twin)
      findings.push({
        verdict: "made twice",
        about: `${titled(record)}: ${record.id}, ${twin.id}`,
      });
  }
  return findings;
}

function isReported({ key, id, type, orderedAt }: Record_, { output, machineSince }: Run): boolean {
  // Such an order is in another machine's journal; this error asks to look for it.
  const isOfEarlierMachine = orderedAt !== undefined && orderedAt < machineSince;
  if (isOfEarlierMachine && output.includes("[JOURNAL_UNKNOWN_RUN")) return true;
  return new RegExp(`\\b(${key}|${type.replace(/^EnableX/, "").toLowerCase()} ${id})\\b`).test(
    output,
  );
}

/** Orders that no change of the declaration asked for. A failed order allows another one. */
export function judgeOrders(
  story: number,
  declarations: readonly Declaration[],
  { sandbox }: Servers,
): Finding[] {
  const orders = Object.values(sandbox.xelion.server.state.orders).filter(({ tenantName }) =>
    tenantName.startsWith(prefixOf(story)),
  );
  const groups = Map.groupBy(
    orders,
    ({ tenantName, configuration }) => `${tenantName} ${JSON.stringify(JSON.parse(configuration))}`,
  );
  return [...groups].flatMap(([group, created]) => {
    const asks = declarations.filter((declaration, at) => {
      const has = (each: Declaration | undefined) =>
        (each ?? []).some((resource) => groupOf(resource) === group);
      return has(declaration) && !has(declarations[at - 1]);
    }).length;
    const failed = created.filter(({ status }) => status === "FAILED").length;
    if (created.length <= asks + failed) return [];
    return [
      {
        verdict: "made twice",
        about: `${group}: orders ${created.map(({ id }) => id).join(", ")} for ${asks} declarations`,
      } as const,
    ];
  });
}

const groupOf = ({ type, key, version }: Declared) =>
  type === "XelionTenantProvision"
    ? `${key} ${JSON.stringify(configurationOf(key, version))}`
    : undefined;

/** What a vendor deleted in a step, though it was declared before the step and in it. */
export function judgeDeletes(
  before: Declaration,
  after: Declaration,
  servers: Servers,
  from: { readonly xima: number; readonly enablex: number },
  codes: ReadonlyMap<string, string>,
): Finding[] {
  const stays = (type: ResourceType, key: string | undefined) =>
    [before, after].every((declaration) =>
      declaration.some((resource) => resource.type === type && resource.key === key),
    );
  const done = (server: "xima" | "enablex") =>
    servers.all[server].received.filter(
      ({ seq, method, fault, status }) =>
        method === "DELETE" &&
        seq > from[server] &&
        !(fault === "status" || fault === "cutBefore" || fault === "hang") &&
        (status === 200 || (status === null && fault !== undefined)),
    );
  const findings: Finding[] = [];
  for (const { body } of done("xima")) {
    const { resellerId, tenantId } = JSON.parse(body).ccId;
    if (resellerId === reseller && stays("XimaLicense", tenantId))
      findings.push({ verdict: "lost", about: `XimaLicense ${tenantId}` });
  }
  for (const { path } of done("enablex")) {
    const [, id] = /\/customers\/(\w+)$/.exec(path) ?? [];
    const code = codes.get(String(id));
    // Of two records of one customer, one may go.
    const others = Object.values(servers.sandbox.enablex.server.state.customers).filter(
      ({ fields }) => fields.customer_code === code,
    );
    if (stays("EnableXCustomer", code) && others.length === 0)
      findings.push({ verdict: "lost", about: `EnableXCustomer ${code}` });
  }
  return findings;
}

/** What no command may print, whatever happens. */
export function judgeOutput({ command, output, stuck }: Run): Finding[] {
  const crash =
    /^panic: |goroutine \d+ \[|unhandled rejection|UnhandledPromiseRejection|(Type|Reference|Range)Error: .*/m.exec(
      output,
    );
  return [
    ...(crash ? [{ verdict: "crash", about: `${command}: ${crash[0]}` } as const] : []),
    ...(stuck ? [{ verdict: "stuck", about: `${command} did not end` } as const] : []),
  ];
}

const sameJson = (one: unknown, other: unknown): boolean =>
  JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
