import type { Accounts } from "../runtime/accounts.ts";
import type { EarlierRuns } from "../runtime/earlier-runs.ts";
import { isSameUrl, normalUrl } from "../runtime/equality.ts";
import { ownerOf, toStateResource } from "../runtime/intents.ts";
import { isSameStack, type Journal, type JournalEntry } from "../runtime/journal.ts";
import type { RecordedResource } from "../runtime/stack-record.ts";
import type { AccountServices } from "./account-services.ts";
import type { xelionConfig } from "./config.ts";
import { type OrderOwner, orderOfAnother } from "./errors.ts";
import { isElsewhere, mostRecent } from "./order.ts";
import { orderFromState } from "./outputs.ts";
import { journalKey } from "./resource-id.ts";
import type { Order, ProvisionInputs, ProvisionOutputs } from "./schema.ts";

export type XelionAccounts = Accounts<typeof xelionConfig, AccountServices>;

/** Which tenants have which orders, by the state and the journal. */
export class TenantOrders {
  readonly #accounts: XelionAccounts;
  readonly #journal: Journal;
  readonly #earlierRuns: EarlierRuns;

  constructor(accounts: XelionAccounts, journal: Journal, earlierRuns: EarlierRuns) {
    this.#accounts = accounts;
    this.#journal = journal;
    this.#earlierRuns = earlierRuns;
  }

  /** The last order of the tenant that resources of the state have. */
  async lastInState(
    news: ProvisionInputs,
    replaced: readonly ProvisionOutputs[] = [],
  ): Promise<Order | undefined> {
    const { thing } = journalKey(news);
    return [...replaced, ...(await this.#tenantsInState(news))]
      .filter((tenant) => journalKey(tenant).thing === thing)
      .map((tenant) => this.#orderOf(tenant, news))
      .reduce<Order | undefined>(mostRecent, undefined);
  }

  /** An order of 0.1.0 notes no service: the account of its resource leads there. */
  #orderOf(tenant: ProvisionOutputs, { account }: ProvisionInputs): Order {
    const order = orderFromState(tenant);
    const isMoved = this.#accounts.differsBetween("baseUrl", tenant.account, account);
    if (order.service !== undefined || !isMoved) return order;
    return { ...order, service: normalUrl(this.#accounts.config(tenant.account).baseUrl) };
  }

  async #tenantsInState(news: ProvisionInputs): Promise<ProvisionOutputs[]> {
    if (news.__stack === undefined) return [];
    const resources = await this.#earlierRuns.resources(news.__stack, news.__organization);
    return resources.flatMap(tenantIn);
  }

  /**
   * An order id that was copied, or that stayed when the tenant changed, would make the new
   * tenant "ordered".
   *
   * @throws {UcaasError} `ORDER_OF_ANOTHER_TENANT`
   */
  async requireOwnOrder(news: ProvisionInputs): Promise<void> {
    const { thing } = journalKey(news);
    const owners = [...(await this.#inJournal(news)), ...(await this.#inState(news))];
    const other = owners.find((each) => each.thing !== thing);
    if (other) throw orderOfAnother(news, other);
  }

  /** The tenants that have the declared order in the journal. */
  async #inJournal(news: ProvisionInputs): Promise<OrderOwner[]> {
    const { entries } = await this.#journal.list("xelion");
    const stacks = await this.#journal.identitiesOf(news.__stack ?? "");
    return entries
      .filter(
        (entry) =>
          entry.operation !== undefined &&
          this.#isAtServiceOf(news, entry, stacks) &&
          (entry.note as { orderId?: unknown } | null)?.orderId === news.orderId,
      )
      .map((entry) => ({ ...entry, resource: ownerOf(entry) }));
  }

  /** Another service has orders of the same numbers, and the config of its stack is not known. */
  #isAtServiceOf(
    { account }: ProvisionInputs,
    entry: JournalEntry,
    stacks: readonly string[],
  ): boolean {
    if (entry.service !== undefined)
      return isSameUrl(entry.service, this.#accounts.config(account).baseUrl);
    const isOwn = stacks.some((stack) => isSameStack(entry.stack, stack));
    return isOwn && !this.#accounts.differsBetween("baseUrl", entry.account, account);
  }

  /** Those that have it in the state: an adopted tenant has no entry. */
  async #inState(news: ProvisionInputs): Promise<OrderOwner[]> {
    const { baseUrl } = this.#accounts.config(news.account);
    return (await this.#tenantsInState(news))
      .filter(
        ({ account, orderId, intent }) =>
          orderId === news.orderId &&
          (intent?.service === undefined
            ? !this.#accounts.differsBetween("baseUrl", account, news.account)
            : !isElsewhere(intent, baseUrl)),
      )
      .map((tenant) => ({ thing: journalKey(tenant).thing }));
  }
}

/** The outputs of a resource in the state that is a tenant. */
function tenantIn({ urn, outputs }: RecordedResource): ProvisionOutputs[] {
  if (toStateResource(urn).type !== "XelionTenantProvision") return [];
  const isTenant = typeof outputs?.serverUrl === "string" && URL.canParse(outputs.serverUrl);
  return isTenant ? [outputs as unknown as ProvisionOutputs] : [];
}
