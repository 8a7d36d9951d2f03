/**
 * `npm run sandbox [-- folder]`: all servers, with their data in the folder (`.sandbox`),
 * until Ctrl-C; and a Pulumi stack of its own to play with, in a file backend beside that
 * data. What a shell needs for it is written to the file `env` there.
 */
import { execFile } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { engineFolder, root } from "../tools/engine/paths.mjs";
import { writeWhole } from "./files.ts";
import { type Sandbox, startSandbox } from "./start.ts";

const dataDir = resolve(process.argv[2] ?? join(root, ".sandbox"));
const envFile = join(dataDir, "env");

/**
 * A Pulumi home, a backend and a stack apart from the user's own. The passphrase is that
 * of stacks/Pulumi.sandbox.yaml, and no secret.
 */
const pulumiEnvironment = {
  PULUMI_HOME: join(dataDir, "home"),
  PULUMI_BACKEND_URL: `file://${join(dataDir, "pulumi")}`,
  PULUMI_CONFIG_PASSPHRASE: "sandbox",
  PULUMI_STACK: "sandbox",
  // What one customer fails at stops no other.
  PULUMI_CONTINUE_ON_ERROR: "true",
  PULUMI_SKIP_UPDATE_CHECK: "true",
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
};

try {
  const sandbox = await startSandbox({ dataDir });
  const ended = new Promise<void>((end) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => end());
  });
  try {
    await makeStack();
    writeWhole(envFile, exports({ ...pulumiEnvironment, ...sandbox.environment }));
    console.log(greeting(sandbox));
    await ended;
  } finally {
    await sandbox.stop();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Makes the stack if it is not there. */
async function makeStack(): Promise<void> {
  mkdirSync(pulumiEnvironment.PULUMI_HOME, { recursive: true });
  mkdirSync(join(dataDir, "pulumi"), { recursive: true });
  // The launcher looks for the engine below PULUMI_HOME.
  const versions = join(pulumiEnvironment.PULUMI_HOME, "versions");
  const engines = dirname(engineFolder());
  // In a shell that has read the env file already, they are the same.
  if (engines !== versions) {
    rmSync(versions, { force: true });
    symlinkSync(engines, versions);
  }
  const pulumi = (...args: string[]) =>
    promisify(execFile)(
      process.execPath,
      [join(root, "node_modules/pulumi/run.js"), ...args, "--non-interactive"],
      {
        cwd: root,
        env: { ...process.env, ...pulumiEnvironment },
      },
    );
  const { stdout } = await pulumi("stack", "ls", "--json");
  const stacks = JSON.parse(stdout) as { name: string }[];
  if (!stacks.some(({ name }) => name === "sandbox"))
    await pulumi("stack", "init", "sandbox", "--no-select");
}

function exports(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
}

function greeting({ xima, enablex, netsapiens, xelion }: Sandbox): string {
  const rows = [
    ["Xima", xima],
    ["EnableX", enablex],
    ["NetSapiens", netsapiens],
    ["Xelion, provisioning", xelion],
    ["Xelion, tenants", xelion.tenant],
  ] as const;
  const wide = Math.max(...rows.map(([, { baseUrl }]) => baseUrl.length));
  return `The sandbox is up; its data are in ${relative(root, dataDir)}. Ctrl-C ends it.

${rows.map(([name, { baseUrl, control }]) => `  ${name.padEnd(22)}${baseUrl.padEnd(wide + 2)}control ${control}`).join("\n")}

In another terminal, in this folder:

  . ${relative(root, envFile)}
  npx pulumi preview
  npx pulumi up
`;
}
