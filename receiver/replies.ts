import type { FastifyReply, FastifyRequest } from "fastify";
import { ZodError } from "zod";

/** The same for whatever is not there, or not for this caller. */
export function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).send();
}

export function malformed(reply: FastifyReply, message: string): FastifyReply {
  return reply.code(400).send({ error: "MALFORMED", message });
}

export function tooLarge(reply: FastifyReply): FastifyReply {
  return reply.code(413).send({ error: "TOO_LARGE", message: "the body is larger than the limit" });
}

export function tooMany(reply: FastifyReply, seconds: number, message: string): FastifyReply {
  return reply
    .code(429)
    .header("retry-after", Math.max(1, seconds))
    .send({ error: "TOO_MANY", message });
}

/** What a thrown error is to the caller. */
export function failed(
  error: Error & { statusCode?: number; code?: string },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof ZodError)
    return malformed(
      reply,
      error.issues.map((issue) => [...issue.path, issue.message].join(": ")).join("; "),
    );
  const { statusCode = 500, message, code } = error;
  if (statusCode === 413) return tooLarge(reply);
  if (statusCode < 500) return malformed(reply, message);
  // Only these: the other properties of a database's error hold values.
  request.log.error(
    { route: request.routeOptions.url, error: message, code },
    "a request could not be served",
  );
  return reply
    .code(503)
    .header("retry-after", 5)
    .send({ error: "UNAVAILABLE", message: "the receiver cannot use its database now" });
}
