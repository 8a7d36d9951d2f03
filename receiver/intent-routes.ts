import type { FastifyPluginAsync, FastifyReply } from "fastify";
import { z } from "zod";
import type { ServerContext } from "./context.ts";
import { malformed } from "./replies.ts";
import type { Intent, Message } from "./store.ts";

const largestNote = 64 * 1024;
const longestWait = 60;

const id = z.string().regex(/^[0-9a-f]{32}$/, "must be 32 hexadecimal digits");
const key = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");
const note = z
  .record(z.string(), z.unknown())
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= largestNote,
    `must be at most ${largestNote} bytes of JSON`,
  );
const oneIntent = z.strictObject({ id });
const registration = z.strictObject({ key, replaces: id.nullable(), note });
const currentIntent = z.strictObject({ key });
const changes = z.strictObject({ note: note.optional(), acknowledged: z.int().min(0).optional() });
const poll = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  wait: z.coerce.number().min(0).default(0),
});

/** The routes below `/intents`, for who has the key. */
export function intentRoutes({ store, polls, callbackUrl }: ServerContext): FastifyPluginAsync {
  const shown = ({ token, ...intent }: Intent) => ({ ...intent, callbackUrl: callbackUrl(token) });

  return async (app) => {
    // Written with escapes, a note is longer than what counts.
    const options = { config: { needsKey: true }, bodyLimit: 8 * largestNote };

    app.put("/intents/:id", options, async (request, reply) => {
      const wanted = { ...oneIntent.parse(request.params), ...registration.parse(request.body) };
      const registered = await store.register(wanted);
      switch (registered.outcome) {
        case "registered":
          request.log.info({ intent: wanted.id, replaces: wanted.replaces }, "intent registered");
          return reply.code(201).send({ intent: shown(registered.intent) });
        case "repeated":
          return reply.send({ intent: shown(registered.intent) });
        case "notCurrent": {
          const message = "the key's current intent is not the one that this one replaces";
          return reply.code(409).send({
            error: "NOT_CURRENT",
            message,
            intent: registered.intent && shown(registered.intent),
          });
        }
        case "otherKey":
          return malformed(reply, "id: is registered with another key");
      }
    });

    app.get("/intents", options, async (request) => {
      const intent = await store.current(currentIntent.parse(request.query).key);
      return { intent: intent && shown(intent) };
    });

    app.patch("/intents/:id", options, async (request, reply) => {
      const intent = await store.update(
        oneIntent.parse(request.params).id,
        changes.parse(request.body),
      );
      return intent ? { intent: shown(intent) } : unknown(reply);
    });

    app.get("/intents/:id/messages", options, async (request, reply) => {
      const { id } = oneIntent.parse(request.params);
      const { after, wait } = poll.parse(request.query);
      const messages = await polls.wait(id, {
        after,
        milliseconds: Math.min(wait, longestWait) * 1_000,
        gone: request.signal,
        read: () => store.messages(id, after),
      });
      return messages
        ? reply.type("application/json; charset=utf-8").send(list(messages))
        : unknown(reply);
    });

    app.delete("/intents/:id", options, async (request, reply) => {
      const { id } = oneIntent.parse(request.params);
      await store.forget(id);
      polls.notify(id, Number.POSITIVE_INFINITY);
      request.log.info({ intent: id }, "intent forgotten");
      return reply.code(204).send();
    });
  };
}

/**
 * By hand, so that a body stays as it came: numbers that JavaScript would round, and the
 * order of keys.
 */
function list(messages: readonly Message[]): string {
  const written = messages.map(
    ({ sequence, receivedAt, body }) =>
      `{"sequence":${sequence},"receivedAt":${JSON.stringify(receivedAt)},"body":${body}}`,
  );
  return `{"messages":[${written.join(",")}]}`;
}

function unknown(reply: FastifyReply): FastifyReply {
  return reply
    .code(410)
    .send({ error: "UNKNOWN_INTENT", message: "the intent is unknown, forgotten or expired" });
}
