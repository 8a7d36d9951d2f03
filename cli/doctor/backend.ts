import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { z } from "zod";
import { counted } from "../counted.ts";
import { openOperations, settleOperations } from "../pulumi/open-operations.ts";
import { pulumi } from "../pulumi/run.ts";
import { pulumiError, type StackConfig, type StackState } from "../pulumi/stack.ts";
import { visible } from "../redact.ts";
import type { Check, Outcome } from "./check.ts";

const identitySchema = z.object({ user: z.string(), url: z.string() });

/** The backend that holds the state. */
export const backendCheck: Check = {
  system: "pulumi",
  check: "backend",
  async run(signal) {
    const run = await pulumi(["whoami", "--verbose", "--output", "json"], { signal });
    if (run.exitCode !== 0) throw pulumiError("find the backend", run);
    const identity = identitySchema.safeParse(tryParseJson(run.stdout)).data;
    const place = identity ? ` ${visible(identity.url)} as ${visible(identity.user)}` : "";
    return { status: "ok", found: `the backend answers:${place}` };
  },
};

/** What was read without a secret in it does not prove the passphrase. */
export function judgeConfig(config: StackConfig): Outcome {
  const secret = config.keys().some((key) => config.isSecret(key));
  const found = secret
    ? "the passphrase opens the stack's config"
    : "the stack's config can be read; nothing in it is secret";
  return { status: "ok", found };
}

/** Whether the state tells of an update that was cut off. */
export function judgeState(state: StackState, stack: string): Outcome {
  const open = openOperations(state);
  const atVendors = state.resources.filter(({ custom }) => custom).length;
  if (open.length === 0)
    return {
      status: "ok",
      found: `the state has ${counted(atVendors, "resource")} and no open operation`,
    };
  const kinds = [...new Set(open.map(({ type }) => type))].join(", ");
  return {
    status: "action",
    code: "PENDING_OPERATIONS",
    found: `the state has ${counted(open.length, "operation")} that did not end (${kinds})`,
    remedy: settleOperations(open, stack),
  };
}
