import {
  describePendingCreate,
  type PendingCreate,
  unreportedCreates,
} from "pulumi-ucaas/internal/pending-creates";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import {
  describeOpenIntent,
  holderOf,
  openIntents,
  toStateResource,
} from "pulumi-ucaas/internal/runtime/intents";
import { isSameStack, Journal } from "pulumi-ucaas/internal/runtime/journal";
import { knownOrganization, stackIdentity } from "pulumi-ucaas/internal/runtime/stack-identity";
import { readStackNames } from "pulumi-ucaas/internal/runtime/stack-record";
import { findProject, providerEnvironment } from "./pulumi/project.ts";
import { type StackConfig, type State, stackConfig } from "./pulumi/stack.ts";

/**
 * The identity of a stack.
 *
 * @param stack as the CLI takes it: `stack`, `organization/stack` or
 *   `organization/project/stack`
 */
export function identityOf(stack: string, resources: readonly State[]): string {
  const [name = stack, ...before] = stack.split("/").reverse();
  // After a destroy, or a first run that was cut off, the state has no resource.
  const project =
    resources.map(({ urn }) => urn.split("::")[1]).find((each) => each !== undefined) ??
    (before.length > 1 ? before[0] : undefined) ??
    findProject().name;
  const noted = new Set(resources.flatMap(({ inputs }) => inputs?.__organization ?? []));
  // A stack that has come from another organization has both until its next update.
  const [inState] = noted.size === 1 ? noted : [];
  const organization = before.at(-1) ?? (typeof inState === "string" ? inState : undefined);
  return stackIdentity(project, name, knownOrganization(organization));
}

export interface OpenWritesOptions {
  /** Those that the engine has as begun, where nothing else reports them. */
  readonly creates?: readonly PendingCreate[];
  /** The stack's config, where it has been read already. */
  readonly config?: StackConfig;
  /** The project's stacks in the backend. A stack's file may outlive its stack. */
  readonly readNames?: () => Promise<readonly string[]>;
}

/**
 * What interrupted runs of a stack may have left at a vendor, and no resource in the
 * state knows: a line for each, with what to do. A journal that cannot be read is one of
 * the lines, and so is such an entry.
 */
export async function openWrites(
  stack: string,
  resources: readonly State[],
  { creates = [], config: given, readNames = readStackNames }: OpenWritesOptions = {},
): Promise<string[]> {
  // Without the passphrase the state would not have been read.
  const config = given ?? (await stackConfig(stack));
  const journal = new Journal({ get: (key) => config.get(key) as never }, providerEnvironment());
  const identity = identityOf(stack, resources);
  const inState = resources.map(({ urn, outputs = {} }) => ({ ...toStateResource(urn), outputs }));
  try {
    const { entries, unreadable } = await journal.list();
    const open = openIntents(entries, identity, inState);
    const own = open.every((entry) => isSameStack(holderOf(entry), identity))
      ? open
      : openIntents(entries, identity, inState, await readNames().catch(() => []));
    return [
      ...unreadable,
      ...own.map(describeOpenIntent),
      ...unreportedCreates(creates, entries, identity).map(describePendingCreate),
    ];
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    return [error.message];
  }
}

/** As `openWrites`; a stack whose config cannot be read is one line more in a report. */
export async function openWritesOrReason(
  stack: string,
  resources: readonly State[],
  options: OpenWritesOptions = {},
): Promise<string[]> {
  try {
    return await openWrites(stack, resources, options);
  } catch (error) {
    if (error instanceof UcaasError && error.code !== "PULUMI_MISSING")
      return [`interrupted runs are not looked at: ${error.reason}`];
    throw error;
  }
}
