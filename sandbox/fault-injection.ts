/**
 * What can be made to go wrong. A fault waits in a queue until a request matches it, is
 * used `times` times and is then gone. One request meets one fault at most: the oldest
 * that matches.
 */
import { z } from "zod";

const pattern = z.string().superRefine((source, context) => {
  try {
    new RegExp(source);
  } catch {
    context.addIssue({ code: "custom", message: "expected the source of a regular expression" });
  }
});

const match = {
  /** Only requests of this method. */
  method: z.string().toUpperCase().optional(),
  /** Only requests whose path (without the query) matches this regular expression. */
  path: pattern.optional(),
  /** Only requests whose body text matches this regular expression. */
  bodyMatches: pattern.optional(),
  /** How many matching requests pass unharmed first. */
  skip: z.int().min(0).default(0),
  /** How many matching requests are hit. */
  times: z.int().min(1).default(1),
};

const ms = z.number().min(0).max(3_600_000);
const answer = {
  status: z.int().min(200).max(599),
  /** The header Retry-After as it is sent: seconds, or an HTTP date. */
  retryAfter: z.union([z.string(), z.number().transform(String)]).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /**
   * Text is sent as it is, anything else as JSON. Default: what the vendor says at such a
   * status.
   */
  body: z.json().optional(),
};

export const faultSchema = z.discriminatedUnion("kind", [
  // Before the change is made:
  z
    .strictObject({ ...match, kind: z.literal("delay"), ms })
    .describe("waits, then goes on as usual"),
  z
    .strictObject({ ...match, kind: z.literal("hold") })
    .describe("waits until all faults are dropped, then goes on as usual"),
  z
    .strictObject({ ...match, kind: z.literal("status"), ...answer })
    .describe("answers so; nothing is changed"),
  z
    .strictObject({ ...match, kind: z.literal("cutBefore") })
    .describe("the connection is cut; nothing is changed"),
  z
    .strictObject({ ...match, kind: z.literal("hang") })
    .describe("nothing is changed and nothing is ever answered"),
  z
    .strictObject({ ...match, kind: z.literal("late"), ms: ms.optional() })
    .describe(
      "the connection is cut at once, and the change is made ms later, or when all faults are dropped",
    ),
  // After the change was made:
  z
    .strictObject({ ...match, kind: z.literal("delayAfter"), ms })
    .describe("the change is made, and answered ms later"),
  z
    .strictObject({ ...match, kind: z.literal("statusAfter"), ...answer })
    .describe("the change is made, and this is answered"),
  z
    .strictObject({ ...match, kind: z.literal("cut") })
    .describe("the change is made, and the connection is cut"),
  z
    .strictObject({ ...match, kind: z.literal("hangAfter") })
    .describe("the change is made, and nothing is ever answered"),
  z
    .strictObject({ ...match, kind: z.literal("malformed") })
    .describe("the answer's JSON breaks off in the middle"),
  z
    .strictObject({ ...match, kind: z.literal("html") })
    .describe("200 with an HTML page instead of the answer"),
  z
    .strictObject({ ...match, kind: z.literal("empty") })
    .describe("200 without a body instead of the answer"),
  z
    .strictObject({ ...match, kind: z.literal("contentType"), type: z.string() })
    .describe("the right answer under this content type"),
  z
    .strictObject({ ...match, kind: z.literal("drip"), ms })
    .describe("the answer's body in ten pieces, ms apart"),
]);

/** A fault as it is ordered. */
export type FaultOrder = z.input<typeof faultSchema>;
/** A fault as it waits in the queue. */
export type Fault = z.output<typeof faultSchema>;

export class FaultQueue {
  #waiting: Fault[] = [];
  #cleared = Promise.withResolvers<void>();

  add(order: unknown): Fault {
    const fault = faultSchema.parse(order);
    this.#waiting.push(fault);
    return fault;
  }

  /** Drops all faults, and lets the requests go on that are held. */
  clear(): void {
    this.#waiting = [];
    this.#cleared.resolve();
    this.#cleared = Promise.withResolvers();
  }

  /** Ends when the faults are dropped. */
  async cleared(): Promise<void> {
    await this.#cleared.promise;
  }

  list(): readonly Fault[] {
    return this.#waiting;
  }

  /** The fault that this request meets, which has then been used once. */
  take(request: { method: string; path: string; body: string }): Fault | undefined {
    for (const fault of this.#waiting) {
      if (fault.method !== undefined && fault.method !== request.method) continue;
      if (fault.path !== undefined && !new RegExp(fault.path).test(request.path)) continue;
      if (fault.bodyMatches !== undefined && !new RegExp(fault.bodyMatches).test(request.body))
        continue;
      if (fault.skip > 0) {
        fault.skip -= 1;
        continue;
      }
      fault.times -= 1;
      if (fault.times === 0) this.#waiting = this.#waiting.filter((other) => other !== fault);
      return fault;
    }
    return undefined;
  }
}
