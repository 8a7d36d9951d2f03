import type { dynamic } from "@pulumi/pulumi";
import { isSameUrl } from "../runtime/equality.ts";
import { isUnknown } from "../runtime/unknown.ts";
import { takeOver, withoutOrderId } from "./errors.ts";
import type { ProvisionInputs } from "./schema.ts";

/** Rules between the arguments of a tenant, as far as they are known. */
export function ruleFailures(
  olds: Partial<ProvisionInputs>,
  news: ProvisionInputs,
): dynamic.CheckFailure[] {
  return [...oneOfEach(news), ...orderOfAnotherTenant(olds, news)];
}

function oneOfEach({
  tenantToken,
  tenantLogin,
  configuration,
  configurationFile,
  orderId,
}: ProvisionInputs): dynamic.CheckFailure[] {
  const failures: dynamic.CheckFailure[] = [];
  if (tenantToken !== undefined && tenantLogin !== undefined) {
    failures.push({
      property: "tenantLogin",
      reason: "is declared beside tenantToken; one of them is enough",
    });
  } else if (tenantToken === undefined && tenantLogin === undefined && orderId === undefined) {
    failures.push({
      property: "tenantToken",
      reason: "is missing: declare tenantToken, or tenantLogin with userName and password",
    });
  }
  if (configuration !== undefined && configurationFile !== undefined) {
    failures.push({
      property: "configurationFile",
      reason: "is declared beside configuration; only one of them can be sent",
    });
  } else if (configuration === undefined && configurationFile === undefined) {
    failures.push({
      property: "configuration",
      reason: "is missing: declare configuration, or configurationFile",
    });
  }
  return failures;
}

function orderOfAnotherTenant(
  olds: Partial<ProvisionInputs>,
  news: ProvisionInputs,
): dynamic.CheckFailure[] {
  const { orderId, tenantName, serverUrl } = news;
  if (orderId === undefined || orderId !== olds.orderId) return [];
  if (olds.tenantName === undefined || isUnknown(tenantName) || isUnknown(serverUrl)) return [];
  if (olds.tenantName !== tenantName)
    return [
      {
        property: "orderId",
        reason: `is the order of tenant ${olds.tenantName}: set this tenant's own. ${withoutOrderId}`,
      },
    ];
  if (isSameUrl(olds.serverUrl, serverUrl)) return [];
  const reason = [
    `is the order of this tenant at ${olds.serverUrl}: set the one at ${serverUrl}.`,
    `If the server only has another name, ${takeOver(news)}`,
  ].join(" ");
  return [{ property: "orderId", reason }];
}
