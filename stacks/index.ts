/** The program: it declares the customers of a stack's files, once all that the files say is right. */
import * as pulumi from "@pulumi/pulumi";
import { Customer, type CustomerArgs } from "pulumi-ucaas";
import { faultsIn, plainSecretsIn } from "./faults.ts";
import { StackFiles } from "./stack-files.ts";
import { mapLeaves } from "./tree.ts";

const config = new pulumi.Config("ucaas");
const secretKeys = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
const given = {
  defaults: config.getObject("defaults"),
  customers: config.getObject("customers"),
  isSecret: (key: string) => secretKeys.includes(`ucaas:${key}`),
};

const files = new StackFiles(import.meta.dirname, pulumi.getStack());
const declared = files.customers(given);

const faults = faultsIn(files, given, declared, { get: pulumi.runtime.getConfig });
if (faults.length > 0) {
  throw new pulumi.RunError(`the stack's files are not right (${faults.length}), so nothing was done:\n  ${faults.join("\n  ")}`);
}
for (const warning of plainSecretsIn(declared)) void pulumi.log.warn(warning);

const made = declared.map((customer) => {
  const { protect, ...args } = mapLeaves(customer.value, (leaf, path) =>
    customer.isSecret(path) ? pulumi.secret(leaf) : leaf,
  ) as CustomerArgs & { protect?: boolean };
  return [customer.slug, new Customer(customer.slug, args, { protect })] as const;
});

/** Each customer in one line, by its slug. */
export const customers = Object.fromEntries(made.map(([slug, { summary }]) => [slug, summary]));

/** What the Xima side is set up with, by the slug of each customer that has a NetSapiens client; a secret. */
export const bundles = Object.fromEntries(
  made.flatMap(([slug, { bundle }]) => (bundle ? [[slug, pulumi.recover(bundle, () => undefined as never)]] : [])),
);
