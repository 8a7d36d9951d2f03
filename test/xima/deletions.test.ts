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
import {
  type Deletion,
  Deletions,
  describeDeletion,
  restorableUntil,
} from "../../provider/xima/deletions.ts";
import { dynamicHost } from "../host/dynamic-host.ts";
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
    expect(describeDeletion({ ...reply, estimatedDeletionTime })).toContain(words);
  });

  test("says what the server left out", () => {
    expect(describeDeletion({ status: "queued_for_review" })).toMatch(
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

  test("is in the journal's folder, or in Pulumi's home when the journal is no folder", () => {
    const at = (journalDir: string | undefined, environment: NodeJS.ProcessEnv) =>
      new Deletions(journalIn(journalDir), environment).location;
    const home = "/home/ada/.pulumi";
    expect(at("/disk/journal", { UCAAS_JOURNAL_DIR: "/other" })).toBe(
      "/disk/journal/xima-deletions.jsonl",
    );
    expect(at(undefined, { UCAAS_JOURNAL_DIR: "/other" })).toBe("/other/xima-deletions.jsonl");
    expect(at(undefined, { PULUMI_HOME: home })).toBe(`${home}/ucaas/xima-deletions.jsonl`);
    expect(at("postgres://db/journal", { PULUMI_HOME: home })).toBe(
      `${home}/ucaas/xima-deletions.jsonl`,
    );
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

describe("a delete", () => {
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
});
