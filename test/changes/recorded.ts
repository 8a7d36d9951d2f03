import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkLimits } from "../../cli/changes/limits.ts";
import { type ChangeReport, changeReport } from "../../cli/changes/report.ts";
import { summarize } from "../../cli/changes/summarize.ts";
import type { BillingTerms } from "../../cli/cost/billing.ts";
import { type Preview, parsePreview } from "../../cli/pulumi/preview.ts";
import { type Limits, limitsSchema } from "../../stacks/limits.ts";
import { type PriceList, priceListSchema } from "../../stacks/prices.ts";
import { root } from "../../tools/engine/paths.mjs";

/** What the real engine printed for `pulumi preview --json --show-sames`. */
export function recorded(name: "changes" | "create" | "broken"): Preview {
  const file = join(root, "test", "fixtures", "preview", `${name}.json`);
  return parsePreview(readFileSync(file, "utf8"))!;
}

export function priceList(skus: Record<string, string | number>, currency = "EUR"): PriceList {
  return priceListSchema.parse({ currency, skus });
}

/** The rules of OpenAPI 1.4. */
export function terms(prices?: PriceList, more: Partial<BillingTerms> = {}): BillingTerms {
  return { prices, ximaRules: () => ({ revision: "1.4", seatRules: {} }), ...more };
}

export function reportOf(
  preview: Preview,
  {
    prices,
    limits,
    ...more
  }: { prices?: PriceList; limits?: Partial<Limits> } & Partial<BillingTerms> = {},
): ChangeReport {
  const summary = summarize(preview, terms(prices, more));
  return changeReport(summary, limits && checkLimits(summary, limitsSchema.parse(limits)));
}

/** One licence of the recording, as another customer's with other seats. */
export function licenceStep(
  customer: string,
  before: Record<string, unknown> | undefined,
  after: Record<string, unknown> | undefined,
): Preview["steps"] {
  const type = "pulumi-nodejs:dynamic/ucaas:XimaLicense";
  const parent = `urn:pulumi:test::ucaas::ucaas:index:Customer::${customer}`;
  const urn = `urn:pulumi:test::ucaas::ucaas:index:Customer$${type}::${customer}`;
  const licence = recorded("changes").steps.find((step) => step.newState?.type === type)?.newState;
  const state = (seats: Record<string, unknown> | undefined) =>
    seats && {
      ...licence!,
      urn,
      parent,
      inputs: {
        ccId: { resellerId: "voicehouse", tenantId: customer, tenantName: customer },
        ...seats,
      },
    };
  const same = JSON.stringify(before) === JSON.stringify(after);
  const op = !before ? "create" : !after ? "delete" : same ? "same" : "update";
  return [
    {
      op,
      urn,
      ...(before && { oldState: state(before)! }),
      ...(after && { newState: state(after)! }),
    },
  ];
}
