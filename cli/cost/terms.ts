import { isAbsolute, join } from "node:path";
import { enablexConfig } from "pulumi-ucaas/internal/enablex/config";
import { readConfig } from "pulumi-ucaas/internal/runtime/config";
import type { ErrorCode } from "pulumi-ucaas/internal/runtime/errors";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { readText, UnreadableTextError } from "pulumi-ucaas/internal/runtime/read-text";
import { closestMatches } from "pulumi-ucaas/internal/runtime/suggest";
import { propertyPath, validationFailures } from "pulumi-ucaas/internal/runtime/validation";
import { ximaConfig } from "pulumi-ucaas/internal/xima/config";
import { type Limits, limitsSchema } from "pulumi-ucaas-stacks/internal/limits";
import { isRecord } from "pulumi-ucaas-stacks/internal/object-path";
import { type PriceList, priceListSchema } from "pulumi-ucaas-stacks/internal/prices";
import { parse } from "yaml";
import type { z } from "zod";
import type { BillingTerms } from "./billing.ts";

/** A stack's config by full key; structured values are JSON text. */
interface ConfigSource {
  get(key: string): string | undefined;
}

/**
 * What a stack's config says of costs: its price list, the rules of its Xima accounts, and
 * what its EnableX accounts can delete.
 *
 * @throws {UcaasError} `PRICES_INVALID`
 */
export function readTerms(config: ConfigSource, projectFolder: string): BillingTerms {
  return {
    prices: readPrices(config, projectFolder),
    ximaRules: ximaRulesOf(config),
    canDelete: enablexDeletes(config),
  };
}

function enablexDeletes(config: ConfigSource): BillingTerms["canDelete"] {
  const { routes } = enablexConfig.keys;
  const definition = { namespace: enablexConfig.namespace, keys: { routes } };
  return (kind, account) => {
    try {
      return readConfig(definition, config, account).routes[`${kind}Delete`] !== "none";
    } catch (error) {
      // Of an account that is gone nothing is known, so what it has counts as kept.
      if (error instanceof UcaasError) return false;
      throw error;
    }
  };
}

function ximaRulesOf(config: ConfigSource): BillingTerms["ximaRules"] {
  const { apiRevision, seatRules } = ximaConfig.keys;
  const definition = { namespace: ximaConfig.namespace, keys: { apiRevision, seatRules } };
  return (account) => {
    try {
      const { apiRevision: revision, seatRules: rules } = readConfig(definition, config, account);
      return { revision, seatRules: rules };
    } catch (error) {
      // A resource that goes may be of an account that is gone.
      if (error instanceof UcaasError) return undefined;
      throw error;
    }
  };
}

function readPrices(config: ConfigSource, projectFolder: string): PriceList | undefined {
  const text = config.get("ucaas:prices");
  if (text === undefined) return undefined;
  const value = /^\s*[{[]/.test(text) ? tryParseJson(text) : text;
  if (typeof value !== "string")
    return checked(priceListSchema, value, "ucaas:prices", "PRICES_INVALID");
  return checked(priceListSchema, priceFile(value, projectFolder), value, "PRICES_INVALID");
}

/** The content of a price list's file. Only files of the project are read. */
function priceFile(name: string, projectFolder: string): unknown {
  const refuse = (reason: string) =>
    new UcaasError(`${name} ${reason}`, {
      code: "PRICES_INVALID",
      operation: "read ucaas:prices",
      hint: "name a YAML or JSON file below the project's folder, such as ucaas:prices: prices.yaml",
    });
  if (isAbsolute(name)) throw refuse("is not relative to the project");
  try {
    return parse(readText(join(projectFolder, name), { within: projectFolder }));
  } catch (error) {
    if (error instanceof UnreadableTextError) throw refuse(error.message);
    throw refuse(`is not valid YAML: ${(error as Error).message.split("\n")[0]}`);
  }
}

/**
 * What one change of the stack may do, or undefined where the stack sets no limits.
 *
 * @throws {UcaasError} `LIMITS_INVALID`
 */
export function readLimits(
  config: ConfigSource & { keys(): readonly string[] },
): Limits | undefined {
  const text = config.get("ucaas:limits");
  if (text === undefined) {
    // A program of one's own checks no keys, and without limits every change passes.
    const misspelt = config.keys().find(isNearlyLimits);
    if (misspelt === undefined) return undefined;
    throw new UcaasError(`${misspelt} is not a key of the config`, {
      code: "LIMITS_INVALID",
      hint: "write ucaas:limits in the stack file; docs/cost.md shows it",
    });
  }
  return checked(limitsSchema, tryParseJson(text), "ucaas:limits", "LIMITS_INVALID");
}

function isNearlyLimits(key: string): boolean {
  const [namespace, name = ""] = key.split(":");
  return namespace === "ucaas" && closestMatches(name, ["limits"]).length > 0;
}

function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  label: string,
  code: ErrorCode,
): z.output<Schema> {
  const lines = isRecord(value)
    ? validationFailures(schema, value).map(({ path, reason }) => `${propertyPath(path)} ${reason}`)
    : ["is not a map"];
  if (lines.length === 0) return schema.parse(value);
  throw new UcaasError(`${label}: ${lines.join("\n  ")}`, {
    code,
    hint: "correct the stack file; docs/cost.md shows the keys",
  });
}
