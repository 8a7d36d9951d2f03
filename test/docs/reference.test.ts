import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";

test("the API reference says what the doc comments say now (npm run reference writes it)", async () => {
  const out = await mkdtemp(join(tmpdir(), "ucaas-reference-"));
  onTestFinished(() => rm(out, { recursive: true, force: true }));
  await promisify(execFile)(
    process.execPath,
    [join(root, "node_modules", "typedoc", "bin", "typedoc"), "--out", out],
    { cwd: root },
  );
  const [generated, kept] = await Promise.all(
    [out, join(root, "docs", "reference")].map((folder) =>
      readFile(join(folder, "README.md"), "utf8"),
    ),
  );
  expect(kept).toBe(generated);
});
