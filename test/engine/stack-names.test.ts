import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";
import { Postgres, toBackendUrl } from "../receiver/postgres.ts";
import { workspace } from "./workspace.ts";

test("the stacks in PostgreSQL are read on a machine with one processor too", async () => {
  await using postgres = await Postgres.start();
  const database = await postgres.database();
  await using ws = await workspace({
    program: "",
    env: {
      PULUMI_BACKEND_URL: toBackendUrl(database),
      // The engine opens two connections for each processor.
      GOMAXPROCS: "1",
    },
  });
  const others = ["acme", "bakery", "clinic", "florist"];
  for (const stack of others) (await ws.pulumi(["stack", "init", stack, "--no-select"])).ok();

  const module = join(root, "provider", "runtime", "stack-record.ts");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...["--input-type=module", "--eval"],
      `import { readStackNames } from ${JSON.stringify(module)};
      console.log(JSON.stringify(await readStackNames()));`,
    ],
    { cwd: ws.folder, env: ws.env },
  );
  expect(JSON.parse(stdout)).toEqual([...others, "test"]);
});
