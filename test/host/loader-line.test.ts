import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loaderLine } from "../../provider/runtime/loader-line.ts";
import { licenceServer } from "../xima/licence-server.ts";
import { type DynamicHost, dynamicHost } from "./dynamic-host.ts";

const licence = (tenantId: string, more: object = {}) => ({
  ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId, tenantName: "Acme" },
  professionalSeats: 12,
  ...more,
});

/** What states of releases before 2026-11-29 have. */
const earlierLine = (type: string) =>
  [
    `let c;const f=m=>(...a)=>import("pulumi-ucaas/host").then(h=>h.call("${type}",m,a,c));`,
    'exports.handler=()=>({configure(r){c=r.config},check:f("check"),diff:f("diff"),',
    'create:f("create"),read:f("read"),update:f("update"),delete:f("delete")})',
  ].join("");

test("the loader line in every state never changes, and is short", () => {
  expect(loaderLine("XimaLicense")).toBe(
    [
      "let c,p={configure(r){c=r.config}};for(let m of'check diff create read update delete'",
      ".split(' '))p[m]=(...a)=>import('pulumi-ucaas/host').then(h=>h.call('XimaLicense',m,a,c));",
      "exports.handler=()=>p",
    ].join(""),
  );
  expect(Buffer.byteLength(loaderLine("NetsapiensOAuthClient"))).toBeLessThanOrEqual(210);
});

describe("the line in Pulumi's dynamic-provider process", () => {
  let licences: Awaited<ReturnType<typeof licenceServer>>;
  let host: DynamicHost;
  const journal = mkdtempSync(join(tmpdir(), "ucaas-journal-"));

  beforeAll(async () => {
    licences = await licenceServer();
    host = await dynamicHost({ config: licences.plainConfig, env: { UCAAS_JOURNAL_DIR: journal } });
  });
  afterAll(async () => {
    await host.stop();
    await licences.server.stop();
    rmSync(journal, { recursive: true });
  });

  test.each([
    ["this release", "acme", loaderLine],
    ["earlier releases", "older", earlierLine],
  ] as const)(
    "of %s checks, creates, diffs, reads, updates and deletes",
    async (_, tenantId, lineOf) => {
      const __provider = lineOf("XimaLicense");
      const { inputs, failures } = await host.check("XimaLicense", {
        ...licence(tenantId),
        __provider,
      });
      expect(failures).toEqual([]);
      expect(inputs).toMatchObject({ professionalSeats: 12, __provider });

      const { id, outs } = await host.create("XimaLicense", inputs);
      expect(id).toBe(`voicehouse/${tenantId}`);
      expect(outs).toMatchObject({ professionalSeats: 12, schemaVersion: 1, __provider });

      const unchanged = { changes: false, replaces: [], deleteBeforeReplace: false };
      expect(await host.diff("XimaLicense", id, outs, inputs)).toEqual(unchanged);
      expect(
        await host.diff("XimaLicense", id, outs, {
          ...inputs,
          __provider: loaderLine("XimaLicense"),
        }),
      ).toEqual(unchanged);
      expect(await host.read("XimaLicense", id, outs)).toEqual({ id, props: outs });
      const { outs: updated } = await host.update("XimaLicense", id, outs, {
        ...licence(tenantId, { professionalSeats: 20 }),
        __provider,
      });
      expect(updated).toMatchObject({
        professionalSeats: 20,
        lastChanges: [{ property: "professionalSeats", oldValue: 12, newValue: 20 }],
      });
      await host.delete("XimaLicense", id, updated);
      expect(await host.read("XimaLicense", id, outs)).toMatchObject({ id: "" });
    },
  );

  test("leaves it to the engine to print what a handler throws", async () => {
    await using fresh = await dynamicHost();
    for (const call of [
      fresh.read("Elsewhere", "1", {}),
      fresh.delete("Elsewhere", "1", {}),
      fresh.diff("Elsewhere", "1", {}, {}),
    ]) {
      expect((await fresh.failure(call)).message).toContain(
        "has no resource Elsewhere [UNKNOWN_RESOURCE]",
      );
    }
    expect(fresh.output()).not.toContain("UNKNOWN_RESOURCE");
  });

  test("gives the config to all of several first calls at once", async () => {
    await using fresh = await dynamicHost({
      config: licences.plainConfig,
      env: { UCAAS_JOURNAL_DIR: journal },
    });
    const names = ["one", "two", "three", "four", "five", "six"];
    const created = await Promise.all(
      names.map((tenantId) => fresh.create("XimaLicense", licence(tenantId))),
    );
    expect(created.map(({ id }) => id)).toEqual(names.map((tenantId) => `voicehouse/${tenantId}`));
  });

  test("names the fault when the installed package does not know the resource", async () => {
    const { message } = await host.failure(host.create("XimaLicence", licence("acme")));
    expect(message).toContain("the installed pulumi-ucaas has no resource XimaLicence");
  });

  test("turns a failure after a create into a partial failure with id, properties and reasons", async () => {
    licences.server.fault({ kind: "malformed", bodyMatches: "professionalSeats" });
    const { partial } = await host.failure(host.create("XimaLicense", licence("half")));
    expect(partial).toMatchObject({
      id: "voicehouse/half",
      properties: {
        professionalSeats: 12,
        __provider: loaderLine("XimaLicense"),
        __stack: "ucaas-test/test",
      },
      reasons: [expect.stringContaining("MALFORMED_REPLY")],
    });
  });
});
