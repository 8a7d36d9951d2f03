import PQueue from "p-queue";
import { untilEnded } from "../interruption.ts";
import { checkStack, type Progress } from "./check.ts";
import { CustomerSurvey } from "./customer-survey.ts";
import { type DriftReport, driftReport } from "./report.ts";

/** The drift of the stacks, some of them at once. */
export async function checkStacks(
  stacks: readonly string[],
  parallel: number,
): Promise<DriftReport> {
  const queue = new PQueue({ concurrency: parallel });
  const survey = new CustomerSurvey();
  return await withProgress(async (progress) => {
    // All of them: after an interruption, each engine has to end before the terminal is given back.
    const results = await Promise.allSettled(
      stacks.map((stack) => queue.add(() => checkStack(stack, survey, progress))),
    );
    const found = results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
    const customers = await survey.counts();
    return driftReport(found, new Date(), customers, survey.unread());
  }).finally(() => survey.close());
}

/** On a terminal, with a bar: resources looked at, of all stacks together. */
async function withProgress<T>(work: (progress?: Progress) => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return await work();
  const { Presets, SingleBar } = await import("cli-progress");
  const bar = new SingleBar(
    {
      format: "{bar} {value} of {total} resources",
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  const progress: Progress = {
    expect: (resources) => bar.setTotal(bar.getTotal() + resources),
    checked: () => bar.increment(),
  };
  // A signal shows the cursor again at once; the engines may take some seconds to end.
  return await untilEnded(
    async () => {
      bar.start(0, 0);
      try {
        return await work(progress);
      } finally {
        bar.stop();
      }
    },
    () => bar.stop(),
  );
}
