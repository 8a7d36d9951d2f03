import { type Failure, licenseFindings, readConfig, UcaasError } from "pulumi-ucaas/schemas";
import { type CustomerDeclaration, vendorConfigs } from "./config.ts";

/** The config of the stack, decrypted, by full key. */
export interface ConfigSource {
  get(key: string): string | undefined;
  require(key: string): string;
}

/** The systems of a customer that it has, and whose sections keep to their schemas. */
export type Sound = Pick<CustomerDeclaration, keyof typeof vendorConfigs>;

/** What no schema can say of a customer: its systems' own rules, and what one system needs of another. */
export function rulesBrokenBy(customer: CustomerDeclaration, sound: Sound, source: ConfigSource): Failure[] {
  return [...withoutConfig(sound, source), ...sipFieldsMissing(sound, customer), ...seatRules(sound, source)];
}

/** Each system needs its vendor's config, of the account that its section names. */
function withoutConfig(sound: Sound, source: ConfigSource): Failure[] {
  return (Object.keys(vendorConfigs) as (keyof typeof vendorConfigs)[]).flatMap((system) => {
    const section = sound[system];
    if (!section) return [];
    try {
      readConfig(vendorConfigs[system], source, section.account);
      return [];
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      return [{ path: section.account === undefined ? [system] : [system, "account"], reason: error.reason }];
    }
  });
}

function sipFieldsMissing({ xima }: Sound, _customer: CustomerDeclaration): Failure[] {
  if (!xima?.sipCredentials) return [];
  return (["sipServer", "outboundProxy"] as const)
    .filter((field) => xima.sipCredentials?.[field] === undefined)
    .map((field) => ({
      path: ["xima", "sipCredentials", field],
      reason: "is missing: the customer has no NetSapiens client to take it from",
    }));
}

function seatRules({ xima }: Sound, source: ConfigSource): Failure[] {
  if (!xima) return [];
  const revision = apiRevision(source, xima.account);
  if (!revision) return [];
  return licenseFindings(xima as Parameters<typeof licenseFindings>[0], revision)
    .filter(({ note }) => !note)
    .map(({ property, reason }) => ({ path: ["xima", ...property.split(".")], reason }));
}

/** Undefined when the config is not right; that is told elsewhere. */
function apiRevision(source: ConfigSource, account: string | undefined) {
  try {
    return readConfig(vendorConfigs.xima, source, account).apiRevision;
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    return undefined;
  }
}
