import { expect, test } from "vitest";
import { reportFile } from "../../cli/drift/report-file.ts";

test("kept drift reports of one second have names of their own, which sort by time", () => {
  const at = (ms: number, pid: number) => reportFile(new Date(Date.UTC(2026, 10, 28) + ms), pid);
  const names = [at(0, 9), at(1, 10), at(1, 11), at(1000, 1)];
  expect(new Set(names).size).toBe(names.length);
  expect(names.toSorted()).toEqual(names);
  expect(names[0]).toBe("drift-2026-11-28T000000.000Z-9.json");
});
