import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { secret, workspace } from "../test/engine/workspace.ts";
import { type Contender, type Operation, parallel, type Session } from "./contender.ts";
import type { CustomerProgram } from "./customer-programs.ts";
import type { EnablexAccount } from "./enablex-account.ts";
import { watchProcessTree } from "./process-tree.ts";

/** What the project ships for file and PostgreSQL backends; docs/scale.md says why. */
export const backendDefaults = { PULUMI_DIY_BACKEND_ZSTD: "true" };

/** `modules`: the package as npm installs it; default the repository's own code. */
export function pulumiContender(
  program: CustomerProgram,
  modules?: string,
  {
    name = program.name,
    env = backendDefaults,
  }: { name?: string; env?: Record<string, string | undefined> } = {},
): Contender {
  return { name, open: (account, customers) => open(program, account, customers, modules, env) };
}

async function open(
  { program }: CustomerProgram,
  { server, accessId, accessKey }: EnablexAccount,
  customers: number,
  modules: string | undefined,
  env: Record<string, string | undefined>,
): Promise<Session> {
  const authorization = `Basic ${Buffer.from(`${accessId}:${accessKey}`).toString("base64")}`;
  const stack = await workspace({
    program: program(customers, false),
    modules,
    config: {
      "enablex:baseUrl": server.baseUrl,
      "enablex:accessId": accessId,
      "enablex:accessKey": secret(accessKey),
      "enablex:concurrency": parallel,
    },
    env: { BENCH_URL: server.baseUrl, BENCH_AUTHORIZATION: authorization, ...env },
  });
  const commands: Record<Operation, string[]> = {
    up: ["up", "--yes", "--skip-preview"],
    preview: ["preview", "--expect-no-changes"],
    drift: ["refresh", "--preview-only", "--expect-no-changes"],
    change: ["up", "--yes", "--skip-preview"],
    destroy: ["destroy", "--yes", "--skip-preview"],
  };
  return {
    async run(operation) {
      if (operation === "change") await stack.writeProgram(program(customers, true));
      const command = stack.start([...commands[operation], "--parallel", `${parallel}`], {
        timeoutMs: 1_800_000,
      });
      const watch = watchProcessTree(command.pid ?? 0);
      try {
        (await command.done).ok();
      } finally {
        watch.stop();
      }
      return watch.stop();
    },
    async stateBytes() {
      const folder = join(stack.stateFolder, ".pulumi", "stacks", "ucaas-test");
      const file = (await readdir(folder)).find((entry) =>
        /^test[.]json([.](gz|zst))?$/.test(entry),
      );
      return {
        json: JSON.stringify(await stack.export()).length,
        stored: (await stat(join(folder, file ?? "test.json"))).size,
      };
    },
    [Symbol.asyncDispose]: () => stack.remove(),
  };
}
