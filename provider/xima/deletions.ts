import { appendFile, mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { dataDir } from "../runtime/data-dir.ts";
import { tryParseJson } from "../runtime/parse-json.ts";
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

/** Xima deletes within a week of the request (OpenAPI 1.4); until then support can restore. */
const week = 7 * 86_400_000;

/**
 * The local record of scheduled deletions: JSON lines, one a deletion. The file is
 * `xima-deletions.jsonl` in the folder that `ucaas:journalDir` or `UCAAS_JOURNAL_DIR`
 * names, else in `ucaas` below `$PULUMI_HOME` or `~/.pulumi`.
 */
export class Deletions {
  readonly file: string;

  constructor(journalDir: string | undefined, environment: NodeJS.ProcessEnv = process.env) {
    const folders = [journalDir, environment.UCAAS_JOURNAL_DIR].filter(
      (folder) => folder && !folder.includes("://"),
    );
    this.file = join(folders[0] ?? dataDir(environment), "xima-deletions.jsonl");
  }

  /**
   * Returns after the disk has it. A line is short, so two processes that append at once
   * do not mix their lines.
   */
  async add(deletion: Deletion): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    await appendFile(this.file, `${JSON.stringify(deletion)}\n`, { mode: 0o600 });
    const handle = await open(this.file, "r");
    await handle.sync().finally(() => handle.close());
  }

  /**
   * All records, the newest first, and the numbers of the lines that hold none. A
   * deletion that the server confirmed twice is listed once.
   */
  async list(): Promise<{ deletions: Deletion[]; unreadable: number[] }> {
    const text = await readFile(this.file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const deletions = new Map<string, Deletion>();
    const unreadable: number[] = [];
    for (const [index, line] of text.split("\n").entries()) {
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

/** The line that a run shows for a reply to DELETE. */
export function describeDeletion({
  status,
  message,
  scheduledAt,
  estimatedDeletionTime,
  deletionId,
}: DeleteReply): string {
  const state =
    status === "scheduled_for_deletion"
      ? "is scheduled for deletion"
      : `is ${status.replaceAll("_", " ")}`;
  const at = scheduledAt ? ` (scheduled at ${scheduledAt})` : "";
  const words = message ? `. Xima: "${message}"` : "";
  return `${state} ${dueTime(estimatedDeletionTime)}${at}, deletionId ${deletionId ?? "not given"}${words}. Until then Xima support can restore it by the deletionId (ucaas xima deletions lists it)`;
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
