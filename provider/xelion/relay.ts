import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { HttpClient, type HttpResponse, NoResponseError } from "../http/client.ts";
import { normalUrl } from "../runtime/equality.ts";
import type { ErrorCode } from "../runtime/errors.ts";
import { steps, UcaasError } from "../runtime/errors.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { toStatusEvent } from "./callback.ts";
import { callbackToken } from "./callback-request.ts";
import { parseOrder } from "./order.ts";
import type { RelayKey } from "./resource-id.ts";
import type { Order, StatusEvent } from "./schema.ts";
import {
  type KeptOrder,
  type StatusSource,
  type Subscription,
  startPolling,
} from "./status-source.ts";

/** Seconds that the relay may hold back a poll. */
const pollWait = 25;
/** Milliseconds for all that an order has heard. */
const pollDeadline = 90_000;

const intentSchema = z.looseObject({
  id: z.string(),
  callbackUrl: z.string(),
  acknowledged: z.number(),
  note: z.unknown(),
});
type Intent = z.output<typeof intentSchema>;
/** Beside the order itself. */
const noteSchema = z.looseObject({ stack: z.string().optional() });
const messagesSchema = z.looseObject({
  messages: z.array(
    z.looseObject({ sequence: z.number(), receivedAt: z.string(), body: z.unknown() }),
  ),
});

/**
 * Client of a receiver (`ucaas receiver start`), by the contract in docs/xelion-relay.md.
 * It keeps callbacks, and what is noted of each order, so an order whose run was killed
 * is taken up again on any machine.
 */
export class Relay implements StatusSource {
  readonly kind = "relay";
  /** Names it where a run notes by which relay its order goes. */
  readonly mark: string;
  readonly #http: HttpClient;
  readonly #key: string;
  readonly #tell: (text: string) => void;
  /** The intent that the relay was seen to hold for current, by key. */
  readonly #current = new Map<string, string | null>();
  /** The stack that an order is noted as, by intent. */
  readonly #stacks = new Map<string, string>();

  constructor(
    { relayUrl, relayKey }: { relayUrl: string; relayKey: string },
    tell: (text: string) => void,
    signal?: AbortSignal,
  ) {
    rememberSecret(relayKey);
    this.mark = relayMark(relayUrl);
    this.#key = relayKey;
    this.#tell = tell;
    // Each order that is waited for holds one poll.
    this.#http = new HttpClient({
      vendor: "xelion",
      baseUrl: relayUrl,
      limits: { concurrency: 256 },
      retry: { deadline: 90_000 },
      signal,
    });
  }

  async findLastOrder({ thing, earlier, stack }: RelayKey): Promise<KeptOrder | undefined> {
    const intent = (await this.#currentIntent(thing)) ?? (await this.#currentIntent(earlier));
    if (!intent) return undefined;
    this.#stacks.set(intent.id, stack);
    return {
      order: parseOrder(intent.note, "relay"),
      stack: noteSchema.safeParse(intent.note).data?.stack,
    };
  }

  async #currentIntent(thing: string): Promise<Intent | null> {
    const key = keyOf(thing);
    const reply = await this.#send("GET", "recall the last order", "/intents", { query: { key } });
    const { intent } = this.#parse(
      reply,
      "recall the last order",
      z.looseObject({ intent: intentSchema.nullable() }),
    );
    this.#current.set(key, intent?.id ?? null);
    rememberAddress(intent);
    return intent;
  }

  async prepare({ thing, stack }: RelayKey, order: Order): Promise<string> {
    const key = keyOf(thing);
    const operation = "register the order";
    this.#stacks.set(order.intentId, stack);
    const note = this.#noteOf(order);
    const body = { key, replaces: this.#current.get(key) ?? null, note };
    const reply = await this.#send("PUT", operation, "/intents/{id}", { id: order.intentId, body });
    if (reply.status === 409) throw elsewhere();
    const { intent } = this.#parse(reply, operation, z.looseObject({ intent: intentSchema }));
    this.#current.set(key, intent.id);
    rememberAddress(intent);
    return intent.callbackUrl;
  }

  async listen(
    order: () => Order,
    take: (news: StatusEvent[]) => Promise<void>,
  ): Promise<Subscription> {
    return startPolling((stopped) => this.#poll(order, take, stopped));
  }

  async poll({ intentId }: Order): Promise<StatusEvent[]> {
    const all: StatusEvent[] = [];
    const deadline = Date.now() + pollDeadline;
    // A reply has a part of them, and those that were acknowledged come again.
    for (let after = 0; ; ) {
      const { news, last } = await this.#messages(intentId, after, 0);
      all.push(...news);
      if (last === after || Date.now() > deadline) return all;
      after = last;
    }
  }

  async saveRecord(order: Order, acknowledged = 0): Promise<void> {
    const operation = "note the order";
    const reply = await this.#send("PATCH", operation, "/intents/{id}", {
      id: order.intentId,
      body: { note: this.#noteOf(order), acknowledged },
    });
    this.#parse(reply, operation, z.unknown());
  }

  #noteOf(order: Order): Order & { stack?: string } {
    const stack = this.#stacks.get(order.intentId);
    return stack === undefined ? order : { ...order, stack };
  }

  async deleteRecord({ intentId }: Order): Promise<void> {
    await this.#send("DELETE", "forget the order", "/intents/{id}", { id: intentId });
    for (const [key, id] of this.#current) if (id === intentId) this.#current.set(key, null);
  }

  /** What 0.1.0 kept of a tenant would be its last order again, without a later one. */
  async deleteEarlierRecord({ earlier }: RelayKey): Promise<void> {
    const intent = await this.#currentIntent(earlier);
    if (intent) await this.deleteRecord(parseOrder(intent.note, "relay"));
  }

  async #poll(
    order: () => Order,
    take: (news: StatusEvent[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { intentId } = order();
    let after = 0;
    let complained = false;
    // What was noted while no poll ran, such as the id in the POST's reply, is passed on
    // with the first batch or now.
    let noted = "";
    while (!signal.aborted) {
      try {
        const { news, last } = await this.#messages(
          intentId,
          after,
          noted === "" ? 0 : pollWait,
          signal,
        );
        await take(news);
        const note = JSON.stringify(order());
        if (last > after || note !== noted) await this.saveRecord(order(), last);
        noted = note;
        after = last;
      } catch (error) {
        if (signal.aborted) return;
        if (
          !(error instanceof NoResponseError) &&
          !(error instanceof UcaasError && (error.status ?? 0) >= 500)
        )
          throw error;
        if (!complained)
          this.#tell(`the relay does not answer (${error.code}); trying again until the timeout`);
        complained = true;
        await pause(2_000, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #messages(
    id: string,
    after: number,
    wait: number,
    signal?: AbortSignal,
  ): Promise<{ news: StatusEvent[]; last: number }> {
    const operation = "fetch callbacks";
    const reply = await this.#send("GET", operation, "/intents/{id}/messages", {
      id,
      query: { after, wait },
      list: true,
      timeout: (wait + 15) * 1000,
      signal,
    });
    const { messages } = this.#parse(reply, operation, messagesSchema);
    return {
      news: messages.flatMap(
        ({ body, receivedAt }) => toStatusEvent(body, "relay", receivedAt) ?? [],
      ),
      last: Math.max(after, ...messages.map(({ sequence }) => sequence)),
    };
  }

  #send(
    method: "GET" | "PUT" | "PATCH" | "DELETE",
    operation: string,
    path: string,
    details: {
      id?: string;
      query?: Record<string, string | number>;
      list?: boolean;
      body?: unknown;
      timeout?: number;
      signal?: AbortSignal;
    },
  ): Promise<HttpResponse> {
    const { id, body, ...rest } = details;
    return this.#http.send({
      ...rest,
      operation: `relay: ${operation}`,
      method,
      path,
      params: id === undefined ? {} : { id },
      retry: "safe",
      buildRequest: () => ({
        headers: {
          authorization: `Bearer ${this.#key}`,
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
    });
  }

  #parse<S extends z.ZodType>(reply: HttpResponse, operation: string, schema: S): z.output<S> {
    const failure = (code: ErrorCode, reason: string, hint: string) =>
      new UcaasError(reason, {
        code,
        vendor: "xelion",
        operation: `relay: ${operation}`,
        status: reply.status,
        hint,
      });
    if (reply.status === 410) {
      throw failure(
        "RELAY_FORGOT",
        "the relay does not know this order any more",
        steps(
          "Look the order up in the Admin UI. Relays keep orders for a limited time.",
          'To keep what is known, declare wait: "submitted". To order again, change retryFailed.',
        ),
      );
    }
    if (reply.status >= 500) {
      throw failure(
        `RELAY_HTTP_${reply.status}`,
        "the relay cannot answer now",
        steps(
          "See the receiver's log: it or its database may be down.",
          "Run pulumi up again when its /health answers 200.",
        ),
      );
    }
    if (reply.status >= 300) {
      throw failure(
        reply.status === 404 ? "RELAY_REFUSED" : `RELAY_HTTP_${reply.status}`,
        "the relay refused the request",
        "check relayUrl and relayKey in xelion:callback; a receiver answers 404 to a key that is not its own",
      );
    }
    const result = schema.safeParse(reply.json);
    if (result.success) return result.data;
    throw failure(
      "MALFORMED_REPLY",
      "the server at relayUrl is not a ucaas receiver (unexpected reply)",
      "check relayUrl in xelion:callback",
    );
  }
}

/** Short, since each state has it. */
export function relayMark(relayUrl: string): string {
  return createHash("sha256").update(normalUrl(relayUrl)).digest("hex").slice(0, 8);
}

/** Who has it can report an order's end, so a server's words must not show it. */
function rememberAddress(intent: Intent | null): void {
  if (intent) rememberSecret(callbackToken(intent.callbackUrl) ?? intent.callbackUrl);
}

/** The relay learns no names. */
function keyOf(thing: string): string {
  return createHash("sha256").update(`xelion\n${thing}`).digest("hex");
}

function elsewhere(): UcaasError {
  return new UcaasError("another machine has registered an order for this tenant at the relay", {
    code: "ORDERED_ELSEWHERE",
    vendor: "xelion",
    operation: "relay: register the order",
    hint: [
      "nothing was sent",
      steps("Wait for the other run to end.", "Run `pulumi up`: it continues with that order."),
    ].join("\n    "),
  });
}
