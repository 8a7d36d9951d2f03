import { enablexConfig } from "pulumi-ucaas/internal/enablex/config";
import { netsapiensConfig } from "pulumi-ucaas/internal/netsapiens/config";
import {
  accountNames,
  type ConfigDefinition,
  type ConfigOf,
  environmentFileVariable,
  environmentVariable,
  readConfig,
} from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { xelionConfig } from "pulumi-ucaas/internal/xelion/config";
import { ximaConfig } from "pulumi-ucaas/internal/xima/config";
import { browserCheck } from "./browser.ts";
import { type Check, outcomeOf } from "./check.ts";
import type { StackContext } from "./context.ts";
import { enablexChecks } from "./enablex.ts";
import { netsapiensChecks } from "./netsapiens.ts";
import { xelionChecks } from "./xelion.ts";
import { ximaChecks } from "./xima.ts";

/** The checks of every account that the stack configures, of all vendors. */
export function accountChecks(context: StackContext): Check[] {
  const checks = [
    ...checksOf(ximaConfig, context, ximaChecks),
    ...checksOf(enablexConfig, context, enablexChecks),
    ...checksOf(netsapiensConfig, context, (system, config, _, account) => [
      ...netsapiensChecks(system, config, context, account),
      browserCheck(system, config, context, account),
    ]),
    ...checksOf(xelionConfig, context, xelionChecks),
  ];
  return checks.length > 0 ? checks : [nothingConfigured];
}

const nothingConfigured: Check = {
  system: "vendors",
  check: "accounts",
  run: async () => ({
    status: "skipped",
    found: "neither the stack's config nor the environment has an account",
  }),
};

function checksOf<D extends ConfigDefinition>(
  definition: D,
  context: StackContext,
  checksFor: (
    system: string,
    config: ConfigOf<D>,
    context: StackContext,
    account: string | undefined,
  ) => Check[],
): Check[] {
  const { namespace } = definition;
  const attempt = <T>(name: string, work: () => T): T | Check => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      return { system: name, check: "config", run: async () => outcomeOf(error) };
    }
  };
  const accounts = attempt(namespace, () => configuredAccounts(definition, context));
  if (!Array.isArray(accounts)) return [accounts];
  return accounts.flatMap((account) => {
    const system = account === undefined ? namespace : `${namespace} (${account})`;
    return attempt(system, () => {
      const config = readConfig(definition, context.config, account, context.environment);
      return checksFor(system, config, context, account);
    });
  });
}

/**
 * The names of the accounts; undefined is the one of the keys that stand alone. It counts
 * when a key of it is set, in the stack's config or in the environment.
 */
export function configuredAccounts(
  definition: ConfigDefinition,
  { config, environment }: Pick<StackContext, "config" | "environment">,
): (string | undefined)[] {
  const { namespace, keys } = definition;
  const inConfig = config
    .keys()
    .some((key) => key.startsWith(`${namespace}:`) && key !== `${namespace}:accounts`);
  const inEnvironment = Object.keys(keys).some((key) => {
    const value = environment[environmentVariable(namespace, key)];
    return value || environment[environmentFileVariable(namespace, key)];
  });
  const named = accountNames(definition, config);
  return [...(inConfig || inEnvironment ? [undefined] : []), ...named];
}
