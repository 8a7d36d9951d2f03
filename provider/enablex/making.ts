import { UcaasError } from "../dynamic/errors.ts";
import type { Created, EnableXClient } from "./client.ts";
import type { Row } from "./fields.ts";
import type { Kind } from "./kinds.ts";
import { until } from "./polling.ts";

/** What is asked for at most so many times, each time only after the one before was looked for in vain. */
const sends = 3;

export interface Order {
  readonly kind: Kind;
  readonly body: Row;
  /** In words, for errors. */
  readonly operation: string;
  /** Looks for the thing by what tells it from all others. */
  readonly lookUp: () => Promise<Row | undefined>;
  /** For the user, who waits. */
  readonly tell: (text: string) => void;
}

export interface Made {
  readonly id: string;
  /** How often it was asked for. More than once: an earlier one may arrive still. */
  readonly sent: number;
  /** It was found rather than answered, so it could be somebody else's. */
  readonly found: boolean;
}

/** A create that the server refused, so nothing was made. */
export class CreateRefused extends Error {
  readonly created: Created & { outcome: "refused" };
  constructor(created: Created & { outcome: "refused" }) {
    super(created.error.message);
    this.created = created;
  }
}

/**
 * Makes a thing that was not there a moment ago, once. There is no idempotency key: a create whose outcome is open (a cut
 * connection, no answer in time, 5xx, an answer that is none) is looked for until it arrives or `settleSeconds` are over, and only
 * then sent again.
 *
 * @throws {CreateRefused} nothing was made
 * @throws {UcaasError} `OUTCOME_UNKNOWN`; `NOT_SHOWN` when it was made but its id cannot be learnt; `NOT_REACHED` and the like
 */
export async function makeOnce(client: EnableXClient, { kind, body, operation, lookUp, tell }: Order): Promise<Made> {
  const { settleSeconds, consistencySeconds } = client.config;
  const idOf = (row: Row | undefined) => (row ? client.idOf(kind, row) : undefined);
  for (let sent = 1; ; sent++) {
    const created = await client.create(kind, body, operation);
    if (created.outcome === "made") {
      const id = created.id ?? idOf(await until(consistencySeconds, lookUp));
      if (id !== undefined) return { id, sent, found: false };
      throw new UcaasError(
        `the ${kind.name} was made, but it does not show in the list after ${consistencySeconds} s, so its id is not known`,
        {
          code: "NOT_SHOWN",
          vendor: "enablex",
          operation,
          hint: "run the command again: it looks for what was made and takes it up",
        },
      );
    }
    if (created.outcome === "refused") {
      // After an open try, "already there" is most likely that try itself, which came late.
      const late = sent > 1 && created.failure.code === "DUPLICATE" ? idOf(await until(consistencySeconds, lookUp)) : undefined;
      if (late !== undefined) return { id: late, sent, found: true };
      throw new CreateRefused(created);
    }
    const seconds = Math.max(settleSeconds, created.retryAfterSeconds);
    tell(`the create got no clear answer (${created.error.reason}); looking for up to ${seconds} s whether it was made`);
    const id = idOf(await until(seconds, lookUp));
    if (id !== undefined) return { id, sent, found: true };
    if (sent === sends) throw outcomeUnknown(created.error, operation, seconds);
    tell("it was not made; sending the create again");
  }
}

function outcomeUnknown(last: UcaasError, operation: string, seconds: number): UcaasError {
  return new UcaasError(
    `it is not known whether it was made: ${last.reason}. It was sent ${sends} times and looked for for ${seconds} s after each`,
    {
      code: "OUTCOME_UNKNOWN",
      vendor: "enablex",
      operation,
      status: last.status,
      vendorCode: last.vendorCode,
      hint: "run the command again: it looks first, and takes up what has arrived meanwhile",
      cause: last,
    },
  );
}
