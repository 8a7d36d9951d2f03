import {
  type ConfigOf,
  configurationFindings,
  customerKind,
  licenseFindings,
  netsapiensRuleFailures,
  readConfig,
  ruleFailures,
  subscriptionKind,
  UcaasError,
  unknownValue,
  userKind,
  type ValidationFailure,
} from "pulumi-ucaas/schemas";
import { type CustomerDeclaration, vendorConfigs } from "./config.ts";
import { isRecord, type Path } from "./object-path.ts";

/** The config of the stack, decrypted, by full key. */
export interface ConfigSource {
  get(key: string): string | undefined;
}

type System = keyof typeof vendorConfigs;

/** A system's own rules for its section, as its provider has them. */
const rules: {
  [S in System]: (
    section: NonNullable<CustomerDeclaration[S]>,
    config: ConfigOf<(typeof vendorConfigs)[S]>,
    customer: CustomerDeclaration,
  ) => ValidationFailure[];
} = {
  netsapiens: (section, config) => netsapiensRuleFailures(section, config).map(failure),
  xima: ({ sipCredentials: sip, ...section }, { apiRevision, seatRules }, { netsapiens }) => {
    const fromBundle = netsapiens && sip?.sipPort === undefined;
    return licenseFindings(
      { ...section, ...(!fromBundle && sip && { sipCredentials: sip as Required<typeof sip> }) },
      apiRevision,
      seatRules,
    )
      .filter(({ note }) => !note)
      .map(failure);
  },
  xelion: ({ configuration }) =>
    isRecord(configuration) ? below(["configuration"], configurationFindings(configuration)) : [],
  enablex: ({ subscriptions, users, ...customer }) => [
    ...ruleFailures(customerKind, customer).map(failure),
    ...Object.entries(subscriptions ?? {}).flatMap(([name, each]) =>
      below(["subscriptions", name], ruleFailures(subscriptionKind, each)),
    ),
    ...Object.entries(users ?? {}).flatMap(([name, each]) =>
      below(["users", name], ruleFailures(userKind, each)),
    ),
  ],
};

/**
 * What no schema can say of a customer: that each of its systems has its vendor's config,
 * the systems' own rules, and what one system needs of another. A value that is wrong by
 * itself comes as Pulumi's unknown value, about which no rule concludes anything.
 */
export function checkRules(
  customer: CustomerDeclaration,
  source: ConfigSource,
): ValidationFailure[] {
  const systems = Object.keys(vendorConfigs) as System[];
  return [
    ...systems.flatMap((system) => systemFailures(system, customer, source)),
    ...sipFieldsMissing(customer),
  ];
}

function systemFailures<S extends System>(
  system: S,
  customer: CustomerDeclaration,
  source: ConfigSource,
): ValidationFailure[] {
  const section = customer[system];
  if (!isRecord(section) || section.account === unknownValue) return [];
  try {
    const config = readConfig(vendorConfigs[system], source, section.account) as ConfigOf<
      (typeof vendorConfigs)[S]
    >;
    return below([system], rules[system](section, config, customer));
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    return [
      {
        path: section.account === undefined ? [system] : [system, "account"],
        reason: `${error.reason}\n  What to do: ${error.hint}`,
      },
    ];
  }
}

function sipFieldsMissing({ xima, netsapiens }: CustomerDeclaration): ValidationFailure[] {
  const sip = xima?.sipCredentials;
  if (!isRecord(sip) || netsapiens !== undefined) return [];
  return (["sipServer", "outboundProxy"] as const)
    .filter((field) => sip[field] === undefined)
    .map((field) => ({
      path: ["xima", "sipCredentials", field],
      reason: "is missing: the customer has no NetSapiens client to take it from",
    }));
}

function failure({ property, reason }: { property: string; reason: string }): ValidationFailure {
  return { path: property.split("."), reason };
}

function below(
  path: Path,
  failures: readonly (ValidationFailure | { property: string; reason: string })[],
): ValidationFailure[] {
  return failures
    .map((each) => ("path" in each ? each : failure(each)))
    .map((each) => ({ ...each, path: [...path, ...each.path] }));
}
