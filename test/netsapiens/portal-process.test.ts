import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { type DynamicHost, dynamicHost } from "../host/dynamic-host.ts";
import { processesWith } from "./processes.ts";
import { type System, system, there } from "./system.ts";

const type = "NetsapiensOAuthClient";
const inputs = { domain: "acme", clientId: "xima-acme", driver: "portal" };

/**
 * The browser's command line names the folder for temporary files. A separate folder
 * therefore identifies the browser of this test.
 */
let temporary: string;
let ns: System;
beforeEach(async () => {
  temporary = mkdtempSync(join(tmpdir(), "ucaas-process-"));
  ns = await system();
});
afterEach(async () => {
  await ns.stop();
  rmSync(temporary, { recursive: true, force: true });
});

const start = (
  options: { config?: Record<string, unknown>; env?: Record<string, string> } = {},
): Promise<DynamicHost> =>
  dynamicHost({
    config: { ...ns.plainConfig, ...options.config },
    env: { TMPDIR: temporary, PULUMI_HOME: temporary, ...options.env },
  });
const browsers = () => processesWith(temporary, "--remote-debugging-pipe");

describe("the browser", () => {
  test("is shared by resources of several hosts, and ends with its process without leaving files", async () => {
    await using other = await system();
    const host = await start();
    await Promise.all([
      host.create(type, inputs),
      host.create(type, { ...inputs, apiUrl: other.server.url }),
      eventually(() => expect(browsers()).toHaveLength(1)),
    ]);
    await eventually(() => expect(browsers()).toHaveLength(1));
    await host.stop();
    await eventually(() => expect(browsers()).toEqual([]));
    expect(readdirSync(temporary).filter((name) => name.startsWith("playwright"))).toEqual([]);
  });

  test("receives no secret of the provider's environment", async () => {
    await using host = await start({
      env: { PULUMI_CONFIG_PASSPHRASE: "canary-passphrase", AWS_SECRET_ACCESS_KEY: "canary-key" },
    });
    await host.create(type, inputs);
    const [pid] = browsers();
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    expect(environment).toContain("PATH=");
    expect(environment).not.toContain("canary");
  });

  test("closes after a failed portal session, while the process continues", async () => {
    await using host = await start();
    ns.server.setOptions({ labels: { Add: "Neu" } });
    const failure = await host.failure(
      host.create(type, { ...inputs, portal: { stepSeconds: 20 } }),
    );
    expect(failure.message).toContain("PORTAL_LABEL_NOT_FOUND");
    await eventually(() => expect(browsers()).toEqual([]));
    ns.server.setOptions({ labels: {} });
    await host.create(type, inputs);
  });

  test("ends when the run is cancelled in a walk, and the next run adopts the client", async () => {
    await using host = await start();
    ns.server.fault({ kind: "hangAfter", method: "POST", path: "/clients.php$" });
    const create = host.failure(host.create(type, { ...inputs, portal: { stepSeconds: 600 } }));
    await eventually(() => expect(ns.portalLog()).toContain("created xima-acme"), create);
    await host.cancel();
    expect((await create).message).toContain("INTERRUPTED");
    await eventually(() => expect(browsers()).toEqual([]));
    expect(
      readdirSync(temporary).filter((name) => /^(playwright|ucaas-portal)/.test(name)),
    ).toEqual([]);

    await using next = await start();
    await next.create(type, inputs);
    expect(ns.portalLog().filter((line) => line.startsWith("created"))).toEqual([
      "created xima-acme",
    ]);
  });

  test("ends when its process is killed, and the next run adopts the created client", async () => {
    const host = await start();
    ns.server.fault({ kind: "hangAfter", method: "POST", path: "/clients.php$" });
    const create = host.create(type, inputs).catch((error: Error) => error);
    await eventually(() => expect(ns.portalLog()).toContain("created xima-acme"), create);
    await eventually(() => expect(browsers()).toHaveLength(1));
    await host.crash();
    expect(await create).toBeInstanceOf(Error);
    await eventually(() => expect(browsers()).toEqual([]));

    await using next = await start();
    const { outs } = await next.create(type, inputs);
    expect(outs.clientSecret).toBe(ns.client("xima-acme")?.clientSecret);
    expect(ns.portalLog().filter((line) => line.startsWith("created"))).toEqual([
      "created xima-acme",
    ]);
  });
});

describe("without a browser", () => {
  const hide = (...packages: string[]) => ({
    NODE_OPTIONS: `--import=${join(import.meta.dirname, "without-packages.mjs")}`,
    WITHOUT_PACKAGES: packages.join(","),
    PATH: "/nowhere",
  });

  test("or the package that drives it, the error says what to install, and the other driver works", async () => {
    await using host = await start({ env: hide("playwright-core", "@sparticuz/chromium") });
    const failure = await host.failure(host.create(type, inputs));
    expect(failure.message).toContain("needs the npm package playwright-core [BROWSER_MISSING]");
    expect(failure.message).toContain("npm install playwright-core");
    const { clientId, clientSecret } = there;
    await host.create(type, { domain: "acme", driver: "existing", clientId, clientSecret });
  });

  test("on the machine, the error names every way to one", async () => {
    const { "netsapiens:browserPath": _, ...config } = ns.plainConfig;
    await using host = await dynamicHost({
      config,
      env: { TMPDIR: temporary, PULUMI_HOME: temporary, ...hide("@sparticuz/chromium") },
    });
    const { message } = await host.failure(host.create(type, inputs));
    for (const way of [
      "apt-get install chromium",
      "npm install @sparticuz/chromium",
      "netsapiens:browserPath",
      'driver: "existing"',
    ]) {
      expect(message).toContain(way);
    }
  });

  test("at the path that is given, the error names the path", async () => {
    await using host = await start({ config: { "netsapiens:browserPath": "/nowhere/chromium" } });
    expect((await host.failure(host.create(type, inputs))).message).toContain(
      "browserPath /nowhere/chromium is not an executable file",
    );
  });

  test("that starts, the error has the browser's own last words", async () => {
    await using host = await start({ config: { "netsapiens:browserPath": "/bin/false" } });
    expect((await host.failure(host.create(type, inputs))).message).toMatch(
      /\/bin\/false does not start: .+ \[BROWSER_FAILED\]/,
    );
  });
});
