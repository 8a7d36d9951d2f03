import {
  createJudge,
  type PendingCreate,
  settleCreate,
} from "pulumi-ucaas/internal/pending-creates";
import { steps } from "pulumi-ucaas/internal/runtime/errors";
import type { PendingOperation, StackState } from "./stack.ts";

/** An operation whose outcome is open, and what it was to create, where that is known. */
export type OpenOperation = PendingOperation & { readonly create?: PendingCreate };

/**
 * The operations whose outcome is open. A create of this package's resources is settled
 * when the state has that object: the engine keeps its note, also when a later `up` has
 * finished it.
 */
export function openOperations({ resources, pending }: StackState): OpenOperation[] {
  const judge = createJudge(resources);
  return pending.flatMap((operation): OpenOperation[] => {
    const create = judge(operation);
    if (create === "settled") return [];
    return [create ? { ...operation, create } : operation];
  });
}

/** `creating voicehouse/acme`: what each was to do, and to what. */
export function describeOperation({ type, resource, create }: OpenOperation): string {
  return `${type} ${create?.label ?? resource.urn.split("::").at(-1)}`;
}

/**
 * How they are settled. The engine keeps a create that no `up` takes up.
 *
 * @param stack as the CLI takes its name: another one may be selected
 */
export function settleOperations(open: readonly OpenOperation[], stack: string): string {
  return steps(
    `If no update is running: pulumi cancel --stack ${stack}`,
    `pulumi up --stack ${stack}`,
    ...new Set(open.flatMap(({ create }) => (create ? settleCreate(create) : []))),
  );
}
