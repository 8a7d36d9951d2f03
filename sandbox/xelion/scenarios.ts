/**
 * What becomes of an order, as data: a list of steps. Tests order a course by name or
 * write its steps themselves.
 */
import { z } from "zod";

const statuses = ["NOT_STARTED", "IN_PROGRESS", "FAILED", "COMPLETED"] as const;
const terminal: readonly string[] = ["FAILED", "COMPLETED"];

const callback = {
  /** later: kept until the next `release`; never: lost on the way. */
  callback: z.enum(["now", "later", "never"]).default("now"),
  /** How often the same message is sent. */
  times: z.int().min(1).default(1),
};

const stepSchema = z.discriminatedUnion("do", [
  z
    .strictObject({ do: z.literal("reply") })
    .describe(
      "the POST that made the order is answered here; without this step, before all others",
    ),
  z.strictObject({ do: z.literal("wait"), ms: z.number().min(0).max(3_600_000) }),
  z
    .strictObject({ do: z.literal("hold") })
    .describe("waits until POST /_sandbox/proceed lets the order go on"),
  z
    .strictObject({ do: z.literal("status"), status: z.enum(statuses), ...callback })
    .describe("the order's status changes"),
  z
    .strictObject({
      do: z.literal("message"),
      type: z.string().default("orderStatusChanged"),
      status: z.string(),
      /** Which order the message names: this one, or one whose id is so much higher. */
      orderIdOffset: z.int().default(0),
      ...callback,
    })
    .describe("a callback that goes with no change"),
  z
    .strictObject({ do: z.literal("release") })
    .describe("what was kept for later is sent, the newest first"),
]);

/** All courses that have a name; `ms` is the pause between their steps. */
const named = {
  completes: (ms: number) => [...opening(ms), status("IN_PROGRESS"), wait(ms), status("COMPLETED")],
  fails: (ms) => [...opening(ms), status("IN_PROGRESS"), wait(ms), status("FAILED")],
  failsAtOnce: () => [{ do: "reply" }, status("FAILED")],
  hangs: (ms) => [...opening(ms), status("IN_PROGRESS")],
  neverStarts: () => [{ do: "reply" }, status("NOT_STARTED")],
  callbackBeforeReply: (ms) => [
    status("NOT_STARTED"),
    status("IN_PROGRESS"),
    { do: "reply" },
    wait(ms),
    status("COMPLETED"),
  ],
  allBeforeReply: () => [
    status("NOT_STARTED"),
    status("IN_PROGRESS"),
    status("COMPLETED"),
    { do: "reply" },
  ],
  repeats: (ms) => [
    { do: "reply" },
    status("NOT_STARTED", { times: 2 }),
    wait(ms),
    status("IN_PROGRESS", { times: 3 }),
    wait(ms),
    status("COMPLETED", { times: 3 }),
  ],
  reordered: (ms) => [
    { do: "reply" },
    wait(ms),
    status("NOT_STARTED", { callback: "later" }),
    status("IN_PROGRESS", { callback: "later" }),
    wait(ms),
    status("COMPLETED", { callback: "later" }),
    { do: "release" },
  ],
  losesAll: (ms) => [
    { do: "reply" },
    wait(ms),
    status("IN_PROGRESS", { callback: "never" }),
    wait(ms),
    status("COMPLETED", { callback: "never" }),
  ],
  losesTheLast: (ms) => [
    ...opening(ms),
    status("IN_PROGRESS"),
    wait(ms),
    status("COMPLETED", { callback: "never" }),
  ],
  unknownWords: (ms) => [
    ...opening(ms),
    { do: "message", type: "tenantRenamed", status: "COMPLETED" },
    { do: "message", status: "ON_HOLD" },
    wait(ms),
    status("IN_PROGRESS"),
    wait(ms),
    status("COMPLETED"),
  ],
  namesAnotherOrder: (ms) => [
    ...opening(ms),
    { do: "message", status: "FAILED", orderIdOffset: 1000 },
    wait(ms),
    status("IN_PROGRESS"),
    wait(ms),
    status("COMPLETED"),
  ],
} satisfies Record<string, (ms: number) => z.input<typeof stepSchema>[]>;

function status(
  to: (typeof statuses)[number],
  extra: { callback?: "later" | "never"; times?: number } = {},
) {
  return { do: "status" as const, status: to, ...extra };
}

const wait = (ms: number) => ({ do: "wait" as const, ms });
const opening = (ms: number) => [
  { do: "reply" as const },
  wait(ms),
  status("NOT_STARTED"),
  wait(ms),
];

export const scenarioNames = Object.keys(named) as ScenarioName[];

const courseSchema = z
  .strictObject({
    /** Taken by the next order of this tenant; without it by the next order of any. */
    tenantName: z.string().optional(),
    course: z.enum(scenarioNames).optional(),
    /** Pause between the steps of a named course. */
    ms: z.number().min(0).max(3_600_000).default(20),
    steps: z.array(stepSchema).optional(),
  })
  .refine(
    ({ course, steps }) => (course === undefined) !== (steps === undefined),
    "expected either course or steps",
  );

export type ScenarioName = keyof typeof named;
export type OrderStatus = (typeof statuses)[number];
export type Step = z.output<typeof stepSchema>;
/** A course that waits for its order. */
export interface Scenario {
  tenantName?: string | undefined;
  steps: Step[];
}

export const isTerminal = (status: string): boolean => terminal.includes(status);

/**
 * Reads a course as a test orders it: `{course: "fails", ms: 50}` or `{steps: […]}`, with
 * `tenantName` for one tenant only.
 */
export function readScenario(order: z.input<typeof courseSchema>): Scenario {
  const { tenantName, course, ms, steps } = courseSchema.parse(order);
  return { tenantName, steps: steps ?? z.array(stepSchema).parse(named[course!](ms)) };
}
