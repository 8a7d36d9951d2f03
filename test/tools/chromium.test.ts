import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { chromiumPath } from "../../tools/chromium.ts";

test("two that need Chromium on a fresh clone at the same moment get a whole one, and the folder for temporary files stays where it was", {
  timeout: 120_000,
}, async () => {
  const cache = mkdtempSync(join(tmpdir(), "ucaas-chromium-"));
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }));
  const before = process.env.TMPDIR;
  const both = Promise.all([chromiumPath(cache), chromiumPath(cache)]);
  // A browser that something else starts meanwhile would get it too.
  expect(process.env.TMPDIR).toBe(before);
  const [first, second] = await both;
  expect(process.env.TMPDIR).toBe(before);
  expect(second).toBe(first);
  expect(existsSync(first)).toBe(true);
  expect(readdirSync(cache), "nothing half unpacked is left").toHaveLength(1);
});
