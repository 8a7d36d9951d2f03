import PQueue from "p-queue";
import { untilEnded } from "../interruption.ts";
import { type ProgressBar, withProgressBar } from "../progress-bar.ts";
import { checkStack } from "./check.ts";
import { CustomerSurvey } from "./customer-survey.ts";
import { type DriftReport, driftReport } from "./report.ts";

/** The drift of the stacks, some of them at once. */
export async function checkStacks(
  stacks: readonly string[],
  parallel: number,
): Promise<DriftReport> {
  const queue = new PQueue({ concurrency: parallel });
  const survey = new CustomerSurvey();
  const check = async (progress: ProgressBar) => {
    // All of them: after an interruption, each engine has to end before the terminal is given back.
    const results = await Promise.allSettled(
      stacks.map((stack) => queue.add(() => checkStack(stack, survey, progress))),
    );
    const found = results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
    const customers = (await survey.counts()) ?? [];
    return driftReport(found, new Date(), customers, survey.unread());
  };
  const close = () => survey.close();
  return await untilEnded(() => withProgressBar("resources", check), close).finally(close);
}
