import type { HttpResponse } from "../http/client.ts";
import { mayHaveActed } from "../http/retry.ts";
import { configKey } from "../runtime/config.ts";
import { oneOf, steps, UcaasError, urnOf, vendorCodeOf } from "../runtime/errors.ts";
import type { ManagedInputs } from "../runtime/lifecycle.ts";
import { tokenLifetime } from "./jws.ts";
import { type CcId, resourceId } from "./resource-id.ts";
import { errorReplySchema, type LicenseInputs } from "./schema.ts";

/** The codes that the licensing API sends (guide, OpenAPI 1.4). */
export const ximaApiErrors = {
  CUSTOMER_NOT_FOUND: "the customer is not known",
  DUPLICATE_JTI: "the JTI has already been used",
  EXPIRED_TOKEN: "the request's expiration time has passed",
  INVALID_CERTIFICATE: "the kid is not registered, or not valid",
  INVALID_JTI: "the JTI format is incorrect",
  INVALID_SIGNATURE: "the JWT signature verification failed",
  INVALID_TOKEN: "a claim or the signature is not as the server wants it",
  VALIDATION_ERROR: "licence parameters do not meet requirements",
} as const;

/** What the codes of `XimaLicense` itself mean. */
export const ximaErrors = {
  ACCOUNT_CHANGED: "another server has seen the customer last",
  CERTIFICATE_EXPIRED: "the certificate is no longer valid",
  CERTIFICATE_NOT_YET_VALID: "the certificate is not valid yet",
  CERTIFICATE_UNREADABLE: "the certificate cannot be read",
  CLOCK_OFF: "this machine's clock differs from the server's",
  KEY_ID_MISSING: "neither a certificate nor a kid is configured",
  KEY_MISMATCH: "the key does not belong to the certificate",
  KEY_NOT_RSA: "the private key is not an RSA key",
  KEY_PASSPHRASE: "the passphrase is missing or wrong",
  KEY_TOO_SHORT: "the RSA key has fewer than 2048 bits",
  KEY_UNREADABLE: "the private key cannot be read",
} as const;

export type XimaErrorCode = keyof typeof ximaErrors | keyof typeof ximaApiErrors;

declare module "../runtime/errors.ts" {
  interface ErrorCatalogues {
    xima: typeof ximaErrors & typeof ximaApiErrors;
  }
}

const clockRemedy = "Check your server's clock synchronization";

/**
 * The remedies of the guide's troubleshooting table; for what OpenAPI 1.4 added, and for
 * what the table leaves out, ours.
 */
const remedies: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    INVALID_SIGNATURE: [
      [
        "Check serialization parameters and ensure you're using the correct private key:",
        "`ucaas xima keys check --online` compares key, certificate and server",
      ].join(" "),
    ],
    DUPLICATE_JTI: [
      "Generate a new UUID for each request. This client does: something on the way sends requests twice.",
      "Run the command again.",
    ],
    INVALID_JTI: [
      "Ensure JTI is a valid UUID string. This client's are.",
      "Set xima:claimsIn to where this server looks for it.",
    ],
    EXPIRED_TOKEN: [clockRemedy],
    VALIDATION_ERROR: [
      [
        "Review validation rules for seat quantities (docs/xima-license.md, section Arguments);",
        "a server that refuses jti and exp in the body wants xima:claimsIn: token",
      ].join(" "),
    ],
    // The published example of this code is "The JWT signature is invalid".
    INVALID_TOKEN: [
      "Run `ucaas xima keys check --online`: it compares key, certificate and server.",
      "If all fit, set xima:claimsIn and xima:apiRevision to the revision of this server.",
    ],
    INVALID_CERTIFICATE: [
      "Run `ucaas xima keys check --online`: it says whether the server lists the kid.",
      "If not, ask Xima to register it for this environment (`ucaas xima keys fingerprint`).",
    ],
    CUSTOMER_NOT_FOUND: [
      "Check ccId.resellerId and ccId.tenantId.",
      "If the customer was removed elsewhere: `pulumi refresh`, then `pulumi up` creates it again.",
    ],
  }),
);

/** More to do after a look-up before a write, which sends the ccId alone (inferred). */
export const afterProbe = [
  [
    "This was the look-up before a write, which sends the ccId alone (inferred).",
    "If the server wants the names too: `pulumi config set xima:probe names`",
  ].join(" "),
  "To send no look-up: `pulumi config set xima:probe off` (docs/xima-license.md, section The look-up)",
];

/** More to do after a request for a customer that the state has. */
export const afterRequest = [
  [
    "The state has this customer, so the first request is done.",
    "If this server wants the names always: `pulumi config set xima:probe names`",
  ].join(" "),
  "If the customer was removed elsewhere: `pulumi state delete <urn>`, then `pulumi up`",
];

/** What to do about a VALIDATION_ERROR depends on what the server refuses. */
function validationRemedy(message: string): readonly string[] | undefined {
  if (/\b(jti|exp)\b/i.test(message))
    return ["The server refuses jti and exp in the body: `pulumi config set xima:claimsIn token`"];
  if (
    /unknown|unexpected|unrecogni[sz]ed|additional propert|not (a )?(known|allowed|permitted|supported)/i.test(
      message,
    )
  )
    return [
      "The server does not know a field. Remove it from the resource, or set xima:apiRevision to the revision of this server.",
      "For jti and exp set xima:claimsIn to token.",
    ];
  if (/ccid|reseller|tenant/i.test(message))
    return [
      "Check ccId: both ids as Xima issued them, and on the customer's first request both names (OpenAPI 1.4)",
    ];
  if (/sip/i.test(message))
    return [
      "Check sipCredentials: four fields are required, and sipPort and transport come together (OpenAPI 1.4)",
    ];
  return undefined;
}

export function refusal(
  reply: HttpResponse,
  operation: string,
  moreToDo: readonly string[] = [],
): UcaasError {
  const acted =
    reply.earlierAttemptMayHaveSucceeded || mayHaveActed({ kind: "status", status: reply.status });
  const error = errorReplySchema.safeParse(reply.json).data;
  const skew = clockSkew(reply);
  const blamesTheToken = error ? timedCodes.has(error.code) : reply.status === 401;
  if (blamesTheToken && Math.abs(skew) > tokenLifetime) {
    return new UcaasError(
      `this machine's clock is ${Math.round(Math.abs(skew) / 60)} minutes ${skew > 0 ? "ahead of" : "behind"} the server's`,
      {
        code: "CLOCK_OFF",
        vendor: "xima",
        operation,
        status: reply.status,
        vendorCode: error?.code,
        mayHaveActed: acted,
        hint: clockRemedy,
      },
    );
  }
  if (!error) {
    return new UcaasError("the server rejected the request without an error body", {
      code: `HTTP_${reply.status}`,
      vendor: "xima",
      operation,
      status: reply.status,
      mayHaveActed: acted,
      hint: steps(...remedyFor(reply)),
    });
  }
  // Any other text is no code, and would stand where people look for one.
  const code = /^[A-Z][A-Z0-9_]{0,63}$/.test(error.code)
    ? vendorCodeOf(error.code)
    : (`HTTP_${reply.status}` as const);
  const remedy =
    (error.code === "VALIDATION_ERROR" && validationRemedy(error.message ?? "")) ||
    remedies.get(error.code);
  return new UcaasError(error.message ?? "the server rejected the request", {
    code,
    vendor: "xima",
    operation,
    status: reply.status,
    vendorCode: code === error.code ? code : undefined,
    mayHaveActed: acted,
    hint: steps(...(remedy ?? remedyFor(reply)), ...moreToDo),
  });
}

/** Refusals that a wrong clock brings about. */
const timedCodes = new Set(["EXPIRED_TOKEN", "INVALID_TOKEN", "INVALID_CERTIFICATE"]);

/** For what the API does not document. */
function remedyFor({ status, headers }: HttpResponse): readonly string[] {
  if (status === 404 || status < 400)
    return [
      "check xima:baseUrl and xima:updatePath: the prefix differs between the vendor's pages",
    ];
  if (status === 429) {
    const wait = headers["retry-after"];
    return [
      `Run the command again later${wait ? `: the server asks to wait (Retry-After: ${wait})` : ""}.`,
      "Set xima:requestsPerSecond to what the server allows.",
    ];
  }
  return ["Run the command again.", "If it stays, ask support@ximasoftware.com."];
}

/** Seconds by which this machine's clock is ahead of the server's Date header. */
function clockSkew(reply: HttpResponse): number {
  const date = Date.parse(reply.headers.date ?? "");
  return Number.isNaN(date) ? 0 : (Date.now() - date) / 1000;
}

/** The first step where an account may have another server than before. */
function checkAddress(baseUrl: string, account: string | undefined): string {
  return `Check ${configKey("xima", "baseUrl", account)} (${baseUrl}): it may lead to another server, such as a sandbox.`;
}

function askServer(account: string | undefined): string {
  return `pulumi config set --path ${configKey("xima", "probe", account)} ccid`;
}

/** A 404 from another server than the one that has seen the customer last. */
export function serverChanged(
  operation: string,
  baseUrl: string,
  { account, __resource: resource }: ManagedInputs,
): UcaasError {
  const forget = `pulumi state delete ${urnOf(resource)}`;
  return new UcaasError("this server does not know the customer; another server did", {
    code: "ACCOUNT_CHANGED",
    vendor: "xima",
    operation,
    status: 404,
    hint: [
      steps(
        checkAddress(baseUrl, account),
        "Run pulumi up --refresh=false: a refresh has the config of the last update.",
        `If the server has moved and the customer is gone: ${forget}`,
      ),
      `If it was created at the other server by mistake, or as a trial: ${forget}`,
      steps(
        "Run pulumi up: a licence that is declared is created at this server.",
        "Have the stray licence deleted at the other server: no state has it.",
      ),
    ].join("\n    "),
  });
}

/** An update for a server that has never seen the licence, and is not asked. */
export function serverUnknown(
  operation: string,
  baseUrl: string,
  { account, ccId }: LicenseInputs,
): UcaasError {
  return new UcaasError("whether this server knows the customer is not known; another one did", {
    code: "ACCOUNT_CHANGED",
    vendor: "xima",
    operation,
    hint: steps(
      checkAddress(baseUrl, account),
      `If the server has moved: ${askServer(account)}`,
      `If the look-up must stay off: XIMA_ADOPT=${resourceId({ ccId })} pulumi up`,
    ),
  });
}

/**
 * A delete at a server that has never seen the licence: what another one has is billed on.
 *
 * @param isKnown by the server's own word
 */
export function deleteElsewhere(
  operation: string,
  baseUrl: string,
  { account, ccId }: LicenseInputs,
  isKnown: boolean,
): UcaasError {
  return new UcaasError("not deleted: another server has seen the customer last", {
    code: "ACCOUNT_CHANGED",
    vendor: "xima",
    operation,
    hint: steps(
      checkAddress(baseUrl, account),
      ...(isKnown ? [] : [`Let this server be asked: ${askServer(account)}`]),
      `If the server has moved: XIMA_ADOPT=${resourceId({ ccId })} pulumi up`,
    ),
  });
}

export function alreadyExists(ccId: CcId): UcaasError {
  const thing = resourceId({ ccId });
  return new UcaasError(
    "the customer exists already, and creating it would overwrite its licences",
    {
      code: "ALREADY_EXISTS",
      vendor: "xima",
      operation: `create licence ${thing}`,
      hint: [
        oneOf(
          "set adopt: true on the resource",
          "import it (docs/xima-license.md)",
          `for one run: XIMA_ADOPT=${thing} pulumi up`,
        ),
        "If every new customer ends so, this server creates on the look-up: `pulumi config set xima:probe off`",
      ].join("\n    "),
    },
  );
}
