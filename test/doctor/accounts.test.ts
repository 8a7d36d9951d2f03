import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { accountChecks, configuredAccounts } from "../../cli/doctor/accounts.ts";
import { addressCheck, judgeAddress, judgeClock } from "../../cli/doctor/address.ts";
import { certificateCheck, judgeCertificate } from "../../cli/doctor/certificate.ts";
import { type Finding, runChecks } from "../../cli/doctor/check.ts";
import { judgeHealth, judgeListen } from "../../cli/doctor/relay.ts";
import { judgeOrder, judgeTestRoute } from "../../cli/doctor/xelion.ts";
import type { State } from "../../cli/pulumi/stack.ts";
import { UcaasError } from "../../provider/runtime/errors.ts";
import { ximaConfig } from "../../provider/xima/config.ts";
import { enablexReseller } from "../enablex/enablex-server.ts";
import { system, there } from "../netsapiens/system.ts";
import { folder, ReceiverProcess, relayKey } from "../receiver/receiver-process.ts";
import { apiKey, world } from "../xelion/world.ts";
import { certificateFor } from "../xima/certificate.ts";
import { licenceServer } from "../xima/licence-server.ts";

/** Runs the checks of what a config names, and gives the findings by their check. */
async function examine(
  config: Record<string, unknown>,
  {
    resources = [],
    seconds = 20,
    environment = {},
  }: { resources?: State[]; seconds?: number; environment?: NodeJS.ProcessEnv } = {},
): Promise<{ findings: Finding[]; by: (check: string) => Finding | undefined }> {
  const values = new Map(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
  const context = {
    config: { get: (key: string) => values.get(key), keys: () => [...values.keys()] },
    resources,
    environment,
    minDays: 30,
    seconds,
  };
  const findings = await runChecks(accountChecks(context), seconds);
  return { findings, by: (check) => findings.find((each) => each.check === check) };
}

const resource = (type: string, inputs: Record<string, unknown>, outputs = {}): State => ({
  urn: `urn:pulumi:live::shop::pulumi-nodejs:dynamic/ucaas:${type}::acme`,
  type: `pulumi-nodejs:dynamic/ucaas:${type}`,
  custom: true,
  inputs,
  outputs,
});

test("every account of the config is checked, and the environment's own", () => {
  const values: Record<string, string> = { "xima:accounts": '{"north":{},"south":{}}' };
  const config = { get: (key: string) => values[key], keys: () => Object.keys(values) };
  const names = (environment: Record<string, string>) =>
    configuredAccounts(ximaConfig, { config, environment });
  expect(names({})).toEqual(["north", "south"]);
  expect(names({ XIMA_PRIVATE_KEY_FILE: "key.pem" })).toEqual([undefined, "north", "south"]);
});

test("an account whose config is not complete is named with the command that sets it", async () => {
  const { findings } = await examine({
    "xima:accounts": { north: { baseUrl: "https://licences.example/v1" } },
    "enablex:baseUrl": "https://enablex.example/ucaas/v1",
  });
  expect(findings).toMatchObject([
    { system: "xima (north)", check: "config", status: "action", code: "CONFIG_MISSING" },
    { system: "enablex", check: "config", status: "action", code: "CONFIG_MISSING" },
  ]);
  expect(findings[0]?.remedy).toContain("pulumi config set --path --secret xima:accounts.north");
});

test("a stack without any account passes with a note", async () => {
  expect((await examine({})).findings).toMatchObject([{ system: "vendors", status: "skipped" }]);
});

test("a licence account: key at the server, and a signed probe that changes nothing", async () => {
  await using licences = await licenceServer();
  const ccId = { resellerId: "voicehouse", tenantId: "acme" };
  const state = [resource("XimaLicense", { ccId })];
  const { by } = await examine(licences.plainConfig, { resources: state });
  expect(by("address")).toMatchObject({ status: "ok" });
  expect(by("clock")).toMatchObject({ status: "ok" });
  expect(by("certificate")).toMatchObject({ status: "skipped" });
  expect(by("key at the server")).toMatchObject({ status: "ok" });
  expect(by("signed probe")).toMatchObject({ status: "action", code: "CUSTOMER_NOT_FOUND" });
  const off = await examine({ ...licences.plainConfig, "xima:probe": "off" }, { resources: state });
  expect(off.by("signed probe")).toMatchObject({ status: "skipped" });
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const pem = other.export({ type: "pkcs8", format: "pem" }).toString();
  const wrong = await examine(
    { ...licences.plainConfig, "xima:privateKey": pem },
    { resources: state },
  );
  expect(wrong.by("key at the server")).toMatchObject({ code: "KEY_REGISTERED_OTHERWISE" });
  expect(wrong.by("signed probe")).toMatchObject({ status: "action", code: "INVALID_TOKEN" });
  expect(licences.writes()).toEqual([]);
});

test("a certificate that ends soon, or a key that others can read, needs action", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const certificate = await certificateFor(privateKey, { to: 20 });
  const now = new Date();
  expect(judgeCertificate({ privateKey: pem, certificate }, 10, now)).toMatchObject({
    status: "ok",
    found: expect.stringMatching(/^(19|20) days left/),
  });
  expect(judgeCertificate({ privateKey: pem, certificate }, 30, now)).toMatchObject({
    status: "action",
    code: "CERTIFICATE_ENDS_SOON",
    remedy: expect.stringContaining("ucaas xima keys new --common-name <reseller>"),
  });
  const later = new Date(now.getTime() + 40 * 86_400_000);
  expect(judgeCertificate({ privateKey: pem, certificate }, 30, later)).toMatchObject({
    code: "CERTIFICATE_EXPIRED",
  });
  const path = mkdtempSync(join(tmpdir(), "ucaas-doctor-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  const file = join(path, "xima.key");
  writeFileSync(file, pem);
  chmodSync(file, 0o644);
  const readable = { status: "action", code: "KEY_FILE_READABLE", remedy: `chmod 600 ${file}` };
  const check = certificateCheck("xima", { privateKey: file, certificate }, 10);
  expect(await runChecks([check], 5)).toMatchObject([readable, { status: "ok" }]);
  // The config has the text of this file, and no path.
  const environment = { XIMA_PRIVATE_KEY_FILE: file };
  const config = { "xima:baseUrl": "https://127.0.0.1:1/v1", "xima:keyId": "a-key" };
  const { findings } = await examine(config, { environment, seconds: 1 });
  expect(findings).toContainEqual(expect.objectContaining(readable));
});

test("EnableX: the login is proven by a list of customers, and a wrong key needs action", async () => {
  await using reseller = await enablexReseller();
  const good = await examine(reseller.login);
  expect(good.by("login and role")).toMatchObject({ status: "ok" });
  const bad = await examine({ ...reseller.basic, "enablex:accessKey": "wrong-access-key-1" });
  expect(bad.by("login and role")).toMatchObject({ status: "action" });
  expect(JSON.stringify(bad.findings)).not.toContain("wrong-access-key-1");
});

test("NetSapiens: a client of the state is verified, scope included", async () => {
  const ns = await system();
  onTestFinished(() => ns.stop());
  const bundle = {
    domain: "acme",
    api_url: ns.server.url,
    api_client_id: there.clientId,
    api_client_secret: there.clientSecret,
    api_username: "api@acme",
    api_password: there.apiPassword,
  };
  const client = resource(
    "NetsapiensOAuthClient",
    { driver: "existing" },
    { bundle: { plaintext: JSON.stringify(bundle) } },
  );
  const config = { "netsapiens:apiUrl": ns.server.url };
  const { findings } = await examine(config, { resources: [client] });
  const name = `client ${there.clientId} of 1`;
  expect(findings.map(({ check, status }) => [check, status])).toEqual([
    ["address", "ok"],
    ["clock", "ok"],
    [`${name}: apiUrl`, "ok"],
    [`${name}: credentials`, "ok"],
    [`${name}: permissions`, "ok"],
    [`${name}: domain`, "ok"],
    ["browser", "skipped"],
  ]);
  const secret = { plaintext: JSON.stringify({ ...bundle, api_client_secret: "other-secret-1" }) };
  const changed = await examine(config, {
    resources: [{ ...client, outputs: { bundle: secret } }],
  });
  expect(changed.by(`${name}: credentials`)).toMatchObject({
    status: "action",
    code: "GRANT_REFUSED",
  });
  expect(JSON.stringify(changed.findings)).not.toContain("other-secret-1");
});

test("NetSapiens: the browser is started where clients are created in the portal", async () => {
  const ns = await system();
  onTestFinished(() => ns.stop());
  const good = await examine(ns.plainConfig, { seconds: 120 });
  expect(good.by("browser")).toMatchObject({
    status: "ok",
    found: expect.stringMatching(/Chromium .* starts/),
  });
  const missing = { ...ns.plainConfig, "netsapiens:browserPath": "/nowhere/chromium" };
  expect((await examine(missing)).by("browser")).toMatchObject({
    status: "action",
    code: "BROWSER_MISSING",
  });
});

test("NetSapiens: a missing browser is no alarm in a stack that creates nothing in the portal", async () => {
  const ns = await system();
  onTestFinished(() => ns.stop());
  const missing = { ...ns.plainConfig, "netsapiens:browserPath": "/nowhere/chromium" };
  const found = async (driver: string) =>
    (await examine(missing, { resources: [resource("NetsapiensOAuthClient", { driver })] })).by(
      "browser",
    );
  expect(await found("existing")).toMatchObject({
    status: "skipped",
    remedy: expect.stringContaining("playwright-core"),
  });
  expect(await found("portal")).toMatchObject({ status: "action", code: "BROWSER_MISSING" });
});

test("Xelion: the service tests, and the key is proven by an order where it can be", async () => {
  await using xelion = await world();
  const { by } = await examine(xelion.plainConfig);
  expect(by("test route")).toMatchObject({ status: "ok" });
  expect(by("key")).toMatchObject({ status: "skipped" });
  expect(by("callbacks")).toMatchObject({ status: "ok" });
  const taken = createServer().listen(xelion.port, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once("listening", resolve));
  const busy = await examine(xelion.plainConfig);
  expect(busy.by("callbacks")).toMatchObject({ status: "unknown", code: "EADDRINUSE" });
});

test("a receiver is ready and takes the key; another key, or another server, needs action", async () => {
  using files = folder();
  await using receiver = await ReceiverProcess.start(files.path);
  await using xelion = await world({ callback: false });
  const examined = async (relayUrl: string, key: string) =>
    (
      await examine({
        "xelion:baseUrl": xelion.service.baseUrl,
        "xelion:apiKey": apiKey,
        "xelion:callback": { relayUrl, relayKey: key },
      })
    ).by("callbacks");
  expect(await examined(receiver.url, relayKey)).toMatchObject({ status: "ok" });
  const other = "Another-key-0123456789-abcdefghijkl";
  const refused = await examined(receiver.url, other);
  expect(refused).toMatchObject({ status: "action", code: "RELAY_REFUSED" });
  expect(JSON.stringify(refused)).not.toContain(other);
  expect(await examined(xelion.service.baseUrl, relayKey)).toMatchObject({
    status: "action",
    code: "NO_RECEIVER",
  });
});

test("the clocks are compared by the server's Date, with the time that the call took", async () => {
  const server = createServer((_, response) => {
    response.sendDate = false;
    response.setHeader("date", new Date(Date.now() - 300_000).toUTCString());
    response.end();
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const check = addressCheck("xima", { vendor: "xima", baseUrl, seconds: 5 });
  expect(await runChecks([check], 5)).toMatchObject([
    { check: "address", status: "ok" },
    {
      check: "clock",
      status: "action",
      code: "CLOCK_OFF",
      found: expect.stringMatching(/ahead of the server/),
    },
  ]);
  const at = Date.UTC(2026, 0, 1);
  const header = new Date(at).toUTCString();
  expect(judgeClock(header, at, at + 900).found).toBe("the clocks agree");
  expect(judgeClock(header, at - 30_000, at + 30_000).found).toBe("the clocks agree");
  expect(judgeClock(header, at - 120_000, at - 110_000)).toMatchObject({
    found: "this machine's clock is 110 s behind the server's",
  });
  expect(judgeClock(undefined, at, at).status).toBe("skipped");
});

test("a server that cannot be reached is unknown, not in order", async () => {
  const { findings } = await examine({
    "xelion:baseUrl": "http://127.0.0.1:1",
    "xelion:apiKey": apiKey,
  });
  expect(findings.find(({ check }) => check === "address")).toMatchObject({
    status: "unknown",
    code: "NOT_REACHED",
  });
});

const refused = new UcaasError("the service refused", { code: "HTTP_401", status: 401, hint: "-" });
const down = new UcaasError("the service has a fault", {
  code: "HTTP_503",
  status: 503,
  hint: "-",
});

test.each([
  {
    what: "a gateway without its server",
    outcome: judgeAddress("https://x.example", 502),
    is: "unknown",
  },
  { what: "any other answer", outcome: judgeAddress("https://x.example", 404), is: "ok" },
  {
    what: "a receiver without its database",
    outcome: judgeHealth("https://r.example", 503),
    is: "action",
  },
  { what: "a port of root's", outcome: judgeListen({ port: 80 }, "EACCES"), is: "action" },
  {
    what: "a refused test",
    outcome: judgeTestRoute({ kind: "refused", failure: refused }),
    is: "action",
  },
  {
    what: "a test route that is down",
    outcome: judgeTestRoute({ kind: "unreachable", failure: down }),
    is: "unknown",
  },
  { what: "a key that reads no order", outcome: judgeOrder(7, refused), is: "action" },
  { what: "a key that reads an order", outcome: judgeOrder(7, "COMPLETED"), is: "ok" },
])("$what is $is", ({ outcome, is }) => {
  expect(outcome).toMatchObject({ status: is });
  if (is !== "ok") expect(outcome.remedy).toBeTruthy();
});
