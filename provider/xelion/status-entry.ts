/** One status that an order has had. */
export interface StatusEntry {
  /** ISO time at which it was heard of. */
  readonly time: string;
  /** The vendor's word, or `UNKNOWN` or `SUBMITTED` of this project. */
  readonly status: string;
  /** Who told: `reply`, `callback`, `relay`, `polling` or `operator`. */
  readonly source: string;
}
