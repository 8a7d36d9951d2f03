import { randomUUID } from "node:crypto";

/**
 * Tracks which resource of this run owns which remote object. Renaming a resource in the
 * program creates the new one first, which takes over the remote object. The old one is
 * deleted afterwards, in this run or in a later one. That delete must not remove the
 * object of the new resource. The provider gets no URN, so each resource has a claim in
 * its outputs.
 */
export class Ownership {
  readonly #owners = new Map<string, Set<string>>();
  /** By remote id, the claim of the resource that this run created with it. */
  readonly #created = new Map<string, string>();
  readonly #failed = new Set<string>();

  /** A resource that is not deleted in this call owns it. */
  acquire(remoteId: string, claim: string): void {
    const owners = this.#owners.get(remoteId) ?? new Set();
    owners.add(claim);
    this.#owners.set(remoteId, owners);
  }

  /**
   * A resource is created with it; false when another one was in this run, so the program
   * declares it twice.
   */
  registerCreate(remoteId: string, claim: string): boolean {
    if (this.#created.has(remoteId) && this.#created.get(remoteId) !== claim) return false;
    this.#created.set(remoteId, claim);
    this.acquire(remoteId, claim);
    return true;
  }

  /** A create with it failed; another one may try. */
  markCreateFailed(remoteId: string, claim: string): void {
    this.release(remoteId, claim);
    this.#failed.add(remoteId);
  }

  /**
   * Whether a create with it failed in this run. Its resource is still declared, so a
   * delete must not remove what it takes over.
   */
  hasFailedCreate(remoteId: string): boolean {
    return this.#failed.has(remoteId);
  }

  /** Whether a resource other than that of the claim owns it. */
  isOwnedByAnother(remoteId: string, claim: string): boolean {
    return [...(this.#owners.get(remoteId) ?? [])].some((owner) => owner !== claim);
  }

  /** A claim ends. True when another resource owns it, so that it must stay. */
  release(remoteId: string, claim: string): boolean {
    if (this.#created.get(remoteId) === claim) this.#created.delete(remoteId);
    this.#owners.get(remoteId)?.delete(claim);
    return (this.#owners.get(remoteId)?.size ?? 0) > 0;
  }
}

/** Short, since every state has it: it is compared among resources of one remote object only. */
export function newClaim(): string {
  return randomUUID().slice(0, 8);
}

/**
 * What tells two resources apart. States of older releases have none; there, the time of
 * the last write does.
 */
export function claimOf(state: {
  readonly __claim?: string;
  readonly lastAssertedAt?: string;
  readonly verifiedAt?: string;
}): string {
  return state.__claim ?? state.lastAssertedAt ?? state.verifiedAt ?? "";
}
