import { z } from "zod";
import { plainAmount } from "../cost/money.ts";
import type { Violation } from "./limits.ts";
import type { ChangeSummary } from "./summarize.ts";

/** Null while it is not known. */
const quantity = z.number().nullable();
const texts = z.array(z.string());

/** What `ucaas preview --json` prints of a plan: facts alone, with exact amounts as text. */
export const changeReportSchema = z.object({
  changes: z.array(
    z.object({
      urn: z.string(),
      action: z.enum(["create", "update", "replace", "delete", "forget", "import"]),
      customer: z.string(),
      resource: z.string(),
      name: z.string(),
      quantities: z.array(
        z.object({
          sku: z.string(),
          /** Null also where nothing was declared: the vendor has any number. */
          before: quantity,
          after: quantity,
          difference: quantity,
          /** Reports of earlier releases have none. */
          undeclaredBefore: z.literal(true).optional(),
          /** Difference a month; the most that it can be, with `undeclaredBefore`. */
          cost: z.string().optional(),
          notes: texts,
        }),
      ),
      properties: z.array(
        z.object({
          property: z.string(),
          before: z.unknown().optional(),
          after: z.unknown().optional(),
        }),
      ),
      notes: texts,
    }),
  ),
  counts: z.record(z.string(), z.number()),
  cost: z
    .object({
      currency: z.string(),
      period: z.literal("month"),
      before: z.string(),
      after: z.string(),
      difference: z.string(),
      unpriced: texts,
      incomplete: z.boolean(),
    })
    .optional(),
  /** Whether the stack sets limits at all. */
  limited: z.boolean(),
  violations: z.array(
    z.object({
      limit: z.string(),
      kind: z.enum(["exceeded", "unknown"]),
      reason: z.string(),
      customers: texts,
      remedy: z.string(),
    }),
  ),
  warnings: texts,
  errors: texts,
});
export type ChangeReport = Readonly<z.output<typeof changeReportSchema>>;

/** The summary as a report. `violations` is undefined where the stack sets no limits. */
export function changeReport(
  summary: ChangeSummary,
  violations: readonly Violation[] | undefined,
): ChangeReport {
  const { changes, counts, cost, warnings, errors } = summary;
  const currency = cost?.currency ?? "";
  return {
    changes: changes.map(({ quantities, properties, notes, ...change }) => ({
      ...change,
      quantities: quantities.map(({ sku, before, after, cost: difference, ...own }) => ({
        sku,
        before: before ?? null,
        after: after ?? null,
        difference: before === undefined || after === undefined ? null : after - before,
        ...(own.undeclaredBefore && { undeclaredBefore: true as const }),
        ...(difference && { cost: plainAmount(difference, currency) }),
        notes: [...own.notes],
      })),
      properties: properties.map((each) => ({ ...each })),
      notes: [...notes],
    })),
    counts: { ...counts },
    ...(cost && {
      cost: {
        currency,
        period: "month",
        before: plainAmount(cost.before, currency),
        after: plainAmount(cost.after, currency),
        difference: plainAmount(cost.after.minus(cost.before), currency),
        unpriced: [...cost.unpriced],
        incomplete: cost.incomplete,
      },
    }),
    limited: violations !== undefined,
    violations: (violations ?? []).map((each) => ({ ...each, customers: [...each.customers] })),
    warnings: [...warnings],
    errors: [...errors],
  };
}
