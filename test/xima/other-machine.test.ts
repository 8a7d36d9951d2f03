import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Deletions } from "../../provider/xima/deletions.ts";
import { type DynamicHost, dynamicHost, type Properties } from "../host/dynamic-host.ts";
import { licenceServer } from "./licence-server.ts";

const type = "XimaLicense";
const id = "voicehouse/acme";
const declared = {
  ccId: { resellerId: "voicehouse", resellerName: "V", tenantId: "acme", tenantName: "Acme" },
  professionalSeats: 12,
  __resource: "acme",
};
/** What the other machine was about to send. */
const others = { ...declared, professionalSeats: 20, eliteSeats: 50 };

let licences: Awaited<ReturnType<typeof licenceServer>>;
beforeAll(async () => {
  licences = await licenceServer();
});
afterAll(() => licences.server.stop());

let machine: string;
const folder = () => join(machine, "journal");
let state: Properties;
beforeEach(async () => {
  machine = mkdtempSync(join(tmpdir(), "ucaas-machine-"));
  record([]);
  await inProcess(async (host) => {
    state = (await host.create(type, declared)).outs;
  });
  // The other machine's update has arrived.
  licences.server.state.customers[id]!.licence = { professionalSeats: 20, eliteSeats: 50 };
});
afterEach(() => {
  rmSync(machine, { recursive: true });
  licences.server.state.customers = {};
});

/** What `pulumi stack export` and `history` print on this machine. */
function record(pending: readonly string[], failedAt?: string): void {
  const urn = `urn:pulumi:test::ucaas-test::pulumi-nodejs:dynamic/ucaas:${type}::acme`;
  const known = { urn, type, id, modified: "2026-01-05T09:00:00Z", inputs: declared };
  const deployment = {
    resources: [{ urn: "", type: "pulumi:providers:pulumi-nodejs" }, known],
    pending_operations: pending.map((kind) => ({
      type: kind,
      resource: { ...known, inputs: others },
    })),
  };
  const file = join(machine, "pulumi");
  const history = failedAt ? [{ kind: "update", startTime: failedAt, result: "failed" }] : [];
  const print = (json: unknown) => `cat <<'END'\n${JSON.stringify(json)}\nEND`;
  const script = ["#!/bin/sh", 'if [ "$2" = history ]; then', print(history), "exit; fi"];
  writeFileSync(file, [...script, print({ deployment }), ""].join("\n"));
  chmodSync(file, 0o755);
}

/** One run: what it learns, the next one has from the journal alone. */
async function inProcess(
  work: (host: DynamicHost) => Promise<void>,
  config: Record<string, string> = licences.plainConfig,
): Promise<void> {
  await using host = await dynamicHost({
    config,
    env: {
      UCAAS_JOURNAL_DIR: folder(),
      PATH: [machine, process.env.PATH].join(delimiter),
    },
  });
  await work(host);
}

async function up(host: DynamicHost): Promise<{ changes: boolean | undefined }> {
  const { inputs } = await host.check(type, declared, declared);
  const { changes } = await host.diff(type, id, state, inputs);
  if (changes) state = (await host.update(type, id, state, inputs)).outs;
  return { changes };
}

const seats = () => licences.server.state.customers[id]?.licence;

test("a deletion that another machine's killed run began is recorded once the customer is gone", async () => {
  record(["deleting"]);
  delete licences.server.state.customers[id];
  await inProcess(async (host) => {
    await host.check(type, declared, declared);
    await host.delete(type, id, state);
  });
  const source = { get: (key: string) => (key === "ucaas:journalDir" ? folder() : undefined) };
  expect((await new Deletions(source, {}).list()).deletions).toMatchObject([
    { tenantId: "acme", deletionId: null },
  ]);
});

test("a deletion that was cut off is not taken for done because another server is asked", async () => {
  record(["deleting"]);
  await using sandbox = await licenceServer();
  await inProcess(async (host) => {
    await host.check(type, declared, declared);
    const { message } = await host.failure(host.diff(type, id, state, declared));
    expect(message).toContain("ACCOUNT_CHANGED");
  }, sandbox.plainConfig);
});

test("seats that only another machine's killed update added are set back", async () => {
  record(["updating"]);
  await inProcess(async (host) => {
    expect(await up(host)).toEqual({ changes: true });
    expect(host.output()).not.toContain("changed elsewhere");
  });
  expect(seats()).toMatchObject({ professionalSeats: 12, eliteSeats: 0 });
});

test("a refresh that clears the pending update keeps what has to be put right", async () => {
  record(["updating"]);
  await inProcess(async (host) => {
    state = (await host.read(type, id, state)).props;
  });
  record([]);
  await inProcess(async (host) => {
    expect(await up(host)).toEqual({ changes: true });
  });
  expect(seats()).toMatchObject({ professionalSeats: 12, eliteSeats: 0 });
  await inProcess(async (host) => {
    expect(await up(host)).toEqual({ changes: false });
  });
});

test("seats that another machine's failed update left are replaced, and named", async () => {
  record([], "2026-01-05T10:00:00Z");
  const other = join(machine, "other-journal");
  await inProcess(
    async (host) => {
      expect(await up(host)).toEqual({ changes: true });
      expect(host.output()).toContain("professionalSeats had been changed elsewhere");
    },
    { ...licences.plainConfig, "ucaas:journalDir": other },
  );
  expect(seats()).toMatchObject({ professionalSeats: 12 });
});

test("a licence that another machine's killed run deleted is made again", async () => {
  licences.server.state.customers = {};
  record(["deleting"]);
  await inProcess(async (host) => {
    const { inputs } = await host.check(type, declared, declared);
    const { replaces } = await host.diff(type, id, state, inputs);
    expect(replaces).toEqual(["ccId"]);
    await host.create(type, inputs);
  });
  expect(seats()).toMatchObject({ professionalSeats: 12 });
});
