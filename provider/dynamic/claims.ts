/**
 * Which resources of this run hold which thing at a vendor. A resource that is renamed in the program is made under its new name
 * (and takes over the thing that is there) before the old one is deleted, in the same run or, when that one was cut off, in a later
 * one: without this, that delete would take the thing away from the new resource. The provider is told no URN, so each resource
 * has a claim of its own in its outputs; the last claim alone deletes.
 */
export class Claims {
  readonly #holders = new Map<string, Set<string>>();
  /** By thing, the claim of the resource that this run created with it. */
  readonly #created = new Map<string, string>();
  readonly #wanted = new Set<string>();

  /** A resource that goes on living holds the thing. */
  hold(thing: string, claim = ""): void {
    const holders = this.#holders.get(thing) ?? new Set();
    holders.add(claim);
    this.#holders.set(thing, holders);
  }

  /** A resource is created with the thing; false when another one was in this run, so the program declares it twice. */
  create(thing: string, claim: string): boolean {
    if (this.#created.has(thing)) return false;
    this.#created.set(thing, claim);
    this.hold(thing, claim);
    return true;
  }

  /**
   * A create with the thing came to nothing; another one may try. `thing` may also be a name that the thing goes by, where the create
   * did not come far enough to learn more.
   */
  giveUp(thing: string, claim = ""): void {
    this.release(thing, claim);
    this.#wanted.add(thing);
  }

  /**
   * Whether a create with the thing came to nothing in this run. Its resource is still declared, so a delete must not carry the thing off;
   * nor may it let go of the thing, since no other resource has it.
   */
  isWanted(thing: string): boolean {
    return this.#wanted.has(thing);
  }

  /** A claim ends: its resource is deleted, came to nothing, or has another one. True when another resource holds the thing, which must then stay. */
  release(thing: string, claim = ""): boolean {
    if (this.#created.get(thing) === claim) this.#created.delete(thing);
    const holders = this.#holders.get(thing);
    holders?.delete(claim);
    return (holders?.size ?? 0) > 0;
  }
}
