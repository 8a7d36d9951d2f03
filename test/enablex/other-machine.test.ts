import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import { PendingOperations } from "../../provider/runtime/pending-operations.ts";
import type { StackState } from "../../provider/runtime/stack-record.ts";
import { failedUpdateElsewhere } from "../runtime/failed-update.ts";
import {
  type EnablexReseller,
  enablexReseller,
  journalFolder,
  providersOf,
} from "./enablex-server.ts";

let enablex: EnablexReseller;
beforeEach(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  enablex = await enablexReseller();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await enablex.server.stop();
});

const type = "pulumi-nodejs:dynamic/ucaas:EnableXUser";
const urn = `urn:pulumi:test::ucaas::${type}::ada`;

/** One run on this machine: what it learns, the next one has from the journal alone. */
function userOf(journal: string, { outs, modified, lost }: Recorded) {
  const known = { urn, type, id: outs.userId as string, modified, inputs: outs, outputs: outs };
  const pending = lost ? [{ type: "updating", resource: { ...known, inputs: lost } }] : [];
  const state: StackState = { resources: [known], pending };
  const { signal } = new AbortController();
  const context = { signal, pending: new PendingOperations(async () => state) };
  return providersOf(enablex.basic, journal, context, state).user;
}

/** What the engine's state has. */
interface Recorded {
  readonly outs: EnableXOutputs;
  readonly modified: string;
  /** What the killed run was about to send. */
  readonly lost?: EnableXInputs;
}

test("a refresh keeps in mind that another machine was changing a password", async () => {
  const [customerId = ""] = await enablex.seed(1);
  const names = { userType: "moderator", firstName: "Ada", email: "ada@acme.test" };
  const stack = { __stack: "ucaas/test", __resource: "ada" };
  const declared: EnableXInputs = { customerId, ...names, password: "first-pass-1", ...stack };
  const { id, outs } = await providersOf(enablex.basic).user.create(declared);
  const lost = { ...declared, firstName: "Eve", password: "lost-pass-2" };
  await enablex.change("users", id, { first_name: lost.firstName, password: lost.password });

  const journal = journalFolder();
  const before = { outs: outs as EnableXOutputs, modified: "2026-01-05T09:00:00Z", lost };
  const { props } = await userOf(journal, before).read(id, before.outs);
  expect(props).toMatchObject({ firstName: "Eve" });

  // The refresh has forgotten what was pending, and has changed the resource.
  const refreshed = { outs: props as EnableXOutputs, modified: "2026-01-05T10:00:00Z" };
  // What was changed by hand since is no obstacle.
  const here = { ...declared, firstName: "Eve" };
  const run = userOf(journal, refreshed);
  await run.check(refreshed.outs, here);
  expect(await run.diff(id, refreshed.outs, here)).toMatchObject({ changes: true });
  const updated = await run.update(id, refreshed.outs, here);
  expect(enablex.server.state.users[id]?.fields.password).toBe(declared.password);

  const after = { outs: updated.outs as EnableXOutputs, modified: "2026-01-05T11:00:00Z" };
  const next = userOf(journal, after);
  await next.check(after.outs, here);
  expect(await next.diff(id, after.outs, here)).toMatchObject({ changes: false });
});

/** A run after an update of another machine that failed when all in the state was there. */
function runAfterFailedUpdate() {
  const { signal } = new AbortController();
  const context = { signal, updatesOfOthers: failedUpdateElsewhere() };
  const state: StackState = { resources: [], pending: [] };
  return providersOf(enablex.basic, journalFolder(), context, state).user;
}

/** A declared user, as its create left it. */
async function existingUser() {
  const [customerId = ""] = await enablex.seed(2);
  const names = { userType: "moderator", firstName: "Ada", email: "ada@acme.test" };
  const declared: EnableXInputs = {
    ...{ customerId, ...names, password: "first-pass-1" },
    ...{ __stack: "ucaas/test", __resource: "ada" },
  };
  const { id, outs } = await providersOf(enablex.basic).user.create(declared);
  return { declared, id, outs: outs as EnableXOutputs };
}

test.each([
  ["was changed, it is corrected", { first_name: "Eve" }, { changes: true, replaces: [] }],
  ["is as declared, nothing is sent", {}, { changes: false, replaces: [] }],
  [
    "is another customer's, it is not replaced",
    { customer_id: "2" },
    { changes: false, replaces: [] },
  ],
])(
  "where a user that another machine's failed update may have touched %s",
  async (_, there, result) => {
    const { declared, id, outs } = await existingUser();
    await enablex.change("users", id, there);
    const run = runAfterFailedUpdate();
    await run.check(outs, declared);
    expect(await run.diff(id, outs, declared)).toMatchObject(result);
  },
);

test("a user that another machine's failed update has deleted is created again", async () => {
  const { declared, id, outs } = await existingUser();
  delete enablex.server.state.users[id];
  const run = runAfterFailedUpdate();
  await run.check(outs, declared);
  const { replaces } = await run.diff(id, outs, declared);
  expect(replaces).not.toEqual([]);
});
