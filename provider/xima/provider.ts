import type { dynamic } from "@pulumi/pulumi";
import ms from "ms";
import { Accounts } from "../dynamic/accounts.ts";
import { failuresOf } from "../dynamic/check.ts";
import { Claims } from "../dynamic/claims.ts";
import { changedProperties } from "../dynamic/diff.ts";
import { PartialFailure, UcaasError } from "../dynamic/errors.ts";
import type { CallContext } from "../dynamic/interruption.ts";
import { Journal, type JournalKey } from "../dynamic/journal.ts";
import { tell } from "../dynamic/progress.ts";
import { rememberSecret } from "../dynamic/secrets.ts";
import { withoutBackend } from "../dynamic/stack-identity.ts";
import { isUnknown } from "../dynamic/unknown.ts";
import { NoReply } from "../http/client.ts";
import { mayHaveActed } from "../http/retry.ts";
import { driftIn, replacedValues } from "./changes.ts";
import { type CcId, XimaClient } from "./client.ts";
import { Deletions, describeDeletion } from "./deletions.ts";
import { outputs, unconfirmedOutputs } from "./outputs.ts";
import { updateBody } from "./request-body.ts";
import {
  type DeleteReply,
  type LicenseInputs,
  type LicenseOutputs,
  licenseId,
  licenseSchema,
  managedProperties,
  ximaConfig,
} from "./schema.ts";
import { findings } from "./seats.ts";

/** Licences of Xima CCaaS. There is no GET: what is known of a licence is what was last sent, and what the server said had changed. */
export class XimaLicenseProvider implements dynamic.ResourceProvider<LicenseInputs, LicenseOutputs> {
  readonly #accounts: Accounts<typeof ximaConfig, XimaClient>;
  readonly #journal: Journal;
  readonly #deletions: Deletions;
  readonly #claims = new Claims();
  /** By customer, the resource that declares it. Only what the program declares is checked, so a renamed resource's old name is not among them. */
  readonly #declared = new Map<string, string>();
  /** What was read and not compared since. The engine compares what it has just read, and a change is drift to it then. */
  readonly #refreshing = new Set<string>();
  /** Lines that are shown once a run, not once a licence. */
  readonly #told = new Set<string>();

  constructor(source: dynamic.Config, context?: CallContext) {
    this.#accounts = new Accounts(ximaConfig, source, (config) => new XimaClient(config, context?.signal));
    this.#journal = new Journal(source);
    this.#deletions = new Deletions(source.get("ucaas:journalDir"));
  }

  async check(olds: Partial<LicenseInputs>, news: LicenseInputs): Promise<dynamic.CheckResult<LicenseInputs>> {
    const failures = failuresOf(licenseSchema, news);
    const before = olds.ccId && sameCustomer(olds as LicenseInputs, news) && !this.#isElsewhere(olds, news) ? olds : {};
    failures.push(...removedSipCredentials(before, news));
    // Which revision counts, and whether its config is sound, is told by the account.
    if (isUnknown(news.account)) return { inputs: news, failures };
    try {
      const { apiRevision, seatRules } = this.#accounts.config(news.account);
      if (apiRevision === "1.4") failures.push(...missingNames(before, news));
      for (const { property, reason, note } of findings(mayAdopt(news) ? { ...news, adopt: true } : news, apiRevision, seatRules)) {
        if (note) tell("XimaLicense", licenseId(news), `${property}: ${reason}`);
        else failures.push({ property, reason });
      }
      failures.push(...this.#declaredByAnother(news));
      // Makes the client, so that a key or certificate that cannot be used is found while previewing.
      this.#accounts.client(news.account);
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      failures.push({ property: "account", reason: error.message });
    }
    return { inputs: news, failures };
  }

  async diff(id: string, olds: LicenseOutputs, news: LicenseInputs): Promise<dynamic.DiffResult> {
    // That a licence is to be stated again is a task for the next up, and no drift.
    const refreshing = this.#refreshing.delete(`${olds.account} ${id}`);
    await this.#settle(olds, refreshing ? "perhaps declared" : "declared");
    const changed = changedProperties({ ...olds }, { ...news }, managedProperties);
    const again = refreshing ? undefined : reasonToStateAgain(olds, news);
    if (again) tell("XimaLicense", id, `is due to be stated again: ${again}`);
    return {
      changes: changed.length > 0 || again !== undefined,
      replaces: [...(sameCustomer(olds, news) ? [] : ["ccId"]), ...(this.#isElsewhere(olds, news) ? ["account"] : [])],
      deleteBeforeReplace: false,
    };
  }

  async create(news: LicenseInputs): Promise<dynamic.CreateResult<LicenseOutputs>> {
    rememberSipCredentials(news);
    const { thing } = this.#journalKey(news);
    const time = new Date().toISOString();
    if (!this.#claims.create(thing, time)) throw declaredTwice(news.ccId);
    try {
      return { id: licenseId(news), outs: await this.#create(news, time) };
    } catch (error) {
      if (!(error instanceof PartialFailure)) this.#claims.giveUp(thing, time);
      throw error;
    }
  }

  async #create(news: LicenseInputs, time: string): Promise<LicenseOutputs> {
    const client = this.#accounts.client(news.account);
    const { apiRevision } = this.#accounts.config(news.account);
    const key = this.#journalKey(news);
    const resource = news.__resource ?? "";
    const isThere = await client.exists(news.ccId);
    const noted = isThere !== false ? (await this.#journal.find<CreateNote>(key))?.note : undefined;
    // An intent of this very resource that never came into the state: the customer was made by the run that was cut off.
    const isOwn = noted?.resource === resource && !noted.adopting;
    // Without a look-up the server cannot say whether it knows the customer: the declaration does.
    const adopting = (isThere ?? mayAdopt(news)) && !isOwn;
    if (adopting && !mayAdopt(news)) throw alreadyExists(news.ccId);
    const body = updateBody(news, apiRevision);
    await this.#journal.intend(key, { ...body, sipCredentials: undefined }, { resource, adopting });
    try {
      const { changes } = await client.update(news.ccId, body, "create");
      const replaced = adopting || isOwn ? [] : replacedValues(changes);
      if (replaced.length > 0)
        tell("XimaLicense", licenseId(news), `the customer existed already; this create replaced ${replaced.join(", ")}`);
      return outputs(news, changes, [], time);
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome === "nothing" && !isOwn) await this.#journal.drop(key);
      // In the state it is removed with its declaration; in the journal alone it would be billed on when nobody declares it again.
      if (outcome === "made" || (outcome === "unknown" && !adopting && (await mayBeThere(client, news.ccId))))
        throw new PartialFailure(licenseId(news), unconfirmedOutputs(news, time), error as Error);
      throw error;
    }
  }

  async read(id: string, props = {} as LicenseOutputs): Promise<dynamic.ReadResult<LicenseOutputs>> {
    const [resellerId = "", tenantId = ""] = id.split("/").map(decodeURIComponent);
    const ccId = props.ccId ?? { resellerId, tenantId };
    await this.#settle({ ...props, ccId }, "perhaps declared");
    const exists = await this.#accounts.client(props.account).exists(ccId);
    if (exists === undefined) this.#tellOnce("existence is not checked (xima:probe is off): the state stays as it is");
    if (exists === false) return { id: undefined, props: {} as LicenseOutputs };
    this.#refreshing.add(`${props.account} ${id}`);
    return { id, props };
  }

  async update(id: string, olds: LicenseOutputs, news: LicenseInputs): Promise<dynamic.UpdateResult<LicenseOutputs>> {
    rememberSipCredentials(olds);
    rememberSipCredentials(news);
    await this.#settle(olds, "declared");
    const { apiRevision } = this.#accounts.config(news.account);
    const body = updateBody(news, apiRevision, olds);
    const time = new Date().toISOString();
    const { changes, unheard } = await this.#accounts
      .client(news.account)
      .update(news.ccId, body, "update")
      .catch((error: Error) => {
        if (outcomeOf(error) === "nothing") throw error;
        throw new PartialFailure(id, this.#held(unconfirmedOutputs(news, time, olds), olds), error);
      });
    if (unheard) tell("XimaLicense", id, "is as declared; the first answer was lost, and with it what the server had otherwise");
    const drift = olds.unconfirmed ? [] : driftIn(changes, olds);
    for (const { property, oldValue, newValue } of drift) {
      tell(
        "XimaLicense",
        licenseId(news),
        `${property} had been changed elsewhere: ${JSON.stringify(oldValue)} was declared, the server had ${JSON.stringify(newValue)}. It is as declared again`,
      );
    }
    return { outs: this.#held(outputs(news, changes, drift, time), olds) };
  }

  async delete(id: string, props: LicenseOutputs): Promise<void> {
    const { thing } = this.#journalKey(props);
    const taker = await this.#settle(props, "declared no longer");
    if (this.#claims.release(thing, claimOf(props))) {
      return tell("XimaLicense", id, "stays, since another resource has taken the customer over");
    }
    if (taker !== undefined || this.#claims.isWanted(thing)) throw takeOverOpen(props.ccId, taker);
    const scheduled = await this.#accounts.client(props.account).delete(props.ccId);
    if (scheduled === "gone") return tell("XimaLicense", id, "was gone already");
    await this.#record(id, props, scheduled === "unheard" ? undefined : scheduled);
    tell(
      "XimaLicense",
      id,
      scheduled === "unheard"
        ? "is scheduled for deletion; the reply with the deletionId was lost. Ask Xima support for it if you need it"
        : describeDeletion(scheduled),
    );
  }

  /** The only way back for a week, so a record that cannot be written is reported. The deletion itself is done. */
  async #record(id: string, { ccId, account, __stack, __resource }: LicenseOutputs, reply?: DeleteReply): Promise<void> {
    const recordedAt = new Date().toISOString();
    const { scheduledAt = recordedAt, estimatedDeletionTime, deletionId = null } = reply ?? {};
    const { resellerId, tenantId } = ccId;
    const { baseUrl } = this.#accounts.config(account);
    const where = { stack: withoutBackend(__stack ?? ""), resource: __resource ?? "", baseUrl, resellerId, tenantId };
    try {
      await this.#deletions.add({ ...where, deletionId, scheduledAt, estimatedDeletionTime, recordedAt });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      tell("XimaLicense", id, `the deletion is not recorded: ${this.#deletions.file} cannot be written (${code}). Note the deletionId`);
    }
  }

  #tellOnce(text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    tell("XimaLicense", "all licences", text);
  }

  /** These outputs go into the state, in the place of older ones of the same customer, whose account may have left the config. */
  #held(outs: LicenseOutputs, olds?: LicenseOutputs): LicenseOutputs {
    const { thing } = this.#journalKey(outs);
    if (olds) this.#claims.release(thing, claimOf(olds));
    this.#claims.hold(thing, claimOf(outs));
    return outs;
  }

  /**
   * The state has the licence, so its create is no longer open. A journal that cannot be read or written is told by who has to write into it.
   *
   * A note of another resource that took the customer over is left for that one, unless the program declares this one: then the other came to nothing.
   *
   * @returns the name of that other resource, if there is such a note
   */
  async #settle(olds: LicenseOutputs, standing: "declared" | "perhaps declared" | "declared no longer"): Promise<string | undefined> {
    try {
      this.#held(olds);
      if (!olds.__stack) return undefined;
      const key = this.#journalKey(olds);
      const entry = standing === "declared" ? undefined : await this.#journal.find<CreateNote>(key);
      if (entry && entry.note.resource !== (olds.__resource ?? "")) return entry.note.resource;
      await this.#journal.drop(key);
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
    }
    return undefined;
  }

  /** Two that are carried out one after the other would each overwrite the other's licences. */
  #declaredByAnother(news: LicenseInputs): dynamic.CheckFailure[] {
    const { __resource: name } = news;
    if (name === undefined || isUnknown(news.ccId) || isUnknown(news.ccId?.resellerId) || isUnknown(news.ccId?.tenantId)) return [];
    const { thing } = this.#journalKey(news);
    const other = this.#declared.get(thing) ?? name;
    this.#declared.set(thing, other);
    return other === name
      ? []
      : [{ property: "ccId", reason: `is declared by ${other} too, and each would overwrite the other's licences` }];
  }

  /** Whether the accounts lead to two servers: what the ids name at the other one is another customer, if there is one at all. */
  #isElsewhere(olds: Partial<LicenseInputs>, news: LicenseInputs): boolean {
    return this.#accounts.differIn("baseUrl", olds.account, news.account);
  }

  #journalKey(inputs: LicenseInputs): JournalKey {
    const { baseUrl } = this.#accounts.config(inputs.account);
    return { vendor: "xima", stack: inputs.__stack ?? "", thing: `${baseUrl} ${licenseId(inputs)}` };
  }
}

/** What the journal says of a create. */
type CreateNote = {
  /** The resource's name in the program. */
  resource: string;
  /** The customer was somebody else's before; it is the resource's own only when the state has it. */
  adopting?: boolean;
};

/** All of them: the argument is a secret as a whole. Not what is the customer's id or name as well: each line about it would be masked. */
function rememberSipCredentials({ sipCredentials, ccId }: Partial<LicenseInputs>): void {
  const open: unknown[] = Object.values(ccId ?? {});
  for (const value of Object.values(sipCredentials ?? {})) if (!open.includes(value)) rememberSecret(value);
}

/** A licence's claim is when it was last stated; an adopted one, which was not, has one of its own. */
function claimOf({ __claim, lastAssertedAt }: LicenseOutputs): string | undefined {
  return __claim ?? lastAssertedAt;
}

function sameCustomer(a: LicenseInputs, b: LicenseInputs): boolean {
  return !isUnknown(b.ccId) && a.ccId?.resellerId === b.ccId?.resellerId && a.ccId?.tenantId === b.ccId?.tenantId;
}

/** The API has no way to take SIP credentials away (inferred), so a silent change of the declaration would be a lie. `before` is what the same licence had, if there was one. */
function removedSipCredentials(before: Partial<LicenseInputs>, news: LicenseInputs): dynamic.CheckFailure[] {
  if (!before.sipCredentials || news.sipCredentials) return [];
  return [
    {
      property: "sipCredentials",
      reason:
        "cannot be removed: the licensing API only sets them. Declare them again; to take them away ask support@ximasoftware.com, then `pulumi state delete` and adopt the licence without them",
    },
  ];
}

/** The names are required on the customer's first request (OpenAPI 1.4); one that had a licence `before`, or is adopted, has had its first. */
function missingNames(before: Partial<LicenseInputs>, news: LicenseInputs): dynamic.CheckFailure[] {
  // Of what is not known yet the check before the create will tell.
  if ([news.ccId, news.ccId?.resellerId, news.ccId?.tenantId, news.adopt].some(isUnknown)) return [];
  if (before.ccId || !news.ccId || mayAdopt(news)) return [];
  return (["resellerName", "tenantName"] as const)
    .filter((name) => news.ccId[name] === undefined)
    .map((name) => ({
      property: `ccId.${name}`,
      reason: "is required on the customer's first request (OpenAPI 1.4); leave it out only with adopt: true",
    }));
}

/** `XIMA_ADOPT=reseller/tenant[,…]` allows one run what `adopt: true` allows for good. */
function mayAdopt(inputs: LicenseInputs): boolean {
  return inputs.adopt === true || (process.env.XIMA_ADOPT ?? "").split(",").some((thing) => thing.trim() === licenseId(inputs));
}

function alreadyExists(ccId: CcId): UcaasError {
  const thing = licenseId({ ccId });
  return new UcaasError("the customer exists already, and creating it would overwrite its licences", {
    code: "ALREADY_EXISTS",
    vendor: "xima",
    operation: `create licence ${thing}`,
    hint: `set adopt: true on the resource, or import it (docs/xima-license.md), or for one run: XIMA_ADOPT=${thing} pulumi up. If every new customer ends so, this server creates on the look-up: \`pulumi config set xima:probe off\``,
  });
}

function declaredTwice(ccId: CcId): UcaasError {
  return new UcaasError("two resources of this stack declare this customer, and each would overwrite the other's licences", {
    code: "DECLARED_TWICE",
    vendor: "xima",
    operation: `create licence ${licenseId({ ccId })}`,
    hint: "declare it once; look for a ccId that was copied and not changed",
  });
}

function takeOverOpen(ccId: CcId, taker = "declared in its place"): UcaasError {
  return new UcaasError(`not deleted: resource ${taker} failed to take over this licence`, {
    code: "TAKE_OVER_OPEN",
    vendor: "xima",
    operation: `delete licence ${licenseId({ ccId })}`,
    hint: "1. Fix the error reported for the other resource. 2. Run `pulumi up` for the whole stack. To delete the licence instead: restore this resource, remove the other, run `pulumi up`, then remove this resource",
  });
}

/** What became of a write that ended with an error. */
function outcomeOf(error: unknown): "made" | "nothing" | "unknown" {
  if (error instanceof NoReply) return error.sent ? "unknown" : "nothing";
  if (!(error instanceof UcaasError)) return "unknown";
  // A reply of success that cannot be read was a success all the same.
  if (error.code === "MALFORMED_REPLY") return "made";
  // Each try has a jti of its own, so the server has taken this very request before: something on the way sent it twice.
  if (error.unheard || error.code === "DUPLICATE_JTI" || error.status === undefined) return "unknown";
  const isRefusal = error.status >= 400 && !mayHaveActed({ kind: "status", status: error.status });
  return isRefusal ? "nothing" : "unknown";
}

/** False only by the server's own word: what is in the state for nothing is found gone by the next refresh. */
async function mayBeThere(client: XimaClient, ccId: CcId): Promise<boolean> {
  return (await client.exists(ccId).catch(() => true)) !== false;
}

function reasonToStateAgain({ unconfirmed, lastAssertedAt }: LicenseOutputs, { reassertAfter }: LicenseInputs): string | undefined {
  if (unconfirmed) return "whether the last statement arrived is not known";
  if (reassertAfter === undefined || isUnknown(reassertAfter)) return undefined;
  const asserted = Date.parse(lastAssertedAt ?? "");
  const due = Number.isNaN(asserted) || Date.now() - asserted >= ms(reassertAfter as ms.StringValue);
  return due ? `last stated ${lastAssertedAt ?? "never"}, reassertAfter ${reassertAfter}` : undefined;
}
