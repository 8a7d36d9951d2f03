import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { StackFiles } from "../../stacks/stack-files.ts";

/** A project with these files in its folder `stacks`, until the test is finished; its path. */
export function projectWith(
  files: Record<string, string | Uint8Array>,
  projectFile = "Pulumi.yaml",
): string {
  const base = mkdtempSync(join(tmpdir(), "ucaas-stacks-"));
  onTestFinished(() => rmSync(base, { recursive: true }));
  mkdirSync(join(base, "stacks"));
  writeFileSync(join(base, projectFile), "name: test\nruntime: nodejs\n");
  for (const [name, text] of Object.entries(files)) {
    const path = join(base, "stacks", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return base;
}

/** Stack acme of such a project. */
export function stackOf(
  files: Record<string, string | Uint8Array>,
  projectFile?: string,
): StackFiles {
  return new StackFiles(join(projectWith(files, projectFile), "stacks"), "acme");
}

/** What the engine hands over for what is written, with the texts instead of the ciphers. */
export function decrypted(value: unknown): unknown {
  const text = JSON.stringify(value, (_, inner) =>
    inner && Object.keys(inner).join() === "secure" ? inner.secure : inner,
  );
  return text && JSON.parse(text);
}
