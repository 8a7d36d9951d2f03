import { EnableXClient } from "pulumi-ucaas/internal/enablex/client";
import type { enablexConfig } from "pulumi-ucaas/internal/enablex/config";
import { customerType } from "pulumi-ucaas/internal/enablex/resource-types";
import type { ConfigOf } from "pulumi-ucaas/internal/runtime/config";
import { addressCheck } from "./address.ts";
import type { Check } from "./check.ts";
import type { StackContext } from "./context.ts";

/** One account of EnableX: address, clock, and a login that may list customers. */
export function enablexChecks(
  system: string,
  config: ConfigOf<typeof enablexConfig>,
  { seconds }: StackContext,
): Check[] {
  return [
    addressCheck(system, { vendor: "enablex", baseUrl: config.baseUrl, seconds }),
    {
      system,
      check: "login and role",
      async run(signal) {
        const client = new EnableXClient(
          { ...config, pageSize: 1, deadlineSeconds: Math.min(config.deadlineSeconds, seconds) },
          { readSignal: signal },
        );
        const { done } = await client.pages(customerType).next();
        const how = config.accessKey ? "the access key" : "the login";
        const seen = done ? "it has none yet" : "it has some";
        return { status: "ok", found: `${how} is accepted and may list customers; ${seen}` };
      },
    },
  ];
}
