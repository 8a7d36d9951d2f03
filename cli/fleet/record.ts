import { existsSync, readFileSync } from "node:fs";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { OutputFile } from "../output-file.ts";
import { type Action, type FleetReport, reportSchema, type StackResult } from "./result.ts";

/** The report of a run, in a file that is whole after each stack. */
export class FleetRecord {
  readonly #file: OutputFile;
  #report: FleetReport;
  #failure: unknown;

  private constructor(file: OutputFile, report: FleetReport) {
    this.#file = file;
    this.#report = report;
  }

  /**
   * A new record, in place of what an earlier run left in the file: `--resume` must not
   * take that run's results for this one's.
   *
   * @throws {UcaasError} `FILE_NOT_WRITTEN`
   */
  static begin(file: string, action: Action, chosen: readonly string[]): FleetRecord {
    const prepared = OutputFile.prepare(file, "--record");
    const startedAt = new Date().toISOString();
    const record = new FleetRecord(prepared, { version: 1, action, startedAt, chosen, stacks: [] });
    record.#write();
    if (record.failure) throw record.failure;
    return record;
  }

  /**
   * The record of the run that was interrupted.
   *
   * @throws {UcaasError} `NOTHING_TO_RESUME`, `RECORD_INVALID`, `FILE_NOT_WRITTEN`
   */
  static resume(file: string, action: Action): FleetRecord {
    if (!existsSync(file))
      throw new UcaasError(`there is no record ${file} of a run`, {
        code: "NOTHING_TO_RESUME",
        operation: `fleet ${action}`,
        hint: steps(
          "name the record of the run: with the --shard of the run, or with --record",
          "or leave out --resume",
        ),
      });
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
    const { endedAt: _, stacks, ...report } = this.#report;
    const others = stacks.filter(({ stack }) => stack !== result.stack);
    this.#report = {
      ...report,
      stacks: [...others, result].sort((a, b) => (a.stack < b.stack ? -1 : 1)),
    };
    this.#write();
  }

  /** All stacks that were chosen have ended. */
  end(): void {
    this.#report = { ...this.#report, endedAt: new Date().toISOString() };
    this.#write();
  }

  #write(): void {
    try {
      this.#file.replace(`${JSON.stringify(this.#report, undefined, 2)}\n`);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    }
  }
}
