import Big from "big.js";

/** An exact decimal amount. */
export type Amount = Big;

export const zero: Amount = new Big(0);

/** The amount that a text states; it is never read as a binary fraction. */
export function amount(text: string): Amount {
  return new Big(text);
}

export function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce((total, each) => total.plus(each), zero);
}

/** `€540.00`, with the currency's own decimals, or with more where the amount has more. */
export function formatAmount(
  value: Amount,
  currency: string,
  { sign = false }: { sign?: boolean } = {},
): string {
  const options = { style: "currency", currency } as const;
  const own = new Intl.NumberFormat("en", options).resolvedOptions().minimumFractionDigits ?? 0;
  const decimals = value.toFixed().split(".")[1]?.length ?? 0;
  const format = new Intl.NumberFormat("en", {
    ...options,
    minimumFractionDigits: own,
    maximumFractionDigits: Math.max(own, decimals),
    signDisplay: sign ? "exceptZero" : "auto",
  });
  return format.format(value.toFixed() as Intl.StringNumericLiteral);
}

/** Amounts of several currencies, which have no sum. */
export function formatAmounts(
  amounts: readonly { readonly currency: string; readonly amount: string }[],
  separator: string,
): string {
  return amounts
    .map(({ currency, amount: text }) => formatAmount(amount(text), currency))
    .join(separator);
}

/** The amount for machines: `540.00`, exact. */
export function plainAmount(value: Amount, currency: string): string {
  const { minimumFractionDigits: own = 0 } = new Intl.NumberFormat("en", {
    style: "currency",
    currency,
  }).resolvedOptions();
  const decimals = value.toFixed().split(".")[1]?.length ?? 0;
  return value.toFixed(Math.max(own, decimals));
}
