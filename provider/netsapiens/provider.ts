import type { dynamic } from "@pulumi/pulumi";
import { Accounts } from "../runtime/accounts.ts";
import type { CallContext } from "../runtime/cancellation.ts";
import { changedProperties, isEqual } from "../runtime/equality.ts";
import { PartialFailure, UcaasError } from "../runtime/errors.ts";
import { changedSpelling } from "../runtime/identifiers.ts";
import { Journal } from "../runtime/journal.ts";
import {
  type DiffSituation,
  type LifecycleDescriptor,
  type ResourceHandlers,
  withLifecycle,
} from "../runtime/lifecycle.ts";
import { logInfo, logWarning } from "../runtime/log.ts";
import type { Operation } from "../runtime/operation.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { isUnknown } from "../runtime/unknown.ts";
import { validate } from "../runtime/validation.ts";
import { NetsapiensClient } from "./client.ts";
import { netsapiensConfig } from "./config.ts";
import type { ClientDriver, CreateRecord, RemoteStatus } from "./driver.ts";
import { portalLoginMissing, secretNotShown, verificationFailed } from "./errors.ts";
import { existingClient } from "./existing-driver.ts";
import { HeldClients } from "./held-clients.ts";
import { bundleOf, toOutputs, verified, withSecret } from "./outputs.ts";
import { portalClient } from "./portal-driver.ts";
import { originOf, resourceId } from "./resource-id.ts";
import { ruleFailures } from "./rules.ts";
import {
  type OAuthClientInputs,
  type OAuthClientOutputs,
  oauthClientSchema,
  schemaVersion,
} from "./schema.ts";
import { portalLoginAt, type Settings, toSettings } from "./settings.ts";
import { chosenSteps, type StepResult } from "./steps.ts";
import { failedSteps, inconclusive, type Verification, verify } from "./verify.ts";

/** Arguments for the provider alone: everything else that is declared shows in the bundle. */
const metaArguments = [
  "driver",
  "verify",
  "minimumScope",
  "didDestination",
  "portal",
  "account",
  "__secretRevision",
] as const;

type NetsapiensAccounts = Accounts<typeof netsapiensConfig, Map<string, NetsapiensClient>>;
type Client = Pick<OAuthClientInputs, "clientId" | "apiUrl" | "account" | "__stack"> & {
  readonly __resource?: string;
};

/**
 * The provider of `NetsapiensOAuthClient`: a vendor's handlers inside the lifecycle that
 * all resources have.
 */
export function netsapiensOAuthClientProvider(source: dynamic.Config, context?: CallContext) {
  // One account may have clients at several hosts.
  const accounts: NetsapiensAccounts = new Accounts(netsapiensConfig, source, () => new Map());
  return withLifecycle(
    new OAuthClientHandlers(accounts, context?.signal),
    clientDescriptor(accounts),
    new Journal(source),
    context,
  );
}

function clientDescriptor(accounts: NetsapiensAccounts): LifecycleDescriptor<Client> {
  const settings = (client: Client) =>
    toSettings(client as OAuthClientInputs, accounts.config(client.account));
  const remoteId = (client: Client, id?: string) => {
    if (id !== undefined) return id;
    const { apiUrl, clientId } = settings(client);
    return isUnknown(apiUrl) || isUnknown(clientId) || !URL.canParse(apiUrl)
      ? undefined
      : resourceId(settings(client));
  };
  return {
    type: "NetsapiensOAuthClient",
    vendor: "netsapiens",
    noun: "client",
    schemaVersion,
    identity: "clientId",
    label: (client) => client.clientId,
    remoteId,
    servers(client, id) {
      if (id !== undefined) return { apiUrl: id.split("/", 1)[0] };
      if (isUnknown(client.account)) return {};
      const { apiUrl } = settings(client);
      return { apiUrl: isUnknown(apiUrl) ? apiUrl : new URL(originOf(apiUrl)).host };
    },
  };
}

/** OAuth clients of NetSapiens, for the integration with Xima CCaaS. */
class OAuthClientHandlers implements ResourceHandlers<OAuthClientInputs, OAuthClientOutputs> {
  readonly ownOutputs = ["bundle", "clientSecret", "verifiedAt"];
  readonly #accounts: NetsapiensAccounts;
  /** Ids whose failure this run has already reported. */
  readonly #told = new Set<string>();
  readonly #held = new HeldClients();
  readonly #signal: AbortSignal | undefined;

  constructor(accounts: NetsapiensAccounts, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#accounts = accounts;
  }

  validate(olds: Partial<OAuthClientInputs>, news: OAuthClientInputs): dynamic.CheckFailure[] {
    return [
      ...validate(oauthClientSchema, news),
      ...changedSpelling("clientId", olds.clientId, news.clientId),
    ];
  }

  /** The account's config decides which settings are required. */
  validateWithAccount(
    _olds: Partial<OAuthClientInputs>,
    news: OAuthClientInputs,
  ): dynamic.CheckFailure[] {
    return ruleFailures(news, this.#accounts.config(news.account));
  }

  /**
   * Counts the secrets that are declared. The outputs have the client's secret, which the
   * portal may have given, so they do not tell that another one is declared.
   */
  async addedInputs(
    olds: Partial<OAuthClientInputs>,
    news: OAuthClientInputs,
  ): Promise<Partial<OAuthClientInputs>> {
    const { __secretRevision: revision } = olds;
    const isAnother =
      olds.clientId !== undefined &&
      news.driver === "portal" &&
      news.clientSecret !== undefined &&
      !isEqual(news.clientSecret, olds.clientSecret);
    if (isAnother) return { __secretRevision: (revision ?? 0) + 1 };
    return revision === undefined ? {} : { __secretRevision: revision };
  }

  async diff(
    id: string,
    olds: OAuthClientOutputs,
    news: OAuthClientInputs,
    { present }: DiffSituation<OAuthClientOutputs>,
  ): Promise<dynamic.DiffResult> {
    this.#held.hold(id, olds);
    const settings = this.#settings(
      isUnknown(news.account) ? { ...news, account: olds.account } : news,
    );
    const replaces = news.clientId === olds.clientId ? [] : ["clientId"];
    // What the portal said counts there; a declared secret only replaces one that it
    // does not show.
    const secret =
      news.driver === "portal"
        ? (olds.bundle?.api_client_secret ?? news.clientSecret)
        : news.clientSecret;
    const { bundle, verification } = present ?? olds;
    const failed = news.verify === "off" ? [] : failedSteps(verification ?? []);
    if (failed.length > 0 && !this.#told.has(id)) {
      const steps = failed.map(({ step, evidence }) => `${step} (${evidence})`).join(", ");
      logInfo(
        "NetsapiensOAuthClient",
        id,
        `is verified again by up, since it failed the last time: ${steps}`,
      );
    }
    return {
      changes:
        replaces.length > 0 ||
        changedProperties({ ...olds }, { ...news }, metaArguments).length > 0 ||
        !isEqual(bundleOf(settings, secret), olds.bundle) ||
        // The portal may have another secret by now.
        !isEqual(bundle, olds.bundle) ||
        failed.length > 0,
      replaces,
      // The names differ, so the new client can be put to use before the old one ends:
      // that is how a client is rotated without an outage.
      deleteBeforeReplace: false,
    };
  }

  async create(
    news: OAuthClientInputs,
    operation: Operation,
  ): Promise<dynamic.CreateResult<OAuthClientOutputs>> {
    const settings = this.#settings(news);
    const id = resourceId(settings);
    return { id, outs: await this.#establish(id, news, settings, operation) };
  }

  async read(
    id: string,
    props: OAuthClientOutputs,
  ): Promise<dynamic.ReadResult<OAuthClientOutputs>> {
    const settings = this.#settingsInState(props);
    const asked = await this.#verifyAsHandedOut(settings, props);
    if (!asked) return { id, props };
    const outage = inconclusive(asked.results);
    if (outage) {
      throw new UcaasError(outage.evidence, {
        code: outage.code!,
        vendor: "netsapiens",
        operation: `read ${id}`,
        hint: outage.remedy ?? "run the command again later",
      });
    }
    if (!credentialsWereRefused(asked)) return { id, props: this.#observed(id, props, asked) };

    const remote = await this.#find(`read ${id}`, props).catch((error: Error) => {
      logInfo(
        "NetsapiensOAuthClient",
        id,
        `whether the client is still in the portal is not known: ${error.message}`,
      );
      return { kind: "unknown" } as const;
    });
    if (remote.kind === "gone") return { id: undefined, props: {} as OAuthClientOutputs };
    if (
      remote.kind === "there" &&
      remote.clientSecret &&
      remote.clientSecret !== props.bundle.api_client_secret
    ) {
      const renewed = withSecret(props, remote.clientSecret);
      const again = await this.#verifyAsHandedOut(settings, renewed);
      if (again) return { id, props: this.#observed(id, renewed, again) };
    }
    return { id, props: this.#observed(id, props, asked) };
  }

  async exists(id: string, props: OAuthClientOutputs): Promise<boolean> {
    return (await this.#find(`look for ${id}`, props)).kind !== "gone";
  }

  async #find(operation: string, props: OAuthClientOutputs): Promise<RemoteStatus> {
    return await this.#driverInState(operation, props).find();
  }

  async update(
    id: string,
    olds: OAuthClientOutputs,
    news: OAuthClientInputs,
    operation: Operation,
  ): Promise<dynamic.UpdateResult<OAuthClientOutputs>> {
    return { outs: await this.#establish(id, news, this.#settings(news), operation, olds) };
  }

  async delete(id: string, props: OAuthClientOutputs, operation: Operation): Promise<void> {
    const { sameAt, perhapsAt } = this.#held.release(id, props);
    if (sameAt !== undefined) return logWarning("NetsapiensOAuthClient", id, kept(props, sameAt));
    const driver = this.#driverInState(`delete ${id}`, props, perhapsAt);
    const deleting = () => operation.intend(id, null);
    const outcome = await driver.release(props.bundle?.api_client_secret, deleting, perhapsAt);
    logInfo("NetsapiensOAuthClient", id, outcome);
  }

  /**
   * When this returns, the client exists and is verified. When a step fails, the client
   * is kept.
   */
  async #establish(
    id: string,
    news: OAuthClientInputs,
    settings: Settings,
    operation: Operation,
    olds?: OAuthClientOutputs,
  ): Promise<OAuthClientOutputs> {
    const driver = this.#driver(settings);
    const record = createRecord(id, operation);
    let acquired = await driver.acquire(await knownSecret(driver, news, olds), record);
    let verification = await this.#verify(settings, acquired.clientSecret);
    // A secret that is known from an earlier run may be that of a client which was since made again.
    if (olds && credentialsWereRefused(verification)) {
      const fresh = await driver.acquire(undefined, record).catch((error: unknown) => {
        if (!(error instanceof UcaasError)) throw error;
        // Without the client, why it cannot be made again is the fault.
        if (record.isMissing && error.code !== "LIST_INCOMPLETE") throw error;
        // Its remedy would be for a client that is not known yet.
        const { reason, code } = error;
        const text = `whether the portal has another secret of it is not known: ${reason} [${code}]`;
        logInfo("NetsapiensOAuthClient", id, text);
        return acquired;
      });
      if (fresh.clientSecret !== acquired.clientSecret) {
        acquired = fresh;
        verification = await this.#verify(settings, acquired.clientSecret);
      }
    }
    if (acquired.message) logInfo("NetsapiensOAuthClient", id, acquired.message);
    const outs = toOutputs(news, settings, acquired.clientSecret, verification, olds);
    this.#held.hold(id, outs);
    if (acquired.clientSecret === undefined) throw new PartialFailure(id, outs, secretNotShown(id));
    const failures = failedSteps(verification.results);
    if (failures.length > 0) throw new PartialFailure(id, outs, verificationFailed(id, failures));
    return outs;
  }

  async #verify(settings: Settings, clientSecret: string | undefined): Promise<Verification> {
    if (clientSecret === undefined)
      return { results: skipped("the client's secret is not known"), apiVersion: "" };
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

  /**
   * Whether what Xima was given still works: the state's bundle is verified, whatever the
   * config says by now.
   */
  async #verifyAsHandedOut(
    settings: Settings,
    { bundle }: OAuthClientOutputs,
  ): Promise<Verification | undefined> {
    if (!bundle?.api_client_secret || chosenSteps(settings.verify).length === 0) return undefined;
    rememberSecret(bundle.api_password);
    const {
      api_url: apiUrl,
      api_username: apiUsername,
      api_password: apiPassword,
      domain,
      did,
    } = bundle;
    return this.#verify(
      { ...settings, apiUrl, apiUsername, apiPassword, domain, did },
      bundle.api_client_secret,
    );
  }

  #observed(id: string, props: OAuthClientOutputs, verification: Verification): OAuthClientOutputs {
    for (const { step, evidence, remedy } of failedSteps(verification.results)) {
      this.#told.add(id);
      logInfo("NetsapiensOAuthClient", id, `${step} failed: ${evidence}. What to do: ${remedy}`);
    }
    return { ...props, ...verified(verification, props) };
  }

  #settings(inputs: OAuthClientInputs): Settings {
    return toSettings(inputs, this.#accounts.config(inputs.account));
  }

  /** The host in the state counts: the config may name another one by now. */
  #settingsInState(props: OAuthClientOutputs): Settings {
    return this.#settings({ ...props, apiUrl: props.bundle?.api_url ?? props.apiUrl });
  }

  /**
   * @param perhapsAt the address at which the resource may have the same client
   * @throws {UcaasError} `PORTAL_LOGIN_MISSING`, before a page is opened
   */
  #driverInState(operation: string, props: OAuthClientOutputs, perhapsAt?: string): ClientDriver {
    const settings = this.#settingsInState(props);
    if (settings.driver !== "portal") return this.#driver(settings);
    const own = this.#accounts.config(props.account);
    const others = this.#accounts.usableConfigs();
    const login = portalLoginAt(settings.apiUrl, props.portal ?? {}, own, others);
    if (!login) throw portalLoginMissing(operation, originOf(settings.apiUrl), perhapsAt);
    return this.#driver({ ...settings, portal: { ...settings.portal, ...login } });
  }

  #client({ account, apiUrl }: Settings): NetsapiensClient {
    const clients = this.#accounts.client(account);
    const origin = originOf(apiUrl);
    const client =
      clients.get(origin) ??
      new NetsapiensClient(origin, this.#accounts.config(account), this.#signal);
    clients.set(origin, client);
    return client;
  }

  #driver(settings: Settings): ClientDriver {
    const apiUrl = originOf(settings.apiUrl);
    return settings.driver === "portal"
      ? portalClient({ ...settings, apiUrl }, this.#signal)
      : existingClient(apiUrl, settings.clientSecret);
  }
}

function kept({ bundle }: OAuthClientOutputs, sameAt: string): string {
  return [
    `was not deleted at ${bundle.api_url}: the client with this id and secret`,
    `is in use at ${sameAt}, by another resource of this stack.`,
    `If these are two systems, delete it at ${bundle.api_url} by hand`,
  ].join(" ");
}

/** Of an earlier run. Another secret that was declared since counts where the portal shows none. */
async function knownSecret(
  driver: ClientDriver,
  news: OAuthClientInputs,
  olds: OAuthClientOutputs | undefined,
): Promise<string | undefined> {
  const known = olds?.bundle?.api_client_secret;
  if (known === undefined || news.__secretRevision === olds?.__secretRevision) return known;
  const remote = await driver.find();
  const shown = remote.kind === "there" ? remote.clientSecret : undefined;
  return shown ?? news.clientSecret ?? known;
}

/** Only a create is noted, also that of an update which finds its client gone, and a delete. */
function createRecord(
  id: string,
  operation: Operation,
): CreateRecord & { readonly isMissing: boolean } {
  let isMissing = false;
  return {
    /** The portal was looked at, and does not list the client. */
    get isMissing() {
      return isMissing;
    },
    async findOpen() {
      isMissing = true;
      const earlier = await operation.recall();
      // What another machine left pending in the state may be an update that made nothing.
      if (earlier === undefined || operation.isRepeated) return undefined;
      const isOpen = earlier.operation !== "delete" && earlier.completedAt === undefined;
      return isOpen ? earlier : undefined;
    },
    begin: () => operation.intend(id, null),
    withdraw: () => operation.withdraw(),
  };
}

function credentialsWereRefused({ results }: Verification): boolean {
  return results.some(
    ({ step, code }) => step === "credentials" && (code === "GRANT_REFUSED" || code === "NO_TOKEN"),
  );
}

function skipped(evidence: string): StepResult[] {
  return chosenSteps("all").map((step) => ({ step, status: "skipped", evidence }));
}
