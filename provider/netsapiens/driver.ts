import type { JournalEntry } from "../runtime/journal.ts";

/** The client after a driver has seen to it. */
export interface Acquired {
  /** Absent when the client was just created and its secret is not shown. */
  readonly clientSecret?: string;
  /** What happened, for the user; absent when nothing did. */
  readonly message?: string;
}

/**
 * What is known of a client at the place where clients are made. `unknown`: this driver
 * cannot look there.
 */
export type RemoteStatus =
  | { readonly kind: "unknown" }
  | { readonly kind: "gone" }
  | { readonly kind: "there"; readonly clientSecret?: string };

/** What the journal has of the creates of a client. */
export interface CreateRecord {
  /** An earlier write of which it is not known whether it made the client. */
  findOpen(): Promise<JournalEntry | undefined>;
  /** Create is about to be clicked. */
  begin(): Promise<void>;
  /** It is certain that nothing was made. */
  withdraw(): Promise<void>;
}

/**
 * How a client comes to be and ceases to be. The API has no route for clients (API
 * reference v45), so there is more than one way.
 */
export interface ClientDriver {
  /**
   * Sees to it that the client is there, and gives its secret. A secret that is `known`
   * from an earlier run is believed.
   *
   * @throws {UcaasError} when the client is not available, or the outcome of creating it
   *   is unknown
   */
  acquire(known: string | undefined, record: CreateRecord): Promise<Acquired>;

  /** Looks for the client; asked when its grant was refused, which may mean many things. */
  find(): Promise<RemoteStatus>;

  /**
   * Ends the client, or says what is left for the user to do. Gives the sentence that the
   * user sees. `deleting` is awaited right before what ends it: what fails earlier has
   * changed nothing.
   *
   * @param perhapsAt the address at which the resource may have the same client: nothing
   *   ends then but a client that shows the `known` secret
   */
  release(
    known: string | undefined,
    deleting: () => Promise<void>,
    perhapsAt?: string,
  ): Promise<string>;
}
