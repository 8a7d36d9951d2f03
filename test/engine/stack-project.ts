import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { root } from "../../tools/engine/paths.mjs";
import { type Workspace, workspace } from "./workspace.ts";

/** The program of stacks/ with stack `test`, in a project of its own. */
export interface StackProject extends Workspace {
  /**
   * Writes the stack file's config. What is encrypted in it stays: give the object as
   * `stackFile()` gave it.
   */
  writeStackFile(config: Record<string, unknown>): void;
  stackFile(): Record<string, unknown>;
  /** Writes a file below stacks/. */
  write(name: string, text: string): void;
}

export async function stackProject(
  config: Record<string, unknown>,
  env: Record<string, string> = {},
): Promise<StackProject> {
  const ws = await workspace({ program: "", env: { ...env, PULUMI_CONTINUE_ON_ERROR: "true" } });
  cpSync(join(root, "Pulumi.yaml"), join(ws.folder, "Pulumi.yaml"));
  cpSync(join(root, "stacks"), join(ws.folder, "stacks"), {
    recursive: true,
    filter: (path) => !/Pulumi\..*yaml$|customers$/.test(path),
  });
  const path = join(ws.folder, "stacks", "Pulumi.test.yaml");
  (await ws.pulumi(["stack", "init", "test"])).ok();
  const read = () => parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  const project: StackProject = {
    ...ws,
    [Symbol.asyncDispose]: () => ws.remove(),
    writeStackFile: (next) => writeFileSync(path, stringify({ ...read(), config: next })),
    stackFile: () => (read().config ?? {}) as Record<string, unknown>,
    write(name, text) {
      const target = join(ws.folder, "stacks", name);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    },
  };
  project.writeStackFile(config);
  return project;
}
