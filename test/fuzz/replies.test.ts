import { afterAll, beforeAll, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { reportCases } from "../../trials/fuzz/report-cases.ts";
import { chosen, fuzz } from "../../trials/fuzz/run-cases.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.stop());

test("a hostile reply, transport or argument ends in a clear error, and calls no other server", async () => {
  const cases = await chosen(sandbox, { seed: 1, count: 200 });
  expect(await fuzz(cases, 16)).toEqual({ findings: [], elsewhere: 0 });
});

test("a hostile text stays text in every table, comment, chat, stack file and file name", async () => {
  expect((await fuzz(reportCases(), 16)).findings).toEqual([]);
});
