import { randomUUID } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";
import { Accounts } from "../dynamic/accounts.ts";
import { failuresOf } from "../dynamic/check.ts";
import { Claims } from "../dynamic/claims.ts";
import { changedProperties, sameValue } from "../dynamic/diff.ts";
import { PartialFailure, UcaasError } from "../dynamic/errors.ts";
import type { CallContext } from "../dynamic/interruption.ts";
import { tell } from "../dynamic/progress.ts";
import { rememberSecret } from "../dynamic/secrets.ts";
import { isUnknown } from "../dynamic/unknown.ts";
import { NetsapiensClient } from "./client.ts";
import type { ClientDriver } from "./driver.ts";
import { existingClient } from "./existing.ts";
import { portalClient } from "./portal.ts";
import { ruleFailures } from "./rules.ts";
import { netsapiensConfig, type OAuthClientInputs, type OAuthClientOutputs, oauthClientSchema, type StepResult } from "./schema.ts";
import { bundleOf, idOf, originOf, type Settings, settingsOf } from "./settings.ts";
import { chosenSteps } from "./steps.ts";
import { failedSteps, inconclusive, type Verification, verify } from "./verify.ts";

/** What steers this program; everything else that is declared shows in the bundle. */
const steering = ["driver", "verify", "minimumScope", "didDestination", "portal", "account"] as const;

/** OAuth clients of NetSapiens, for the integration with Xima CCaaS. */
export class NetsapiensOAuthClientProvider implements dynamic.ResourceProvider<OAuthClientInputs, OAuthClientOutputs> {
  readonly #accounts: Accounts<typeof netsapiensConfig, Map<string, NetsapiensClient>>;
  readonly secretOutputs = ["bundle", "clientSecret"];
  /** Ids of which the user was told in this run that they failed. */
  readonly #told = new Set<string>();
  readonly #claims = new Claims();
  readonly #signal: AbortSignal | undefined;

  constructor(source: dynamic.Config, context?: CallContext) {
    this.#signal = context?.signal;
    // One account may have clients at several hosts.
    this.#accounts = new Accounts(netsapiensConfig, source, () => new Map());
  }

  async check(_olds: Partial<OAuthClientInputs>, news: OAuthClientInputs): Promise<dynamic.CheckResult<OAuthClientInputs>> {
    const failures = failuresOf(oauthClientSchema, news);
    // What is missing, and whether the config is sound, is told by the account.
    if (isUnknown(news.account)) return { inputs: news, failures };
    try {
      failures.push(...ruleFailures(news, this.#accounts.config(news.account)));
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      failures.push({ property: "account", reason: error.message });
    }
    return { inputs: news, failures };
  }

  async diff(id: string, olds: OAuthClientOutputs, news: OAuthClientInputs): Promise<dynamic.DiffResult> {
    this.#claims.hold(id, claimOf(olds));
    const settings = this.#settings(isUnknown(news.account) ? { ...news, account: olds.account } : news);
    const replaces = [
      ...(isUnknown(settings.apiUrl) || !id.startsWith(`${new URL(originOf(settings.apiUrl)).host}/`) ? ["apiUrl"] : []),
      ...(news.clientId === olds.clientId ? [] : ["clientId"]),
    ];
    // What the portal said counts there; a declared secret only stands in for one that it does not show.
    const secret = news.driver === "portal" ? (olds.bundle?.api_client_secret ?? news.clientSecret) : news.clientSecret;
    const failed = news.verify === "off" ? [] : failedSteps(olds.verification ?? []);
    if (failed.length > 0 && !this.#told.has(id)) {
      const steps = failed.map(({ step, evidence }) => `${step} (${evidence})`).join(", ");
      tell("NetsapiensOAuthClient", id, `is verified again by up, since it failed the last time: ${steps}`);
    }
    return {
      changes:
        replaces.length > 0 ||
        changedProperties({ ...olds }, { ...news }, steering).length > 0 ||
        !sameValue(bundleOf(settings, secret), olds.bundle) ||
        failed.length > 0,
      replaces,
      // The names differ, so the new client can be put to use before the old one ends: that is how a client is rotated without an outage.
      deleteBeforeReplace: false,
    };
  }

  async create(news: OAuthClientInputs): Promise<dynamic.CreateResult<OAuthClientOutputs>> {
    const settings = this.#settings(news);
    const id = idOf(settings);
    const claim = randomUUID();
    if (!this.#claims.create(id, claim)) throw declaredTwice(id);
    try {
      return { id, outs: await this.#establish(id, news, settings, claim) };
    } catch (error) {
      if (!(error instanceof PartialFailure)) this.#claims.giveUp(id, claim);
      throw error;
    }
  }

  async read(id: string, props = {} as OAuthClientOutputs): Promise<dynamic.ReadResult<OAuthClientOutputs>> {
    const settings = this.#settingsInState(props);
    const asked = await this.#verifyAsHandedOut(settings, props);
    if (!asked) return { id, props };
    const outage = inconclusive(asked.results);
    if (outage) {
      throw new UcaasError(outage.evidence, { code: outage.code!, vendor: "netsapiens", operation: `read ${id}`, hint: outage.remedy });
    }
    if (!credentialsWereRefused(asked)) return { id, props: this.#observed(id, props, asked) };

    const standing = await this.#driver(settings)
      .look()
      .catch((error: Error) => {
        tell("NetsapiensOAuthClient", id, `whether the client is still in the portal is not known: ${error.message}`);
        return { kind: "unknown" } as const;
      });
    if (standing.kind === "gone") return { id: undefined, props: {} as OAuthClientOutputs };
    if (standing.kind === "there" && standing.clientSecret && standing.clientSecret !== props.bundle.api_client_secret) {
      const renewed = withSecret(props, standing.clientSecret);
      const again = await this.#verifyAsHandedOut(settings, renewed);
      if (again) return { id, props: this.#observed(id, renewed, again) };
    }
    return { id, props: this.#observed(id, props, asked) };
  }

  async update(id: string, olds: OAuthClientOutputs, news: OAuthClientInputs): Promise<dynamic.UpdateResult<OAuthClientOutputs>> {
    this.#claims.hold(id, claimOf(olds));
    return { outs: await this.#establish(id, news, this.#settings(news), claimOf(olds), olds) };
  }

  async delete(id: string, props: OAuthClientOutputs): Promise<void> {
    if (this.#claims.release(id, claimOf(props)))
      return tell("NetsapiensOAuthClient", id, "is kept: another resource of this stack holds it now");
    // An error, so that it stays in the state: nobody else has it there, and the next up takes it over or, if it is declared no more, deletes it.
    if (this.#claims.isWanted(id)) throw takeOverOpen(id);
    const driver = this.#driver(this.#settingsInState(props));
    tell("NetsapiensOAuthClient", id, await driver.release(props.bundle?.api_client_secret));
  }

  /** The client is there and verified when this returns; when a step fails, the client is kept all the same. */
  async #establish(
    id: string,
    news: OAuthClientInputs,
    settings: Settings,
    claim: string | undefined,
    olds?: OAuthClientOutputs,
  ): Promise<OAuthClientOutputs> {
    const driver = this.#driver(settings);
    let acquired = await driver.acquire(olds?.bundle?.api_client_secret);
    let verification = await this.#verify(settings, acquired.clientSecret);
    // A secret that is known from an earlier run may be that of a client which was since made anew.
    if (olds && credentialsWereRefused(verification)) {
      const fresh = await driver.acquire(undefined);
      if (fresh.clientSecret !== acquired.clientSecret) {
        acquired = fresh;
        verification = await this.#verify(settings, acquired.clientSecret);
      }
    }
    if (acquired.told) tell("NetsapiensOAuthClient", id, acquired.told);
    const outs = { ...outputs(news, settings, acquired.clientSecret, verification, olds), __claim: claim };
    if (acquired.clientSecret === undefined) throw new PartialFailure(id, outs, secretNotShown(id));
    const failures = failedSteps(verification.results);
    if (failures.length > 0) throw new PartialFailure(id, outs, verificationFailed(id, failures));
    return outs;
  }

  async #verify(settings: Settings, clientSecret: string | undefined): Promise<Verification> {
    if (clientSecret === undefined) return { results: skipped("the client's secret is not known"), apiVersion: "" };
    rememberSecret(clientSecret);
    return verify(
      this.#client(settings),
      {
        clientId: settings.clientId,
        clientSecret,
        username: settings.apiUsername,
        password: settings.apiPassword,
        domain: settings.domain,
        did: settings.did,
        didDestination: settings.didDestination,
        homeCountry: settings.homeCountry,
        minimumScope: settings.minimumScope ?? "Office Manager",
      },
      settings.verify,
    );
  }

  /** Whether what Xima was given still works: the state's bundle is verified, whatever the config says by now. */
  async #verifyAsHandedOut(settings: Settings, { bundle }: OAuthClientOutputs): Promise<Verification | undefined> {
    if (!bundle?.api_client_secret || chosenSteps(settings.verify).length === 0) return undefined;
    rememberSecret(bundle.api_password);
    const { api_url: apiUrl, api_username: apiUsername, api_password: apiPassword, domain, did } = bundle;
    return this.#verify({ ...settings, apiUrl, apiUsername, apiPassword, domain, did }, bundle.api_client_secret);
  }

  #observed(id: string, props: OAuthClientOutputs, verification: Verification): OAuthClientOutputs {
    for (const { step, evidence, remedy } of failedSteps(verification.results)) {
      this.#told.add(id);
      tell("NetsapiensOAuthClient", id, `${step} failed: ${evidence}. What to do: ${remedy}`);
    }
    return { ...props, ...verified(verification, props) };
  }

  #settings(inputs: OAuthClientInputs): Settings {
    return settingsOf(inputs, this.#accounts.config(inputs.account));
  }

  /** The host in the state counts: the config may name another one by now. */
  #settingsInState(props: OAuthClientOutputs): Settings {
    return this.#settings({ ...props, apiUrl: props.bundle?.api_url ?? props.apiUrl });
  }

  #client({ account, apiUrl }: Settings): NetsapiensClient {
    const clients = this.#accounts.client(account);
    const origin = originOf(apiUrl);
    const client = clients.get(origin) ?? new NetsapiensClient(origin, this.#accounts.config(account), this.#signal);
    clients.set(origin, client);
    return client;
  }

  #driver(settings: Settings): ClientDriver {
    const apiUrl = originOf(settings.apiUrl);
    return settings.driver === "portal" ? portalClient({ ...settings, apiUrl }) : existingClient(apiUrl, settings.clientSecret);
  }
}

/** What the first release wrote has no claim; the time of its verification tells two resources apart as well. */
function claimOf({ __claim, verifiedAt }: OAuthClientOutputs): string | undefined {
  return __claim ?? verifiedAt;
}

function credentialsWereRefused({ results }: Verification): boolean {
  return results.some(({ step, code }) => step === "credentials" && (code === "GRANT_REFUSED" || code === "NO_TOKEN"));
}

function skipped(evidence: string): StepResult[] {
  return chosenSteps("all").map((step) => ({ step, status: "skipped", evidence }));
}

function withSecret(props: OAuthClientOutputs, clientSecret: string): OAuthClientOutputs {
  return { ...props, clientSecret, bundle: { ...props.bundle, api_client_secret: clientSecret } };
}

function outputs(
  news: OAuthClientInputs,
  settings: Settings,
  clientSecret: string | undefined,
  verification: Verification,
  olds: OAuthClientOutputs | undefined,
): OAuthClientOutputs {
  return { ...news, schemaVersion: 1, clientSecret, bundle: bundleOf(settings, clientSecret), ...verified(verification, olds) };
}

/** The outputs that tell of the verification. The time stays while the result does, so that a refresh is quiet. */
function verified({ results, apiVersion }: Verification, before: OAuthClientOutputs | undefined) {
  const same = before !== undefined && before.verifiedAt !== undefined && sameValue(results, before.verification);
  return { verification: results, apiVersion, verifiedAt: same ? before.verifiedAt : new Date().toISOString() };
}

function declaredTwice(id: string): UcaasError {
  return new UcaasError("another resource of this stack is the same client", {
    code: "DECLARED_TWICE",
    vendor: "netsapiens",
    operation: `create client ${id}`,
    hint: "each application accessing the Netsapiens API must have its own OAuth client (guide): declare another clientId, or use the bundle of that resource",
  });
}

function takeOverOpen(id: string): UcaasError {
  return new UcaasError("what the program declares in the place of this client could not be created", {
    code: "TAKE_OVER_OPEN",
    vendor: "netsapiens",
    operation: `delete client ${id}`,
    hint: "nothing was deleted, and the client is still in the state. Mend what that create failed with and run `pulumi up`: it takes the client over, and this resource leaves the state. If the client is to go, take the other resource out of the program first and run `pulumi up`",
  });
}

function secretNotShown(id: string): UcaasError {
  return new UcaasError("the client was made, but the portal's list does not show its secret", {
    code: "SECRET_NOT_SHOWN",
    vendor: "netsapiens",
    operation: `create client ${id}`,
    hint: "ask the provider for the secret and declare it as clientSecret; the next `pulumi up` goes on with it",
  });
}

function verificationFailed(id: string, failures: readonly StepResult[]): UcaasError {
  const names = failures.map(({ step }) => step).join(", ");
  const remedies = failures.map(({ step, code, evidence, remedy }, index) => {
    const saidBefore = remedy === failures[index - 1]?.remedy;
    return `\n    ${step}: ${evidence} [${code}]\n      ${saidBefore ? "as before" : remedy}`;
  });
  return new UcaasError(`the verification failed (${names}); the client is kept, and the next \`pulumi up\` verifies again`, {
    code: "VERIFICATION_FAILED",
    vendor: "netsapiens",
    operation: `verify ${id}`,
    hint: remedies.join(""),
  });
}
