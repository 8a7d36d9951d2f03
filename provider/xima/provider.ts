import type { dynamic } from "@pulumi/pulumi";
import ms from "ms";
import { Accounts } from "../runtime/accounts.ts";
import type { CallContext } from "../runtime/cancellation.ts";
import { configKey } from "../runtime/config.ts";
import { changedProperties } from "../runtime/equality.ts";
import { changedNothing, PartialFailure, UcaasError } from "../runtime/errors.ts";
import { withoutIgnored } from "../runtime/ignored-changes.ts";
import { sentFields } from "../runtime/intents.ts";
import { Journal, type JournalEntry } from "../runtime/journal.ts";
import {
  type DiffSituation,
  type LifecycleDescriptor,
  type Replaced,
  type ResourceHandlers,
  withLifecycle,
} from "../runtime/lifecycle.ts";
import { type Found, keptForTaker, replacedIsHere } from "../runtime/lifecycle-errors.ts";
import { logInfo, logWarning } from "../runtime/log.ts";
import type { Operation } from "../runtime/operation.ts";
import { inWords } from "../runtime/outputs.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { seenBy } from "../runtime/seen-by.ts";
import { withoutBackend } from "../runtime/stack-identity.ts";
import { isUnknown } from "../runtime/unknown.ts";
import { validate } from "../runtime/validation.ts";
import { detectDrift, replacedValues, unlikeSent } from "./changes.ts";
import { XimaClient } from "./client.ts";
import { serverOf, ximaConfig } from "./config.ts";
import {
  type Deletion,
  Deletions,
  describeDeletion,
  describeStandingDeletion,
  isInWeekOf,
  isScheduled,
} from "./deletions.ts";
import { alreadyExists, deleteElsewhere, serverChanged, serverUnknown } from "./errors.ts";
import { toOutputs, unconfirmedOutputs } from "./outputs.ts";
import {
  ignoresPartOfCredentials,
  updateBody,
  withFields,
  withoutIgnoredFields,
} from "./request-body.ts";
import { type CcId, resourceId } from "./resource-id.ts";
import { missingNames, removedSipCredentials, respelledIds, ruleFindings } from "./rules.ts";
import {
  type DeleteReply,
  type LicenseInputs,
  type LicenseOutputs,
  licenseSchema,
  managedProperties,
  schemaVersion,
} from "./schema.ts";
import { isCreateOf, isOpenDelete, type WriteNote, writeNote } from "./write-note.ts";

/**
 * The provider of `XimaLicense`: a vendor's handlers inside the lifecycle that all
 * resources have.
 */
export function ximaLicenseProvider(source: dynamic.Config, context?: CallContext) {
  const accounts: XimaAccounts = new Accounts(
    ximaConfig,
    source,
    (config) => new XimaClient(config, context?.signal),
  );
  return withLifecycle(
    new LicenseHandlers(accounts, new Deletions(source)),
    licenseDescriptor(accounts),
    new Journal(source),
    context,
  );
}

type XimaAccounts = Accounts<typeof ximaConfig, XimaClient>;
type License = Pick<LicenseInputs, "ccId" | "account" | "__stack" | "__resource">;

interface Taker {
  readonly resource: string;
  readonly account: string | undefined;
  /** Its create may have taken over what it found. */
  readonly adopts: boolean;
}

function licenseDescriptor(accounts: XimaAccounts): LifecycleDescriptor<License> {
  const server = ({ account }: License) => serverOf(accounts.config(account));
  return {
    type: "XimaLicense",
    vendor: "xima",
    noun: "licence",
    schemaVersion,
    identity: "ccId",
    label: resourceId,
    remoteId(license, id) {
      if ([license.ccId, license.ccId?.resellerId, license.ccId?.tenantId].some(isUnknown))
        return undefined;
      return `${server(license)} ${id ?? resourceId(license)}`;
    },
    // Earlier releases noted the base URL, whatever the path of the route.
    earlierThing: (license) => `${accounts.config(license.account).baseUrl} ${resourceId(license)}`,
    servers: (license) => ({
      account: isUnknown(license.account) ? undefined : server(license),
    }),
  };
}

/**
 * Licences of Xima CCaaS. There is no GET: what is known of a licence is what was last
 * sent, and what the server said had changed.
 */
class LicenseHandlers implements ResourceHandlers<LicenseInputs, LicenseOutputs> {
  readonly ownOutputs = ["lastAssertedAt"];
  readonly #accounts: XimaAccounts;
  readonly #deletions: Deletions;
  /** Lines that are shown once a run, not once a licence. */
  readonly #told = new Set<string>();
  /** By id, what a create of this run found at its server, or could not look for. */
  readonly #found = new Map<string, Found>();
  /** By id, the resources of this run that have the licence in the state. */
  readonly #takers = new Map<string, Taker[]>();

  constructor(accounts: XimaAccounts, deletions: Deletions) {
    this.#accounts = accounts;
    this.#deletions = deletions;
  }

  validate(olds: Partial<LicenseInputs>, news: LicenseInputs): dynamic.CheckFailure[] {
    return [
      ...validate(licenseSchema, news),
      ...removedSipCredentials(this.#before(olds, news), news),
      ...(this.#isSameServer(olds, news) ? respelledIds(olds, news) : []),
    ];
  }

  /** The account's config has the API revision and the seat rules. */
  validateWithAccount(olds: Partial<LicenseInputs>, news: LicenseInputs): dynamic.CheckFailure[] {
    const failures: dynamic.CheckFailure[] = [];
    const { apiRevision, seatRules } = this.#accounts.config(news.account);
    if (apiRevision === "1.4")
      failures.push(...missingNames(this.#before(olds, news), news, mayAdopt(news)));
    for (const { property, reason, note } of ruleFindings(
      mayAdopt(news) ? { ...news, adopt: true } : news,
      apiRevision,
      seatRules,
    )) {
      if (note) logWarning("XimaLicense", resourceId(news), `${property}: ${reason}`);
      else failures.push({ property, reason });
    }
    if (ignoresPartOfCredentials(news))
      logWarning(
        "XimaLicense",
        resourceId(news),
        [
          "ignoreChanges cannot leave out a part of sipCredentials:",
          "Xima takes them whole, so each update sends the declared ones. Ignore sipCredentials instead",
        ].join(" "),
      );
    // Makes the client, so that a key or certificate that cannot be used is found while previewing.
    this.#accounts.client(news.account);
    return failures;
  }

  async diff(
    _id: string,
    olds: LicenseOutputs,
    news: LicenseInputs,
    { moved, refreshing, present }: DiffSituation,
  ): Promise<dynamic.DiffResult> {
    const [before, now] = [withoutIgnored(olds, news), withoutIgnored(news, news)];
    const changed = changedProperties({ ...before }, { ...now }, managedProperties);
    // That a licence is to be sent again is a task for the next up, and no drift.
    const isElsewhere = () => moved.length === 0 && this.#isElsewhere(olds, news.account);
    // The look shows no seats.
    const again = refreshing || present ? undefined : reasonToStateAgain(olds, news, isElsewhere());
    if (again) logInfo("XimaLicense", resourceId(olds), `is due to be sent again: ${again}`);
    const isSame = sameCustomer(olds, news);
    // The create of a replacement looks in this run.
    if (isSame && moved.length === 0) this.#noteTaker(olds, news);
    return {
      changes: changed.length > 0 || again !== undefined || present !== undefined,
      replaces: isSame ? [] : ["ccId"],
      deleteBeforeReplace: false,
    };
  }

  /** The run that took a licence over may have ended before the old resource was deleted. */
  #noteTaker(olds: LicenseOutputs, news: LicenseInputs): void {
    const id = resourceId(news);
    const { account, __resource: resource = id } = news;
    const taker = { resource, account, adopts: olds.adopt === true || mayAdopt(news) };
    this.#takers.set(id, [...(this.#takers.get(id) ?? []), taker]);
  }

  /** Who took a licence over, or may have, at another address than that of its delete. */
  #takerElsewhere(id: string, props: LicenseOutputs): Found | undefined {
    const { account, __resource: name = id } = props;
    const found = this.#found.get(id);
    if (found && found.address !== serverOf(this.#accounts.config(account))) return found;
    const isElsewhere = (taker: Taker) =>
      this.#accounts.differsBetween(serverOf, taker.account, account);
    // Of two that are both deleted, one deletes it.
    const others = (this.#takers.get(id) ?? []).filter(
      (each) => each.resource !== name || isElsewhere(each),
    );
    this.#takers.set(id, others);
    const taker = others.find(
      (each) =>
        each.resource !== name &&
        isElsewhere(each) &&
        (each.adopts || this.#accounts.config(each.account).probe === "off"),
    );
    if (!taker) return undefined;
    const address = serverOf(this.#accounts.config(taker.account));
    return { resource: taker.resource, address, earlier: true };
  }

  async create(
    news: LicenseInputs,
    operation: Operation,
    replaced: readonly Replaced<LicenseOutputs>[] = [],
  ): Promise<dynamic.CreateResult<LicenseOutputs>> {
    try {
      return await this.#create(news, operation, replaced);
    } catch (error) {
      const found = this.#found.get(resourceId(news));
      if (found && !(error instanceof PartialFailure)) found.failed = true;
      throw error;
    }
  }

  async #create(
    news: LicenseInputs,
    operation: Operation,
    replaced: readonly Replaced<LicenseOutputs>[],
  ): Promise<dynamic.CreateResult<LicenseOutputs>> {
    rememberSipCredentials(news);
    const id = resourceId(news);
    const time = new Date().toISOString();
    const client = this.#accounts.client(news.account);
    const { apiRevision } = this.#accounts.config(news.account);
    const earlier = (await operation.recall()) as JournalEntry<WriteNote> | undefined;
    const isThere = await client.exists(news.ccId);
    // An intent of this very resource that never came into the state: the customer was
    // made by the run that was cut off.
    const isOwn = isThere !== false && earlier !== undefined && isCreateOf(earlier, news);
    if (isThere === false || isOwn) this.#found.delete(id);
    else this.#requireOtherServer(id, news, replaced);
    // Without a look-up the server cannot say whether it knows the customer: the declaration does.
    const adopting = (isThere ?? mayAdopt(news)) && !isOwn;
    if (adopting && !mayAdopt(news)) throw alreadyExists(news.ccId);
    const lost =
      isThere !== false && (isOwn || earlier?.completedAt === undefined) ? sentFields(earlier) : [];
    const body = updateBody(news, apiRevision, withFields({}, lost));
    await this.#warnOfDeletion(news, earlier, operation);
    await operation.intend({ ...body, sipCredentials: undefined }, writeNote(news, lost, adopting));
    try {
      const { changes } = await client.update(news.ccId, body, "create");
      const replaced = adopting || isOwn ? [] : replacedValues(changes);
      if (replaced.length > 0)
        operation.warn(`the customer existed already; this create replaced ${replaced.join(", ")}`);
      warnOfOtherValues(changes, body, operation);
      return { id, outs: toOutputs(news, changes, [], time, client.mark) };
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome === "nothing")
        await (isThere !== false ? operation.withdraw() : operation.discard());
      // In the state it is removed with its declaration. In the journal alone it would go
      // on being billed when it is never declared again.
      if (
        outcome === "made" ||
        (outcome === "unknown" && !adopting && (await mayBeThere(client, news.ccId)))
      )
        throw new PartialFailure(
          id,
          unconfirmedOutputs(news, time, { ...withFields({}, lost), __seenBy: client.mark }),
          error as Error,
        );
      throw error;
    }
  }

  /**
   * At a second address of one server, the delete of what this create replaces would end
   * the licence that it has taken over.
   *
   * @throws {UcaasError} `ALREADY_EXISTS`
   */
  #requireOtherServer(
    id: string,
    news: LicenseInputs,
    replaced: readonly Replaced<LicenseOutputs>[],
  ): void {
    const config = this.#accounts.config(news.account);
    this.#found.set(id, { resource: news.__resource ?? id, address: serverOf(config) });
    const old = replaced.find(({ state }) => sameCustomer(state, news))?.state;
    if (!old) return;
    const before = this.#accounts.config(old.account);
    const differing = (["baseUrl", "updatePath"] as const).filter(
      (key) => config[key] !== before[key],
    );
    throw replacedIsHere(
      { vendor: "xima", noun: "licence", label: id },
      news.__resource,
      [serverOf(before), serverOf(config)],
      differing.map((key) => [configKey("xima", key, old.account), config[key]]),
    );
  }

  async read(
    id: string,
    props: LicenseOutputs,
    earlier?: JournalEntry,
  ): Promise<dynamic.ReadResult<LicenseOutputs>> {
    const [resellerId = "", tenantId = ""] = id.split("/").map(decodeURIComponent);
    const isKnown = props.ccId !== undefined && !props.unconfirmed;
    const client = this.#accounts.client(props.account);
    const exists = await client.exists(props.ccId ?? { resellerId, tenantId }, { isKnown });
    // The values were stated at the server of the mark. Another one gets them by an update.
    if (exists) return { id, props: { ...props, __seenBy: props.__seenBy ?? client.mark } };
    if (exists === false) {
      this.#requireSameServer(`look up ${id}`, props);
      if (isOpenDelete(earlier)) await this.#recordLost(id, props, earlier);
      return { id: undefined, props: {} as LicenseOutputs };
    }
    this.#tellOnce("existence is not checked (xima:probe is off): the state stays as it is");
    return { id, props };
  }

  /**
   * What another server does not know is not gone: it would go on being billed.
   *
   * @throws {UcaasError} `ACCOUNT_CHANGED`
   */
  #requireSameServer(operation: string, props: LicenseOutputs): void {
    if (this.#isElsewhere(props, props.account))
      throw serverChanged(operation, this.#accounts.config(props.account).baseUrl, props);
  }

  /** Whether another server than that of the account has seen a licence last. */
  #isElsewhere({ __seenBy: mark }: LicenseOutputs, account: string | undefined): boolean {
    if (mark === undefined || isUnknown(account)) return false;
    return mark !== seenBy(serverOf(this.#accounts.config(account)));
  }

  async exists(id: string, props: LicenseOutputs): Promise<boolean> {
    const exists = await this.#accounts.client(props.account).exists(props.ccId);
    if (exists === false) this.#requireSameServer(`look up ${id}`, props);
    return exists !== false;
  }

  /**
   * A server that does not know the customer would make a second licence of an update. One
   * that knows it may have moved; if the address is wrong, the next update corrects it.
   *
   * @throws {UcaasError} `ACCOUNT_CHANGED`
   */
  async #requireKnown(id: string, news: LicenseInputs): Promise<void> {
    const { baseUrl } = this.#accounts.config(news.account);
    const operation = `update licence ${id}`;
    const exists = await this.#accounts.client(news.account).exists(news.ccId, { isKnown: true });
    if (exists === false) throw serverChanged(operation, baseUrl, news);
    if (exists === undefined && !adoptsInThisRun(news))
      throw serverUnknown(operation, baseUrl, news);
    const text = [
      `licences that another server has seen last are sent to ${baseUrl}. If that is wrong:`,
      `correct ${configKey("xima", "baseUrl", news.account)}, and run pulumi up, which sends them again`,
    ].join(" ");
    if (this.#told.has(text)) return;
    this.#told.add(text);
    logWarning("XimaLicense", id, text);
  }

  /**
   * No later run would see that the former server still bills the licence. A server that
   * cannot be asked may answer "gone" of what it never had.
   *
   * @throws {UcaasError} `ACCOUNT_CHANGED`
   */
  async #requireSeenHere(id: string, props: LicenseOutputs, run: Operation): Promise<void> {
    if (!this.#isElsewhere(props, props.account)) return;
    const { baseUrl } = this.#accounts.config(props.account);
    const operation = `delete licence ${id}`;
    const client = this.#accounts.client(props.account);
    const exists = await client.exists(props.ccId, { isKnown: true });
    if (exists === false) throw serverChanged(operation, baseUrl, props);
    if (exists === undefined || !adoptsInThisRun(props))
      throw deleteElsewhere(operation, baseUrl, props, exists !== undefined);
    run.warn(
      `is deleted at ${baseUrl}, as XIMA_ADOPT names it. If another server has it too, it is still billed there`,
    );
  }

  async update(
    id: string,
    state: LicenseOutputs,
    news: LicenseInputs,
    operation: Operation,
  ): Promise<dynamic.UpdateResult<LicenseOutputs>> {
    rememberSipCredentials(state);
    rememberSipCredentials(news);
    const { apiRevision } = this.#accounts.config(news.account);
    const isElsewhere = this.#isElsewhere(state, news.account);
    if (isElsewhere) await this.#requireKnown(id, news);
    const earlier = await operation.recall();
    const lost = sentFields(earlier);
    const olds = withFields(state, lost);
    const whole = updateBody(news, apiRevision, olds);
    const body = (await this.#mayLackFields(state, news))
      ? whole
      : withoutIgnoredFields(whole, news);
    const time = new Date().toISOString();
    await this.#warnOfDeletion(news, earlier, operation, state.lastAssertedAt);
    await operation.intend({ ...body, sipCredentials: undefined }, writeNote(news, lost));
    const client = this.#accounts.client(news.account);
    const { changes, earlierAttemptMayHaveSucceeded } = await client
      .update(news.ccId, body, "update")
      .catch(async (error: Error) => {
        if (outcomeOf(error) !== "nothing")
          throw new PartialFailure(id, unconfirmedOutputs(news, time, olds), error);
        await operation.withdraw();
        throw error;
      });
    if (earlierAttemptMayHaveSucceeded)
      logInfo(
        "XimaLicense",
        id,
        "is as declared; the first answer was lost, and with it what the server had otherwise",
      );
    const drift = state.unconfirmed || earlier || isElsewhere ? [] : detectDrift(changes, state);
    for (const { property, oldValue, newValue } of drift) {
      logWarning(
        "XimaLicense",
        resourceId(news),
        [
          `${property} had been changed elsewhere: ${inWords(oldValue)} was declared,`,
          `the server had ${inWords(newValue)}. It is as declared again`,
        ].join(" "),
      );
    }
    const replaced = state.unconfirmed || earlier ? [] : replacedValues(changes, state);
    if (replaced.length > 0)
      operation.warn(`this update replaced what was not declared before: ${replaced.join(", ")}`);
    warnOfOtherValues(changes, body, operation);
    return { outs: toOutputs(news, changes, drift, time, client.mark) };
  }

  async delete(id: string, props: LicenseOutputs, operation: Operation): Promise<void> {
    const server = serverOf(this.#accounts.config(props.account));
    const taker = this.#takerElsewhere(id, props);
    if (taker)
      return operation.warn(
        keptForTaker({ vendor: "xima", noun: "licence", label: id }, taker, server),
      );
    await this.#requireSeenHere(id, props, operation);
    const earlier = await operation.recall();
    await operation.intend(props.ccId, writeNote(props, []));
    const reply = await this.#accounts
      .client(props.account)
      .delete(props.ccId)
      .catch(async (error: Error) => {
        if (outcomeOf(error) === "nothing") await operation.withdraw();
        throw error;
      });
    if (typeof reply === "string") return await this.#endGone(id, props, operation, reply, earlier);
    await this.#record(id, props, reply);
    const { __stack: stack = "" } = props;
    if (isScheduled(reply)) operation.log(describeDeletion(reply, stack));
    else
      operation.warn(
        [
          `${describeDeletion(reply, stack)}. Xima publishes no status ${JSON.stringify(reply.status)}:`,
          "the licence may still be billed. Ask support@ximasoftware.com",
        ].join(" "),
      );
  }

  /** A delete that finds no customer: it was gone already, or an earlier try has done it. */
  async #endGone(
    id: string,
    props: LicenseOutputs,
    operation: Operation,
    how: "gone" | "earlierAttemptMayHaveSucceeded",
    earlier: JournalEntry | undefined,
  ): Promise<void> {
    const cutOff = isOpenDelete(earlier) ? earlier : undefined;
    if (how === "gone" && !cutOff) return logInfo("XimaLicense", id, "was gone already");
    await this.#recordLost(id, props, cutOff);
    operation.log(
      "is scheduled for deletion; the reply with the deletionId was lost. Ask Xima support for it if you need it",
    );
  }

  /**
   * A deletion whose reply was lost.
   *
   * @param cutOff by the run that began it; it may have been recorded before that ended
   */
  async #recordLost(id: string, props: LicenseOutputs, cutOff?: JournalEntry): Promise<void> {
    const scheduledAt = cutOff?.intendedAt;
    const known = scheduledAt === undefined ? [] : await this.#openDeletions(props);
    if (known.some(({ recordedAt }) => recordedAt > (scheduledAt ?? ""))) return;
    await this.#record(id, props, { scheduledAt });
  }

  /**
   * The only way back for a week, so a record that cannot be written is reported. The
   * deletion itself is done.
   */
  async #record(
    id: string,
    { ccId, account, __stack, __resource }: LicenseOutputs,
    reply: Partial<DeleteReply>,
  ): Promise<void> {
    const recordedAt = new Date().toISOString();
    const { scheduledAt = recordedAt, estimatedDeletionTime, deletionId = null } = reply;
    const { resellerId, tenantId } = ccId;
    const { baseUrl } = this.#accounts.config(account);
    const where = {
      stack: withoutBackend(__stack ?? ""),
      resource: __resource ?? "",
      baseUrl,
      resellerId,
      tenantId,
    };
    try {
      await this.#deletions.add({
        ...where,
        deletionId,
        scheduledAt,
        estimatedDeletionTime,
        recordedAt,
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      logWarning(
        "XimaLicense",
        id,
        `the deletion is not recorded: ${this.#deletions.location} cannot be written (${code}). Note the deletionId`,
      );
    }
  }

  /** A create that never arrived leaves a customer that has nothing of what is ignored. */
  async #mayLackFields(
    { unconfirmed }: LicenseOutputs,
    { account, ccId, __ignoreChanges = [] }: LicenseInputs,
  ): Promise<boolean> {
    if (!unconfirmed || __ignoreChanges.length === 0) return false;
    return (await this.#accounts.client(account).exists(ccId)) !== true;
  }

  /**
   * No document says that a POST ends a scheduled deletion. Without a word, the run would
   * end well, and the licences would go within the week.
   *
   * @param earlier a write that was cut off: a delete has arrived perhaps, and is not recorded
   * @param since when the state's licence was last sent: that run told of deletions before
   */
  async #warnOfDeletion(
    news: LicenseInputs,
    earlier: JournalEntry | undefined,
    operation: Operation,
    since = "",
  ): Promise<void> {
    const recorded = await this.#openDeletions(news);
    const isAhead = Date.parse(since) > Date.now();
    const standing = recorded.filter(({ recordedAt }) => isAhead || recordedAt > since);
    const isCutOff = isOpenDelete(earlier) && isInWeekOf(earlier.intendedAt);
    if (standing.length > 0 || isCutOff) operation.warn(describeStandingDeletion(standing));
  }

  /** A record that cannot be read stops no write: it is read for the warning alone. */
  async #openDeletions({ ccId, account }: LicenseInputs): Promise<Deletion[]> {
    const { baseUrl } = this.#accounts.config(account);
    try {
      return await this.#deletions.openOf({ ...ccId, baseUrl });
    } catch {
      this.#tellOnce(
        `whether a deletion is scheduled is not known: ${this.#deletions.location} cannot be read`,
      );
      return [];
    }
  }

  #tellOnce(text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    logInfo("XimaLicense", "all licences", text);
  }

  /** What the same licence had before, if there was one. */
  #before(olds: Partial<LicenseInputs>, news: LicenseInputs): Partial<LicenseInputs> {
    const isSame =
      olds.ccId && sameCustomer(olds as LicenseInputs, news) && this.#isSameServer(olds, news);
    return isSame ? olds : {};
  }

  #isSameServer(olds: Partial<LicenseInputs>, news: LicenseInputs): boolean {
    return !this.#accounts.differsBetween(serverOf, olds.account, news.account);
  }
}

/** Nothing can be read back, so the reply is the only evidence of what is billed now. */
function warnOfOtherValues(
  changes: Record<string, unknown>,
  body: Record<string, unknown>,
  operation: Operation,
): void {
  const others = unlikeSent(changes, body);
  if (others.length > 0)
    operation.warn(
      `Xima reports other values than were sent: ${others.join(", ")}. They may be billed: ask support@ximasoftware.com`,
    );
}

/**
 * All of them: the argument is a secret as a whole. Not what is the customer's id or name
 * as well: each line about it would be masked.
 */
function rememberSipCredentials({ sipCredentials, ccId }: Partial<LicenseInputs>): void {
  const open: unknown[] = Object.values(ccId ?? {});
  for (const value of Object.values(sipCredentials ?? {}))
    if (!open.includes(value)) rememberSecret(value);
}

function sameCustomer(a: LicenseInputs, b: LicenseInputs): boolean {
  return (
    !isUnknown(b.ccId) &&
    a.ccId?.resellerId === b.ccId?.resellerId &&
    a.ccId?.tenantId === b.ccId?.tenantId
  );
}

/**
 * `XIMA_ADOPT=reseller/tenant[,…]` allows one run what `adopt: true` allows for good, and
 * writes to a server that has moved.
 */
function mayAdopt(inputs: LicenseInputs): boolean {
  return inputs.adopt === true || adoptsInThisRun(inputs);
}

function adoptsInThisRun(inputs: LicenseInputs): boolean {
  const things = (process.env.XIMA_ADOPT ?? "").split(",");
  return things.some((thing) => thing.trim() === resourceId(inputs));
}

/** What became of a write that ended with an error. */
function outcomeOf(error: unknown): "made" | "nothing" | "unknown" {
  if (!(error instanceof UcaasError)) return "unknown";
  // A success reply that cannot be read was still a success.
  if (error.code === "MALFORMED_REPLY") return "made";
  // Each try has a jti of its own, so the server has taken this very request before:
  // something on the way sent it twice.
  if (error.code === "DUPLICATE_JTI") return "unknown";
  return changedNothing(error) ? "nothing" : "unknown";
}

/**
 * False only by the server's own word: what is in the state for nothing is found gone by
 * the next refresh.
 */
async function mayBeThere(client: XimaClient, ccId: CcId): Promise<boolean> {
  return (await client.exists(ccId).catch(() => true)) !== false;
}

function reasonToStateAgain(
  { unconfirmed, lastAssertedAt }: LicenseOutputs,
  { reassertAfter }: LicenseInputs,
  isElsewhere: boolean,
): string | undefined {
  if (isElsewhere) return "another server has seen it last";
  if (unconfirmed) return "whether the last statement arrived is not known";
  if (reassertAfter === undefined || isUnknown(reassertAfter)) return undefined;
  const asserted = Date.parse(lastAssertedAt ?? "");
  // The clock of that run may have been ahead.
  const far = Math.abs(Date.now() - asserted);
  const due = Number.isNaN(far) || far >= ms(reassertAfter as ms.StringValue);
  return due ? `last sent ${lastAssertedAt ?? "never"}, reassertAfter ${reassertAfter}` : undefined;
}
