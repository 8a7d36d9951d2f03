import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { chromiumPath } from "../../tools/chromium.ts";

test("two processes that need Chromium at once get a whole one, and TMPDIR does not change", async () => {
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
