import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { PartialFailure } from "../../provider/runtime/errors.ts";
import { ximaLicenseProvider } from "../../provider/xima/provider.ts";
import type { LicenseInputs, LicenseOutputs } from "../../provider/xima/schema.ts";
import type { FaultOrder } from "../../sandbox/fault-injection.ts";
import { type FaultyReply, refusals, unclear } from "../http/unclear-replies.ts";
import { licenceServer } from "./licence-server.ts";

const ccId = { resellerId: "voicehouse", tenantId: "acme" };
const names = { resellerName: "Voicehouse", tenantName: "Acme" };
const acme = {
  ccId: { ...ccId, ...names },
  eliteSeats: 6,
  __stack: "ucaas/one@file",
  __resource: "acme",
} satisfies LicenseInputs;
const more = { ...acme, eliteSeats: 500 };

let licences: Awaited<ReturnType<typeof licenceServer>>;
const folders: string[] = [];
beforeAll(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  licences = await licenceServer();
});
afterEach(() => {
  licences.server.faults.clear();
  licences.server.state.customers = {};
});
afterAll(async () => {
  vi.restoreAllMocks();
  await licences.server.stop();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const seats = () => licences.server.state.customers["voicehouse/acme"]?.licence.eliteSeats;
const order = (method: string, replies: readonly FaultyReply[]) => {
  for (const reply of replies)
    licences.server.fault({ ...reply, method, bodyMatches: "Seats" } as FaultOrder);
};

/** A licence in the state, and the providers of one run after the other. */
async function createResource() {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-unclear-"));
  folders.push(folder);
  const config: Record<string, string> = { ...licences.plainConfig, "ucaas:journalDir": folder };
  const source = {
    get: (key: string) => config[key],
    require: (key: string) => config[key] ?? "",
  } as dynamic.Config;
  const nextRun = () => ximaLicenseProvider(source);
  const { id, outs } = await nextRun().create(acme);
  return { id, state: outs as LicenseOutputs, nextRun };
}

/** What the engine keeps of a failed update. */
async function stateAfter(
  updating: Promise<unknown>,
  before: LicenseOutputs,
): Promise<LicenseOutputs> {
  const failure = await updating.then(
    () => expect.fail("It did not fail."),
    (error) => error,
  );
  expect(failure.message).toMatch(/What to do/);
  return failure instanceof PartialFailure
    ? (failure.properties as unknown as LicenseOutputs)
    : before;
}

describe("an update that is answered with", () => {
  test.each(unclear)("%s is undone when the program goes back", async (_, ...replies) => {
    const { id, state, nextRun } = await createResource();
    order("POST", replies);
    const now = await stateAfter(nextRun().update(id, state, more), state);
    expect(seats()).toBe(500);
    expect(await nextRun().diff(id, now, acme)).toMatchObject({ changes: true, replaces: [] });
    const { outs: after } = await nextRun().update(id, now, acme);
    expect(seats()).toBe(6);
    const { changes } = await nextRun().diff(id, after as LicenseOutputs, acme);
    expect(changes).toBe(false);
  });

  test.each(refusals)("%s leaves nothing to do", async (_, ...replies) => {
    const { id, state, nextRun } = await createResource();
    order("POST", replies);
    const now = await stateAfter(nextRun().update(id, state, more), state);
    expect(seats()).toBe(6);
    expect((await nextRun().diff(id, now, acme)).changes).toBe(false);
  });
});

describe("a delete that is answered with", () => {
  test.each(unclear)("%s creates it again when it is declared again", async (_, ...replies) => {
    const { id, state, nextRun } = await createResource();
    for (const reply of replies)
      licences.server.fault({ ...reply, method: "DELETE" } as FaultOrder);
    await nextRun()
      .delete(id, state)
      .catch((error: Error) => expect(error.message).toMatch(/What to do/));
    expect((await nextRun().diff(id, state, acme)).changes).toBe(true);
  });
});
