import { inWords } from "../runtime/outputs.ts";
import { printableWords } from "../runtime/printable.ts";
import type { Answer, Grant } from "./client.ts";
import { acceptedScopes, type Scope } from "./scopes.ts";
import type { StepErrorCode } from "./steps.ts";

/** What a step's evidence means. */
export type StepOutcome =
  | { readonly status: "passed"; readonly evidence: string }
  | {
      readonly status: "failed";
      readonly code: StepErrorCode;
      readonly evidence: string;
      readonly remedy: string;
    };

const validClient = [
  "Verify that the Client ID and Client Secret are valid,",
  "under System → Settings → Advanced → OAuth Clients",
].join(" ");

/** What to do, in the guide's words; what the guide does not say is after the dash. */
const remedies = {
  apiUrl: [
    "Verify that the API URL is correct: this must be the correct portal URL",
    "for your specific Netsapiens instance, https://yourcompany.domain.com",
  ].join(" "),
  network: "Verify that the API URL is correct — and that this machine reaches it",
  later: "Run the command again — the system is overloaded, or under maintenance",
  blocked: [
    "Wait and run the command again — or ask the provider whether this machine's address",
    "is let in; netsapiens:requestsPerSecond slows the calls down",
  ].join(" "),
  credentials: `${validClient}, and that the API username and password are correct`,
  client: `${validClient}. Each application must have its own OAuth client`,
  mfa: "Use an API user without multi-factor authentication — the integration logs in with a password alone",
  scope: [
    "Give the API user sufficient permissions, under Users → Configuration → Select User → Scope.",
    "Minimum recommended role: Office Manager.",
    "Call Center Supervisor, NDP, Reseller, or Super User are also acceptable",
  ].join(" "),
  password: [
    "The user must have a secure password set. If it does not show “Secure password set,”",
    "create a new Portal/API password in the Admin Portal",
  ].join(" "),
  domain: [
    "Locate the Domain under the Domain tab (for Super Users), under the Inventory tab,",
    "or within the phone provisioning section (for Office Manager roles or higher)",
  ].join(" "),
  did: "The DID should be assigned within Netsapiens, and route to the configured CCaaS virtual handset or extension",
} as const;

/**
 * Codes of failures that say nothing about what is declared: the same verification may
 * come out otherwise in a moment.
 */
export const inconclusiveCodes: ReadonlySet<string> = new Set(["NO_ANSWER", "BLOCKED"]);

/** Step 1: the URL leads to a NetSapiens API, version 2. */
export function evaluateApiUrl(version: Answer): StepOutcome {
  const unanswered = withoutAnswer(version);
  if (unanswered) return unanswered;
  const { apiversion, hostname } = fields(version);
  if (!hasStatus(version, 200) || !apiversion)
    return failed("NO_API_V2", `no API v2 answers there (${said(version)})`, remedies.apiUrl);
  return passed(`API v2, version ${shown(apiversion)}${hostname ? `, on ${shown(hostname)}` : ""}`);
}

/**
 * What a token must be for: the client that was asked with, and a user of the domain or
 * above it.
 */
export interface GrantExpectation {
  readonly clientId: string;
  readonly domain: string;
}

/** Step 2: the grant, which proves client id, secret, user name and password together. */
export function evaluateGrant({ route, answer }: Grant, expected: GrantExpectation): StepOutcome {
  const unanswered = withoutAnswer(answer);
  if (unanswered) return unanswered;
  if (answer.kind === "foreign" || hasStatus(answer, 404)) {
    return failed("NO_TOKEN_ROUTE", `no API gives tokens there (${said(answer)})`, remedies.apiUrl);
  }
  const { access_token, client_id, domain, scope, mfa_required } = fields(answer);
  // MFA shows as a scope, or as a flag instead of a token (contract).
  if (mfa_required === true || mfaScopes.has(scopeKey(scope)))
    return failed("MFA_REQUIRED", "the system asks for a second factor", remedies.mfa);
  if (answer.kind === "api" && answer.status >= 300) {
    const evidence = `the system refused client and user together, and does not say which is wrong (${said(answer)})`;
    return failed("GRANT_REFUSED", evidence, remedies.credentials);
  }
  if (typeof access_token !== "string" || access_token === "") {
    return failed("NO_TOKEN", "the system answered without an access token", remedies.credentials);
  }
  if (client_id !== undefined && client_id !== expected.clientId) {
    return failed(
      "OTHER_CLIENT",
      `the token is for the client ${shown(client_id)}, not ${shown(expected.clientId)}`,
      remedies.client,
    );
  }
  const elsewhere = domain !== undefined && !same(domain, expected.domain);
  if (elsewhere && isScopeOfOneDomain(scope)) {
    return failed(
      "USER_OF_OTHER_DOMAIN",
      `the API user is of the domain ${shown(domain)}, and its scope ${shown(scope)} ends there`,
      remedies.domain,
    );
  }
  return passed(
    `a token by API ${route}${domain ? `, for a user of the domain ${shown(domain)}` : ""}`,
  );
}

/**
 * Step 3: the user may do what the integration does, and has a password of the kind that
 * is wanted.
 */
export function evaluatePermissions(grant: Grant, user: Answer, minimumScope: Scope): StepOutcome {
  const granted = grant.answer.kind === "api" ? fields(grant.answer) : {};
  if (granted.scope === null || granted.recover === true) {
    const sign = granted.recover === true ? "recover: true" : "scope: null";
    return failed(
      "PASSWORD_NOT_SECURE",
      `the token is of a legacy password (${sign}): no “Secure password set”`,
      remedies.password,
    );
  }
  const unread = unreadable(user, "the API user itself", remedies.scope);
  if (unread) return unread;
  const { "user-scope": userScope = granted.scope, "account-status": status } = fields(user);
  if (["reset", "new", "pwdreset"].includes(compact(status))) {
    return failed(
      "PASSWORD_NOT_SET",
      `the user's account status is ${shown(status)}`,
      remedies.password,
    );
  }
  const accepted = acceptedScopes.slice(acceptedScopes.indexOf(minimumScope));
  if (!accepted.some((scope) => scopeKey(scope) === scopeKey(userScope))) {
    return failed(
      "SCOPE_TOO_LOW",
      `the user's scope is ${shown(userScope)}; wanted: ${accepted.join(", ")}`,
      remedies.scope,
    );
  }
  return passed(`scope ${shown(userScope)}${status ? `, account status ${shown(status)}` : ""}`);
}

/** Step 4: the domain exists, and the user sees it. */
export function evaluateDomain(answer: Answer, domain: string): StepOutcome {
  if (hasStatus(answer, 404))
    return failed(
      "DOMAIN_NOT_FOUND",
      `there is no domain ${shown(domain)} that the user sees (${said(answer)})`,
      remedies.domain,
    );
  const unread = unreadable(answer, `the domain ${shown(domain)}`, remedies.domain);
  if (unread) return unread;
  const { domain: echoed } = fields(answer);
  if (echoed !== undefined && !same(echoed, domain)) {
    return failed(
      "OTHER_DOMAIN",
      `the system answered with the domain ${shown(echoed)}`,
      remedies.domain,
    );
  }
  return passed(`the domain ${shown(domain)} is there and visible`);
}

/**
 * Step 5: the users can be pulled, the guide's own symptom. Only whether there are any is
 * looked at.
 */
export function evaluateUsers(answer: Answer, userIsAmongThem: boolean): StepOutcome {
  const unread = unreadable(answer, "the users of the domain", remedies.scope);
  if (unread) return unread;
  const users = answer.kind === "api" ? answer.json : undefined;
  if (!Array.isArray(users))
    return failed(
      "MALFORMED_REPLY",
      "the system did not answer with a list of users",
      remedies.apiUrl,
    );
  if (users.length > 0) return passed("the users of the domain can be listed");
  if (userIsAmongThem)
    return failed(
      "NO_USERS",
      "the API user sees none of the users of its own domain",
      remedies.scope,
    );
  return passed("the users of the domain can be listed; it has none yet");
}

/**
 * Step 6: the DID is assigned, enabled and routed to a user, a device or a queue (guide). With
 * `destination`, it must be routed there; with `domain`, it must be of that domain. `answer`
 * is the last one for the DID's `forms`.
 */
export function evaluateDid(
  answer: Answer,
  forms: readonly string[],
  { destination, domain }: { readonly destination?: string; readonly domain?: string } = {},
): StepOutcome {
  if (hasStatus(answer, 404)) {
    return failed(
      "DID_NOT_FOUND",
      `the domain has no number ${forms.join(" or ")} (${said(answer)})`,
      remedies.did,
    );
  }
  const unread = unreadable(answer, "the DID", remedies.scope);
  if (unread) return unread;
  const {
    domain: owner,
    enabled,
    "dial-rule-application": application,
    "dial-rule-translation-destination-user": user,
  } = fields(answer);
  // `*` means all domains (API reference v45).
  if (domain !== undefined && !["", "*"].includes(compact(owner)) && !same(owner, domain)) {
    const evidence = `the number is of the domain ${shown(owner)}, not of ${shown(domain)}`;
    return failed("DID_NOT_FOUND", evidence, remedies.did);
  }
  if (["no", "false", "0"].includes(compact(enabled)))
    return failed("DID_DISABLED", "the number is assigned, but not enabled", remedies.did);
  const target = destinationName(user);
  if (!reachesAPhone(application) || target === "") {
    const way = `application ${shown(application || "none")}, destination ${shown(target || "none")}`;
    return failed(
      "DID_NOT_ROUTED",
      `the number reaches no user, device or queue (${way})`,
      remedies.did,
    );
  }
  if (destination !== undefined && !same(target, destinationName(destination))) {
    const evidence = `the number is routed to ${shown(target)}, not to ${shown(destination)}`;
    return failed("DID_ROUTED_ELSEWHERE", evidence, remedies.did);
  }
  return passed(`assigned, enabled, routed: ${shown(application)}${user ? ` ${shown(user)}` : ""}`);
}

/**
 * What is the same for all steps: nothing answered, or nothing that says anything about
 * this step.
 */
function withoutAnswer(answer: Answer): StepOutcome | undefined {
  if (answer.kind === "none")
    return failed(
      "NO_ANSWER",
      `${answer.reason} (${answer.code})`,
      answer.hint ? `${remedies.network}: ${answer.hint}` : remedies.network,
    );
  if (answer.kind === "blocked") {
    return failed(
      "BLOCKED",
      "HTTP 403 even without need of a permission: this machine is blocked",
      remedies.blocked,
    );
  }
  if (answer.status === 429 || answer.status >= 500)
    return failed("NO_ANSWER", `the system answered ${said(answer)}`, remedies.later);
  return undefined;
}

/** A read that did not give what it asked for. */
function unreadable(answer: Answer, what: string, refusedRemedy: string): StepOutcome | undefined {
  const unanswered = withoutAnswer(answer);
  if (unanswered) return unanswered;
  if (answer.kind === "api" && answer.status < 300) return undefined;
  if (hasStatus(answer, 401))
    return failed(
      "TOKEN_REFUSED",
      `the token was not accepted for ${what} (${said(answer)})`,
      remedies.credentials,
    );
  if (hasStatus(answer, 403))
    return failed("FORBIDDEN", `the user may not read ${what} (${said(answer)})`, refusedRemedy);
  return failed(
    "MALFORMED_REPLY",
    `no answer of the API for ${what} (${said(answer)})`,
    remedies.apiUrl,
  );
}

function passed(evidence: string): StepOutcome {
  return { status: "passed", evidence };
}

function failed(code: StepErrorCode, evidence: string, remedy: string): StepOutcome {
  return { status: "failed", code, evidence, remedy };
}

/** Status and the system's own words, which are kept short. */
function said(answer: Answer): string {
  if (!("status" in answer)) return answer.kind;
  if (answer.kind === "foreign") return `HTTP ${answer.status}, not JSON`;
  const { message } = fields(answer);
  return `HTTP ${answer.status}${typeof message === "string" && message ? ` ${shown(message)}` : ""}`;
}

function fields(answer: Answer): Record<string, unknown> {
  return answer.kind === "api" && !Array.isArray(answer.json)
    ? (answer.json as Record<string, unknown>)
    : {};
}

function hasStatus(answer: Answer, status: number): boolean {
  return answer.kind === "api" && answer.status === status;
}

/** Compared as the contract says: without regard to case and blanks. */
function compact(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value).replace(/\s+/g, "").toLowerCase()
    : "";
}

/** Whether two names are the same to the system. */
export function same(a: unknown, b: unknown): boolean {
  return compact(a) === compact(b);
}

/** A scope as the system compares it: without regard to case, blanks and hyphens. */
function scopeKey(scope: unknown): string {
  return compact(scope).replace(/[-_]/g, "");
}

/** Both spellings are published: of the token route's reply and of its description. */
const mfaScopes: ReadonlySet<string> = new Set(["mfa", "mfarequired"]);

/**
 * Whether calls reach a user, a device or a queue. API reference v45 lists the applications; those
 * with an addition, such as `to-user-residential`, go to the same kind of destination.
 */
function reachesAPhone(application: unknown): boolean {
  return /^to-(user|single-device|callqueue)(-|$)/.test(compact(application));
}

/**
 * A destination without scheme and domain: `sip:1000@acme` is `1000`. `[*]` is the
 * default and names none.
 */
function destinationName(destination: unknown): string {
  const name = compact(destination).replace(/^sip:/, "").replace(/@.*$/, "");
  return name === "[*]" ? "" : name;
}

/**
 * Scopes that see one domain only; of the others, and of unknown ones, the domain step
 * will tell.
 */
function isScopeOfOneDomain(scope: unknown): boolean {
  return [
    "officemanager",
    "callcentersupervisor",
    "sitemanager",
    "callcenteragent",
    "basicuser",
    "simpleuser",
    "advanceduser",
  ].includes(scopeKey(scope));
}

/** A value of the system's in a sentence. */
function shown(value: unknown): string {
  if (value === undefined) return "none";
  return printableWords(typeof value === "string" ? value : inWords(value), 120);
}
