import * as pulumi from "@pulumi/pulumi";
import { Customer } from "pulumi-ucaas";
import type { CustomerDeclaration } from "./config.ts";
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

const faults = faultsIn(files, given, declared, {
  get: (key) => pulumi.runtime.getConfig(key),
  require: (key) => new pulumi.Config(key.split(":")[0]).require(key.split(":")[1] ?? ""),
});
if (faults.length > 0)
  throw new pulumi.RunError(`the stack's files have ${faults.length} faults, so nothing was done:\n  ${faults.join("\n  ")}`);
for (const warning of plainSecretsIn(declared)) void pulumi.log.warn(warning);

const made = declared.map((customer) => {
  const { protect, ...args } = mapLeaves(customer.value, (leaf, path) =>
    customer.isSecret(path) ? pulumi.secret(leaf) : leaf,
  ) as CustomerDeclaration;
  return [customer.slug, new Customer(customer.slug, args, { protect })] as const;
});

/** Each customer in one line, by its slug. */
export const customers = Object.fromEntries(made.map(([slug, { summary }]) => [slug, summary]));
