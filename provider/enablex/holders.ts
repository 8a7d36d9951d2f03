import { UcaasError } from "../runtime/errors.ts";
import { toStateResource } from "../runtime/intents.ts";
import type { ManagedInputs } from "../runtime/lifecycle.ts";
import { type StackState, stackName } from "../runtime/stack-record.ts";
import type { ResourceType } from "./resource-types.ts";

/** Where a stack's resources are kept, and at which server an account is. */
interface StackSource {
  /** The object of an account as one text; undefined where the config has no such account. */
  readonly toObject: (account: string | undefined, id: string) => string | undefined;
  readonly readState: (stack: string) => Promise<StackState>;
}

/** A resource of the state that has an object. */
interface StateHolder {
  readonly name: string;
  /** It has another object now: its old one is to be deleted. */
  readonly isReplaced: boolean;
}

/**
 * Which resource of one kind has which object. A provider sees no program, so it keeps
 * what the engine has checked in this run: only those resources are declared.
 */
export class Holders {
  readonly #kind: ResourceType;
  readonly #source: StackSource;
  /** By resource, what this run declares that tells it from all others. */
  readonly #declared = new Map<string, string>();
  /** By object, the declared resource that has it, or that took it in this run. */
  readonly #held = new Map<string, string>();
  #inState: Promise<ReadonlyMap<string, StateHolder>> | undefined;

  constructor(kind: ResourceType, source: StackSource) {
    this.#kind = kind;
    this.#source = source;
  }

  declare(name: string, identity: string): void {
    this.#declared.set(name, identity);
  }

  /** What tells a declared resource from all others; undefined where it is not declared. */
  identityOf(name: string): string | undefined {
    return this.#declared.get(name);
  }

  /** @returns the other resource that has the object, if one does: it keeps it */
  hold(object: string, name: string): string | undefined {
    const holder = this.#held.get(object) ?? name;
    this.#held.set(object, holder);
    return holder === name ? undefined : holder;
  }

  /**
   * A new resource takes what it finds. A declared resource keeps what it has in the state;
   * one that is not declared had another name before, or is deleted.
   *
   * @returns the other resource that has the object, if one does: it keeps it
   */
  async take(object: string, name: string, resource: ManagedInputs): Promise<string | undefined> {
    const inState = (await this.inState(resource)).get(object);
    const keeps = inState && !inState.isReplaced && this.#declared.has(inState.name);
    return keeps && inState.name !== name ? inState.name : this.hold(object, name);
  }

  /**
   * Whether a resource of this name has the object in the state. Its create is then a
   * replacement, or it has another parent now: no provider sees which.
   */
  async has(object: string, resource: ManagedInputs): Promise<boolean> {
    const holder = (await this.inState(resource)).get(object);
    return holder !== undefined && !holder.isReplaced && holder.name === resource.__resource;
  }

  /** A create failed, so its resource has nothing. */
  release(name: string | undefined): void {
    for (const [object, holder] of this.#held) if (holder === name) this.#held.delete(object);
  }

  /** By object, what the state says, read once in a run; nothing where it cannot be read. */
  async inState({
    __stack: stack,
    __organization: organization,
  }: ManagedInputs): Promise<ReadonlyMap<string, StateHolder>> {
    if (stack === undefined) return new Map();
    this.#inState ??= this.#read(stackName(stack, organization));
    try {
      return await this.#inState;
    } catch (error) {
      this.#inState = undefined;
      if (!(error instanceof UcaasError)) throw error;
      return new Map();
    }
  }

  async #read(stack: string): Promise<ReadonlyMap<string, StateHolder>> {
    const { resources } = await this.#source.readState(stack);
    const holders = new Map<string, StateHolder>();
    for (const { urn, id, inputs, delete: isReplaced = false } of resources) {
      const { type, name } = toStateResource(urn);
      if (type !== this.#kind.type || id === undefined) continue;
      const object = this.#source.toObject(inputs?.account as string | undefined, id);
      if (object !== undefined) holders.set(object, { name, isReplaced });
    }
    return holders;
  }
}
