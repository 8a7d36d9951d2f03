import type { ResourceType } from "pulumi-ucaas/internal/enablex/resource-types";
import type { ApiRevision, SeatRules } from "pulumi-ucaas/internal/xima/config";
import { leastSeats, seatFields } from "pulumi-ucaas/internal/xima/rules";
import type { PriceList } from "pulumi-ucaas-stacks/internal/prices";
import { type Amount, amount, zero } from "./money.ts";
import { groupOf, type Inputs, type Quantity, quantitiesOf } from "./quantities.ts";

/** Units of one SKU that a resource declares, and what they cost. */
export interface BilledQuantity extends Quantity {
  /** Units that are paid for: a vendor may bill a minimum. */
  readonly billed: number | undefined;
  /** Price of one unit for a month; undefined when the price list has none. */
  readonly price: Amount | undefined;
  /** Nothing of what has no price costs 0. */
  readonly amount: Amount | undefined;
  /** Why another quantity is billed than declared, and what is included. */
  readonly notes: readonly string[];
}

/** Rules of Xima's contract, as a reseller's account has them. */
export interface XimaRules {
  readonly revision: ApiRevision;
  readonly seatRules: SeatRules;
}

/** What decides over a bill. */
export interface BillingTerms {
  readonly prices: PriceList | undefined;
  /** The rules of an account; default the published ones. */
  readonly ximaRules?: (account: string | undefined) => XimaRules | undefined;
  /** Whether an account's EnableX has a route that deletes; default the published ones. */
  readonly canDelete?: (kind: ResourceType["name"], account: string | undefined) => boolean;
}

/** What a resource costs a month, by SKU. */
export function billedQuantities(
  type: string,
  inputs: Inputs,
  { prices, ximaRules }: BillingTerms,
): BilledQuantity[] {
  const all = quantitiesOf(type, inputs);
  return all.map(({ sku, quantity }) => {
    const { billed, notes } = sku.startsWith("xima.")
      ? billedByXima(sku, quantity, all, inputs, ximaRules)
      : { billed: quantity, notes: [] };
    const price = priceOf(sku, prices);
    const withoutPrice = prices && billed === 0 ? zero : undefined;
    return {
      sku,
      quantity,
      billed,
      price,
      amount: billed === undefined ? undefined : (price?.times(billed) ?? withoutPrice),
      notes,
    };
  });
}

/** The price of exactly this SKU, or of its group: of `enablex.users` for `enablex.users.agent`. */
function priceOf(sku: string, prices: PriceList | undefined): Amount | undefined {
  const all = prices?.skus ?? {};
  const name = [sku, groupOf(sku)].find((each) => Object.hasOwn(all, each));
  return name === undefined ? undefined : amount(all[name]!);
}

const publishedRules: XimaRules = { revision: "1.4", seatRules: {} };

/** Xima bills at least the minimum of a kind of seat, once there is one seat of it. */
function billedByXima(
  sku: string,
  quantity: number | undefined,
  all: readonly Quantity[],
  inputs: Inputs,
  ximaRules: BillingTerms["ximaRules"],
): { billed: number | undefined; notes: string[] } {
  if (quantity === undefined || quantity === 0) return { billed: quantity, notes: [] };
  const account = typeof inputs.account === "string" ? inputs.account : undefined;
  const { revision, seatRules } = ximaRules?.(account) ?? publishedRules;
  const field = seatFields.find((each) => sku === `xima.${each}`);
  const least = field ? leastSeats(field, revision, seatRules) : 0;
  const notes = included(sku, quantity, all, revision);
  if (quantity >= least) return { billed: quantity, notes };
  return { billed: least, notes: [`billed as ${least}, the minimum`, ...notes] };
}

/** What comes with a seat without being ordered (OpenAPI 1.4). It is not part of a quantity. */
function included(
  sku: string,
  quantity: number,
  all: readonly Quantity[],
  revision: ApiRevision,
): string[] {
  if (revision !== "1.4") return [];
  const has = (name: string) => (all.find((each) => each.sku === name)?.quantity ?? 0) > 0;
  if (sku === "xima.eliteSeats") return ["includes one standard AI messaging bundle"];
  if (sku === "xima.aiMessaging.standardBundles" && has("xima.eliteSeats"))
    return [`${quantity} on top of the one that Elite seats include`];
  if (
    sku === "xima.aiAudioServices.additionalHours" &&
    (has("xima.professionalSeats") || has("xima.eliteSeats"))
  )
    return ["on top of the hours that Professional and Elite seats include"];
  return [];
}
