import type { EnablexAccount } from "./enablex-account.ts";
import type { Usage } from "./process-tree.ts";

export const operations = ["up", "preview", "drift", "change", "destroy"] as const;
export type Operation = (typeof operations)[number];

/** Requests at a time, the same for all. */
export const parallel = 16;

/** A stack of so many customers, of which nothing exists yet. */
export interface Session extends AsyncDisposable {
  /** Runs one whole process, which must succeed. */
  run(operation: Operation): Promise<Usage | undefined>;
  /** The state as JSON without white space, and as its file is stored. */
  stateBytes(): Promise<{ json: number; stored: number }>;
}

/** One tool, with one way to declare the customers. */
export interface Contender {
  readonly name: string;
  open(account: EnablexAccount, customers: number): Promise<Session>;
}
