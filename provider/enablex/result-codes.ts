import { type ErrorCode, steps } from "../runtime/errors.ts";
/** What a code of the API means. */
export interface Meaning {
  /** Ours, stable. */
  readonly code: ErrorCode;
  /** The guide's own words. */
  readonly message: string;
  readonly hint: string;
  /** `refused`: the request was not carried out. `server` and `progress` leave it open. */
  readonly group: "refused" | "server" | "progress";
}

const credentials = [
  "check enablex:accessId with enablex:accessKey (portal: Developers / API Access),",
  "or enablex:accessId with enablex:email and enablex:password.",
  "Managing customers takes a reseller's or an administrator's",
].join(" ");
const appType = "run: pulumi config set enablex:appType vc (or wb)";

/** The guide's tables; 1504 is its example. 429 and 503 are not in it. */
const meanings: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    "0": {
      code: "ERROR",
      message: "Error.",
      hint: "the server gives no reason; what the request said is in this message's first line",
      group: "refused",
    },
    "400": {
      code: "HEADER_MISSING",
      message: "Header is missing. Add a valid header.",
      hint: `${credentials}. A server that wants X-App-Type: ${appType}`,
      group: "refused",
    },
    "401": {
      code: "HEADER_INVALID",
      message: "Invalid header used.",
      hint: credentials,
      group: "refused",
    },
    "403": {
      code: "TOKEN_EXPIRED",
      message: "Token has expired.",
      hint: `with a login, it was refused after a fresh one too: ${credentials}`,
      group: "refused",
    },
    "404": {
      code: "NOT_FOUND",
      message: "Not Found.",
      hint: "check the ids, enablex:baseUrl and enablex:routes",
      group: "refused",
    },
    "406": {
      code: "VALIDATION_FAILED",
      message: "Unprocessable entity, validation failed.",
      hint: "correct the declared values that the server names",
      group: "refused",
    },
    "429": {
      code: "RATE_LIMITED",
      message: "Too many requests.",
      hint: steps("Wait.", "Set enablex:requestsPerSecond or a lower enablex:concurrency."),
      group: "refused",
    },
    "500": {
      code: "INTERNAL_ERROR",
      message: "Internal Server Error.",
      hint: "run the command again; it looks first, so nothing is made twice",
      group: "server",
    },
    "503": {
      code: "UNAVAILABLE",
      message: "Server failed to complete a legit Request.",
      hint: "run the command again later; it looks first, so nothing is made twice",
      group: "server",
    },
    "1001": {
      code: "TOKEN_INVALID",
      message: "Token is not valid.",
      hint: `with a login, it was refused after a fresh one too: ${credentials}`,
      group: "refused",
    },
    "1002": {
      code: "REQUEST_INVALID",
      message: "The request is invalid.",
      hint: "the server wants another body or query than is public: see enablex:routes in the docs",
      group: "refused",
    },
    "1401": {
      code: "APP_TYPE_MISSING",
      message: "App type must be specified.",
      hint: appType,
      group: "refused",
    },
    "1402": {
      code: "APP_TYPE_NOT_TEXT",
      message: "App type must be a string.",
      hint: appType,
      group: "refused",
    },
    "1403": {
      code: "APP_TYPE_INVALID",
      message: "Only Valid app-type should be passed.",
      hint: appType,
      group: "refused",
    },
    "1504": {
      code: "DUPLICATE",
      message: "Duplicate data.",
      hint: "choose another value, or adopt the one that exists",
      group: "refused",
    },
  }),
);

/** The guide's groups, for codes that its tables do not list. */
const groups: Record<string, Meaning> = {
  "1": {
    code: "IN_PROGRESS",
    message: "Request received & processed.",
    hint: "run the command again; it looks first, so nothing is made twice",
    group: "progress",
  },
  "2": {
    code: "NOT_CONFIRMED",
    message: "Request received & accepted.",
    hint: "only result 1 is success (guide); run the command again, it looks first",
    group: "progress",
  },
  "3": {
    code: "ACTION_REQUIRED",
    message: "Action required to complete Request.",
    hint: "check enablex:baseUrl; redirects are not followed, since credentials would travel along",
    group: "refused",
  },
  "4": {
    code: "CLIENT_ERROR",
    message: "Illegible Request Syntax. Can’t be fulfilled.",
    hint: "correct the declared values that the server names",
    group: "refused",
  },
  "5": {
    code: "SERVER_ERROR",
    message: "Server failed to complete a legit Request.",
    hint: "run the command again; it looks first, so nothing is made twice",
    group: "server",
  },
};

const unlisted: Meaning = {
  code: "UNLISTED_CODE",
  message: "The server refused with a code that the guide does not list.",
  hint: steps(
    "Ask EnableX what the code means.",
    "Correct the declared values that the server names.",
  ),
  group: "refused",
};

/**
 * The meaning of a `result` or an HTTP status. Codes of four digits are the application's
 * own: each is a refusal.
 */
export function lookupResultCode(code: string): Meaning {
  return (
    meanings.get(code) ??
    (/^[1-5]\d\d$/.test(code) ? groups[code[0] as string] : undefined) ??
    unlisted
  );
}
