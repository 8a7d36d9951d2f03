import { availableParallelism, freemem } from "node:os";
import { matchesGlob } from "node:path";
import PQueue from "p-queue";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import type { Tone } from "../colour.ts";
import { counted } from "../counted.ts";
import { CustomerSurvey } from "../drift/customer-survey.ts";
import { customerLines } from "../drift/customers.ts";
import { print, printNotice } from "../output.ts";
import { checkStackNames, findProject } from "../pulumi/project.ts";
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

/** What an engine with its program and its provider takes, measured with 300 customers. */
const bytesPerStack = 500 * 1024 * 1024;

/**
 * Does one thing with many stacks, some at once. The failure of one stops no other. A
 * stack that another run holds is left to it: the backend's lock sees to that.
 *
 * @throws {UcaasError} `NO_PROJECT`, `NO_STACK`, `SHARD_INVALID`, `RECORD_INVALID`, `FILE_NOT_WRITTEN`
 */
export async function runFleet(action: Action, options: FleetOptions): Promise<void> {
  const shard = chosenShard(options);
  const project = findProject();
  checkStackNames(
    project,
    { only: options.stacks, except: options.except },
    { operation: `fleet ${action}`, onlyOption: "--stacks", fits: matchesGlob },
  );
  const stacks = chooseStacks(project.stacks, {
    globs: options.stacks,
    except: options.except,
    shard,
  });
  if (project.stacks.length === 0 || (stacks.length === 0 && shard === undefined))
    throw new UcaasError(`no stack file in ${project.stackFolder} is one of the chosen stacks`, {
      code: "NO_STACK",
      operation: `fleet ${action}`,
      hint: `the stacks are: ${project.stacks.join(", ") || "none"}`,
    });
  const part = shard && `-${shard.index}of${shard.count}`;
  const file = options.record ?? `reports/fleet-${action}${part ?? ""}.json`;
  const record = options.resume
    ? FleetRecord.resume(file, action)
    : FleetRecord.begin(file, action);
  const done = options.resume ? doneStacks(record.report) : new Set<string>();

  const survey = new CustomerSurvey();
  const queue = new PQueue({ concurrency: options.parallel ?? defaultParallelism() });
  // All of them: after an interruption, each engine has to end before the command does.
  const ended = await Promise.allSettled(
    stacks.map((stack) =>
      queue.add(async () => {
        if (done.has(stack)) survey.skip(stack);
        const result = done.has(stack)
          ? skipped(stack)
          : await runStack(action, stack, { cancel: options.cancel, survey });
        if (result.status !== "skipped") record.add(result);
        printNotice(lineOf(result));
        return result;
      }),
    ),
  );
  const results = ended.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failure = ended.find((each) => each.status === "rejected");
  if (failure) survey.close();
  // Of another action than drift, nothing was asked. What is cut off counts no customers.
  const customers = failure ? [] : await survey.counts();
  if (options.json)
    print(
      JSON.stringify(
        { ...record.report, stacks: results, ...(action === "drift" && { customers }) },
        undefined,
        2,
      ),
    );
  else print([summary(results, stacks.length), ...customerLines(customers)].join("\n"));
  if (failure) throw failure.reason;
  if (record.failure) throw record.failure;
  process.exitCode = exitStatus(results);
}

/** As many as there are processors, and memory for. */
function defaultParallelism(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / bytesPerStack)));
}

function skipped(stack: string): StackResult {
  const found = "done by the run that this one continues";
  return { stack, status: "skipped", found, seconds: 0, finishedAt: new Date().toISOString() };
}

function lineOf({ stack, status, found, remedy, seconds }: StackResult): string {
  const words = found.replaceAll(/\s*\n\s*/g, " ");
  return `${stack}: ${status}, ${words}${remedy ? `. ${remedyInLine(remedy)}` : ""} (${seconds} s)`;
}

const tones: Record<StackResult["status"], Tone> = {
  done: "good",
  found: "attention",
  locked: "attention",
  failed: "bad",
  skipped: "faint",
};

function summary(results: readonly StackResult[], chosen: number): string {
  if (chosen === 0) return "No stack is in this shard.";
  const ended = results.length;
  if (ended === 0) return `0 of ${counted(chosen, "stack has", "stacks have")} ended.`;
  const rows = results.map(({ stack, status, found, remedy, seconds }) => [
    stack,
    { text: status, tone: tones[status] },
    remedy ? `${found}\n${remedyInCell(remedy)}` : found,
    `${seconds} s`,
  ]);
  const counts = Map.groupBy(results, ({ status }) => status);
  const words = [...counts].map(([status, each]) => `${each.length} ${status}`).join(", ");
  return `${renderTable(["stack", "status", "found", "time"], rows)}\n${counted(ended, "stack")}: ${words}`;
}
