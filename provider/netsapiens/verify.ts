import type { Answer, Credentials, Grant, NetsapiensClient } from "./client.ts";
import { didForms } from "./did.ts";
import {
  evaluateApiUrl,
  evaluateDid,
  evaluateDomain,
  evaluateGrant,
  evaluatePermissions,
  evaluateUsers,
  type GrantExpectation,
  inconclusiveCodes,
  type StepOutcome,
  same,
} from "./evaluate.ts";
import type { Scope } from "./scopes.ts";
import { chosenSteps, type Step, type StepResult, steps, type Verify } from "./steps.ts";

/** What is verified. */
export interface VerificationTarget extends Credentials, GrantExpectation {
  readonly did?: string;
  /** User, device or queue that the DID must be routed to. */
  readonly didDestination?: string;
  /** Country of a DID in national digits. */
  readonly homeCountry?: string;
  readonly minimumScope: Scope;
}

export interface Verification {
  /** One entry a step, in the guide's order. */
  readonly results: readonly StepResult[];
  /** As the system names it; empty when it was not asked, or did not say. */
  readonly apiVersion: string;
}

/** What the steps before have brought: what a later one needs, or why it is meaningless. */
interface VerificationContext {
  grant?: Grant;
  token?: string;
  apiVersion: string;
  /** There is no API v2, so only a token can be had. */
  noReads?: true;
  /** The user is of another domain: it can be asked about itself, not about the domain. */
  otherDomain?: true;
  /** Set when all later steps are meaningless. */
  skipReason?: string;
}

/**
 * Runs the chosen steps in the guide's order and judges each. It never throws for what a
 * system answers: an entry that failed says what was seen and what to do. A step that an
 * earlier failure makes meaningless is skipped, with that reason.
 */
export async function verify(
  client: NetsapiensClient,
  target: VerificationTarget,
  choice: Verify = "all",
): Promise<Verification> {
  const chosen = chosenSteps(choice);
  const found: VerificationContext = { apiVersion: "" };
  const results: StepResult[] = [];
  for (const step of steps) {
    if (!chosen.includes(step))
      results.push({ step, status: "skipped", evidence: "not asked for" });
    else if (step === "did" && target.did === undefined)
      results.push({ step, status: "skipped", evidence: "no did is given" });
    else if (found.skipReason)
      results.push({ step, status: "skipped", evidence: found.skipReason });
    else {
      const outcome = await run(step, client, target, found);
      // Where nothing is the API, that is said once, by the first step.
      const saidBefore =
        found.noReads && outcome.status === "failed" && outcome.code === "NO_TOKEN_ROUTE";
      results.push(
        saidBefore
          ? { step, status: "skipped", evidence: "no API answers at this URL" }
          : { step, ...outcome },
      );
    }
  }
  return { results, apiVersion: found.apiVersion };
}

/** The steps that failed. */
export function failedSteps(results: readonly StepResult[]): StepResult[] {
  return results.filter(({ status }) => status === "failed");
}

/**
 * A step whose failure says nothing about what is declared: the system was not reached,
 * or keeps this machine out for now.
 */
export function inconclusive(results: readonly StepResult[]): StepResult | undefined {
  return results.find(({ code }) => code !== undefined && inconclusiveCodes.has(code));
}

async function run(
  step: Step,
  client: NetsapiensClient,
  target: VerificationTarget,
  found: VerificationContext,
): Promise<StepOutcome> {
  const { domain } = target;
  const read = (
    operation: string,
    path: string,
    params: Record<string, string>,
    query?: Record<string, number>,
  ) => client.read(operation, path, params, found.token ?? "", query);
  switch (step) {
    case "apiUrl": {
      const version = await client.version();
      const outcome = evaluateApiUrl(version);
      if (outcome.status === "passed") found.apiVersion = text(version, "apiversion");
      else if (outcome.code === "NO_API_V2") found.noReads = true;
      else found.skipReason = "the API was not reached";
      return outcome;
    }
    case "credentials": {
      const grant = await client.grant(target);
      const outcome = evaluateGrant(grant, target);
      found.grant = grant;
      found.token = text(grant.answer, "access_token");
      found.apiVersion ||= text(grant.answer, "apiversion");
      if (found.noReads) found.skipReason = "it is read by API v2, which is not there";
      else if (outcome.status === "failed" && !mayGoOn.has(outcome.code))
        found.skipReason = "there is no token";
      else if (outcome.status === "failed" && outcome.code === "USER_OF_OTHER_DOMAIN")
        found.otherDomain = true;
      return outcome;
    }
    case "permissions": {
      const outcome = evaluatePermissions(
        found.grant!,
        await read("read the API user", "/ns-api/v2/domains/~/users/~", {}),
        target.minimumScope,
      );
      if (outcome.status === "failed") found.skipReason = afterPermissions(outcome.code);
      if (found.otherDomain) found.skipReason ??= "the API user is of another domain";
      return outcome;
    }
    case "domain": {
      const outcome = evaluateDomain(
        await read(`read domain ${domain}`, "/ns-api/v2/domains/{domain}", { domain }),
        domain,
      );
      if (outcome.status === "failed") found.skipReason = "the domain cannot be read";
      return outcome;
    }
    case "users": {
      const users = await read(
        `list users of ${domain}`,
        "/ns-api/v2/domains/{domain}/users",
        { domain },
        { limit: 1 },
      );
      return evaluateUsers(users, same(text(found.grant!.answer, "domain"), domain));
    }
    case "did": {
      const forms = didForms(target.did ?? "", target.homeCountry);
      return evaluateDid(
        await firstFound(forms, (did) =>
          read(`read number ${did}`, "/ns-api/v2/domains/{domain}/phonenumbers/{did}", {
            domain,
            did,
          }),
        ),
        forms,
        { destination: target.didDestination, domain },
      );
    }
  }
}

/** Systems hold numbers with country code or without; the first form that is there counts. */
async function firstFound(
  forms: readonly string[],
  read: (form: string) => Promise<Answer>,
): Promise<Answer> {
  let answer: Answer = { kind: "foreign", status: 404 };
  for (const form of forms) {
    answer = await read(form);
    if (answer.kind !== "api" || answer.status !== 404) return answer;
  }
  return answer;
}

/** Failures of the grant that still give a token, which shows what the user may do. */
const mayGoOn = new Set(["OTHER_CLIENT", "USER_OF_OTHER_DOMAIN"]);

function afterPermissions(code: string): string | undefined {
  if (code === "PASSWORD_NOT_SECURE")
    return "the token of a legacy password carries no permissions";
  return code === "TOKEN_REFUSED" || inconclusiveCodes.has(code)
    ? "the token was not accepted"
    : undefined;
}

function text(answer: Answer, field: string): string {
  const value = answer.kind === "api" ? (answer.json as Record<string, unknown>)[field] : undefined;
  return typeof value === "string" ? value : "";
}
