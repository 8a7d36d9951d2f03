import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { licenceServer } from "../xima/licence-server.ts";
import { type Workspace, workspace } from "./workspace.ts";

/** What docs/dynamic-resources.md says, seen on the engine. */

const program = (seats: number, options: string) => `
import { XimaLicense } from "pulumi-ucaas";
new XimaLicense("acme", {
  ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "acme", tenantName: "Acme" },
  professionalSeats: ${seats},
}, ${options});
`;

describe("a dynamic resource", () => {
  let licences: Awaited<ReturnType<typeof licenceServer>>;
  let stack: Workspace;
  beforeAll(async () => {
    licences = await licenceServer();
    stack = await workspace({ program: program(12, "{}"), config: licences.config });
    (await stack.up()).ok();
  });
  afterAll(async () => {
    await stack?.remove();
    await licences?.server.stop();
  });

  test("ignores replaceOnChanges and customTimeouts, and warns of it", async () => {
    const options = '{ replaceOnChanges: ["*"], customTimeouts: { create: "1s" } }';
    await stack.writeProgram(program(15, options));
    const { output } = (await stack.preview()).ok();
    expect(output).toMatch(/~ +1 to update/);
    expect(output).toMatch(
      /warning: XimaLicense "acme": the option replaceOnChanges has no effect/,
    );
    expect(output).toMatch(/warning: XimaLicense "acme": the option customTimeouts has no effect/);
    await stack.writeProgram(program(12, "{}"));
    const urn = "urn:pulumi:test::ucaas-test::pulumi-nodejs:dynamic/ucaas:XimaLicense::acme";
    expect((await stack.preview("--replace", urn)).ok().output).toMatch(/1 to replace/);
  });

  test("is read by the option id with its arguments, without being created", async () => {
    await stack.writeProgram(program(12, '{ id: "voicehouse/acme" }'));
    const { output } = (await stack.preview()).ok();
    expect(output).toMatch(/read pulumi-nodejs:dynamic\/ucaas:XimaLicense acme/);
    expect(output).not.toMatch(/to create|to delete|to update/);
  });

  test("is not imported by its id: the option is refused, the command fails", async () => {
    await stack.writeProgram(
      program(12, '{ import: "voicehouse/acme" }').replace('"acme", {', '"b", {'),
    );
    const option = await stack.preview();
    expect(option.exitCode).not.toBe(0);
    expect(option.output).toMatch(
      /XimaLicense "b" could not be registered: the option import does not work[\s\S]*ucaas adopt/,
    );
    await stack.writeProgram(program(12, "{}"));
    const type = "pulumi-nodejs:dynamic/ucaas:XimaLicense";
    const command = await stack.pulumi(["import", type, "second", "voicehouse/acme", "--yes"]);
    expect(command.exitCode).not.toBe(0);
    expect(JSON.stringify((await stack.export()).deployment)).not.toContain("::second");
  });

  test("warns by the engine's own warnings, and names itself in them", async () => {
    await stack.writeProgram(program(3, "{}"));
    await stack.setConfig({ "xima:seatRules": { professionalSeats: "warn" } });
    const { diagnostics } = JSON.parse((await stack.preview("--json")).ok().stdout);
    expect(diagnostics).toContainEqual({
      severity: "warning",
      message: expect.stringMatching(/XimaLicense voicehouse\/acme: professionalSeats: must be/),
    });
  });

  test.runIf(process.platform === "linux").each(["preview", "destroy"] as const)(
    "%s ends the provider process of an engine that was killed before its first call",
    async (command) => {
      const left = spawn(
        process.execPath,
        [sdk.resolve("@pulumi/pulumi/cmd/dynamic-provider/index.js"), await closedAddress()],
        { cwd: stack.folder, stdio: ["pipe", "pipe", "ignore"] },
      );
      onTestFinished(() => void left.kill("SIGKILL"));
      const ended = once(left, "exit");
      // Another test's command may end it before it has started.
      await Promise.race([once(left.stdout, "data"), ended]);
      // As its engine's death does. Pulumi's code does not see it.
      left.stdin.on("error", () => {}).end();
      (await stack[command]()).ok();
      expect(await ended).toEqual([null, "SIGTERM"]);
    },
  );
});

const sdk = createRequire(import.meta.url);

/** An address at which an engine has listened. */
async function closedAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `127.0.0.1:${port}`;
}
