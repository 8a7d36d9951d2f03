import { availableParallelism } from "node:os";
import { matchesGlob } from "node:path";
import { isDeepStrictEqual } from "node:util";
import PQueue from "p-queue";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import type { Tone } from "../colour.ts";
import { andMore, counted } from "../counted.ts";
import { CustomerSurvey } from "../drift/customer-survey.ts";
import { customerLines } from "../drift/customers.ts";
import { untilEnded } from "../interruption.ts";
import { print } from "../output.ts";
import { withProgressBar } from "../progress-bar.ts";
import { checkStackNames, findProject, type Project } from "../pulumi/project.ts";
import { remedyInCell, remedyInLine } from "../remedy.ts";
import { renderTable } from "../table.ts";
import { FleetRecord } from "./record.ts";
import { type Action, doneStacks, exitStatus, type StackResult } from "./result.ts";
import { runStack } from "./run-stack.ts";
import { chooseStacks, chosenShard } from "./shard.ts";

export interface FleetOptions {
  readonly stacks?: readonly string[];
  readonly except?: readonly string[];
  readonly shard?: string;
  readonly shards?: number;
  readonly parallel?: number;
  readonly resume?: true;
  readonly cancel?: true;
  readonly record?: string;
  readonly json?: true;
}

/** With 200 customers of stack files, in an account of 10,000, an engine takes 1.3 GB. */
const bytesPerStack = 1.25 * 1024 ** 3;

/**
 * Does one thing with many stacks, some at once. The failure of one stops no other. A
 * stack that another run holds is left to it: the backend's lock sees to that.
 *
 * @throws {UcaasError} `NO_PROJECT`, `NO_STACK`, `SHARD_INVALID`, `RECORD_INVALID`,
 *   `NOTHING_TO_RESUME`, `FILE_NOT_WRITTEN`
 */
export async function runFleet(action: Action, options: FleetOptions): Promise<void> {
  const shard = chosenShard(options);
  const project = findProject();
  checkStackNames(
    project,
    { only: options.stacks, except: options.except },
    { operation: `fleet ${action}`, onlyOption: "--stacks", fits: matchesGlob },
  );
  const chosen = chooseStacks(project.stacks, {
    globs: options.stacks,
    except: options.except,
    shard,
  });
  if (chosen.length === 0 && shard === undefined)
    throw new UcaasError(`no stack file in ${project.stackFolder} is one of the chosen stacks`, {
      code: "NO_STACK",
      operation: `fleet ${action}`,
      hint: `the stacks are: ${project.stacks.join(", ")}`,
    });
  const part = shard && `-${shard.index}of${shard.count}`;
  const file = options.record ?? `reports/fleet-${action}${part ?? ""}.json`;
  const record = options.resume
    ? FleetRecord.resume(file, action)
    : FleetRecord.begin(file, action, chosen);
  const stacks = record.report.chosen;
  // Without options that choose, it goes on with what the run had chosen, and no other.
  if ((options.stacks ?? options.except ?? shard) && !isDeepStrictEqual(stacks, chosen))
    throw otherStacks(action, file, { stacks, chosen });
  const earlier = options.resume ? doneStacks(record.report) : new Map<string, StackResult>();
  if (record.report.endedAt && stacks.length > 0 && stacks.every((stack) => earlier.has(stack)))
    throw nothingToResume(action, file, record.report.endedAt);

  const survey = new CustomerSurvey();
  await untilEnded(
    () => runStacks(action, stacks, { project, options, record, earlier, survey }),
    () => survey.close(),
  );
}

async function runStacks(
  action: Action,
  stacks: readonly string[],
  {
    project,
    options,
    record,
    earlier,
    survey,
  }: {
    readonly project: Project;
    readonly options: FleetOptions;
    readonly record: FleetRecord;
    readonly earlier: ReadonlyMap<string, StackResult>;
    readonly survey: CustomerSurvey;
  },
): Promise<void> {
  const concurrency =
    options.parallel ?? defaultParallelism(availableParallelism(), process.availableMemory());
  const queue = new PQueue({ concurrency });
  // All of them: after an interruption, each engine has to end before the command does.
  const ended = await withProgressBar("stacks", (bar) => {
    bar.expect(stacks.length);
    return Promise.allSettled(
      stacks.map((stack) =>
        queue.add(async () => {
          const before = earlier.get(stack);
          if (before) survey.skip(stack);
          const result =
            before ?? (await runStack(action, stack, { project, cancel: options.cancel, survey }));
          if (!before) record.add(result);
          for (const line of linesOf(result, before)) bar.print(line);
          bar.advance();
          return result;
        }),
      ),
    );
  });
  const results = ended.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failure = ended.find((each) => each.status === "rejected");
  if (failure) survey.close();
  else record.end();
  // Of another action than drift, nothing was asked. What is cut off counts no customers.
  const customers = failure ? undefined : await survey.counts();
  if (options.json)
    print(
      JSON.stringify(
        {
          ...record.report,
          stacks: results,
          ...(action === "drift" && customers && { customers }),
        },
        undefined,
        2,
      ),
    );
  else
    print([summary(results, stacks.length, earlier), ...customerLines(customers ?? [])].join("\n"));
  if (failure) throw failure.reason;
  if (record.failure) throw record.failure;
  process.exitCode = exitStatus(results);
}

function otherStacks(
  action: Action,
  file: string,
  { stacks, chosen }: Readonly<Record<"stacks" | "chosen", readonly string[]>>,
): UcaasError {
  const differing = [
    ...stacks.filter((stack) => !chosen.includes(stack)),
    ...chosen.filter((stack) => !stacks.includes(stack)),
  ];
  return new UcaasError(`the run of ${file} had chosen other stacks`, {
    code: "RECORD_INVALID",
    operation: `fleet ${action}`,
    hint: steps(
      `these differ: ${differing.join(", ")}`,
      `to go on with the stacks of that run: ucaas fleet ${action} --resume --record ${file}`,
      "to run the stacks that you chose: leave out --resume",
    ),
  });
}

function nothingToResume(action: Action, file: string, endedAt: string): UcaasError {
  return new UcaasError(`the run of ${file} has ended, and all chosen stacks are done`, {
    code: "NOTHING_TO_RESUME",
    operation: `fleet ${action}`,
    hint: `it ended at ${endedAt}: to run the stacks again, leave out --resume`,
  });
}

/**
 * As many as there are processors, and memory for.
 *
 * @param bytes what the process may still use, in a container too
 */
export function defaultParallelism(processors: number, bytes: number): number {
  return Math.max(1, Math.min(processors, Math.floor(bytes / bytesPerStack)));
}

/** For a log: one line for the stack, and one for each warning. */
function linesOf(result: StackResult, before: StackResult | undefined): string[] {
  const { stack, status, found, remedy, warnings = [], seconds, finishedAt } = result;
  const inLine = (text: string) => text.replaceAll(/\s*\n\s*/g, " ");
  const time = before ? `not run again, ended at ${finishedAt}` : `${seconds} s`;
  const whatToDo = remedy ? `. ${remedyInLine(remedy)}` : "";
  return [
    `${stack}: ${status}, ${inLine(found)}${whatToDo} (${time})`,
    ...warnings.map((warning) => `${stack}: warning: ${inLine(warning)}`),
  ];
}

const tones: Record<StackResult["status"], Tone> = {
  done: "good",
  found: "attention",
  refused: "attention",
  locked: "attention",
  failed: "bad",
};

function summary(
  results: readonly StackResult[],
  chosen: number,
  earlier: ReadonlyMap<string, StackResult>,
): string {
  if (chosen === 0) return "No stack is in this shard.";
  const ended = results.length;
  if (ended === 0) return `0 of ${counted(chosen, "stack has", "stacks have")} ended.`;
  const rows = results.map((result) => [
    result.stack,
    { text: result.status, tone: tones[result.status] },
    foundInCell(result),
    earlier.has(result.stack) ? "earlier" : `${result.seconds} s`,
  ]);
  const counts = Map.groupBy(results, ({ status }) => status);
  const words = [...counts].map(([status, each]) => `${each.length} ${status}`).join(", ");
  return `${renderTable(["stack", "status", "found", "time"], rows)}\n${counted(ended, "stack")}: ${words}`;
}

/** Of many warnings the first: the record and `--json` have all. */
function foundInCell({ found, remedy, warnings: [warning, ...others] = [] }: StackResult): string {
  return [
    found,
    ...(remedy ? [remedyInCell(remedy)] : []),
    ...(warning ? [`warning: ${warning}${andMore(others)}`] : []),
  ].join("\n");
}
