import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { redact } from "../redact.ts";
import { type Action, type FleetReport, reportSchema, type StackResult } from "./result.ts";

/** The report of a run, in a file that is whole after each stack. */
export class FleetRecord {
  readonly file: string;
  readonly #report: FleetReport & { stacks: StackResult[] };

  private constructor(file: string, report: FleetReport) {
    this.file = file;
    this.#report = { ...report, stacks: [...report.stacks] };
  }

  /** A new record. What an earlier run left in the file is replaced with the first stack. */
  static begin(file: string, action: Action): FleetRecord {
    return new FleetRecord(file, {
      version: 1,
      action,
      startedAt: new Date().toISOString(),
      stacks: [],
    });
  }

  /**
   * The record of the run that was interrupted; a new one, if there is none.
   *
   * @throws {UcaasError} `RECORD_INVALID`
   */
  static resume(file: string, action: Action): FleetRecord {
    if (!existsSync(file)) return FleetRecord.begin(file, action);
    const { data } = reportSchema.safeParse(tryParseJson(readFileSync(file, "utf8")));
    if (data?.action === action) return new FleetRecord(file, data);
    throw new UcaasError(`${file} is not the record of ucaas fleet ${action}`, {
      code: "RECORD_INVALID",
      operation: "fleet",
      hint: "name its record with --record, or leave out --resume",
    });
  }

  get report(): FleetReport {
    return this.#report;
  }

  /** Keeps the result of a stack in place of an earlier one. */
  add(result: StackResult): void {
    const stacks = this.#report.stacks.filter(({ stack }) => stack !== result.stack);
    this.#report.stacks = [...stacks, result].sort((a, b) => (a.stack < b.stack ? -1 : 1));
    const folder = dirname(this.file);
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
    const draft = `${this.file}.${process.pid}`;
    writeFileSync(draft, `${redact(JSON.stringify(this.#report, undefined, 2))}\n`);
    renameSync(draft, this.file);
  }
}
