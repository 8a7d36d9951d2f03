/** One resource's life through the dispatcher, as the engine calls it, and what is seen of it. */
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import { acceptEarlierRuns } from "../../provider/runtime/earlier-runs.ts";
import { Journal } from "../../provider/runtime/journal.ts";

/** How one call of a handler ended. */
export interface CallEnd {
  readonly method: string;
  readonly milliseconds: number;
  readonly result?: unknown;
  readonly error?: Error & { id?: unknown; properties?: unknown };
}

export interface Life {
  readonly calls: readonly CallEnd[];
  /** What was printed. */
  readonly printed: readonly string[];
}

const printing = new AsyncLocalStorage<string[]>();
const log = console.log;
console.log = (...args: unknown[]) => {
  const lines = printing.getStore();
  if (lines) lines.push(args.map(String).join(" "));
  else log(...args);
};

// There is no engine whose record of earlier runs could be read: its CLI, which is asked for
// it in each life, would take longer than the life.
process.env.PATH = "";

let processes = 0;

/** The dispatcher as a new provider process has it: nothing of an earlier one is known. */
async function newDispatcher(): Promise<typeof import("../../provider/host.ts").call> {
  const host = new URL(`../../provider/host.ts?process=${++processes}`, import.meta.url);
  return (await import(/* @vite-ignore */ host.href)).call;
}

/**
 * Check, create, and whatever the resource's state allows then, in two processes: up, and
 * the run after it.
 */
export async function live(
  type: string,
  values: Record<string, string>,
  inputs: Record<string, unknown>,
  changes: Record<string, unknown>,
): Promise<Life> {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-fuzz-"));
  const all: Record<string, string> = { "ucaas:journalDir": folder, ...values };
  const config = {
    get: (key: string) => all[key],
    require: (key: string) => all[key] ?? "",
  } as dynamic.Config;
  const calls: CallEnd[] = [];
  const printed: string[] = [];
  const step = async (
    call: Awaited<ReturnType<typeof newDispatcher>>,
    method: Parameters<typeof call>[1],
    args: unknown[],
  ) => {
    const started = performance.now();
    let end: Omit<CallEnd, "method" | "milliseconds">;
    try {
      end = { result: await printing.run(printed, () => call(type, method, args, config)) };
    } catch (error) {
      end = { error: error as Error };
    }
    const done: CallEnd = { method, milliseconds: performance.now() - started, ...end };
    calls.push(done);
    return done;
  };
  try {
    const journal = new Journal({
      get: (name) => (name === "ucaas:journalDir" ? folder : undefined) as never,
    });
    await acceptEarlierRuns(journal, String(inputs.__stack));
    const first = await newDispatcher();
    const checked = await step(first, "check", [{}, inputs]);
    const { failures = [] } = (checked.result ?? {}) as dynamic.CheckResult;
    if (checked.error || failures.length > 0) return { calls, printed };
    const created = await step(first, "create", [inputs]);
    const result = (created.result ?? created.error) as {
      id?: string;
      outs?: object;
      properties?: object;
    };
    if (result.id === undefined) return { calls, printed };
    const second = await newDispatcher();
    let outs: unknown = result.outs ?? result.properties;
    const read = await step(second, "read", [result.id, outs]);
    outs = (read.result as { props?: object } | undefined)?.props ?? outs;
    const news = { ...inputs, ...changes };
    await step(second, "check", [inputs, news]);
    await step(second, "diff", [result.id, outs, news]);
    const updated = await step(second, "update", [result.id, outs, news]);
    outs =
      (updated.result as { outs?: object } | undefined)?.outs ?? updated.error?.properties ?? outs;
    await step(second, "delete", [result.id, outs]);
    return { calls, printed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
