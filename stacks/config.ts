import { licenseSchema } from "pulumi-ucaas/schemas";
import { z } from "zod";

/**
 * One customer in a stack file, after the stack's defaults have been filled in. Each system's section has the arguments of its resource,
 * by their own names.
 */
export const customerSchema = z.strictObject({
  name: z.string().min(1, "must not be empty").describe("The customer's name, for people; the default of the names at the vendors"),
  xima: licenseSchema.optional().describe("Licences of Xima CCaaS"),
});

export type CustomerDeclaration = z.output<typeof customerSchema>;

/** A customer's key in the file: it is in the names of all resources. */
export const slugPattern = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
