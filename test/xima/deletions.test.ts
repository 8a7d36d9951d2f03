import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Journal } from "../../provider/runtime/journal.ts";
import {
  type Deletion,
  Deletions,
  describeDeletion,
  restorableUntil,
} from "../../provider/xima/deletions.ts";
import { eventually } from "../eventually.ts";
import { type DynamicHost, dynamicHost } from "../host/dynamic-host.ts";
import { licenceServer } from "./licence-server.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-deletions-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const deletion = (more: Partial<Deletion> = {}): Deletion => ({
  stack: "telephony/prod",
  resource: "acme",
  baseUrl: "https://licensing.example/v1",
  resellerId: "voicehouse",
  tenantId: "acme",
  deletionId: "del_1753737005_7289",
  scheduledAt: "2025-07-28T21:10:05Z",
  estimatedDeletionTime: "1 week",
  recordedAt: "2025-07-28T21:10:06.000Z",
  ...more,
});

describe("the line of a run", () => {
  const reply = {
    status: "scheduled_for_deletion",
    scheduledAt: "2025-07-28T21:10:05Z",
    deletionId: "del_1",
  };
  test.each([
    [
      "1 week",
      "is scheduled for deletion in 1 week (scheduled at 2025-07-28T21:10:05Z), deletionId del_1",
    ],
    ["within 7 days", "is scheduled for deletion within 7 days (scheduled at"],
    ["2025-08-04T21:10:05Z", "is scheduled for deletion by 2025-08-04T21:10:05Z (scheduled at"],
    [undefined, "is scheduled for deletion within a week (scheduled at"],
  ])("reads right for the estimate %j", (estimatedDeletionTime, words) => {
    expect(describeDeletion({ ...reply, estimatedDeletionTime }, "")).toContain(words);
  });

  test("says what the server left out", () => {
    expect(describeDeletion({ status: "queued_for_review" }, "")).toMatch(
      /^is queued for review within a week, deletionId not given\. Until/,
    );
  });
});

const journalIn = (folder: string | undefined) => ({
  get: (key: string) => (key === "ucaas:journalDir" ? folder : undefined),
});

describe("the record", () => {
  test("holds each deletion once, the newest first, for the user alone", async () => {
    const deletions = new Deletions(journalIn(join(folder, "journal")), {});
    const newer = deletion({
      tenantId: "zoe",
      deletionId: "del_2",
      scheduledAt: "2025-08-01T00:00:00Z",
    });
    for (const one of [deletion(), newer, deletion()]) await deletions.add(one);
    expect(await deletions.list()).toEqual({ deletions: [newer, deletion()], unreadable: [] });
    expect(statSync(deletions.location).mode & 0o777).toBe(0o600);
  });

  test("is empty if there is no file, and names a line that it cannot read", async () => {
    const deletions = new Deletions(journalIn(folder), {});
    expect(await deletions.list()).toEqual({ deletions: [], unreadable: [] });
    await deletions.add(deletion());
    appendFileSync(deletions.location, '{"stack": "cut of');
    expect(await deletions.list()).toEqual({ deletions: [deletion()], unreadable: [2] });
  });

  test("keeps a deletion that comes after a line that a full disk cut off", async () => {
    const deletions = new Deletions(journalIn(folder), {});
    const later = deletion({ deletionId: "del_2", scheduledAt: "2025-08-01T00:00:00Z" });
    await deletions.add(deletion());
    appendFileSync(deletions.location, '{"stack": "cut of');
    await deletions.add(later);
    expect(await deletions.list()).toEqual({ deletions: [later, deletion()], unreadable: [2] });
  });

  test("is in the journal's folder, or in Pulumi's home when none is named", () => {
    const at = (journalDir: string | undefined, environment: NodeJS.ProcessEnv) =>
      new Deletions(journalIn(journalDir), environment).location;
    const home = "/home/ada/.pulumi";
    expect(at("/disk/journal", { UCAAS_JOURNAL_DIR: "/other" })).toBe(
      "/disk/journal/xima-deletions.jsonl",
    );
    expect(at(undefined, { UCAAS_JOURNAL_DIR: "/other" })).toBe("/other/xima-deletions.jsonl");
    expect(at(undefined, { PULUMI_HOME: home })).toBe(`${home}/ucaas/xima-deletions.jsonl`);
  });

  test.each([
    ["1 week", "2025-08-04T21:10:05.000Z"],
    ["2025-08-02T00:00:00Z", "2025-08-02T00:00:00Z"],
  ])(
    "shows until when support can restore, for the estimate %j",
    (estimatedDeletionTime, until) => {
      expect(restorableUntil(deletion({ estimatedDeletionTime }))).toBe(until);
    },
  );
});

const args = {
  ccId: {
    resellerId: "voicehouse",
    resellerName: "Voicehouse",
    tenantId: "acme",
    tenantName: "Secret Name Ltd",
  },
  professionalSeats: 12,
  sipCredentials: {
    username: "trunk",
    password: "sip-canary",
    sipServer: "sip.example",
    outboundProxy: "proxy.example",
  },
  __resource: "acme",
};

describe("a delete", () => {
  const file = () => join(folder, "xima-deletions.jsonl");

  test("is recorded with what support needs, without secrets and names", async () => {
    await using licences = await licenceServer();
    await using host = await dynamicHost({
      config: licences.plainConfig,
      env: { UCAAS_JOURNAL_DIR: folder },
    });
    const { id, outs } = await host.create("XimaLicense", args);
    await host.delete("XimaLicense", id, outs);
    const { deletionId, scheduledAt } = licences.server.state.customers[id]!.deletion!;
    expect((await new Deletions(journalIn(folder), {}).list()).deletions).toEqual([
      {
        ...{
          stack: expect.stringMatching(/^[\w-]+\/[\w-]+$/),
          resource: "acme",
          baseUrl: licences.server.baseUrl,
        },
        ...{ resellerId: "voicehouse", tenantId: "acme", deletionId, scheduledAt },
        ...{ estimatedDeletionTime: "1 week", recordedAt: expect.any(String) },
      },
    ]);
    expect(readFileSync(file(), "utf8")).not.toMatch(/sip-canary|Secret Name/);
  });

  test("whose reply was lost is recorded without an id; one of a customer that was gone is not", async () => {
    await using licences = await licenceServer();
    await using host = await dynamicHost({
      config: licences.plainConfig,
      env: { UCAAS_JOURNAL_DIR: folder },
    });
    const { id, outs } = await host.create("XimaLicense", args);
    licences.server.state.customers = {};
    await host.delete("XimaLicense", id, outs);
    expect(existsSync(file())).toBe(false);
    const again = await host.create("XimaLicense", args);
    licences.server.fault({ kind: "cut", method: "DELETE" });
    await host.delete("XimaLicense", id, again.outs);
    expect((await new Deletions(journalIn(folder), {}).list()).deletions).toMatchObject([
      { tenantId: "acme", deletionId: null },
    ]);
  });

  test.each(["delete", "read"] as const)(
    "that was cut off is recorded by the run that finds the customer gone: %s",
    async (method) => {
      await using licences = await licenceServer();
      const start = () =>
        dynamicHost({ config: licences.plainConfig, env: { UCAAS_JOURNAL_DIR: folder } });
      await using doomed = await start();
      const { id, outs } = await doomed.create("XimaLicense", args);
      licences.server.fault({ kind: "hangAfter", method: "DELETE" });
      const killed = doomed.failure(doomed.delete("XimaLicense", id, outs));
      await eventually(() => expect(licences.unanswered()).toHaveLength(1), killed);
      await doomed.crash();
      const journal = new Journal(journalIn(folder) as never, {});
      const { intendedAt } = (await journal.list("xima")).entries[0]!;
      for (const _ of ["the next run", "and one after it"]) {
        await using host = await start();
        await host[method]("XimaLicense", id, outs);
        const { deletions } = await new Deletions(journalIn(folder), {}).list();
        expect(deletions).toMatchObject([
          { tenantId: "acme", deletionId: null, scheduledAt: intendedAt },
        ]);
      }
    },
  );

  test("is done and reported when it cannot be recorded", async () => {
    await using licences = await licenceServer();
    await using host = await dynamicHost({
      config: { ...licences.plainConfig, "ucaas:journalDir": folder },
    });
    const { id, outs } = await host.create("XimaLicense", args);
    mkdirSync(file());
    await host.delete("XimaLicense", id, outs);
    const { deletionId } = licences.server.state.customers[id]!.deletion!;
    expect(host.output()).toMatch(
      /the deletion is not recorded: .*xima-deletions\.jsonl cannot be written \(EISDIR\)/,
    );
    expect(host.output()).toContain(`deletionId ${deletionId}`);
  });

  test("that Xima refuses leaves nothing to put right", async () => {
    await using licences = await licenceServer();
    await using host = await dynamicHost({
      config: licences.plainConfig,
      env: { UCAAS_JOURNAL_DIR: folder },
    });
    const { id, outs } = await host.create("XimaLicense", args);
    licences.server.fault({ kind: "status", method: "DELETE", status: 400 });
    await host.failure(host.delete("XimaLicense", id, outs));
    expect(await host.diff("XimaLicense", id, outs, args)).toMatchObject({ changes: false });
  });
});

describe("a licence that is declared again within the week of its deletion", () => {
  const type = "XimaLicense";
  const standing = /is declared again, but its deletion .* scheduled \(deletionId (.*?)\)/g;
  const warnings = (host: DynamicHost) =>
    [...host.output().matchAll(standing)].map(([, deletionId]) => deletionId);

  let licences: Awaited<ReturnType<typeof licenceServer>>;
  beforeEach(async () => {
    licences = await licenceServer({ duringDeletion: "stands" });
  });
  afterEach(() => licences.server.stop());
  const start = (more: object = {}) =>
    dynamicHost({
      config: { ...licences.plainConfig, ...more },
      env: { UCAAS_JOURNAL_DIR: folder },
    });
  const removed = async (more: object = {}) => {
    await using host = await start();
    const { id, outs } = await host.create(type, { ...args, ...more });
    await host.delete(type, id, outs);
    return { id, outs, ...licences.server.state.customers[id]!.deletion! };
  };

  test("is said once to be in danger, when the state kept it", async () => {
    const { id, outs, deletionId } = await removed();
    await using host = await start();
    expect(await host.diff(type, id, outs, args)).toMatchObject({ changes: true, replaces: [] });
    const more = { ...args, eliteSeats: 5 };
    const { outs: after } = await host.update(type, id, outs, args);
    await host.update(type, id, after, more);
    expect(warnings(host)).toEqual([deletionId]);
    expect(licences.server.state.customers[id]?.deletion).toMatchObject({ deletionId });
  });

  test("is said to be in danger, when a wrong clock sent it in the future", async () => {
    const { id, outs, deletionId } = await removed();
    await using host = await start();
    const lastAssertedAt = new Date(Date.now() + 365 * 86_400_000).toISOString();
    await host.update(type, id, { ...outs, lastAssertedAt }, args);
    expect(warnings(host)).toEqual([deletionId]);
  });

  test("is said to be in danger, when no reply to the delete came", async () => {
    await using doomed = await start({ "xima:deadlineSeconds": 5 });
    const { id, outs } = await doomed.create(type, args);
    licences.server.fault({ kind: "cut", method: "DELETE", times: 99 });
    await doomed.failure(doomed.delete(type, id, outs));
    licences.server.faults.clear();
    await using host = await start();
    await host.update(type, id, outs, args);
    expect(warnings(host)).toEqual(["not known"]);
  });

  test("is said to be in danger, when it was removed and is adopted", async () => {
    const { deletionId } = await removed();
    await using host = await start();
    const again = { ...args, adopt: true };
    const { id, outs } = await host.create(type, again);
    await host.update(type, id, outs, { ...again, eliteSeats: 5 });
    expect(warnings(host)).toEqual([deletionId]);
  });

  test("is said to be in danger, when this run removed it, or the server forgot it", async () => {
    licences.server.setOptions({ duringDeletion: "gone" });
    const first = await removed();
    await using host = await start();
    const { id, outs } = await host.create(type, args);
    await host.delete(type, id, outs);
    const second = licences.server.state.customers[id]!.deletion!;
    await host.create(type, args);
    expect(warnings(host)).toEqual([
      first.deletionId,
      [first, second].map(({ deletionId }) => deletionId).join(", "),
    ]);
  });

  test("is in no danger, if another customer was removed or the week is over", async () => {
    await removed();
    const old = new Date(Date.now() - 8 * 86_400_000).toISOString();
    await new Deletions(journalIn(folder), {}).add(
      deletion({
        baseUrl: licences.server.baseUrl,
        tenantId: "other",
        scheduledAt: old,
        recordedAt: old,
      }),
    );
    await using host = await start();
    const other = { ...args, ccId: { ...args.ccId, tenantId: "other" }, __resource: "other" };
    await host.create(type, other);
    expect(warnings(host)).toEqual([]);
  });

  test("is created, though the record of deletions cannot be read", async () => {
    mkdirSync(join(folder, "xima-deletions.jsonl"));
    await using host = await start();
    await host.create(type, args);
    expect(host.output()).toMatch(
      /whether a deletion is scheduled is not known: .* cannot be read/,
    );
  });
});
