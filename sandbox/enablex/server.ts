/**
 * The EnableX UCaaS API as a local server. Of its customers, little more than the request
 * lines and the names of the fields is public.
 *
 * What is inferred here, each with an option where it could well be otherwise:
 * - A create answers the new id, of a user the name as well (its page), an update and a
 *   delete nothing but the result (`createReply`).
 * - A subscription is shown with its status within `subscription` (its page); a body may
 *   have it there or beside the ids.
 * - A login answers `token` (guide), and who logged in: a page says so without the names.
 * - Both `contact_email` of customers and `email` of users are unique without regard to
 *   case, and so is `customer_code`.
 * - `customer_name` is required, unknown fields of a customer are refused with 406, and
 *   read-only ones are ignored (`readOnly`).
 * - A search finds rows that contain the text, without regard to case; a page has at most
 *   `longestPage` rows.
 * - No delete is listed for subscriptions and users. So a customer goes with all that it
 *   has (`dependents`), or could never go; and `deletableDependents` plays a server that
 *   has those routes.
 * - A role that may not do a thing gets 401, for 403 means an expired token.
 * - Users can be read as subscriptions can.
 *
 * Control: `POST /_sandbox/accounts {role, customer_id?}` makes credentials → the
 * account; `POST /_sandbox/seed {customers, accessId?, fields?}` makes many customers →
 * `{customer_ids}`. An out-of-band change is a PATCH of the state, such as `{"customers":
 * {"1001": {"fields": {"contact_name": "Eve"}}}}`.
 */
import { z } from "zod";
import { ControlError, json, type SandboxRequest } from "../http-types.ts";
import { commonOptions, SandboxServer } from "../server.ts";
import { type Account, caller, login, newAccount, type Session } from "./accounts.ts";
import { Envelope, Failure, refusal } from "./envelope.ts";
import { noteWrite, type Stale, visibleState } from "./eventual-consistency.ts";
import { created, type Fields, type Kind, kinds, patched, readFields, shown } from "./records.ts";
import { countries, timezones } from "./reference-data.ts";

const options = z.strictObject({
  ...commonOptions,
  resultAs: z
    .enum(["number", "string", "alternate"])
    .default("alternate")
    .describe("how result is written"),
  idsAs: z
    .enum(["number", "string", "alternate"])
    .default("alternate")
    .describe("how ids are written"),
  errorsAs: z
    .enum(["both", "body", "status"])
    .default("both")
    .describe("where an error's code stands: in the HTTP status, in the body of a 200, or both"),
  absentAs: z
    .enum(["empty", "null", "omit"])
    .default("empty")
    .describe("how a field is shown that was never written"),
  tokenSeconds: z.number().positive().default(1200).describe("how long a login lasts"),
  expiredAs: z
    .union([z.literal(403), z.literal(1001)])
    .default(403)
    .describe("the code for an expired token"),
  requireAppType: z
    .boolean()
    .default(false)
    .describe("whether the header X-App-Type (vc or wb) is required"),
  errorWords: z
    .enum(["msg", "error"])
    .default("msg")
    .describe(
      "the names of an error's words: msg and desc as in the guide's example, or error and description as in its text",
    ),
  subscriptionStatus: z
    .enum(["nested", "flat"])
    .default("nested")
    .describe(
      "where a reply has a subscription's status: within subscription, as published, or beside its ids",
    ),
  createReply: z.enum(["id", "full", "none"]).default("id").describe("what a create answers"),
  readOnly: z
    .enum(["ignore", "refuse"])
    .default("ignore")
    .describe("what becomes of read-only fields in a request"),
  uniqueCustomerCode: z.boolean().default(true).describe("whether customer_code is unique"),
  dependents: z
    .enum(["cascade", "refuse"])
    .default("cascade")
    .describe("what becomes of a delete of a customer that has subscriptions or users"),
  deletableDependents: z
    .boolean()
    .default(false)
    .describe("whether subscriptions and users have a DELETE route"),
  longestPage: z.int().min(1).default(100).describe("page_length beyond this is cut down to it"),
  pastTheEnd: z
    .enum(["empty", "repeat"])
    .default("empty")
    .describe("what a page behind the last one shows"),
  listRows: z
    .enum(["full", "short"])
    .default("full")
    .describe("whether a row of a list has every field"),
  countryCodes: z.boolean().default(true).describe("whether GET /countries tells the ISO codes"),
  visibleAfterMs: z.number().min(0).default(0).describe("how long a write stays unseen by reads"),
  visibleAfterReads: z.int().min(0).default(0).describe("how many reads do not see a write yet"),
});
export type EnablexOptions = z.output<typeof options>;

interface Stored {
  /** The access id under which it was made: a reseller sees its own alone. */
  owner: string;
  fields: Fields;
}

export interface EnablexState {
  accounts: Account[];
  sessions: Record<string, Session>;
  customers: Record<string, Stored>;
  subscriptions: Record<string, Stored>;
  users: Record<string, Stored>;
  /** What reads still show, by `customers/1001` and the like. */
  stale: Record<string, Stale>;
  nextId: number;
}

type EnablexServer = SandboxServer<EnablexState, EnablexOptions>;

const basePath = "/ucaas/v1";

export function enablexServer(): EnablexServer {
  const envelope = new Envelope();
  return new SandboxServer<EnablexState, EnablexOptions>({
    name: "enablex",
    basePath,
    options,
    initialState: () => ({
      accounts: [],
      sessions: {},
      customers: {},
      subscriptions: {},
      users: {},
      stale: {},
      nextId: 1001,
    }),
    refuse: refusal,
    handle(request, server) {
      try {
        const answer = route(request, server);
        return "token" in answer ? json(200, answer) : envelope.success(answer, server.options);
      } catch (error) {
        if (error instanceof Failure) return envelope.failure(error, server.options);
        throw error;
      }
    },
    control: { accounts: addAccount, seed },
  });
}

const accountOrder = z.strictObject({
  role: z.enum(["administrator", "reseller", "customer", "user"]),
  customer_id: z.string().optional(),
  accessId: z.string().optional(),
  accessKey: z.string().optional(),
  email: z.string().optional(),
  password: z.string().optional(),
});

function addAccount(body: unknown, server: EnablexServer): Account {
  const { role, customer_id, ...given } = ordered(accountOrder, body);
  const account = { ...newAccount(role, customer_id), ...given };
  server.state.accounts.push(account);
  return account;
}

const seedOrder = z.strictObject({
  customers: z.int().min(1).max(2000),
  accessId: z.string().optional(),
  fields: z.record(z.string(), z.json()).default({}),
});

/** `fields` are given to every customer, with `#` in a text standing for its number. */
function seed(body: unknown, server: EnablexServer): { customer_ids: string[] } {
  const order = ordered(seedOrder, body);
  const owner = order.accessId ?? server.state.accounts[0]?.accessId ?? "";
  const customer_ids: string[] = [];
  for (let number = 1; number <= order.customers; number += 1) {
    const template = {
      customer_name: "Customer #",
      customer_code: "C-#",
      contact_email: "contact-#@customers.test",
      ...order.fields,
    };
    const fields = JSON.parse(JSON.stringify(template), (_, value) =>
      typeof value === "string" ? value.replaceAll("#", String(number)) : value,
    );
    try {
      customer_ids.push(
        create(customerKind, readFields(customerKind, fields, "refuse", false), owner, server),
      );
    } catch (error) {
      throw error instanceof Failure
        ? new ControlError(`customer ${number}: ${error.message}`)
        : error;
    }
  }
  return { customer_ids };
}

function ordered<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw new ControlError(z.prettifyError(result.error));
  return result.data;
}

const customerKind = kinds[0]!;

/** The payload of the answer; a {@link Failure} for every other one. */
function route(request: SandboxRequest, server: EnablexServer): Record<string, unknown> {
  const { state, options } = server;
  const [plural, id, ...rest] = request.path.startsWith(`${basePath}/`)
    ? request.path.slice(basePath.length + 1).split("/")
    : [];
  if (plural === undefined || rest.length > 0) throw noRoute(request);
  checkAppType(request, options.requireAppType);

  if (plural === "login" && id === undefined && request.method === "POST") {
    return login(
      request.headers,
      bodyOf(request),
      state.accounts,
      state.sessions,
      server.now() + options.tokenSeconds * 1000,
    );
  }
  const account = caller(
    request.headers,
    state.accounts,
    state.sessions,
    options.expiredAs,
    server.now(),
  );

  if (request.method === "GET" && id === undefined) {
    if (plural === "countries")
      return {
        countries: options.countryCodes
          ? countries
          : countries.map(({ country_code: _, ...row }) => row),
      };
    if (plural === "timezones") return { timezones };
  }
  const kind = kinds.find((known) => known.plural === plural);
  if (kind === undefined) throw noRoute(request);

  switch (`${request.method} ${id === undefined ? "all" : "one"}`) {
    case "GET all":
      return list(kind, request.query, account, server);
    case "GET one":
      return { [kind.singular]: read(kind, id!, account, server) };
    case "POST all": {
      mayManage(kind, account);
      const fields = readFields(kind, bodyOf(request), options.readOnly, false);
      checkCustomer(fields, account, server);
      const made = create(kind, fields, account.accessId, server);
      if (options.createReply === "none") return {};
      return {
        [kind.singular]:
          options.createReply === "full"
            ? shown(kind, made, fields, options)
            : created(kind, made, fields),
      };
    }
    case "PATCH one":
      mayManage(kind, account);
      update(kind, id!, readFields(kind, bodyOf(request), options.readOnly, true), account, server);
      return {};
    case "DELETE one":
      if (kind !== customerKind && !options.deletableDependents) throw noRoute(request);
      mayManage(kind, account);
      remove(kind, id!, account, server);
      return {};
  }
  throw noRoute(request);
}

const noRoute = (request: SandboxRequest) =>
  new Failure(404, `There is no route ${request.method} ${request.path}`);

function checkAppType(request: SandboxRequest, required: boolean): void {
  const type = request.headers["x-app-type"];
  if (type === undefined) {
    if (required) throw new Failure(1401, "The header X-App-Type is missing");
  } else if (type !== "vc" && type !== "wb") {
    throw new Failure(1403, "X-App-Type must be vc or wb");
  }
}

function bodyOf(request: SandboxRequest): Fields {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? ""))
    throw new Failure(400, "The header Content-Type must be application/json");
  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    throw new Failure(1002, "The body is not JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new Failure(1002, "The body must be a JSON object");
  return body as Fields;
}

/**
 * Customers are managed by resellers and administrators; what a customer has, by itself
 * as well.
 */
function mayManage(kind: Kind, { role }: Account): void {
  if (role === "administrator" || role === "reseller") return;
  if (role === "customer" && kind !== customerKind) return;
  throw new Failure(401, `The role ${role} may not manage ${kind.plural}`);
}

function maySee(
  kind: Kind,
  id: string,
  stored: Stored,
  account: Account,
  server: EnablexServer,
): boolean {
  if (account.role === "administrator") return true;
  const customer_id = kind === customerKind ? id : String(stored.fields.customer_id);
  if (account.role === "reseller")
    return (server.state.customers[customer_id] ?? stored).owner === account.accessId;
  return customer_id === account.customer_id;
}

/** The record as it truly is, or 404. */
function find(kind: Kind, id: string, account: Account, server: EnablexServer): Stored {
  const records = server.state[kind.plural];
  const stored = Object.hasOwn(records, id) ? records[id] : undefined;
  if (stored === undefined || !maySee(kind, id, stored, account, server))
    throw new Failure(404, `There is no ${kind.singular} ${id}`);
  return stored;
}

/** A record as reads see it, which may be later than the truth. */
function read(kind: Kind, id: string, account: Account, server: EnablexServer): Fields {
  const { state, options } = server;
  const truth = state[kind.plural][id];
  const fields = visibleState(
    state.stale,
    `${kind.plural}/${id}`,
    truth?.fields ?? null,
    server.now(),
  );
  const stored = truth ?? { owner: account.accessId, fields: fields ?? {} };
  if (fields === null || !maySee(kind, id, stored, account, server))
    throw new Failure(404, `There is no ${kind.singular} ${id}`);
  return shown(kind, id, fields, options);
}

function list(
  kind: Kind,
  query: URLSearchParams,
  account: Account,
  server: EnablexServer,
): Record<string, unknown> {
  const { state, options } = server;
  const positive = (name: string, otherwise: number): number => {
    const text = query.get(name) ?? String(otherwise);
    if (!/^[1-9][0-9]{0,8}$/.test(text))
      throw new Failure(406, `${name} must be a positive integer`, { [name]: text });
    return Number(text);
  };
  const length = Math.min(positive("page_length", 10), options.longestPage);
  let page = positive("page", 1);
  const by = query.get("search_by");
  if (by !== null && !kind.searchable.includes(by))
    throw new Failure(406, `search_by must be one of ${kind.searchable.join(", ")}`, {
      search_by: by,
    });
  const sought = query.get("search_string")?.trim().toLowerCase() ?? "";

  const prefix = `${kind.plural}/`;
  const lately = Object.keys(state.stale).flatMap((key) =>
    key.startsWith(prefix) ? [key.slice(prefix.length)] : [],
  );
  const ids = [...new Set([...Object.keys(state[kind.plural]), ...lately])].sort(
    (one, other) => Number(one) - Number(other),
  );
  const rows: Fields[] = [];
  for (const id of ids) {
    const truth = state[kind.plural][id];
    const fields = visibleState(state.stale, prefix + id, truth?.fields ?? null, server.now());
    if (
      fields === null ||
      !maySee(kind, id, truth ?? { owner: account.accessId, fields }, account, server)
    )
      continue;
    if (
      by !== null &&
      sought !== "" &&
      !String(fields[by] ?? "")
        .toLowerCase()
        .includes(sought)
    )
      continue;
    rows.push(shown(kind, id, fields, options));
  }
  const last = Math.max(1, Math.ceil(rows.length / length));
  if (page > last && options.pastTheEnd === "repeat") page = last;
  const onPage = rows.slice((page - 1) * length, page * length);
  return {
    [kind.plural]:
      options.listRows === "full"
        ? onPage
        : onPage.map((row) => Object.fromEntries(Object.entries(row).slice(0, 2))),
  };
}

function create(kind: Kind, fields: Fields, owner: string, server: EnablexServer): string {
  checkUnique(kind, undefined, fields, server);
  const id = String(server.state.nextId++);
  server.state[kind.plural][id] = { owner, fields };
  noteWrite(server.state.stale, `${kind.plural}/${id}`, null, {
    now: server.now(),
    ...server.options,
  });
  return id;
}

function update(
  kind: Kind,
  id: string,
  changes: Fields,
  account: Account,
  server: EnablexServer,
): void {
  const stored = find(kind, id, account, server);
  for (const name of kind.fixed) {
    if (name in changes && changes[name] !== stored.fields[name])
      throw new Failure(406, `${name} cannot be changed`, { [name]: changes[name] });
  }
  const fields = patched(stored.fields, changes);
  checkUnique(kind, id, fields, server);
  noteWrite(server.state.stale, `${kind.plural}/${id}`, stored.fields, {
    now: server.now(),
    ...server.options,
  });
  stored.fields = fields;
}

function remove(kind: Kind, id: string, account: Account, server: EnablexServer): void {
  const { state, options } = server;
  const stored = find(kind, id, account, server);
  const lag = { now: server.now(), ...options };
  if (kind === customerKind) {
    const dependents = kinds.flatMap((other) =>
      Object.entries(state[other.plural]).flatMap(([key, { fields }]) =>
        other !== customerKind && fields.customer_id === id ? [{ other, key, fields }] : [],
      ),
    );
    if (dependents.length > 0 && options.dependents === "refuse") {
      throw new Failure(406, `Customer ${id} has subscriptions or users`, { customer_id: id });
    }
    for (const { other, key, fields } of dependents) {
      delete state[other.plural][key];
      noteWrite(state.stale, `${other.plural}/${key}`, fields, lag);
    }
  }
  delete state[kind.plural][id];
  noteWrite(state.stale, `${kind.plural}/${id}`, stored.fields, lag);
}

/** The customer that a subscription or a user names must be there for the caller. */
function checkCustomer(fields: Fields, account: Account, server: EnablexServer): void {
  const { customer_id } = fields;
  if (typeof customer_id !== "string") return;
  try {
    find(customerKind, customer_id, account, server);
  } catch {
    throw new Failure(406, `customer_id: there is no customer ${customer_id}`, { customer_id });
  }
}

function checkUnique(
  kind: Kind,
  id: string | undefined,
  fields: Fields,
  server: EnablexServer,
): void {
  const unique: Record<string, [field: string, words: string][]> = {
    customers: [
      ["contact_email", "Email Address"],
      ...(server.options.uniqueCustomerCode
        ? [["customer_code", "Customer Code"] as [string, string]]
        : []),
    ],
    users: [["email", "Email Address"]],
  };
  for (const [field, name] of unique[kind.plural] ?? []) {
    const value = String(fields[field] ?? "").toLowerCase();
    if (value === "") continue;
    for (const [other, stored] of Object.entries(server.state[kind.plural])) {
      if (other !== id && String(stored.fields[field] ?? "").toLowerCase() === value) {
        throw new Failure(1504, `${name} is already registered`, { [field]: fields[field] });
      }
    }
  }
}
