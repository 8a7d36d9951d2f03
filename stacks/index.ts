import * as pulumi from "@pulumi/pulumi";
import { Customer } from "pulumi-ucaas";
import { failuresOf } from "pulumi-ucaas/schemas";
import { type CustomerDeclaration, customerSchema } from "./config.ts";
import { StackFiles } from "./customers.ts";

const config = new pulumi.Config("ucaas");
const files = new StackFiles(import.meta.dirname, pulumi.getStack());
const declared = files.declared(config.getObject("defaults"), config.getObject("customers"));

const faults = declared.flatMap((customer) =>
  failuresOf(customerSchema, customer.value as Record<string, unknown>).map(
    ({ property, reason }) => `${customer.place(property.split("."))} ${customer.slug}.${property} ${reason}`,
  ),
);
if (faults.length > 0) throw new pulumi.RunError(`Nothing was done, since the stack's files have errors:\n  ${faults.join("\n  ")}`);

/** Each customer in one line, by its slug. */
export const customers = Object.fromEntries(
  declared.map(({ slug, value }) => [slug, new Customer(slug, value as CustomerDeclaration).summary]),
);
