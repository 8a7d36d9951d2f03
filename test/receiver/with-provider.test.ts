import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { eventually } from "../eventually.ts";
import { runs } from "../xelion/handlers.ts";
import { type World, world } from "../xelion/world.ts";
import { Postgres } from "./postgres.ts";
import { folder, ReceiverProcess, relayKey } from "./receiver-process.ts";

// The whole path: the provisioning service of the sandbox calls one receiver, and
// providers on two machines ask it and another one, which has the same PostgreSQL.
// (test/xelion/relay.test.ts has the provider's own side, with one receiver and SQLite.)
const cleanUp = new AsyncDisposableStack();
let w: World;
let receivers: [ReceiverProcess, ReceiverProcess];
beforeAll(async () => {
  const postgres = cleanUp.use(await Postgres.start());
  const files = cleanUp.use(folder());
  const env = { XELION_RECEIVER_DATABASE_URL: await postgres.database() };
  receivers = await Promise.all([
    ReceiverProcess.start(files.path, [], env),
    ReceiverProcess.start(files.path, [], env),
  ]);
  for (const receiver of receivers) cleanUp.use(receiver);
});
afterAll(() => cleanUp.disposeAsync());
beforeEach(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  w = await world({ callback: false });
  return async () => {
    vi.restoreAllMocks();
    await w[Symbol.asyncDispose]();
  };
});

/**
 * A machine of its own: it shares no journal with the other, and asks the receiver of
 * this number.
 */
function machine(receiver: 0 | 1) {
  const journalDir = mkdtempSync(join(tmpdir(), "ucaas-machine-"));
  cleanUp.defer(() => rmSync(journalDir, { recursive: true, force: true }));
  return runs(w, {
    "ucaas:journalDir": journalDir,
    "xelion:callback": { relayUrl: receivers[receiver].url, relayKey },
  });
}

describe("through two receivers on one PostgreSQL", () => {
  test("an order is followed to its end even if all callbacks precede the service's reply", async () => {
    w.next("allBeforeReply");
    const { outs, code } = await machine(0).create({ tenantName: "pbx2" });
    expect({
      code,
      status: outs.status,
      history: outs.statusHistory.map(({ status, source }) => `${status} ${source}`),
    }).toEqual({
      code: undefined,
      status: "COMPLETED",
      history: ["SUBMITTED reply", "NOT_STARTED relay", "IN_PROGRESS relay", "COMPLETED relay"],
    });
  });

  test("an order continues on another machine without a journal, and gets its end from there", async () => {
    w.service.state.courses.push({
      steps: [
        { do: "reply" },
        { do: "hold" },
        { do: "status", status: "COMPLETED", callback: "now", times: 1 },
      ],
    });
    expect(await machine(0).create({ tenantName: "pbx3", timeout: "300ms" })).toMatchObject({
      code: "NOT_FINISHED",
    });
    const second = machine(1).create({ tenantName: "pbx3" });
    await eventually(async () => expect(await polls(receivers[1])).toBe(1), second);
    await w.proceed(1);
    expect((await second).outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
    expect(w.orders().map(({ callbackUrl }) => callbackUrl)).toEqual([
      expect.stringContaining(receivers[0].url),
    ]);
  });
});

async function polls({ url }: ReceiverProcess): Promise<number> {
  const text = await (
    await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${relayKey}` } })
  ).text();
  return Number(/^xelion_receiver_polls_waiting (\d+)$/m.exec(text)?.[1]);
}
