import type { ClientRow, Pager } from "./page-scripts.ts";

/** What was read of the portal's list of clients. */
export interface ClientList {
  /** The rows of the client that was looked for, on the first page that has one; or all. */
  readonly rows: ClientRow[];
  /**
   * The list was read from its first entry to its last: what is not in it does not exist.
   * Never where a page had the client, since no later one is looked at then.
   */
  readonly isWhole: boolean;
}

/** What a walk through the pages of a list has seen. */
export interface ListWalk {
  readonly pages: number;
  readonly entries: number;
  readonly first: Pager;
  readonly last: Pager;
}

/** Whether nothing speaks for entries that the walk has not seen. */
export function isWholeList({ pages, entries, first, last }: ListWalk): boolean {
  return (
    !first.leadsBack &&
    !last.leadsOn &&
    pages >= Math.max(first.pages, last.pages) &&
    entries >= Math.max(first.entries, last.entries)
  );
}
