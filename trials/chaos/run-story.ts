/** One story from its first step to the verdict. */
import type { Declaration } from "./declaration.ts";
import { askEarlierMachines, heal } from "./heal.ts";
import {
  type Finding,
  judgeDeletes,
  judgeOrders,
  judgeOutput,
  judgeRecords,
  recordsOf,
} from "./oracle.ts";
import { perform } from "./perform.ts";
import { waitForEnd } from "./processes.ts";
import { Project, type Run, type Variant } from "./project.ts";
import type { Servers } from "./servers.ts";
import type { Story } from "./story.ts";

export interface Outcome {
  readonly story: Story;
  readonly findings: readonly Finding[];
  readonly runs: readonly Run[];
  readonly ups: number;
  readonly faultsMet: number;
  /** How many of the story's blows met a process. */
  readonly struck: number;
  readonly seconds: number;
}

/** How long a process may live on when its command has ended. */
const graceSeconds = 20;

export async function runStory(
  story: Story,
  servers: Servers,
  variant?: Variant,
): Promise<Outcome> {
  const started = Date.now();
  const findings: Finding[] = [];
  const declared = story.steps.map(({ declaration }) => declaration);
  servers.prepare([...new Set(declared.flat().map(({ key }) => key))]);
  servers.clearFaults();
  servers.clearLogs();
  const id = `${process.pid}-${story.seed}-${story.number}`;
  const project = await Project.make(id, servers.addresses, servers.config, variant);
  let [faultsMet, struck] = [0, 0];
  try {
    let before: Declaration = [];
    /** What each step wanted to be there: nothing, after a destroy. */
    const wanted: Declaration[] = [];
    const codes = new Map<string, string>();
    const watchDeletes = async (after: Declaration, work: () => Promise<unknown>) => {
      const seq = (name: "xima" | "enablex") => servers.all[name].received.at(-1)?.seq ?? 0;
      const from = { xima: seq("xima"), enablex: seq("enablex") };
      noteCodes(codes, servers);
      await work();
      noteCodes(codes, servers);
      findings.push(...judgeDeletes(before, after, servers, from, codes));
      before = after;
    };
    for (const step of story.steps) {
      const after = step.command === "destroy" ? [] : step.declaration;
      wanted.push(after);
      await watchDeletes(after, async () => {
        const done = await perform(step, project, servers);
        faultsMet += done.faultsMet;
        struck += Number(done.struck);
        for (const { command, what } of await waitForEnd(id, graceSeconds, { last: false }))
          findings.push({ verdict: "orphan", about: `${what}: ${command}` });
      });
    }
    const last = story.steps.at(-1)!.declaration;
    if (wanted.at(-1) !== last) wanted.push(last);
    let ups = 0;
    await watchDeletes(last, async () => {
      const healed = await heal(project, servers, last);
      ups = healed.ups;
      if (!healed.healed)
        findings.push({ verdict: "stuck", about: `the last of ${ups} ups still fails` });
    });
    await askEarlierMachines(project);
    const look = await project.pulumi(["preview", "--refresh", "--expect-no-changes"]);
    if (look.exitCode !== 0) findings.push({ verdict: "not empty", about: "preview --refresh" });
    for (const { command, what } of await waitForEnd(id, graceSeconds, { last: true }))
      findings.push({ verdict: "orphan", about: `${what}: ${command}` });
    findings.push(
      ...judgeRecords(last, recordsOf(story.number, servers), project.runs),
      ...judgeOrders(story.number, wanted, servers),
      ...project.runs.flatMap(judgeOutput),
    );
    return {
      story,
      findings,
      runs: project.runs,
      ups,
      faultsMet,
      struck,
      seconds: (Date.now() - started) / 1000,
    };
  } finally {
    await project.remove();
  }
}

function noteCodes(codes: Map<string, string>, { sandbox }: Servers): void {
  for (const [id, { fields }] of Object.entries(sandbox.enablex.server.state.customers))
    codes.set(id, String(fields.customer_code));
}
