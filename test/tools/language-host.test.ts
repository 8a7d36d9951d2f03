import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";

const require = createRequire(import.meta.url);
const grpc = require("@grpc/grpc-js");
const messages = require("@pulumi/pulumi/proto/language_pb");
const { LanguageRuntimeClient } = require("@pulumi/pulumi/proto/language_grpc_pb");

let project: string;
beforeEach(async () => {
  project = await realpath(await mkdtemp(join(tmpdir(), "ucaas-host-")));
  await mkdir(join(project, "node_modules"));
});
afterEach(() => rm(project, { recursive: true }));

/** The project has the SDK, and a Node of its own that says which version it is. */
async function equip({ nodeVersion }: { nodeVersion?: string } = {}) {
  for (const name of ["@pulumi", "@grpc", "google-protobuf"])
    await symlink(join(root, "node_modules", name), join(project, "node_modules", name));
  if (!nodeVersion) return;
  const node = join(project, "node_modules", ".bin", "node");
  await mkdir(join(project, "node_modules", ".bin"));
  await writeFile(node, `#!/bin/sh\necho v${nodeVersion}\n`);
  await chmod(node, 0o755);
}

function start(folder = project) {
  const host = spawn(
    process.execPath,
    [join(root, "tools/engine/language-host.cjs"), "127.0.0.1:1"],
    { cwd: folder, stdio: "pipe" },
  );
  return { host, ended: once(host, "exit").then(([code]) => code as number | null) };
}

async function connect() {
  const { host, ended } = start();
  const [port] = await once(host.stdout, "data");
  const client = new LanguageRuntimeClient(
    `127.0.0.1:${String(port).trim()}`,
    grpc.credentials.createInsecure(),
  );
  const call = (name: string, request: unknown) =>
    new Promise<Record<string, (...args: unknown[]) => unknown>>((resolve, reject) =>
      client[name](request, (error: Error | null, reply: never) =>
        error ? reject(error) : resolve(reply),
      ),
    );
  const stop = () => {
    client.close();
    host.kill();
  };
  return { host, ended, call, [Symbol.dispose]: stop };
}

function programInfo(folder: string) {
  const info = new messages.ProgramInfo();
  info.setRootDirectory(folder);
  info.setProgramDirectory(folder);
  info.setEntryPoint("index.ts");
  return info;
}

test("a program gets the Node that its project installs, from any folder of it", async () => {
  await equip({ nodeVersion: "24.1.2" });
  await mkdir(join(project, "stacks"));
  using host = await connect();
  const request = new messages.AboutRequest();
  request.setInfo(programInfo(join(project, "stacks")));
  const about = await host.call("about", request);
  expect([about.getExecutable?.(), about.getVersion?.()]).toEqual([
    join(project, "node_modules/.bin/node"),
    "v24.1.2",
  ]);
});

test("an error says that Node is too old for the SDK, and how to fix it", async () => {
  await equip({ nodeVersion: "20.20.2" });
  using host = await connect();
  const request = new messages.RunRequest();
  request.setInfo(programInfo(project));
  const reply = await host.call("run", request);
  expect(reply.getError?.()).toMatch(
    /node is Node 20\.20\.2, and @pulumi\/pulumi needs Node 22 or newer\. Run "npm install --save-dev node@24"/,
  );
});

test("the project's dependencies are reported with the versions that are installed", async () => {
  await equip();
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({ dependencies: { "@pulumi/pulumi": "^3.0.0", absent: "1.0.0" } }),
  );
  using host = await connect();
  const request = new messages.GetProgramDependenciesRequest();
  request.setInfo(programInfo(project));
  const reply = await host.call("getProgramDependencies", request);
  const found = reply.getDependenciesList?.() as { getName(): string; getVersion(): string }[];
  expect(found.map((each) => `${each.getName()} ${each.getVersion()}`)).toEqual([
    "@pulumi/pulumi 3.259.0",
  ]);
});

test("a feature that the replacement lacks is refused by name", async () => {
  await equip();
  using host = await connect();
  await expect(host.call("generateProject", new messages.GenerateProjectRequest())).rejects.toThrow(
    /generateProject needs Pulumi's own language host/,
  );
});

test("an error in a project without the SDK says to install it", async () => {
  const { host, ended } = start();
  expect(await text(host.stderr)).toBe(
    `@pulumi/pulumi is not installed for ${project}. Run "npm install" in the project's folder, then try again.\n`,
  );
  expect(await ended).toBe(1);
});

test("the host ends when the engine is gone", async () => {
  await equip();
  using host = await connect();
  host.host.stdin.end(); // what the operating system does with the pipes of a process that was killed
  expect(await host.ended).toBe(0);
});
