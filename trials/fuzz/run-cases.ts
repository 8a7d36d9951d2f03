/** Chooses cases by a seed and runs them, several at once. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Sandbox } from "../../sandbox/start.ts";
import { Random } from "../chaos/random.ts";
import { argumentCases, type Case, recordingOf, replyCases } from "./cases.ts";
import { reportCases } from "./report-cases.ts";
import { scenariosOf } from "./scenarios.ts";
import { stackFileCases } from "./stack-file-cases.ts";
import { sendElsewhere } from "./transport-faults.ts";

export interface CaseFinding {
  readonly name: string;
  readonly faults: readonly string[];
}

/** All cases, or `count` of them that the seed chooses. */
export async function chosen(
  sandbox: Sandbox,
  { seed = 1, count = Infinity, only = "" } = {},
): Promise<Case[]> {
  const all: Case[] = [...stackFileCases(), ...reportCases()];
  for (const scenario of scenariosOf(sandbox)) {
    const recording = await recordingOf(scenario);
    all.push(...replyCases(scenario, recording), ...argumentCases(scenario, recording));
  }
  const left = all.filter(({ name }) => name.includes(only));
  if (left.length <= count) return left;
  const random = new Random(seed);
  return Array.from(
    { length: count },
    () => left.splice(random.int(0, left.length - 1), 1)[0] as Case,
  );
}

/**
 * Runs the cases. A rejection that no code handles, and a request to a server that a
 * reply only names, are findings too.
 */
export async function fuzz(
  cases: readonly Case[],
  lanes: number,
  report: (text: string) => void = () => {},
) {
  const findings: CaseFinding[] = [];
  const found = (name: string, faults: readonly string[]) => {
    findings.push({ name, faults });
    report(`✗ ${name}\n${[...new Set(faults)].map((fault) => `    ${fault}`).join("\n")}`);
  };
  const running = new Set<string>();
  const unhandled = (error: unknown) =>
    found(`while ran: ${[...running].join("; ")}`, [`unhandled: ${String(error)}`]);
  process.on("unhandledRejection", unhandled).on("uncaughtException", unhandled);
  let elsewhere = 0;
  const trap = createServer((_, response) => {
    elsewhere += 1;
    response.end("{}");
  });
  await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
  sendElsewhere(`http://127.0.0.1:${(trap.address() as AddressInfo).port}/elsewhere`);
  const left = [...cases];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      running.add(next.name);
      try {
        const faults = await next.run();
        if (faults.length > 0) found(next.name, faults);
      } catch (error) {
        found(next.name, [
          `the trial itself failed: ${error instanceof Error ? error.stack : String(error)}`,
        ]);
      }
      running.delete(next.name);
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
    // What is still on its way when the last case ends.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", unhandled).off("uncaughtException", unhandled);
    trap.close();
    trap.closeAllConnections();
  }
  return { findings, elsewhere };
}
