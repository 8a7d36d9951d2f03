/**
 * The Xima CCaaS License Provisioning API as a local server, by the contract's two revisions (option `revision`).
 *
 * What the contract leaves open, and what is done here (all inferred):
 * - Body claims at 1.4: further `jti` and `exp` in the body are let through (`tolerateBodyClaims`); every other unknown field is refused.
 * - A token's `jti` is used up as soon as its signature and claims are right, even when the body is then refused.
 * - After DELETE the customer is not known any more (`duringDeletion: "gone"`): a request without names answers CUSTOMER_NOT_FOUND, one with
 *   names begins a licence anew. With `"known"` it is known for the week as before, and a POST of licences takes the deletion back.
 * - In `changes`, a number that was never set counts as 0 and a text as null; a changed name is stored and not reported.
 * - The commercial notes are enforced on the account as a whole (`commercialNotes`).
 * - At the guide's revision the customer's names and DELETE are as in 1.4, for the guide is silent about them.
 *
 * Control: `POST /_sandbox/sign {csr, days?}` signs and registers a certificate → `{kid, certificate}`; `POST /_sandbox/keys
 * {certificate, kid?}` or `{publicKey, kid}` registers one → `{kid}`. An out-of-band change is a PATCH of the state, such as
 * `{"customers": {"acme/t1": {"licence": {"eliteSeats": 3}}}}`.
 */
import { generateKeyPairSync, type JsonWebKey, randomUUID } from "node:crypto";
import { z } from "zod";
import { commonOptions, SandboxServer } from "../kernel.ts";
import { ControlError, json, type Reply, type SandboxRequest } from "../message.ts";
import { readCertificate, readPublicKey, signRequest } from "./authority.ts";
import { changesBetween, checkWhole, type Licence, merge, object, readLicence, text } from "./licence.ts";
import { loads, PyJsonError, type PyValue } from "./python-json.ts";
import { Refusal } from "./refusal.ts";
import { checkToken, type RegisteredKey } from "./token.ts";

const options = z.strictObject({
  ...commonOptions,
  revision: z.enum(["guide", "1.4"]).default("1.4").describe("which revision of the contract is served"),
  updatePath: z.string().startsWith("/").default("/licensing/update").describe("the path below the base URL"),
  tolerateBodyClaims: z.boolean().default(true).describe("at 1.4, jti and exp in the body are ignored instead of refused"),
  commercialNotes: z.boolean().default(true).describe("at 1.4, add-ons need the seats that the commercial notes name"),
  duringDeletion: z.enum(["gone", "known"]).default("gone").describe("whether a customer is still known in the week after DELETE"),
});
export type XimaOptions = z.output<typeof options>;

interface Customer {
  ccId: { resellerId: string; tenantId: string; resellerName: string; tenantName: string };
  licence: Licence;
  deletion?: { deletionId: string; scheduledAt: string; estimatedDeletionTime: string };
}

export interface XimaState {
  /** By `kid`. */
  keys: Record<string, RegisteredKey>;
  /** By `resellerId/tenantId`, each percent-encoded. */
  customers: Record<string, Customer>;
  /** Every jti seen, with its token's exp. What has expired is forgotten at the next start. */
  usedJtis: Record<string, number>;
  /** The server's own public key, made when the JWKS is first asked for. */
  jwk?: JsonWebKey;
}

export type XimaServer = SandboxServer<XimaState, XimaOptions>;

const week = 7 * 86_400_000;

export const ximaServer = (): XimaServer =>
  new SandboxServer<XimaState, XimaOptions>({
    name: "xima",
    basePath: "/v1",
    options,
    initialState: () => ({ keys: {}, customers: {}, usedJtis: {} }),
    refuse: (status, message) => json(status, { code: status >= 500 ? "INTERNAL_ERROR" : "REQUEST_REFUSED", message }),
    handle,
    started(server) {
      const { usedJtis } = server.state;
      for (const [jti, exp] of Object.entries(usedJtis)) if (exp * 1000 <= server.now()) delete usedJtis[jti];
    },
    control: {
      sign(body, server) {
        const { csr, days } = asked(z.strictObject({ csr: z.string(), days: z.number().positive().optional() }), body);
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
export async function issueCertificate(server: XimaServer, csr: string, days = 825): Promise<{ kid: string; certificate: string }> {
  const certificate = await signRequest(csr, server.now(), days);
  return { ...register(server, { certificate }), certificate };
}

/** Accepts signatures of this key from now on. A certificate's `kid` follows from it, unless one is issued with it as in earlier days. */
function register(server: XimaServer, given: { certificate: string; kid?: string } | { publicKey: string; kid: string }): { kid: string } {
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
    return request.method === "GET" ? json(200, { keys: [ownKey(server)] }) : notAllowed("GET");
  }
  if (request.path !== base + server.options.updatePath) return json(404, { code: "NOT_FOUND", message: "there is no such route" });
  if (request.method !== "POST" && request.method !== "DELETE") return notAllowed("POST, DELETE");
  try {
    const body = readBody(request);
    authenticate(request, body, server);
    return json(200, request.method === "POST" ? update(body, server) : remove(body, server));
  } catch (error) {
    if (error instanceof Refusal) return json(error.status, { code: error.code, message: error.message });
    throw error;
  }
}

const notAllowed = (allow: string) => json(405, { code: "METHOD_NOT_ALLOWED", message: `allowed: ${allow}` }, { allow });

function readBody(request: SandboxRequest): Map<string, PyValue> {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw new Refusal("VALIDATION_ERROR", "Content-Type must be application/json");
  }
  let body: PyValue;
  try {
    body = loads(request.body);
  } catch (error) {
    if (error instanceof PyJsonError) throw new Refusal("VALIDATION_ERROR", `the body is not JSON: ${error.message}`);
    throw error;
  }
  if (!(body instanceof Map)) throw new Refusal("VALIDATION_ERROR", "the body must be a JSON object");
  return body;
}

function authenticate(request: SandboxRequest, body: Map<string, PyValue>, server: XimaServer): void {
  const { state, options } = server;
  const now = server.now();
  const { jti, exp } = checkToken(request.headers.authorization, body, { revision: options.revision, keys: state.keys, now });
  if (Object.hasOwn(state.usedJtis, jti) && (state.usedJtis[jti] ?? 0) * 1000 > now)
    throw new Refusal("DUPLICATE_JTI", "this jti has been used already");
  state.usedJtis[jti] = exp;
}

/** Fields of the body beside ccId and the licence. */
const claimsInBody = ({ options }: XimaServer): string[] =>
  options.revision === "guide" || options.tolerateBodyClaims ? ["jti", "exp"] : [];

interface CcId {
  resellerId: string;
  tenantId: string;
  resellerName?: string;
  tenantName?: string;
}

function readCcId(body: Map<string, PyValue>): CcId {
  const given = object("ccId", body.get("ccId"), ["resellerId", "tenantId", "resellerName", "tenantName"]);
  const ccId: CcId = {
    resellerId: text("ccId.resellerId", given.get("resellerId")),
    tenantId: text("ccId.tenantId", given.get("tenantId")),
  };
  for (const name of ["resellerName", "tenantName"] as const) if (given.has(name)) ccId[name] = text(`ccId.${name}`, given.get(name));
  return ccId;
}

const keyOf = (ccId: CcId) => `${encoded(ccId.resellerId)}/${encoded(ccId.tenantId)}`;
// encodeURIComponent throws at a lone surrogate, which is a lawful character here.
const encoded = (id: string) => id.replace(/[%/]/g, (character) => (character === "%" ? "%25" : "%2F"));

function find(ccId: CcId, server: XimaServer): Customer | undefined {
  const key = keyOf(ccId);
  const customer = Object.hasOwn(server.state.customers, key) ? server.state.customers[key] : undefined;
  if (customer?.deletion !== undefined && Date.parse(customer.deletion.estimatedDeletionTime) <= server.now()) {
    delete server.state.customers[key];
    return undefined;
  }
  return customer?.deletion !== undefined && server.options.duringDeletion === "gone" ? undefined : customer;
}

function update(body: Map<string, PyValue>, server: XimaServer): object {
  const { revision, commercialNotes } = server.options;
  const ccId = readCcId(body);
  const asked = readLicence(body, revision, ["ccId", ...claimsInBody(server)]);
  const known = find(ccId, server);

  let names: { resellerName: string; tenantName: string };
  if (known === undefined) {
    const { resellerName, tenantName } = ccId;
    if (resellerName === undefined && tenantName === undefined && Object.keys(asked).length === 0) throw notFound();
    if (resellerName === undefined) throw new Refusal("VALIDATION_ERROR", "ccId.resellerName is required on the customer's first request");
    if (tenantName === undefined) throw new Refusal("VALIDATION_ERROR", "ccId.tenantName is required on the customer's first request");
    names = { resellerName, tenantName };
  } else {
    names = { resellerName: ccId.resellerName ?? known.ccId.resellerName, tenantName: ccId.tenantName ?? known.ccId.tenantName };
  }
  const before = known?.licence ?? {};
  const licence = merge(before, asked);
  checkWhole(licence, revision, commercialNotes);

  const customer: Customer = { ccId: { resellerId: ccId.resellerId, tenantId: ccId.tenantId, ...names }, licence };
  if (known?.deletion !== undefined && Object.keys(asked).length === 0) customer.deletion = known.deletion;
  server.state.customers[keyOf(ccId)] = customer;
  return { ccId: customer.ccId, changes: changesBetween(before, licence) };
}

function remove(body: Map<string, PyValue>, server: XimaServer): object {
  for (const field of body.keys()) {
    if (!["ccId", ...claimsInBody(server)].includes(field)) throw new Refusal("VALIDATION_ERROR", `${field} is not a known field`);
  }
  const customer = find(readCcId(body), server);
  if (customer === undefined) throw notFound();
  const now = server.now();
  // Asked again, the first answer stands: its deletionId is the one that support knows.
  customer.deletion ??= {
    deletionId: randomUUID(),
    scheduledAt: new Date(now).toISOString(),
    estimatedDeletionTime: new Date(now + week).toISOString(),
  };
  const { scheduledAt, estimatedDeletionTime, deletionId } = customer.deletion;
  const message = "All licenses of this customer will be removed within one week";
  return { ccId: customer.ccId, status: "scheduled_for_deletion", message, scheduledAt, estimatedDeletionTime, deletionId };
}

const notFound = () => new Refusal("CUSTOMER_NOT_FOUND", "there is no such customer");

function ownKey(server: XimaServer): JsonWebKey {
  server.state.jwk ??= {
    ...generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" }),
    alg: "RS256",
    use: "sig",
    kid: randomUUID(),
  };
  return server.state.jwk;
}
