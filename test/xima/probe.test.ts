import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type DynamicHost, dynamicHost } from "../host/dynamic-host.ts";
import { licenceServer } from "./licence-server.ts";

const type = "XimaLicense";
const folder = mkdtempSync(join(tmpdir(), "ucaas-probe-"));
let licences: Awaited<ReturnType<typeof licenceServer>>;
beforeAll(async () => {
  licences = await licenceServer();
});
afterAll(async () => {
  await licences.server.stop();
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  licences.server.faults.clear();
  licences.server.setOptions({ lookUp: "not-found", namesRequired: "first" });
  licences.server.received.length = 0;
});

const start = (probe: string, env: Record<string, string> = {}): Promise<DynamicHost> =>
  dynamicHost({
    config: { ...licences.plainConfig, "xima:probe": probe },
    env: { UCAAS_JOURNAL_DIR: folder, ...env },
  });

let customers = 0;
function licence(more: object = {}) {
  const tenantId = `probed-${++customers}`;
  const ccId = {
    resellerId: "voicehouse",
    resellerName: "Voicehouse",
    tenantId,
    tenantName: "Acme",
  };
  return { ccId, professionalSeats: 12, __resource: tenantId, ...more };
}
type Licence = ReturnType<typeof licence>;
const licenceId = ({ ccId }: Licence) => `voicehouse/${ccId.tenantId}`;
const stored = (args: Licence) => licences.server.state.customers[licenceId(args)]?.licence;
const bodies = () =>
  licences.server.received.map(({ body }) => {
    const { jti: _, exp: __, ...rest } = JSON.parse(body) as Record<string, unknown>;
    return rest;
  });

describe("a server that wants the customer's names on the first request", () => {
  test("sends the ccId alone, and a 400 about a name means that the customer does not exist", async () => {
    licences.server.setOptions({ lookUp: "names-required" });
    await using host = await start("ccid");
    const args = licence();
    const { id, outs } = await host.create(type, args);
    expect([id, stored(args)]).toEqual([licenceId(args), { professionalSeats: 12 }]);
    await expect(host.read(type, id, outs)).resolves.toMatchObject({ id });
  });

  test("empties no state on refresh: after a first request, a 400 about a name proves nothing", async () => {
    licences.server.setOptions({ namesRequired: "always" });
    await using host = await start("ccid");
    const args = licence();
    const { id, outs } = await host.create(type, args);
    const { message } = await host.failure(host.read(type, id, outs));
    expect(message).toMatch(
      /resellerName is required[\s\S]*xima:probe names[\s\S]*pulumi state delete/,
    );
    licences.server.state.customers = {};
    await expect(host.read(type, id, { ...outs, unconfirmed: true })).resolves.toMatchObject({
      id: "",
    });
  });

  test("on every request works with xima:probe names, and still guards an existing customer", async () => {
    licences.server.setOptions({ lookUp: "names-required", namesRequired: "always" });
    await using host = await start("names");
    const args = licence();
    const { id, outs } = await host.create(type, args);
    expect(bodies()[0]).toEqual({ ccId: args.ccId });
    await expect(host.read(type, id, outs)).resolves.toMatchObject({ id });
    const taken = licence();
    licences.server.state.customers[licenceId(taken)] = {
      ccId: taken.ccId,
      licence: { eliteSeats: 50 },
    };
    expect((await host.failure(host.create(type, taken))).message).toContain("ALREADY_EXISTS");
  });

  test("but refuses the look-up for another reason ends in an error that names the setting", async () => {
    await using host = await start("ccid");
    licences.server.fault({
      kind: "status",
      status: 400,
      body: { code: "VALIDATION_ERROR", message: "no seats given" },
    });
    const { message } = await host.failure(host.create(type, licence()));
    expect(message).toMatch(
      /no seats given \[VALIDATION_ERROR, HTTP 400\][\s\S]*xima:probe names[\s\S]*xima:probe off/,
    );
  });
});

describe("a server that creates the customer on the look-up", () => {
  test("ends each create with ALREADY_EXISTS, whose remedy is xima:probe off", async () => {
    licences.server.setOptions({ lookUp: "create" });
    await using host = await start("ccid");
    expect((await host.failure(host.create(type, licence()))).message).toMatch(
      /ALREADY_EXISTS[\s\S]*pulumi config set xima:probe off/,
    );
  });

  test("is sent no look-up with xima:probe off: create, refresh, update and delete work", async () => {
    licences.server.setOptions({ lookUp: "create" });
    await using host = await start("off");
    const args = licence();
    const { id, outs } = await host.create(type, args);
    await expect(host.read(type, id, outs)).resolves.toMatchObject({
      id,
      props: { professionalSeats: 12 },
    });
    await expect(host.read(type, id, outs)).resolves.toMatchObject({ id });
    await host.update(type, id, outs, { ...args, professionalSeats: 20 });
    expect(bodies().map((body) => body.professionalSeats)).toEqual([12, 20]);
    await host.delete(type, id, outs);
    expect(host.output().split("existence is not checked (xima:probe is off)")).toHaveLength(2);
  });
});

describe("without a look-up", () => {
  test("a create over a customer that existed says which values it replaced", async () => {
    await using host = await start("off");
    const args = licence({ eliteSeats: 5 });
    licences.server.state.customers[licenceId(args)] = {
      ccId: args.ccId,
      licence: { eliteSeats: 50, dialerSeats: 10 },
    };
    const { outs } = await host.create(type, args);
    expect(host.output()).toContain(
      `${licenceId(args)}: the customer existed already; this create replaced eliteSeats (50, now 5)`,
    );
    expect(outs.lastChanges).toContainEqual({ property: "eliteSeats", oldValue: 50, newValue: 5 });
    expect(stored(args)).toEqual({ eliteSeats: 5, professionalSeats: 12, dialerSeats: 10 });
  });

  test("a create whose reply was lost is kept as unconfirmed, and the next up sends it again", async () => {
    await using host = await start("off", { XIMA_DEADLINE_SECONDS: "4" });
    const args = licence();
    licences.server.fault({ kind: "hangAfter" });
    const { partial } = await host.failure(host.create(type, args));
    expect(partial?.properties).toMatchObject({ unconfirmed: true, professionalSeats: 12 });
    await host.update(type, licenceId(args), partial!.properties, args);
    expect(stored(args)).toEqual({ professionalSeats: 12 });
  });

  test("a customer that is to be adopted is not kept for a create whose reply was lost", async () => {
    await using host = await start("off", { XIMA_DEADLINE_SECONDS: "4" });
    licences.server.fault({ kind: "hangAfter" });
    expect(
      (await host.failure(host.create(type, licence({ adopt: true })))).partial,
    ).toBeUndefined();
  });
});
