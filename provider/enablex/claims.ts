/**
 * Which resources of this run hold which thing. A resource that is renamed in the program is made under its new name
 * (and takes over the customer that is there) before the old one is deleted: without this, that delete would take the
 * customer away from the new one. Each resource carries a claim of its own in its outputs; the last claim alone deletes.
 */
export class Claims {
  readonly #holders = new Map<string, Set<string>>();
  readonly #created = new Set<string>();

  /** A resource that goes on living holds the thing. */
  hold(thing: string, claim: string | undefined): void {
    const holders = this.#holders.get(thing) ?? new Set();
    holders.add(claim ?? "");
    this.#holders.set(thing, holders);
  }

  /** A resource was created with the thing; false when another one was in this run, so the program declares it twice. */
  create(thing: string, claim: string): boolean {
    if (this.#created.has(thing)) return false;
    this.#created.add(thing);
    this.hold(thing, claim);
    return true;
  }

  /** A resource is deleted; true when another one holds the thing, which must then stay. */
  isHeldByAnother(thing: string, claim: string | undefined): boolean {
    const holders = this.#holders.get(thing);
    holders?.delete(claim ?? "");
    return (holders?.size ?? 0) > 0;
  }
}
