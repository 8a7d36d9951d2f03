import { NetsapiensClient } from "pulumi-ucaas/internal/netsapiens/client";
import type { netsapiensConfig } from "pulumi-ucaas/internal/netsapiens/config";
import {
  evaluateApiUrl,
  inconclusiveCodes,
  type StepOutcome,
} from "pulumi-ucaas/internal/netsapiens/evaluate";
import { originOf } from "pulumi-ucaas/internal/netsapiens/resource-id";
import type { StepResult } from "pulumi-ucaas/internal/netsapiens/steps";
import type { ConfigOf } from "pulumi-ucaas/internal/runtime/config";
import { targetsIn, verifyTarget } from "../netsapiens/verify.ts";
import { addressCheck } from "./address.ts";
import type { Check, Outcome } from "./check.ts";
import { resourcesOf, type StackContext } from "./context.ts";

/** One account of NetSapiens: address, clock, and the verification of a client of the state. */
export function netsapiensChecks(
  system: string,
  config: ConfigOf<typeof netsapiensConfig>,
  context: StackContext,
  account: string | undefined,
): Check[] {
  const limits = { ...config, deadlineSeconds: Math.min(config.deadlineSeconds, context.seconds) };
  const targets = targetsIn(resourcesOf(context, "NetsapiensOAuthClient", account), config);
  const apiUrls = new Set(targets.map(({ bundle }) => originOf(bundle.api_url)));
  if (config.apiUrl !== undefined) apiUrls.add(originOf(config.apiUrl));
  const addresses = [...apiUrls].map((baseUrl) =>
    addressCheck(system, { vendor: "netsapiens", baseUrl, seconds: context.seconds }),
  );
  const [target] = targets;
  if (target === undefined)
    return [
      ...addresses,
      {
        system,
        check: "API",
        async run(signal) {
          if (config.apiUrl === undefined) return noUrl;
          const client = new NetsapiensClient(originOf(config.apiUrl), limits, signal);
          return toOutcome(evaluateApiUrl(await client.version()));
        },
      },
    ];
  return [
    ...addresses,
    {
      system,
      check: "client",
      async run(signal) {
        const client = new NetsapiensClient(originOf(target.bundle.api_url), limits, signal);
        const { results } = await verifyTarget(client, target, loginSteps);
        const name = `client ${target.bundle.api_client_id} of ${targets.length}`;
        return results
          .filter(({ step }) => (loginSteps as readonly string[]).includes(step))
          .map((result) => ({ check: `${name}: ${result.step}`, ...toOutcome(result) }));
      },
    },
  ];
}

/** Address, login, role and scope; numbers are for `ucaas netsapiens verify`. */
const loginSteps = ["apiUrl", "credentials", "permissions", "domain"] as const;

const noUrl: Outcome = {
  status: "skipped",
  found: "netsapiens:apiUrl is not set, and the state has no client",
};

function toOutcome(result: StepOutcome | StepResult): Outcome {
  if (result.status !== "failed")
    return { status: result.status === "passed" ? "ok" : "skipped", found: result.evidence };
  const { code = "VERIFY_FAILED", evidence, remedy } = result;
  return {
    status: inconclusiveCodes.has(code) ? "unknown" : "action",
    code,
    found: evidence,
    remedy,
  };
}
