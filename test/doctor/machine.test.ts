import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { judgeState } from "../../cli/doctor/backend.ts";
import { runChecks } from "../../cli/doctor/check.ts";
import { noConfig } from "../../cli/doctor/context.ts";
import { journalChecks, judgeFolder } from "../../cli/doctor/journal.ts";
import { judgeEntries } from "../../cli/doctor/open-entries.ts";
import { judgeEnvironment, proxyCheck } from "../../cli/doctor/proxy.ts";
import { doctorReport, doctorReportSchema } from "../../cli/doctor/report.ts";
import { judgeNode, judgePackage, judgeVersion, supported } from "../../cli/doctor/versions.ts";
import { UcaasError, vendorCodeOf } from "../../provider/runtime/errors.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import { root } from "../../tools/engine/paths.mjs";
import { ucaas } from "../cli/ucaas.ts";

const context = { config: noConfig, resources: [], minDays: 30, seconds: 5 };

test("a check that hangs ends at its deadline, and the others report", async () => {
  let wasTold = false;
  const hangs = (signal: AbortSignal) =>
    new Promise<never>(() => signal.addEventListener("abort", () => (wasTold = true)));
  const findings = await runChecks(
    [
      { system: "xima", check: "address", run: hangs },
      { system: "node", check: "version", run: async () => ({ status: "ok", found: "Node 24" }) },
    ],
    0.05,
  );
  expect(findings).toMatchObject([
    { system: "xima", status: "unknown", code: "CHECK_TIMEOUT" },
    { system: "node", status: "ok", milliseconds: expect.any(Number) },
  ]);
  expect(wasTold).toBe(true);
});

test.each([
  { code: "NOT_REACHED", status: undefined, expected: "unknown" },
  { code: "HTTP_503", status: 503, expected: "unknown" },
  { code: "HTTP_401", status: 401, expected: "action" },
  { code: "CONFIG_MISSING", status: undefined, expected: "action" },
])("an error with $code is $expected, with its remedy", async ({ code, status, expected }) => {
  const run = async () => {
    throw new UcaasError("it failed", { code: vendorCodeOf(code), status, hint: "do this" });
  };
  expect(await runChecks([{ system: "x", check: "y", run }], 5)).toMatchObject([
    { status: expected, code, found: "it failed", remedy: "do this" },
  ]);
});

test.each([
  { statuses: ["ok", "skipped"], expected: "ok" },
  { statuses: ["ok", "unknown"], expected: "unknown" },
  { statuses: ["unknown", "action"], expected: "action" },
] as const)("$statuses make the report $expected", ({ statuses, expected }) => {
  const findings = statuses.map((status) => ({
    system: "x",
    check: "y",
    status,
    found: "",
    milliseconds: 1,
  }));
  const report = doctorReport("prod", findings);
  expect(doctorReportSchema.parse(report)).toEqual(report);
  expect(report.status).toBe(expected);
});

test("versions are judged by the support matrix of the documentation", () => {
  const page = readFileSync(join(root, "docs", "support.md"), "utf8");
  expect(page).toContain(`| ${supported.node.slice(2)} and later |`);
  expect(page).toContain(`\`${supported.sdk}\``);
  expect(page).toMatch(/Pulumi CLI and engine \| 3\.259 and later/);
  expect(judgeNode("24.1.0", "24.1.0")).toEqual({ status: "ok", found: "Node 24.1.0" });
  expect(judgeNode("24.1.0", "20.9.0")).toMatchObject({
    status: "action",
    found: expect.stringMatching(/20\.9\.0 is not supported.*24\.1\.0 for this command/),
  });
  expect(judgeNode("24.1.0", undefined)).toMatchObject({ status: "action", code: "NODE_MISSING" });
  const install = { install: "npm install" };
  expect(judgeVersion("Pulumi CLI", "3.100.0", supported.pulumi, install).status).toBe("action");
  expect(judgeVersion("Pulumi CLI", "4.0.0", supported.pulumi, install).status).toBe("action");
  expect(judgeVersion("SDK", undefined, supported.sdk, install).code).toBe("NOT_INSTALLED");
  expect(judgePackage("0.1.0", "0.2.0").code).toBe("VERSIONS_DIFFER");
});

test("an update that was cut off needs action", () => {
  const pending = [{ type: "creating", resource: { urn: "u", type: "t" } }];
  expect(judgeState({ resources: [], pending }, "prod")).toMatchObject({
    status: "action",
    found: expect.stringContaining("creating"),
    remedy: expect.stringMatching(/pulumi cancel --stack prod\n.*pulumi up --stack prod/),
  });
  const customer = {
    urn: "urn:pulumi:prod::ucaas::pulumi-nodejs:dynamic/ucaas:EnableXCustomer::acme",
    type: "pulumi-nodejs:dynamic/ucaas:EnableXCustomer",
    inputs: { customerCode: "ACME" },
  };
  const create = [{ type: "creating", resource: customer }];
  expect(judgeState({ resources: [], pending: create }, "prod")).toMatchObject({
    remedy: expect.stringContaining("--clear-pending-creates"),
  });
  // The engine keeps its note also when a later update has completed the create.
  expect(
    judgeState({ resources: [{ ...customer, id: "7" }], pending: create }, "prod").status,
  ).toBe("ok");
});

test("proxy variables are named, and their passwords are not shown", async () => {
  const environment = {
    HTTPS_PROXY: "http://user:Hidden-password-1@127.0.0.1:1",
    http_proxy: "ftp://proxy.example",
    HTTP_PROXY: "http://proxy.example",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    NODE_EXTRA_CA_CERTS: "/nowhere/ca.pem",
  };
  const codes = judgeEnvironment(environment).map(({ code }) => code);
  expect(codes).toEqual(["PROXY_AMBIGUOUS", "PROXY_INVALID", "TLS_VARIABLE", "CA_FILE_MISSING"]);
  const findings = await runChecks([proxyCheck({ HTTPS_PROXY: environment.HTTPS_PROXY })], 5);
  expect(findings).toMatchObject([
    { status: "ok", found: "set: HTTPS_PROXY" },
    { status: "action", code: "PROXY_NOT_REACHED" },
  ]);
  expect(JSON.stringify(findings)).not.toContain("Hidden-password-1");
});

test("a proxy that takes connections is in order", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const findings = await runChecks([proxyCheck({ https_proxy: `127.0.0.1:${port}` })], 5);
  expect(findings.map(({ status }) => status)).toEqual(["ok", "ok"]);
});

/** A journal in a folder of its own, and the environment that leads to it. */
function emptyJournal() {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-doctor-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const environment = { UCAAS_JOURNAL_DIR: folder };
  const journal = new Journal({ get: () => undefined as never }, environment);
  return { folder, environment, journal };
}

test("open writes are listed with their age and what to do, and settled ones are not", async () => {
  const { folder, environment, journal } = emptyJournal();
  const key = { vendor: "xima", stack: "shop/live@s3://state", thing: "acme/berlin" };
  const write = { operation: "create", type: "XimaLicense", resource: "berlin" } as const;
  await journal.intend(key, {}, null, null, { write });
  const done = { ...key, thing: "acme/hamburg" };
  await journal.complete(done, await journal.intend(done, {}, null, null, { write }), null);
  writeFileSync(join(folder, "xima-damaged.json"), "null");
  const { entries, unreadable } = await journal.list();
  const inThreeHours = new Date(Date.now() + 3 * 3_600_000);
  const stack = { name: "live", identities: [key.stack] };
  expect(judgeEntries(entries, unreadable, inThreeHours, stack)).toMatchObject([
    { status: "action", code: "JOURNAL_UNREADABLE" },
    {
      status: "action",
      code: "OPEN_WRITE",
      found: expect.stringMatching(/create of xima acme\/berlin by berlin .*3 hours ago/),
      remedy: expect.stringMatching(/ucaas journal resolve [0-9a-f]{8} --stack live/),
    },
  ]);
  const findings = await runChecks(journalChecks({ ...context, environment }), 5);
  expect(findings).toMatchObject([
    { check: "place", status: "ok", found: expect.stringContaining(folder) },
    { code: "JOURNAL_UNREADABLE" },
    { code: "OPEN_WRITE" },
  ]);
});

test.each([
  ["needs no action once a run ended well with it", 7, undefined, "ok"],
  ["needs action when the run gave up waiting for it", 7, ["NOT_FINISHED"], "action"],
  ["needs action when the state has an earlier one", 6, undefined, "action"],
])("an order whose end is not known %s", async (_, orderId, initErrors, status) => {
  const { environment, journal } = emptyJournal();
  const key = { vendor: "xelion", stack: "shop/live", thing: "pbx.example/acme" };
  const write = { operation: "create", type: "XelionTenantProvision", resource: "acme" } as const;
  await journal.intend(key, {}, { orderId: 7, status: "SUBMITTED" }, null, { write });
  const type = "pulumi-nodejs:dynamic/ucaas:XelionTenantProvision";
  const urn = `urn:pulumi:live::shop::${type}::acme`;
  const outputs = { __stack: key.stack, orderId };
  const stack = { ...context, environment, stack: "live" };
  const [, check] = journalChecks({ ...stack, resources: [{ urn, type, outputs, initErrors }] });
  expect(await runChecks([check!], 5)).toMatchObject([{ status }]);
});

describe("an open write of another stack", () => {
  const identity = (name: string) => `shop/${name}@s3://state`;
  const type = "pulumi-nodejs:dynamic/ucaas:XimaLicense";
  const found = async (names: readonly string[], readNames: () => Promise<readonly string[]>) => {
    const { environment, journal } = emptyJournal();
    vi.stubEnv("PULUMI_BACKEND_URL", "s3://state");
    onTestFinished(() => void vi.unstubAllEnvs());
    const write = { operation: "create", type: "XimaLicense", resource: "berlin" } as const;
    for (const [index, name] of names.entries()) {
      const key = { vendor: "xima", stack: identity(name), thing: `acme/${index}` };
      await journal.intend(key, {}, null, null, { write });
    }
    // A resource that was created before the stack's rename.
    const outputs = { __stack: identity("before") };
    const resources = [{ urn: `urn:pulumi:prod-7::shop::${type}::known`, type, outputs }];
    const stack = { ...context, environment, stack: "prod-7", resources };
    const [, check] = journalChecks(stack, readNames);
    return await runChecks([check!], 5);
  };

  test("is named, and needs no action in this one", async () => {
    const others = ["prod-3", "prod-3", "prod-5"];
    expect(await found(others, async () => ["prod-3", "prod-5", "prod-7"])).toMatchObject([
      { status: "ok", found: "3 open writes of other stacks: prod-3, prod-5" },
    ]);
    const own = ["before", "prod-7"];
    const all = await found([...own, ...others], async () => ["prod-3", "prod-5", "prod-7"]);
    expect(all.toSorted((a, b) => (a.found < b.found ? -1 : 1))).toMatchObject([
      { status: "ok", found: "3 open writes of other stacks: prod-3, prod-5" },
      ...own.map((name) => ({
        status: "action",
        found: expect.stringContaining(identity(name)),
        remedy: expect.stringMatching(/journal resolve [0-9a-f]{8} --stack prod-7$/),
      })),
    ]);
  });

  test("that the project no longer has needs action here: no run of its own will settle it", async () => {
    expect(await found(["gone"], async () => ["prod-7"])).toMatchObject([
      {
        ...{ status: "action", code: "OPEN_WRITE" },
        remedy: expect.stringMatching(
          /journal move shop\/gone@s3:\/\/state shop\/prod-7@s3:\/\/state --stack prod-7\n.*resolve [0-9a-f]{8} --stack prod-7$/,
        ),
      },
    ]);
    const unreadable = async () => {
      throw new UcaasError("no answer", { code: "RECORD_UNREADABLE", hint: "" });
    };
    expect(await found(["gone"], unreadable)).toMatchObject([
      { status: "unknown", found: expect.stringContaining("1 open write of other stacks: gone") },
    ]);
  });
});

test("a journal whose URL is wrong is a finding, and its password is not shown", async () => {
  for (const environment of [
    { UCAAS_JOURNAL: "mysql://user:Hidden-password-1@db.example/journal" },
    { UCAAS_JOURNAL_DIR: "postgres://user:Hidden-password-1@db.example/journal" },
  ]) {
    const findings = await runChecks(journalChecks({ ...context, environment }), 5);
    expect(findings).toMatchObject([{ code: "JOURNAL_INVALID" }, { code: "JOURNAL_INVALID" }]);
    expect(JSON.stringify(findings)).not.toContain("Hidden-password-1");
  }
});

test("ucaas doctor ends even if a database never answers, and names the requirement", async () => {
  const server = createTcpServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const cwd = mkdtempSync(join(tmpdir(), "ucaas-doctor-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  const { exitCode, stdout } = await ucaas(["doctor", "--timeout", "2", "--json"], {
    cwd,
    env: { ...process.env, UCAAS_JOURNAL: `postgres://user:Hidden-password-1@127.0.0.1:${port}/j` },
  });
  expect(exitCode).toBe(2);
  expect(stdout).not.toContain("Hidden-password-1");
  const { findings } = JSON.parse(stdout);
  expect(findings).toContainEqual(expect.objectContaining({ code: "NO_PROJECT" }));
  expect(findings).toContainEqual(
    expect.objectContaining({ system: "journal", check: "place", code: "CHECK_TIMEOUT" }),
  );
});

const localDisk = 0xef53;
const container = 0x794c7630;
const pipeline = { inPipeline: true, hasOrders: true };

test.each([
  { what: "that cannot be written", facts: { failure: "EACCES" }, status: "action" },
  { what: "on a workstation", facts: { hasOrders: true }, status: "ok" },
  { what: "on a shared disk", facts: { ...pipeline, fileSystem: 0x6969 }, status: "ok" },
  { what: "on a pipeline's own disk", facts: pipeline, status: "action" },
  { what: "on a disk that was chosen", facts: { ...pipeline, isChosen: true }, status: "ok" },
  {
    what: "in a container's layer",
    facts: { ...pipeline, isChosen: true, fileSystem: container },
    status: "action",
  },
  {
    what: "of a pipeline that orders nothing",
    facts: { ...pipeline, hasOrders: false },
    status: "ok",
  },
])("a journal folder $what is $status", ({ status, facts }) => {
  const workstation = { isChosen: false, inPipeline: false, hasOrders: false };
  const place = { folder: "/j", exists: true, fileSystem: localDisk };
  expect(judgeFolder({ ...place, ...workstation, ...facts }).status).toBe(status);
});
