import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { endAbandonedProviders } from "../../provider/runtime/abandoned-providers.ts";

let folder: string;
let engine: Server;
let engineAddress: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-abandoned-"));
  engine = createServer().listen(0, "127.0.0.1");
  await once(engine, "listening");
  engineAddress = `127.0.0.1:${(engine.address() as AddressInfo).port}`;
  onTestFinished(() => void engine.close());
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The path of a command of the SDK in a project's folder. */
function sdkCommand(project: string, name: string): string {
  const sdk = join(folder, project, "node_modules", "@pulumi", "pulumi", "cmd", name);
  mkdirSync(sdk, { recursive: true });
  const file = join(sdk, "index.js");
  writeFileSync(file, "setInterval(() => {}, 1000); console.log('ready');");
  return file;
}

async function providerProcess(
  project: string,
  flags: readonly string[] = [],
): Promise<ChildProcess> {
  const file = sdkCommand(project, "dynamic-provider");
  const child = spawn(process.execPath, ["--no-warnings", file, ...flags, engineAddress], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  return child;
}

/** What a program does when it imports this package. */
const programOf = (project: string) =>
  endAbandonedProviders([process.execPath, sdkCommand(project, "run")]);

const engineDies = async () => {
  engine.close();
  await once(engine, "close");
};

test.runIf(process.platform === "linux")(
  "a provider process whose engine has gone is ended by the project's next run",
  async () => {
    const left = await providerProcess("a");
    await engineDies();
    const ended = once(left, "exit");
    expect(await programOf("a")).toEqual([left.pid]);
    expect(await ended).toEqual([null, "SIGTERM"]);
  },
);

test.runIf(process.platform === "linux")(
  "so is one whose engine was run with flags for logs and traces",
  async () => {
    const flags = ["--logtostderr", "-v=9", "--tracing", "file:/tmp/trace"];
    const left = await providerProcess("a", flags);
    await engineDies();
    expect(await programOf("a")).toEqual([left.pid]);
  },
);

test.runIf(process.platform === "linux")(
  "a project whose modules are a link is known by the folder that it leads to",
  async () => {
    const left = await providerProcess("a");
    await engineDies();
    mkdirSync(join(folder, "linked"));
    symlinkSync(join(folder, "a", "node_modules"), join(folder, "linked", "node_modules"));
    expect(await programOf("linked")).toEqual([left.pid]);
  },
);

test("a provider process whose engine lives is left alone", async () => {
  await providerProcess("a");
  expect(await programOf("a")).toEqual([]);
});

test("a provider process of another project is left alone", async () => {
  await providerProcess("b");
  await engineDies();
  expect(await programOf("a")).toEqual([]);
});

test("a process that is no command of the SDK ends nothing", async () => {
  await providerProcess("a");
  await engineDies();
  expect(await endAbandonedProviders()).toEqual([]);
});
