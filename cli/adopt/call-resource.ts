import { call } from "pulumi-ucaas/host";
import { z } from "zod";
import type { Config } from "./stack.ts";

const properties = z.record(z.string(), z.unknown());

/** What the adoption reads of the provider's replies. */
const replies = {
  create: z.object({ id: z.string(), outs: properties }),
  read: z.object({ id: z.string().optional(), props: properties }),
  diff: z.object({ changes: z.boolean().optional() }),
} as const;

/**
 * Calls a method of a resource's provider in this process, and parses its reply.
 *
 * @throws {UcaasError} what the method throws
 */
export async function callResource<Method extends keyof typeof replies>(
  config: Config,
  type: string,
  method: Method,
  args: readonly unknown[],
): Promise<z.output<(typeof replies)[Method]>> {
  const reply = await call(type, method, [...args], config);
  return replies[method].parse(reply) as z.output<(typeof replies)[Method]>;
}
