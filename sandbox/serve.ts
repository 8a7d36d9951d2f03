import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { writeWhole } from "./files.ts";
import { type Sandbox, startSandbox } from "./start.ts";

export interface ServeOptions {
  /** Where the servers' data, the Pulumi backend and the file `env` are. */
  readonly dataDir: string;
  /** Folder of the Pulumi project that gets a stack `sandbox`. */
  readonly project: string;
  /** Where the launcher of Pulumi finds its engines; linked into the Pulumi home of the data. */
  readonly engines: string;
  /** Runs a command of the Pulumi CLI in the project, and returns what it prints. */
  readonly pulumi: (args: string[], env: Record<string, string>) => Promise<string>;
  readonly print: (text: string) => void;
}

/**
 * Runs all servers until SIGINT or SIGTERM, with a Pulumi stack of their own in a file
 * backend beside their data. What a shell needs for it is in the file `env` there.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { dataDir, project, print } = options;
  const environment = pulumiEnvironment(dataDir);
  const sandbox = await startSandbox({ dataDir });
  const ended = new Promise<void>((end) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => end());
  });
  try {
    await selectStack(options, environment);
    const envFile = join(dataDir, "env");
    writeWhole(envFile, exports({ ...environment, ...sandbox.environment }));
    print(greeting(sandbox, relative(project, dataDir), relative(project, envFile)));
    await ended;
  } finally {
    await sandbox.stop();
  }
}

/** A Pulumi home, a backend and a stack apart from the user's own. The passphrase is no secret. */
function pulumiEnvironment(dataDir: string) {
  return {
    PULUMI_HOME: join(dataDir, "home"),
    PULUMI_BACKEND_URL: `file://${join(dataDir, "pulumi")}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE: "sandbox",
    // What one customer fails at stops no other.
    PULUMI_CONTINUE_ON_ERROR: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

/**
 * Makes the stack if it is not there, and selects it. Pulumi keeps the selection in the
 * home of the data, for this project alone.
 */
async function selectStack(
  { dataDir, engines, pulumi }: ServeOptions,
  environment: ReturnType<typeof pulumiEnvironment>,
): Promise<void> {
  mkdirSync(environment.PULUMI_HOME, { recursive: true });
  mkdirSync(join(dataDir, "pulumi"), { recursive: true });
  // The launcher looks for the engine below PULUMI_HOME.
  const versions = join(environment.PULUMI_HOME, "versions");
  // In a shell that has read the env file already, they are the same.
  if (engines !== versions) {
    rmSync(versions, { force: true });
    symlinkSync(engines, versions);
  }
  // A stack that the shell names would go before the selection.
  const env = { ...environment, PULUMI_STACK: "" };
  await pulumi(["stack", "select", "sandbox", "--create"], env);
}

function exports(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
}

function greeting(
  { xima, enablex, netsapiens, xelion }: Sandbox,
  dataDir: string,
  envFile: string,
): string {
  const rows = [
    ["Xima", xima],
    ["EnableX", enablex],
    ["NetSapiens", netsapiens],
    ["Xelion, provisioning", xelion],
    ["Xelion, tenants", xelion.tenant],
  ] as const;
  const wide = Math.max(...rows.map(([, { baseUrl }]) => baseUrl.length));
  return `The sandbox is up; its data are in ${dataDir}. Ctrl-C ends it.

${rows.map(([name, { baseUrl, control }]) => `  ${name.padEnd(22)}${baseUrl.padEnd(wide + 2)}control ${control}`).join("\n")}

In another terminal, in this folder:

  . ${envFile}
  npx pulumi preview
  npx pulumi up
`;
}
