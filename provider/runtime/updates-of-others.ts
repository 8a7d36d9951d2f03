import { UcaasError } from "./errors.ts";
import { afterStartOf, journalPart, lastUpdatesOfOthers } from "./failed-updates.ts";
import { toStateResource } from "./intents.ts";
import type { Journal } from "./journal.ts";
import { logInfo } from "./log.ts";
import {
  type RecordedResource,
  readStackState,
  readUpdates,
  type StackState,
  type StackUpdate,
  stackName,
} from "./stack-record.ts";
import { lastUpdateSucceeded } from "./state-file.ts";

/** What is asked of the engine; of a backend that does not answer, nothing is known. */
export interface EngineQuestions {
  readUpdates(stack: string): Promise<readonly StackUpdate[]>;
  readStackState(stack: string): Promise<StackState>;
}

const engine: EngineQuestions = {
  readUpdates: (stack) => readUpdates(stack, []),
  readStackState: (stack) => readStackState(stack, []),
};

/** The failed updates of other journals that no successful update has followed. */
interface Found {
  readonly updates: readonly StackUpdate[];
  readonly resources: readonly RecordedResource[];
}

/**
 * Finds the resources that a failed update of another machine may have written or deleted.
 * A provider process that is killed alone leaves no pending operation, and the engine's
 * history does not say which resources an update touched. So each one counts that the
 * state has from before that update.
 */
export class UpdatesOfOthers {
  readonly #engine: EngineQuestions;
  /** By the stack's identity. */
  readonly #found = new Map<string, Promise<Found>>();

  constructor(questions: EngineQuestions = engine) {
    this.#engine = questions;
  }

  /**
   * Looks, once in a process. Call it before this run writes anything.
   *
   * @param stack the stack's identity
   * @param organization the backend's, where it has some
   */
  async look(journal: Journal, stack: string, organization?: string): Promise<void> {
    const found = this.#found.get(stack) ?? this.#find(journal, stack, organization);
    this.#found.set(stack, found);
    await found;
  }

  /**
   * The last failed update that may have touched a resource.
   *
   * @param names of the resource: after a rename by alias, the state has the old one
   */
  async find(
    stack: string,
    type: string,
    names: readonly (string | undefined)[],
    id: string,
  ): Promise<StackUpdate | undefined> {
    const { updates, resources } = (await this.#found.get(stack)) ?? nothing;
    if (updates.length === 0) return undefined;
    const known = resources.find((each) => {
      const own = toStateResource(each.urn);
      return own.type === type && names.includes(own.name) && each.id === id && !each.delete;
    });
    // What an update has written itself, or a later one, is in the state.
    return updates.find((update) => !isSince(known?.modified, update));
  }

  async #find(journal: Journal, stack: string, organization?: string): Promise<Found> {
    // A journal that all machines share has every write.
    if (journal.isShared || lastUpdateSucceeded(stack)) return nothing;
    try {
      const name = stackName(stack, organization);
      const recent = await this.#engine.readUpdates(name);
      if (!recent.some(({ failed, isLast }) => failed && isLast)) return nothing;
      const { resources, pending } = await this.#engine.readStackState(name);
      const { entries } = await journal.list();
      const part = await journalPart(stack, resources, entries, journal);
      const updates = lastUpdatesOfOthers({ resources, pending, updates: recent }, part);
      const [last] = updates;
      if (last) logInfo("pulumi-ucaas", stackName(stack, undefined), describeLook(last));
      return { updates, resources };
    } catch (error) {
      // The program warns of the update; the next write reports a journal that cannot be read.
      if (!(error instanceof UcaasError)) throw error;
      return nothing;
    }
  }
}

const nothing: Found = { updates: [], resources: [] };

function isSince(modified: string | undefined, update: StackUpdate): boolean {
  return modified !== undefined && Date.parse(modified) >= afterStartOf(update);
}

function describeLook({ startedAt }: StackUpdate): string {
  return [
    `the update of ${startedAt} failed with another journal.`,
    "Each vendor is asked what it has of the resources that are older; licences are sent again",
  ].join(" ");
}
