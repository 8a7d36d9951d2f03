import { join } from "node:path";
import { z } from "zod";
import { AppendFile, type AppendLog, AppendTable } from "../runtime/append-log.ts";
import { dataDir } from "../runtime/data-dir.ts";
import { isSameUrl } from "../runtime/equality.ts";
import { ofStack } from "../runtime/intents.ts";
import { journalLocation } from "../runtime/journal-location.ts";
import { tryParseJson } from "../runtime/parse-json.ts";
import { PostgresDatabase } from "../runtime/postgresql.ts";
import type { DeleteReply } from "./schema.ts";

const deletionSchema = z.object({
  /** `project/stack`. */
  stack: z.string(),
  /** The resource's name in the program. */
  resource: z.string(),
  baseUrl: z.string(),
  resellerId: z.string(),
  tenantId: z.string(),
  /** Null when the reply was lost: Xima support can look it up. */
  deletionId: z.string().nullable(),
  /** ISO time by the server's clock, or this machine's when the reply was lost. */
  scheduledAt: z.string(),
  /** As the server gave it: a duration such as "1 week", or a date. */
  estimatedDeletionTime: z.string().optional(),
  /** ISO time by this machine's clock. */
  recordedAt: z.string(),
});

/**
 * One scheduled deletion of a customer's licences: what Xima support needs to undo it.
 * Holds no secret and no name.
 */
export type Deletion = z.output<typeof deletionSchema>;

type Customer = Pick<Deletion, "baseUrl" | "resellerId" | "tenantId">;

/** Xima deletes within a week of the request (OpenAPI 1.4); until then support can restore. */
const week = 7 * 86_400_000;

/**
 * The record of scheduled deletions, one a line. It is in the database of `ucaas:journal`
 * or `UCAAS_JOURNAL`. Else it is the file `xima-deletions.jsonl` in the folder that
 * `ucaas:journalDir` or `UCAAS_JOURNAL_DIR` names, or in `ucaas` below `$PULUMI_HOME` or
 * `~/.pulumi`.
 */
export class Deletions {
  readonly #log: AppendLog;
  /** What this process has recorded itself. */
  readonly #added: Deletion[] = [];
  #before: Promise<Deletion[]> | undefined;

  constructor(
    config: { get(key: string): string | undefined },
    environment: NodeJS.ProcessEnv = process.env,
  ) {
    this.#log = openLog(config, environment);
  }

  /** For people: the file, or the database. */
  get location(): string {
    return this.#log.location;
  }

  /** Each machine that has the database's URL has it. */
  get isShared(): boolean {
    return this.#log instanceof AppendTable;
  }

  /** Returns when the record is durable. */
  async add(deletion: Deletion): Promise<void> {
    this.#added.push(deletion);
    await this.#log.append(JSON.stringify(deletion));
  }

  /** Those of one customer that Xima may still carry out. The record is read once a process. */
  async openOf({ baseUrl, resellerId, tenantId }: Customer): Promise<Deletion[]> {
    this.#before ??= this.list().then(({ deletions }) => deletions);
    return [...(await this.#before), ...this.#added].filter(
      (each) =>
        isSameUrl(each.baseUrl, baseUrl) &&
        each.resellerId === resellerId &&
        each.tenantId === tenantId &&
        isOpen(each),
    );
  }

  /**
   * All records, the newest first, and the numbers of the lines that hold none. A
   * deletion that the server confirmed twice is listed once.
   */
  async list(): Promise<{ deletions: Deletion[]; unreadable: number[] }> {
    const lines = await this.#log.lines();
    const deletions = new Map<string, Deletion>();
    const unreadable: number[] = [];
    for (const [index, line] of lines.entries()) {
      if (line === "") continue;
      const { data } = deletionSchema.safeParse(tryParseJson(line));
      if (!data) unreadable.push(index + 1);
      else
        deletions.set(
          JSON.stringify([
            data.baseUrl,
            data.resellerId,
            data.tenantId,
            data.deletionId ?? data.recordedAt,
          ]),
          data,
        );
    }
    return {
      deletions: [...deletions.values()].sort((a, b) => (a.scheduledAt < b.scheduledAt ? 1 : -1)),
      unreadable,
    };
  }
}

function openLog(
  config: { get(key: string): string | undefined },
  environment: NodeJS.ProcessEnv,
): AppendLog {
  const location = journalLocation(config, environment);
  if ("url" in location)
    return new AppendTable(PostgresDatabase.at(location.url), "xima-deletions");
  // Not in the default folder of the journal: 0.1.0 wrote the file beside that.
  const folder =
    config.get("ucaas:journalDir") || environment.UCAAS_JOURNAL_DIR || dataDir(environment);
  return new AppendFile(join(folder, "xima-deletions.jsonl"));
}

/**
 * ISO time until which Xima support can restore the licences; undefined when the record's
 * time cannot be read.
 */
export function restorableUntil({
  scheduledAt,
  estimatedDeletionTime = "",
}: Deletion): string | undefined {
  if (isDate(estimatedDeletionTime)) return estimatedDeletionTime;
  const scheduled = Date.parse(scheduledAt);
  return Number.isNaN(scheduled) ? undefined : new Date(scheduled + week).toISOString();
}

function isOpen(deletion: Deletion): boolean {
  const { recordedAt } = deletion;
  const until =
    restorableUntil(deletion) ?? restorableUntil({ ...deletion, scheduledAt: recordedAt });
  return until !== undefined && Date.parse(until) > Date.now();
}

/** Whether a deletion that was asked for at this time may still be carried out. */
export function isInWeekOf(time: string): boolean {
  return Date.parse(time) + week > Date.now();
}

/** Whether the licence will be deleted: the document has this status alone (OpenAPI 1.4). */
export function isScheduled({ status }: DeleteReply): boolean {
  return status === "scheduled_for_deletion";
}

/**
 * The line that a run shows for a reply to DELETE.
 *
 * @param stack the stack's identity
 */
export function describeDeletion(reply: DeleteReply, stack: string): string {
  const { status, message, scheduledAt, estimatedDeletionTime, deletionId } = reply;
  const state = isScheduled(reply)
    ? "is scheduled for deletion"
    : `is ${status.replaceAll("_", " ")}`;
  const at = scheduledAt ? ` (scheduled at ${scheduledAt})` : "";
  const words = message ? `. Xima: "${message}"` : "";
  return [
    `${state} ${dueTime(estimatedDeletionTime)}${at}, deletionId ${deletionId ?? "not given"}${words}.`,
    `Until then Xima support can restore it by the deletionId (${ofStack("ucaas xima deletions", stack)} lists it)`,
  ].join(" ");
}

/**
 * The warning of a licence that is declared again.
 *
 * @param recorded none of a delete that was cut off
 */
export function describeStandingDeletion(recorded: readonly Deletion[]): string {
  const ids = [...new Set(recorded.flatMap(({ deletionId }) => deletionId ?? []))];
  const state = recorded.length > 0 ? "is scheduled" : "may be scheduled";
  const which = ids.length > 0 ? ids.join(", ") : "not known";
  return [
    `is declared again, but its deletion ${state} (deletionId ${which}).`,
    "Xima publishes no request that stops it.",
    "Ask support@ximasoftware.com to stop it, or the licences may be gone within a week",
  ].join(" ");
}

/** The published example is the text "1 week"; a date is possible too. */
function dueTime(estimate: string | undefined): string {
  if (!estimate) return "within a week";
  if (isDate(estimate)) return `by ${estimate}`;
  return /^(in|within|by|after|before|until|about)\b/i.test(estimate) ? estimate : `in ${estimate}`;
}

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text));
}
