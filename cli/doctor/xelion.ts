import type { ConfigOf } from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { type ValidationResult, XelionClient } from "pulumi-ucaas/internal/xelion/client";
import type { xelionConfig } from "pulumi-ucaas/internal/xelion/config";
import { addressCheck } from "./address.ts";
import { type Check, type Outcome, outcomeOf } from "./check.ts";
import { resourcesOf, type StackContext } from "./context.ts";
import { callbackCheck } from "./relay.ts";

/** One account of Xelion: address, clock, test route, key, and the way that callbacks come. */
export function xelionChecks(
  system: string,
  config: ConfigOf<typeof xelionConfig>,
  context: StackContext,
  account: string | undefined,
): Check[] {
  const { seconds } = context;
  const service = (signal: AbortSignal) =>
    new XelionClient(
      { ...config, deadlineSeconds: Math.min(config.deadlineSeconds, seconds) },
      signal,
    );
  const orderId = resourcesOf(context, "XelionTenantProvision", account)
    .map(({ outputs }) => outputs?.orderId)
    .find((id) => typeof id === "number");
  return [
    addressCheck(system, { vendor: "xelion", baseUrl: config.baseUrl, seconds }),
    {
      system,
      check: "test route",
      async run(signal) {
        if (!config.testProvision)
          return { status: "skipped", found: "xelion:testProvision is false" };
        return judgeTestRoute(await service(signal).test(smallest));
      },
    },
    {
      system,
      check: "key",
      async run(signal) {
        if (config.orderPath === undefined || orderId === undefined)
          return {
            status: "skipped",
            found: `only an order proves it (${config.orderPath === undefined ? "xelion:orderPath is not set" : "the state has none"})`,
          };
        return judgeOrder(orderId, await service(signal).status(orderId, signal).catch(errorIn));
      },
    },
    callbackCheck(system, config.callback, seconds),
  ];
}

/** A configuration without an organization: the service says what is missing, and does nothing. */
const smallest = JSON.stringify({ version: 1 });

/** "No headers are required" for this route (guide), so it does not prove the key. */
export function judgeTestRoute(result: ValidationResult): Outcome {
  if (result.kind === "valid" || result.kind === "invalid")
    return { status: "ok", found: "the service tests configurations" };
  return outcomeOf(result.failure);
}

export function judgeOrder(orderId: number, result: string | UcaasError): Outcome {
  if (result instanceof UcaasError) return outcomeOf(result);
  return { status: "ok", found: `the key is accepted: order ${orderId} is ${result}` };
}

function errorIn(error: unknown): UcaasError {
  if (error instanceof UcaasError) return error;
  throw error;
}
