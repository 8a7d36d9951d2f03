import { UcaasError } from "../runtime/errors.ts";
import type { CreateReply, EnableXClient } from "./client.ts";
import type { ApiRecord } from "./fields.ts";
import type { ResourceType } from "./resource-types.ts";
import { waitFor } from "./wait-for.ts";

/**
 * Maximum number of create requests. Each repetition happens only after a look-up finds
 * nothing.
 */
const maxAttempts = 3;

export interface CreateRequest {
  readonly kind: ResourceType;
  readonly body: ApiRecord;
  /** In words, for errors. */
  readonly operation: string;
  /** Looks for the object by what tells it from all others. */
  readonly find: () => Promise<ApiRecord | undefined>;
  /** For the user, who waits. */
  readonly tell: (text: string) => void;
}

export type CreateResult =
  /** `row` is what the reply shows. */
  | { readonly outcome: "created"; readonly id: string; readonly row: ApiRecord | undefined }
  /** Found and not answered, so it may be another stack's. */
  | { readonly outcome: "found"; readonly id: string }
  /** `mayHaveActed`: an earlier attempt of unknown outcome may still arrive. */
  | {
      readonly outcome: "refused";
      readonly refusal: Extract<CreateReply, { outcome: "refused" }>;
      readonly mayHaveActed: boolean;
    };

/**
 * Creates an object once, after a lookup has not found it. The API has no idempotency
 * key. The outcome of a create is unknown after a lost connection, a timeout, a 5xx or an
 * unreadable reply. Then this looks for the object during `settleSeconds`, and sends the
 * create again only when the object has not appeared. A create that the server says it
 * has accepted is never sent again.
 *
 * @throws {UcaasError} `OUTCOME_UNKNOWN`; `NOT_SHOWN` when it was created but its id
 *   cannot be learnt; `NOT_REACHED` and the like
 */
export async function createOnce(
  client: EnableXClient,
  request: CreateRequest,
): Promise<CreateResult> {
  const { kind, body, operation, find, tell } = request;
  const { consistencySeconds } = client.config;
  const idOf = (row: ApiRecord | undefined) => (row ? client.idOf(kind, row) : undefined);
  for (let attempt = 1; ; attempt++) {
    const reply = await client.create(kind, body, operation);
    if (reply.outcome === "created") {
      const id = reply.id ?? idOf(await waitFor(consistencySeconds, find, client.signal));
      if (id !== undefined) return { outcome: "created", id, row: reply.row };
      throw idUnknown(kind, operation, consistencySeconds);
    }
    if (reply.outcome === "refused") {
      // After an attempt of unknown outcome, "already there" is most likely that attempt,
      // which came late.
      const late =
        attempt > 1 && reply.failure?.code === "DUPLICATE"
          ? idOf(await waitFor(consistencySeconds, find, client.signal))
          : undefined;
      return late === undefined
        ? { outcome: "refused", refusal: reply, mayHaveActed: attempt > 1 }
        : { outcome: "found", id: late };
    }
    const { seconds, mayRepeat } = searchTime(client.config, reply.retryAfterSeconds);
    tell(
      `the create got no clear answer (${reply.error.reason}); looking for up to ${seconds} s whether it was made`,
    );
    const id = idOf(await waitFor(seconds, find, client.signal));
    if (id !== undefined) return { outcome: "found", id };
    // What the server has accepted may take its time: sent again, it would be made twice.
    if (attempt === maxAttempts || !mayRepeat || reply.accepted || client.signal?.aborted)
      throw outcomeUnknown(reply.error, operation, attempt, reply.retryAfterSeconds);
    tell("it was not made; sending the create again");
  }
}

/**
 * How long an object is looked for. A server may ask for a pause before the create is
 * repeated, within the deadline of a call; one that asks for more is not waited for, and
 * gets no repetition either.
 */
function searchTime(
  config: { settleSeconds: number; deadlineSeconds: number },
  retryAfterSeconds: number,
) {
  const mayRepeat = retryAfterSeconds <= config.deadlineSeconds;
  return {
    seconds: mayRepeat ? Math.max(config.settleSeconds, retryAfterSeconds) : config.settleSeconds,
    mayRepeat,
  };
}

function idUnknown(kind: ResourceType, operation: string, seconds: number): UcaasError {
  return new UcaasError(
    `the ${kind.name} was created, but the list does not show it after ${seconds} s`,
    {
      code: "NOT_SHOWN",
      vendor: "enablex",
      operation,
      hint: "run pulumi up again: it looks for what was created and takes it over",
    },
  );
}

function outcomeUnknown(
  last: UcaasError,
  operation: string,
  attempts: number,
  retryAfterSeconds: number,
): UcaasError {
  const asked =
    retryAfterSeconds > 0
      ? ` The server asks for a pause of ${Math.ceil(retryAfterSeconds)} s.`
      : "";
  return new UcaasError(`it is not known whether it was created: ${last.reason}`, {
    code: "OUTCOME_UNKNOWN",
    vendor: "enablex",
    operation,
    status: last.status,
    vendorCode: last.vendorCode,
    hint: `run pulumi up again: it looks first, and takes over what has arrived. It was sent ${attempts} times.${asked}`,
    cause: last,
  });
}
