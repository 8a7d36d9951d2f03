import type { dynamic } from "@pulumi/pulumi";
import { setCommand } from "../runtime/config.ts";
import { hasUnknown, isUnknown } from "../runtime/unknown.ts";
import { netsapiensConfig } from "./config.ts";
import { didForms } from "./did.ts";
import type { OAuthClientInputs } from "./schema.ts";
import { type Config, toSettings } from "./settings.ts";

/** The rules between arguments and config: every failure, each with its property. */
export function ruleFailures(inputs: OAuthClientInputs, config: Config): dynamic.CheckFailure[] {
  return [
    ...missingSettings(inputs, config),
    ...didFailures(inputs, config),
    ...clientIdFailures(inputs),
  ];
}

type RequiredKey = "apiUrl" | "apiUsername" | "apiPassword" | "portalUsername" | "portalPassword";

/** What is required and neither declared nor configured, each with the command that sets it. */
function missingSettings(inputs: OAuthClientInputs, config: Config): dynamic.CheckFailure[] {
  const settings = toSettings(inputs, config);
  const missing = (property: string, key: RequiredKey) => ({
    property,
    reason: `is missing: declare it, or run ${setCommand(netsapiensConfig, key, inputs.account)}`,
  });
  const failures: dynamic.CheckFailure[] = [];
  for (const key of ["apiUrl", "apiUsername", "apiPassword"] as const) {
    if (settings[key] === "") failures.push(missing(key, key));
  }
  if (inputs.driver === "portal" && !hasUnknown(inputs.portal)) {
    if (!settings.portal.username) failures.push(missing("portal.username", "portalUsername"));
    if (!settings.portal.password) failures.push(missing("portal.password", "portalPassword"));
  }
  if (inputs.driver === "existing" && inputs.clientSecret === undefined) {
    failures.push({
      property: "clientSecret",
      reason: 'is missing: the driver "existing" adopts a client by its secret',
    });
  }
  return failures;
}

/** Only the config knows the country of a number in national digits. */
function didFailures({ did }: OAuthClientInputs, { homeCountry }: Config): dynamic.CheckFailure[] {
  if (typeof did !== "string" || isUnknown(did) || didForms(did, homeCountry).length > 0) return [];
  const reason =
    "cannot be a telephone number: write it as E.164 (+13125550100). " +
    `National digits are read as numbers of ${homeCountry}; netsapiens:homeCountry sets another country`;
  return [{ property: "did", reason }];
}

/**
 * The portal's list shows several blanks as one, so the browser could not tell two
 * clients apart.
 */
function clientIdFailures({ clientId, driver }: OAuthClientInputs): dynamic.CheckFailure[] {
  if (driver !== "portal" || typeof clientId !== "string" || !/\s\s|[^\S ]/.test(clientId))
    return [];
  const reason =
    "has two blanks in a row, or a blank other than U+0020: the portal shows both as one blank. Use single blanks, or none";
  return [{ property: "clientId", reason }];
}
