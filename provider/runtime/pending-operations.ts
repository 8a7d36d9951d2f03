import { z } from "zod";
import { UcaasError } from "./errors.ts";
import { type ResourceName, toStateResource } from "./intents.ts";
import { isRecord } from "./is-record.ts";
import type { Journal } from "./journal.ts";
import { signatureKey } from "./secret-mark.ts";
import {
  type RecordedResource,
  readStackState,
  type StackState,
  stackName,
} from "./stack-record.ts";
import { hasNoPendingOperations } from "./state-file.ts";
import type { Json } from "./to-json.ts";

const operationSchema = z.object({
  operation: z.enum(["update", "delete"]),
  /** `XimaLicense`, and the resource's name in the program. */
  type: z.string(),
  name: z.string(),
  /** The resource's id. */
  id: z.string(),
  /** The paths that the update was to change. */
  fields: z.array(z.string()),
  /** When the resource was last changed, by the state. A later change settles the operation. */
  modified: z.string(),
  /** The write that the state has, which a refresh does not change: if known, it counts instead. */
  intent: z.string().optional(),
  /** The journal of the run that began it, and the relay of its order, where the inputs say it. */
  journal: z.string().optional(),
  relay: z.string().optional(),
  /** ISO time at which it was found. */
  foundAt: z.string(),
});

/**
 * An update or delete that the engine has as begun and not ended, as a killed engine
 * leaves it. Another machine may have begun it, so this journal need not have an entry.
 */
export type PendingOperation = Readonly<z.output<typeof operationSchema>>;

/**
 * Finds what a killed run of another machine left. Without it, a declaration that goes
 * back to what the state has would be no change, though the vendor has something else.
 *
 * The engine's record has these operations only until the next run writes its first
 * checkpoint. So they are noted in the journal, until their resource is written again.
 */
export class PendingOperations {
  readonly #read: (stack: string) => Promise<StackState>;
  /** By the stack's identity: a refresh after a rename asks under the old one first. */
  readonly #found = new Map<string, Promise<PendingOperation[]>>();

  /** A backend that does not answer is not waited for: the engine tells of it. */
  constructor(read: (stack: string) => Promise<StackState> = (name) => readStackState(name, [])) {
    this.#read = read;
  }

  /**
   * Looks, once in a process. Wait for it before this run begins an operation of its own.
   *
   * @param stack the stack's identity
   * @param organization the backend's, where it has some
   */
  async look(journal: Journal, stack: string, organization?: string): Promise<void> {
    const found =
      this.#found.get(stack) ?? this.#find(journal, stack, stackName(stack, organization));
    this.#found.set(stack, found);
    await found;
  }

  /** The operation of a resource. */
  async find({ type, name }: ResourceName, id: string): Promise<PendingOperation | undefined> {
    const all = await Promise.all(this.#found.values());
    const found = all.flat().filter((each) => isSameResource(each, { type, name, id }));
    const last = found.at(-1);
    // More than one killed run may have begun an operation of it.
    return last && { ...last, fields: [...new Set(found.flatMap(({ fields }) => fields))] };
  }

  /**
   * The resource is now as declared, or gone. After a rename of the stack, what was noted
   * under the earlier identity is settled too.
   *
   * @param stacks the stack's identity today, and the one that the state has
   */
  async settle(
    journal: Journal,
    stacks: readonly string[],
    { type, name }: ResourceName,
  ): Promise<void> {
    const isIt = (each: PendingOperation) => each.type === type && each.name === name;
    for (const stack of new Set(stacks)) {
      const found = this.#found.get(stack) ?? readNoted(journal, stack);
      if (!(await found).some(isIt)) continue;
      // Others may be settled at the same time.
      const left = (this.#found.get(stack) ?? found).then((all) =>
        all.filter((each) => !isIt(each)),
      );
      this.#found.set(stack, left);
      await tryNote(journal, stack, await left);
    }
  }

  async #find(journal: Journal, stack: string, name: string): Promise<PendingOperation[]> {
    const noted = await readNoted(journal, stack);
    if (noted.length === 0 && hasNoPendingOperations(stack)) return [];
    let state: StackState;
    try {
      state = await this.#read(name);
    } catch (error) {
      // The engine itself says that there are pending operations.
      if (!(error instanceof UcaasError)) throw error;
      return noted;
    }
    const kept = noted.filter((each) => state.resources.some((known) => isOf(each, known)));
    const isOwn = state.pending.length > 0 ? await tryOwnRuns(journal, [stack]) : () => false;
    const news = toPendingOperations(state, new Date().toISOString()).filter(
      (each) =>
        // Of its own runs the journal has the entries.
        !isOwn(each.journal) && !kept.some((other) => isSame(other, each)),
    );
    const found = [...kept, ...news];
    if (news.length > 0 || kept.length < noted.length) await tryNote(journal, stack, found);
    return found;
  }
}

/** The updates and deletes in the engine's record whose resource is in the state still. */
export function toPendingOperations(
  { resources, pending }: StackState,
  foundAt: string,
): PendingOperation[] {
  return pending.flatMap(({ type: kind, resource }) => {
    const operation = operations[kind];
    if (operation === undefined) return [];
    const known = resources.find(
      (each) =>
        each.urn === resource.urn &&
        // The record of an update may lack the id; one that was replaced is only deleted.
        (operation === "update" ? !each.delete : each.id === resource.id),
    );
    if (known?.id === undefined) return [];
    const fields = operation === "update" ? changedPaths(known.inputs, resource.inputs) : [];
    const { id, modified = "" } = known;
    return [
      {
        ...{ operation, ...toStateResource(known.urn), id, fields, modified, foundAt },
        ...intentOf(known),
        ...(operation === "update" && marksOf(resource)),
      },
    ];
  });
}

/** What the update's own run wrote into its inputs. */
function marksOf({ inputs }: RecordedResource) {
  const { __journal: journal, __relay: relay } = inputs ?? {};
  return {
    ...(typeof journal === "string" && { journal }),
    ...(typeof relay === "string" && { relay }),
  };
}

/** As an entry of the journal would say it. */
export function toEntry({ operation, type, name, id, fields, foundAt }: PendingOperation) {
  return {
    ...{ operation, type, resource: name, remoteId: id },
    argumentsHash: "",
    intendedAt: foundAt,
    note: { fields: [...fields] },
  };
}

const operations: Readonly<Record<string, PendingOperation["operation"]>> = {
  updating: "update",
  deleting: "delete",
};

function isOf(operation: PendingOperation, known: RecordedResource): boolean {
  const { id = "", modified = "" } = known;
  const isUnchanged =
    operation.intent === undefined
      ? operation.modified === modified
      : operation.intent === intentOf(known).intent;
  return isSameResource(operation, { ...toStateResource(known.urn), id }) && isUnchanged;
}

/** The updates of a tenant write none: an adopted one has that of its import for ever. */
function intentOf({ urn, outputs }: RecordedResource): { intent?: string } {
  if (toStateResource(urn).type === "XelionTenantProvision") return {};
  const intent = outputs?.__intent;
  return typeof intent === "string" ? { intent } : {};
}

/** A later run may have begun another operation of the same resource. */
function isSame(operation: PendingOperation, other: PendingOperation): boolean {
  return isSameResource(operation, other) && operation.journal === other.journal;
}

function isSameResource(
  operation: PendingOperation,
  other: ResourceName & { readonly id: string },
): boolean {
  return (
    operation.type === other.type && operation.name === other.name && operation.id === other.id
  );
}

/** `seats`, `contact.email`: what differs, without what the provider itself adds. */
function changedPaths(before: unknown, now: unknown, path = ""): string[] {
  if (JSON.stringify(before) === JSON.stringify(now)) return [];
  if (!isOpenRecord(now) && !isOpenRecord(before)) return [path];
  const [old, young] = [isOpenRecord(before) ? before : {}, isOpenRecord(now) ? now : {}];
  return [...new Set([...Object.keys(old), ...Object.keys(young)])]
    .filter((key) => !key.startsWith("__"))
    .flatMap((key) => changedPaths(old[key], young[key], path ? `${path}.${key}` : key));
}

/** Pulumi's mark around a secret is no record. */
function isOpenRecord(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && !(signatureKey in value);
}

/** What was found and is not settled. */
export async function readNoted(journal: Journal, stack: string): Promise<PendingOperation[]> {
  try {
    const { data } = z.array(operationSchema).safeParse(await journal.pendingOperations(stack));
    return data ?? [];
  } catch (error) {
    // The next write reports a journal that cannot be read.
    if (!(error instanceof UcaasError)) throw error;
    return [];
  }
}

async function tryOwnRuns(
  journal: Journal,
  stacks: readonly string[],
): Promise<(name: unknown) => boolean> {
  try {
    return await journal.ownRuns(stacks);
  } catch (error) {
    // The next write reports a journal that cannot be written.
    if (!(error instanceof UcaasError)) throw error;
    return () => false;
  }
}

async function tryNote(
  journal: Journal,
  stack: string,
  found: readonly PendingOperation[],
): Promise<void> {
  try {
    await journal.notePendingOperations(stack, found as unknown as Json);
  } catch (error) {
    // This run knows them; the next write reports a journal that cannot be written.
    if (!(error instanceof UcaasError)) throw error;
  }
}
