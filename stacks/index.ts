/**
 * The program: it declares the customers of a stack's files, once all that the files say
 * is right.
 */
import * as pulumi from "@pulumi/pulumi";
import { Customer, type CustomerArgs } from "pulumi-ucaas";
import { announceStackFiles } from "./announce.ts";
import { formerSlugs } from "./config.ts";
import { engineConfig } from "./engine-config.ts";
import { guardErrors } from "./guard.ts";
import { lastUpdate } from "./last-update.ts";
import { mapLeaves } from "./object-path.ts";
import { stackFolder } from "./project-file.ts";
import { StackFiles } from "./stack-files.ts";
import { collectWarnings, findPlaintextSecrets, validateStackFiles } from "./validate.ts";

/** More than a person reads are counted. */
const maxFaults = 200;

// The engine reads the state while this process reads the files.
const last = lastUpdate();

const secretKeys = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
const get = (key: string) => pulumi.runtime.getConfig(key);
const config = engineConfig({ get, isSecret: (key) => secretKeys.includes(key) });

const files = new StackFiles(stackFolder(process.cwd()), pulumi.getStack());
announceStackFiles(files.folder);
const declarations = files.customers(config);

const faults = [
  ...validateStackFiles(files, config, declarations, { get }),
  ...guardErrors(files, config, declarations, await last),
];
if (faults.length > 0) {
  const count = `${faults.length} ${faults.length === 1 ? "error" : "errors"}`;
  const more = faults.length > maxFaults ? [`… and ${faults.length - maxFaults} more`] : [];
  throw new pulumi.RunError(
    `${count} in the stack files; nothing was changed:\n  ${[...faults.slice(0, maxFaults), ...more].join("\n  ")}`,
  );
}
for (const warning of [...collectWarnings(files), ...findPlaintextSecrets(declarations)])
  void pulumi.log.warn(warning);

const made = declarations.map((customer) => {
  const { protect, renamedFrom, ...args } = mapLeaves(customer.value, (leaf, path) =>
    customer.isSecret(path) ? pulumi.secret(leaf) : leaf,
  ) as CustomerArgs & { protect?: boolean; renamedFrom?: unknown };
  // Resources below a component are renamed with it.
  const aliases = formerSlugs(customer.value).map((name) => ({ name }));
  return [customer.slug, new Customer(customer.slug, args, { protect, aliases })] as const;
});

/** Each customer in one line, by its slug. @public */
export const customers = Object.fromEntries(made.map(([slug, { summary }]) => [slug, summary]));

/**
 * What the Xima side is set up with, by the slug of each customer that has a NetSapiens
 * client; a secret.
 * @public
 */
export const bundles = Object.fromEntries(
  made.flatMap(([slug, { bundle }]) =>
    bundle ? [[slug, pulumi.recover(bundle, () => undefined as never)]] : [],
  ),
);
