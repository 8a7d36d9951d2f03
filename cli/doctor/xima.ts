import { type ConfigOf, environmentFileVariable } from "pulumi-ucaas/internal/runtime/config";
import { steps } from "pulumi-ucaas/internal/runtime/errors";
import { XimaClient } from "pulumi-ucaas/internal/xima/client";
import type { ximaConfig } from "pulumi-ucaas/internal/xima/config";
import type { CcId } from "pulumi-ucaas/internal/xima/resource-id";
import { signingKey } from "pulumi-ucaas/internal/xima/signing-key";
import { checkRegistered } from "../xima/registered-key.ts";
import { addressCheck } from "./address.ts";
import { certificateCheck } from "./certificate.ts";
import type { Check, Outcome } from "./check.ts";
import { resourcesOf, type StackContext } from "./context.ts";

type Config = ConfigOf<typeof ximaConfig>;

const keyFileVariable = environmentFileVariable("xima", "privateKey");

/** One account of Xima: address, clock, certificate, the key at the server, a signed probe. */
export function ximaChecks(
  system: string,
  config: Config,
  context: StackContext,
  account: string | undefined,
): Check[] {
  const { seconds, minDays } = context;
  const [license] = resourcesOf(context, "XimaLicense", account);
  const ccId = license?.inputs?.ccId as CcId | undefined;
  // The environment belongs to the account of the keys that stand alone.
  const keyFile = account === undefined ? context.environment[keyFileVariable] : undefined;
  return [
    addressCheck(system, { vendor: "xima", baseUrl: config.baseUrl, seconds }),
    certificateCheck(system, config, minDays, keyFile),
    {
      system,
      check: "key at the server",
      async run(signal) {
        const { kid, privateKey } = signingKey(config);
        const address = await checkRegistered(config, kid, privateKey, { seconds, signal });
        return { status: "ok", found: `the server lists the kid ${kid} (${address})` };
      },
    },
    {
      system,
      check: "signed probe",
      async run(signal) {
        if (config.probe === "off") return skipped("xima:probe is off");
        if (ccId === undefined)
          return skipped("the state has no licence of this account to ask for");
        const client = new XimaClient(
          { ...config, deadlineSeconds: Math.min(config.deadlineSeconds, seconds) },
          signal,
        );
        return judgeProbe(ccId, await client.exists(ccId, { isKnown: true }));
      },
    },
  ];
}

function judgeProbe({ resellerId, tenantId }: CcId, exists: boolean | undefined): Outcome {
  if (exists)
    return {
      status: "ok",
      found: `the server takes the signature and knows ${resellerId}/${tenantId}`,
    };
  return {
    status: "action",
    code: "CUSTOMER_NOT_FOUND",
    found: `the server takes the signature, but does not know ${resellerId}/${tenantId} of the state`,
    remedy: steps(
      "Check xima:baseUrl.",
      "If the customer was removed elsewhere: pulumi refresh, then pulumi up",
    ),
  };
}

function skipped(why: string): Outcome {
  return { status: "skipped", found: `no signed request was sent: ${why}` };
}
