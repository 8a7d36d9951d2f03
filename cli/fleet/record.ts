import { existsSync, readFileSync } from "node:fs";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { OutputFile } from "../output-file.ts";
import { type Action, type FleetReport, reportSchema, type StackResult } from "./result.ts";

/** The report of a run, in a file that is whole after each stack. */
export class FleetRecord {
  readonly #file: OutputFile;
  readonly #report: FleetReport & { stacks: StackResult[] };
  #failure: unknown;

  private constructor(file: OutputFile, report: FleetReport) {
    this.#file = file;
    this.#report = { ...report, stacks: [...report.stacks] };
  }

  /**
   * A new record. What an earlier run left in the file is replaced with the first stack.
   *
   * @throws {UcaasError} `FILE_NOT_WRITTEN`
   */
  static begin(file: string, action: Action): FleetRecord {
    return new FleetRecord(OutputFile.prepare(file, "--record"), {
      version: 1,
      action,
      startedAt: new Date().toISOString(),
      stacks: [],
    });
  }

  /**
   * The record of the run that was interrupted; a new one, if there is none.
   *
   * @throws {UcaasError} `RECORD_INVALID`, `FILE_NOT_WRITTEN`
   */
  static resume(file: string, action: Action): FleetRecord {
    if (!existsSync(file)) return FleetRecord.begin(file, action);
    const prepared = OutputFile.prepare(file, "--record");
    const { data } = reportSchema.safeParse(tryParseJson(readFileSync(file, "utf8")));
    if (data?.action === action) return new FleetRecord(prepared, data);
    throw new UcaasError(`${file} is not the record of ucaas fleet ${action}`, {
      code: "RECORD_INVALID",
      operation: "fleet",
      hint: "name its record with --record, or leave out --resume",
    });
  }

  get report(): FleetReport {
    return this.#report;
  }

  /** Why the file lacks the last results; undefined when it has them all. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Keeps the result of a stack in place of an earlier one. A file that cannot be written
   * stops no stack: the next result is written with this one.
   */
  add(result: StackResult): void {
    const stacks = this.#report.stacks.filter(({ stack }) => stack !== result.stack);
    this.#report.stacks = [...stacks, result].sort((a, b) => (a.stack < b.stack ? -1 : 1));
    try {
      this.#file.replace(`${JSON.stringify(this.#report, undefined, 2)}\n`);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    }
  }
}
