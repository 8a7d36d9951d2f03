/**
 * The Xima CCaaS License Provisioning API as a local server, by the contract's two
 * revisions (option `revision`).
 *
 * Published, and done so by default: fields that the document does not name are ignored,
 * in DELETE as in POST; a changed value that was never set is 0 or an empty text (null is
 * no published type); `estimatedDeletionTime` is the text "1 week"; a signature that does
 * not hold is INVALID_TOKEN (the document's example); the JWKS lists the registered keys
 * by their certificates' fingerprints.
 *
 * What the contract leaves open, and what is done here (all inferred, each with its
 * switch where there is one):
 * - `unknownFields: "refuse"` refuses a field that the document does not name. Then `jti`
 *   and `exp` in the body are still let through, unless `tolerateBodyClaims` is false,
 *   which refuses just these two.
 * - A look-up (a POST of `ccId` without a licence field) of an unknown customer
 *   (`lookUp`): `not-found` answers 404 without names and makes
 *   the customer with them; `names-required` answers 400 without names and 404 with them;
 * `create` makes the customer. `namesRequired:
 *   "always"` wants both names in every POST, also of a known customer.
 * - `badSignature: "INVALID_SIGNATURE"` is the guide's code for a signature that does not
 *   hold; at the guide's revision it always is.
 * - A token's `jti` is used up as soon as its signature and claims are right, even when
 *   the body is then refused.
 * - After DELETE the customer is not known any more (`duringDeletion: "gone"`): a request
 *   without names answers CUSTOMER_NOT_FOUND, one with names begins a licence again. With
 *   `"known"` it is known for the week as before, and a POST of licences takes the
 *   deletion back. With `"stands"` it is known too, and no POST takes the deletion back.
 * - `deletionTime: "date"` answers the date of the removal in place of the text.
 * - A changed name is stored and not reported.
 * - The commercial notes are enforced on the account as a whole (`commercialNotes`).
 * - At the guide's revision the customer's names and DELETE are as in 1.4, for the guide
 *   is silent about them.
 *
 * Control: `POST /_sandbox/sign {csr, days?}` signs and registers a certificate → `{kid,
 * certificate}`; `POST /_sandbox/keys
 * {certificate, kid?}` or `{publicKey, kid}` registers one → `{kid}`. An out-of-band
 * change is a PATCH of the state, such as
 * `{"customers": {"acme/t1": {"licence": {"eliteSeats": 3}}}}`.
 */
import { createPublicKey, type JsonWebKey, randomInt } from "node:crypto";
import { z } from "zod";
import { ControlError, json, type Reply, type SandboxRequest } from "../http-types.ts";
import { commonOptions, SandboxServer } from "../server.ts";
import { readCertificate, readPublicKey, signRequest } from "./certificate-authority.ts";
import {
  changesBetween,
  checkWhole,
  type Licence,
  licenceFields,
  merge,
  nestedKeys,
  object,
  readLicence,
  text,
} from "./licence.ts";
import { loads, PyJsonError, type PyValue } from "./python-json.ts";
import { Refusal } from "./refusal.ts";
import { checkToken, type RegisteredKey } from "./token.ts";

const options = z.strictObject({
  ...commonOptions,
  revision: z
    .enum(["guide", "1.4"])
    .default("1.4")
    .describe("which revision of the contract is served"),
  updatePath: z
    .string()
    .startsWith("/")
    .default("/licensing/update")
    .describe("the path below the base URL"),
  unknownFields: z
    .enum(["ignore", "refuse"])
    .default("ignore")
    .describe("what is done with a field that is not published"),
  tolerateBodyClaims: z
    .boolean()
    .default(true)
    .describe("at 1.4, jti and exp in the body are ignored instead of refused"),
  lookUp: z
    .enum(["not-found", "names-required", "create"])
    .default("not-found")
    .describe("the answer to a POST of the ccId alone, for an unknown customer"),
  namesRequired: z
    .enum(["first", "always"])
    .default("first")
    .describe("which POSTs need the customer's names"),
  badSignature: z
    .enum(["INVALID_TOKEN", "INVALID_SIGNATURE"])
    .default("INVALID_TOKEN")
    .describe("at 1.4, the code for a signature that does not hold"),
  deletionTime: z.enum(["text", "date"]).default("text").describe("what estimatedDeletionTime is"),
  commercialNotes: z
    .boolean()
    .default(true)
    .describe("at 1.4, add-ons need the seats that the commercial notes name"),
  duringDeletion: z
    .enum(["gone", "known", "stands"])
    .default("gone")
    .describe("in the week after DELETE, whether the customer is known, and a POST stops it"),
});
export type XimaOptions = z.output<typeof options>;

interface Customer {
  ccId: CcId;
  licence: Licence;
  deletion?: { deletionId: string; scheduledAt: string };
}

export interface XimaState {
  /** By `kid`. */
  keys: Record<string, RegisteredKey>;
  /** By `resellerId/tenantId`, each percent-encoded. */
  customers: Record<string, Customer>;
  /** Every jti seen, with its token's exp. What has expired is forgotten at the next start. */
  usedJtis: Record<string, number>;
}

export type XimaServer = SandboxServer<XimaState, XimaOptions>;

const week = 7 * 86_400_000;

export const ximaServer = (): XimaServer =>
  new SandboxServer<XimaState, XimaOptions>({
    name: "xima",
    basePath: "/v1",
    options,
    initialState: () => ({ keys: {}, customers: {}, usedJtis: {} }),
    refuse: (status, message) =>
      json(status, { code: status >= 500 ? "INTERNAL_ERROR" : "REQUEST_REFUSED", message }),
    handle,
    started(server) {
      const { usedJtis } = server.state;
      for (const [jti, exp] of Object.entries(usedJtis))
        if (exp * 1000 <= server.now()) delete usedJtis[jti];
    },
    control: {
      sign(body, server) {
        const { csr, days } = asked(
          z.strictObject({ csr: z.string(), days: z.number().positive().optional() }),
          body,
        );
        return issueCertificate(server, csr, days);
      },
      keys: (body, server) =>
        register(
          server,
          asked(
            z.union([
              z.strictObject({ certificate: z.string(), kid: z.string().optional() }),
              z.strictObject({ publicKey: z.string(), kid: z.string() }),
            ]),
            body,
          ),
        ),
    },
  });

/** Signs a certificate request in PEM, and accepts signatures of its key from now on. */
export async function issueCertificate(
  server: XimaServer,
  csr: string,
  days = 825,
): Promise<{ kid: string; certificate: string }> {
  const certificate = await signRequest(csr, server.now(), days);
  return { ...register(server, { certificate }), certificate };
}

/**
 * Accepts signatures of this key from now on. A certificate's `kid` follows from it,
 * unless one is issued with it as in earlier days.
 */
function register(
  server: XimaServer,
  given: { certificate: string; kid?: string } | { publicKey: string; kid: string },
): { kid: string } {
  if ("publicKey" in given) {
    server.state.keys[given.kid] = readPublicKey(given.publicKey);
    return { kid: given.kid };
  }
  const { kid, key } = readCertificate(given.certificate);
  server.state.keys[given.kid ?? kid] = key;
  return { kid: given.kid ?? kid };
}

function asked<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw new ControlError(z.prettifyError(result.error));
  return result.data;
}

function handle(request: SandboxRequest, server: XimaServer): Reply {
  const base = server.vendor.basePath;
  if (request.path === `${base}/licensing/.well-known/jwks.json`) {
    return request.method === "GET"
      ? json(200, { keys: publishedKeys(server) })
      : notAllowed("GET");
  }
  if (request.path !== base + server.options.updatePath)
    return json(404, { code: "NOT_FOUND", message: "there is no such route" });
  if (request.method !== "POST" && request.method !== "DELETE") return notAllowed("POST, DELETE");
  try {
    const body = readBody(request);
    authenticate(request, body, server);
    return json(200, request.method === "POST" ? update(body, server) : remove(body, server));
  } catch (error) {
    if (error instanceof Refusal)
      return json(error.status, { code: error.code, message: error.message });
    throw error;
  }
}

const notAllowed = (allow: string) =>
  json(405, { code: "METHOD_NOT_ALLOWED", message: `allowed: ${allow}` }, { allow });

function readBody(request: SandboxRequest): Map<string, PyValue> {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw new Refusal("VALIDATION_ERROR", "Content-Type must be application/json");
  }
  let body: PyValue;
  try {
    body = loads(request.body);
  } catch (error) {
    if (error instanceof PyJsonError)
      throw new Refusal("VALIDATION_ERROR", `the body is not JSON: ${error.message}`);
    throw error;
  }
  if (!(body instanceof Map))
    throw new Refusal("VALIDATION_ERROR", "the body must be a JSON object");
  return body;
}

function authenticate(
  request: SandboxRequest,
  body: Map<string, PyValue>,
  server: XimaServer,
): void {
  const { state, options } = server;
  const now = server.now();
  const { revision, badSignature } = options;
  const { jti, exp } = checkToken(request.headers.authorization, body, {
    revision,
    badSignature,
    keys: state.keys,
    now,
  });
  if (Object.hasOwn(state.usedJtis, jti) && (state.usedJtis[jti] ?? 0) * 1000 > now)
    throw new Refusal("DUPLICATE_JTI", "This JTI has already been used");
  state.usedJtis[jti] = exp;
}

const claimsInBody = ["jti", "exp"];

/** Refuses the fields beside `published` ones that this server does not let pass. */
function checkFields(fields: string[], published: string[], { options }: XimaServer): void {
  const refusesClaims = options.revision === "1.4" && !options.tolerateBodyClaims;
  for (const field of fields) {
    const refused = claimsInBody.includes(field)
      ? refusesClaims
      : options.unknownFields === "refuse" && !published.includes(field);
    if (refused) throw new Refusal("VALIDATION_ERROR", `${field} is not a known field`);
  }
}

interface CcId {
  resellerId: string;
  tenantId: string;
  resellerName?: string;
  tenantName?: string;
}

function readCcId(body: Map<string, PyValue>): CcId {
  const given = object("ccId", body.get("ccId"));
  const ccId: CcId = {
    resellerId: text("ccId.resellerId", given.get("resellerId")),
    tenantId: text("ccId.tenantId", given.get("tenantId")),
  };
  for (const name of ["resellerName", "tenantName"] as const)
    if (given.has(name)) ccId[name] = text(`ccId.${name}`, given.get(name));
  return ccId;
}

const ccIdFields = ["resellerId", "tenantId", "resellerName", "tenantName"].map(
  (name) => `ccId.${name}`,
);

const keyOf = (ccId: CcId) => `${encoded(ccId.resellerId)}/${encoded(ccId.tenantId)}`;
// encodeURIComponent throws at a lone surrogate, which is a lawful character here.
const encoded = (id: string) =>
  id.replace(/[%/]/g, (character) => (character === "%" ? "%25" : "%2F"));

function find(ccId: CcId, server: XimaServer): Customer | undefined {
  const key = keyOf(ccId);
  const customer = Object.hasOwn(server.state.customers, key)
    ? server.state.customers[key]
    : undefined;
  if (
    customer?.deletion !== undefined &&
    Date.parse(customer.deletion.scheduledAt) + week <= server.now()
  ) {
    delete server.state.customers[key];
    return undefined;
  }
  return customer?.deletion !== undefined && server.options.duringDeletion === "gone"
    ? undefined
    : customer;
}

function update(body: Map<string, PyValue>, server: XimaServer): object {
  const { revision, commercialNotes, lookUp, namesRequired } = server.options;
  const ccId = readCcId(body);
  checkFields(
    [...body.keys(), ...nestedKeys(body)],
    ["ccId", ...ccIdFields, ...licenceFields(revision)],
    server,
  );
  const asked = readLicence(body, revision);
  const known = find(ccId, server);
  const looksUp = Object.keys(asked).length === 0;
  const { resellerName, tenantName } = ccId;

  const isFirst = known === undefined && !(looksUp && lookUp === "create");
  if (
    isFirst &&
    looksUp &&
    lookUp === "not-found" &&
    resellerName === undefined &&
    tenantName === undefined
  )
    throw notFound();
  if (isFirst || namesRequired === "always") {
    if (resellerName === undefined)
      throw new Refusal(
        "VALIDATION_ERROR",
        "ccId.resellerName is required on the customer's first request",
      );
    if (tenantName === undefined)
      throw new Refusal(
        "VALIDATION_ERROR",
        "ccId.tenantName is required on the customer's first request",
      );
  }
  if (isFirst && looksUp && lookUp === "names-required") throw notFound();
  const names = {
    resellerName: resellerName ?? known?.ccId.resellerName,
    tenantName: tenantName ?? known?.ccId.tenantName,
  };
  const before = known?.licence ?? {};
  const licence = merge(before, asked);
  checkWhole(licence, revision, commercialNotes);

  const customer: Customer = {
    ccId: { resellerId: ccId.resellerId, tenantId: ccId.tenantId, ...names },
    licence,
  };
  const stands = looksUp || server.options.duringDeletion === "stands";
  if (known?.deletion !== undefined && stands) customer.deletion = known.deletion;
  server.state.customers[keyOf(ccId)] = customer;
  return { ccId: customer.ccId, changes: changesBetween(before, licence) };
}

function remove(body: Map<string, PyValue>, server: XimaServer): object {
  // "All other fields are ignored in DELETE requests."
  checkFields([...body.keys()], ["ccId"], server);
  const customer = find(readCcId(body), server);
  if (customer === undefined) throw notFound();
  const now = server.now();
  // Asked again, the first answer stands: its deletionId is the one that support knows.
  customer.deletion ??= {
    deletionId: `del_${Math.floor(now / 1000)}_${randomInt(1000, 10_000)}`,
    scheduledAt: new Date(now).toISOString(),
  };
  const { scheduledAt, deletionId } = customer.deletion;
  return {
    ccId: { resellerId: customer.ccId.resellerId, tenantId: customer.ccId.tenantId },
    status: "scheduled_for_deletion",
    message: "Resources have been scheduled for deletion",
    scheduledAt,
    estimatedDeletionTime:
      server.options.deletionTime === "text"
        ? "1 week"
        : new Date(Date.parse(scheduledAt) + week).toISOString(),
    deletionId,
  };
}

const notFound = () =>
  new Refusal("CUSTOMER_NOT_FOUND", "No customer found with the provided ccId");

/**
 * The document: "the public keys needed to verify JWT signatures, indexed by certificate
 * fingerprint".
 */
function publishedKeys({ state }: XimaServer): JsonWebKey[] {
  return Object.entries(state.keys).map(([kid, { publicKey }]) => ({
    ...createPublicKey(publicKey).export({ format: "jwk" }),
    alg: "RS256",
    use: "sig",
    kid,
  }));
}
