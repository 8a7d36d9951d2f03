import { z } from "zod";
import { amountSchema } from "./prices.ts";

const wholeNumber = "must be a whole number from 0 on";

/** `pulumi config set` writes numbers as text. */
const count = z
  .union([z.int(wholeNumber).min(0, wholeNumber), z.string().regex(/^\d{1,9}$/, wholeNumber)])
  .transform(Number)
  .optional();

/** The key `ucaas:limits`: what one change of the stack may do at most. */
export const limitsSchema = z.strictObject({
  maxRemovals: count.describe("Resources at vendors that a change may delete or replace"),
  maxAddedSeats: count.describe("Seats that a change may add"),
  maxAddedCost: amountSchema
    .optional()
    .describe("Amount a month that a change may add; it needs ucaas:prices"),
  protectedCustomers: z
    .array(z.string().min(1, "must not be empty"))
    .optional()
    .describe("Customers that must lose no resource and no seat"),
});
export type Limits = z.output<typeof limitsSchema>;
