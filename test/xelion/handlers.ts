import { uncancelled } from "../../provider/runtime/cancellation.ts";
import { PartialFailure } from "../../provider/runtime/errors.ts";
import { PendingOperations } from "../../provider/runtime/pending-operations.ts";
import type { StackRecord } from "../../provider/runtime/stack-record.ts";
import { xelionTenantProvisionProvider } from "../../provider/xelion/provider.ts";
import type { ProvisionInputs, ProvisionOutputs } from "../../provider/xelion/schema.ts";
import type { World } from "./world.ts";

/**
 * What the engine has of a call: the outputs, also of one that failed after something was
 * made, and the error's code.
 */
export interface Outcome {
  outs: ProvisionOutputs;
  code?: string;
  message: string;
}

/** A provider as a new process would have it. */
export function provider(
  w: World,
  more: Record<string, unknown> = {},
  record: StackRecord | (() => Promise<StackRecord>) = newStack,
): ReturnType<typeof xelionTenantProvisionProvider> {
  const config: Record<string, unknown> = {
    ...w.plainConfig,
    "ucaas:journalDir": w.journalDir,
    ...more,
  };
  const text = (value: unknown) =>
    value === undefined || typeof value === "string" ? value : JSON.stringify(value);
  const source = {
    get: (key: string) => text(config[key]) as never,
    require: (key: string) => text(config[key]) as never,
  };
  const read = async () => (typeof record === "function" ? await record() : record);
  const context = { ...uncancelled, pending: new PendingOperations(read) };
  return xelionTenantProvisionProvider(source, context, read);
}

/** A stack without earlier runs. */
export const newStack: StackRecord = { resources: [], pending: [], updates: [] };

export const inputsOf = (w: World, more: Partial<ProvisionInputs> = {}) =>
  ({ ...w.inputs, __stack: "shop/live", ...more }) as ProvisionInputs;

export async function outcome(
  call: Promise<{ outs?: ProvisionOutputs | undefined }>,
): Promise<Outcome> {
  try {
    return { outs: (await call).outs as ProvisionOutputs, message: "" };
  } catch (error) {
    const { message } = error as Error;
    const code = /\[(\w+)/.exec(message)?.[1];
    if (error instanceof PartialFailure)
      return { outs: error.properties as unknown as ProvisionOutputs, code, message };
    return { outs: undefined as never, code: code ?? message, message };
  }
}

/** The calls of one stack's runs, each in a process of its own. */
export function runs(w: World, config?: Record<string, unknown>) {
  return {
    create: (more: Partial<ProvisionInputs> = {}) =>
      outcome(provider(w, config).create(inputsOf(w, more))),
    update: (olds: ProvisionOutputs, more: Partial<ProvisionInputs> = {}) =>
      outcome(provider(w, config).update("id", olds, inputsOf(w, more))),
    changes: async (olds: ProvisionOutputs, more: Partial<ProvisionInputs> = {}) =>
      (await provider(w, config).diff("id", olds, inputsOf(w, more))).changes,
    read: async (olds: ProvisionOutputs) =>
      (await provider(w, config).read("id", olds)).props as ProvisionOutputs,
    delete: (olds: ProvisionOutputs) => provider(w, config).delete("id", olds),
  };
}
