import { createHash } from "node:crypto";
import { z } from "zod";
import { steps, UcaasError } from "./errors.ts";
import type { Json } from "./to-json.ts";

/** Names an entry: one stack's intent about one resource at one vendor. */
export interface JournalKey {
  readonly vendor: string;
  /** The stack's identity, as the resource carries it in `__stack`. */
  readonly stack: string;
  /** What is written at the vendor, with its server: `https://licensing.example/v1 acme/berlin`. */
  readonly thing: string;
}

/** What a write is about, for people and for the next run. 0.1.0 wrote none of it. */
export interface JournalWrite {
  readonly operation: "create" | "update" | "delete";
  /** `XimaLicense`, `EnableXUser`, … */
  readonly type: string;
  /** The resource's name in the program. */
  readonly resource: string;
  /** The resource's id, as far as it is known. */
  readonly remoteId?: string;
  readonly account?: string;
  /** The base URL of the service that it went to, where `thing` does not say it. */
  readonly service?: string;
  /** The stack whose state has the resource, where it was created under another one. */
  readonly heldBy?: string | undefined;
}

/**
 * What is known of a write that was about to be sent. Never holds a secret: a person who
 * can read the journal reads it all.
 */
export interface JournalEntry<Note extends Json = Json> extends JournalKey, Partial<JournalWrite> {
  /**
   * Names this write. The state carries the name of the last write that it knows, as
   * `__intent`.
   */
  readonly id?: string;
  /** Of the arguments that were sent. */
  readonly argumentsHash: string;
  /** ISO time at which the intent was written, before the request left. */
  readonly intendedAt: string;
  /** ISO time at which the reply was noted; absent while the outcome is not known. */
  readonly completedAt?: string;
  /** The resource that wrote it is another object now: no resource owns what it may have made. */
  readonly abandoned?: boolean;
  /** What the vendor's code wants to know later, such as an order's id. */
  readonly note: Note;
}

const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), "is no time");
const version = z.literal(1).optional();

const entrySchema = z.looseObject({
  version,
  vendor: z.string().min(1),
  stack: z.string(),
  thing: z.string().min(1),
  id: z.string().min(1).optional(),
  operation: z.enum(["create", "update", "delete"]).optional(),
  type: z.string().optional(),
  resource: z.string().optional(),
  remoteId: z.string().optional(),
  account: z.string().optional(),
  service: z.string().optional(),
  heldBy: z.string().optional(),
  argumentsHash: z.string().min(1),
  intendedAt: time,
  completedAt: time.optional(),
  abandoned: z.boolean().optional(),
  note: z.json(),
});

/**
 * An entry, from the text that a store keeps.
 *
 * @param place where the text is, for the error
 * @param key the entry that is wanted; left out for whatever entry it is
 * @throws {UcaasError} `JOURNAL_UNREADABLE`
 */
export function parseEntry(text: string, place: string, key?: JournalKey): JournalEntry {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable(place, "it is no JSON");
  }
  const result = entrySchema.safeParse(value);
  if (!result.success) {
    const { path = [], message = "" } = result.error.issues[0] ?? {};
    throw unreadable(place, [path.join("."), message].filter(Boolean).join(": "));
  }
  const entry = result.data as JournalEntry;
  if (key && (["vendor", "stack", "thing"] as const).some((name) => entry[name] !== key[name]))
    throw unreadable(place, `it is the entry of ${entry.vendor} ${entry.thing}`);
  return entry;
}

const deleteRemembered = 30 * 24 * 60 * 60 * 1000;

/**
 * A delete that ended well counts until a later run has seen that the state has it. No
 * resource is left to drop its entry.
 */
export function isForgotten({ operation, completedAt }: JournalEntry): boolean {
  return (
    operation === "delete" &&
    completedAt !== undefined &&
    Date.now() - Date.parse(completedAt) > deleteRemembered
  );
}

/** Whether two entries are of one write, whatever was noted since. */
export function isSameWrite(
  one: JournalEntry | null | undefined,
  other: JournalEntry | null | undefined,
): boolean {
  return (
    one?.id === other?.id &&
    one?.intendedAt === other?.intendedAt &&
    one?.argumentsHash === other?.argumentsHash
  );
}

/** A hash of arguments that does not depend on the order of keys. */
export function hashOf(args: unknown): string {
  return createHash("sha256").update(JSON.stringify(args, sorted)).digest("hex");
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function unreadable(place: string, why: string): UcaasError {
  return new UcaasError(`the intent journal has an entry that cannot be read: ${place} (${why})`, {
    code: "JOURNAL_UNREADABLE",
    operation: "journal",
    hint: [
      "nothing was sent, since this may be a second attempt",
      steps(
        "If a newer pulumi-ucaas wrote the entry, use that version.",
        "Else look at the vendor whether the last change arrived.",
        "Move the entry away.",
        "Run `pulumi up` again.",
      ),
    ].join("\n    "),
  });
}
