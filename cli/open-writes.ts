import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import {
  describeOpenIntent,
  openIntents,
  toStateResource,
} from "pulumi-ucaas/internal/runtime/intents";
import { Journal } from "pulumi-ucaas/internal/runtime/journal";
import { stackIdentity } from "pulumi-ucaas/internal/runtime/stack-identity";
import { pulumi } from "./pulumi/run.ts";
import type { State } from "./pulumi/stack.ts";

/**
 * What interrupted runs of a stack may have left at a vendor, and no resource in the
 * state knows: a line for each, with what to do. A journal that cannot be read is one of
 * the lines.
 */
export async function openWrites(stack: string, resources: readonly State[]): Promise<string[]> {
  const { exitCode, stdout } = await pulumi([
    "config",
    "get",
    "ucaas:journalDir",
    "--stack",
    stack,
  ]);
  const folder = exitCode === 0 ? stdout.trim() : undefined;
  const journal = new Journal({
    get: (key) => (key === "ucaas:journalDir" ? folder : undefined) as never,
  });
  const project =
    resources.map(({ urn }) => urn.split("::")[1]).find((name) => name !== undefined) ?? "";
  const identity = stackIdentity(project, stack.split("/").at(-1) ?? stack);
  const inState = resources.map(({ urn, outputs = {} }) => ({ ...toStateResource(urn), outputs }));
  try {
    const { entries } = await journal.list();
    return openIntents(entries, identity, inState).map(describeOpenIntent);
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    return [error.message];
  }
}
