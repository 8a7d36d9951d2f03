import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { acceptEarlierRuns } from "../../provider/runtime/earlier-runs.ts";
import { UcaasError } from "../../provider/runtime/errors.ts";
import { openIntents } from "../../provider/runtime/intents.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import { OwnRuns } from "../../provider/runtime/own-runs.ts";
import { secretSignature, signatureKey } from "../../provider/runtime/secret-mark.ts";
import type { StackRecord } from "../../provider/runtime/stack-record.ts";
import { unknownValue } from "../../provider/runtime/unknown.ts";
import type { ProvisionInputs, ProvisionOutputs } from "../../provider/xelion/schema.ts";
import { xelionProvisioningServer } from "../../sandbox/xelion/server.ts";
import { eventually } from "../eventually.ts";
import { folder, ReceiverProcess, relayKey } from "../receiver/receiver-process.ts";
import { inputsOf, newStack, outcome, provider } from "./handlers.ts";
import { type World, world } from "./world.ts";

let w: World;
let folders: string[];
beforeEach(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  w = await world();
  folders = [];
});
afterEach(async () => {
  await w[Symbol.asyncDispose]();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
});

const urn = "urn:pulumi:live::shop::pulumi-nodejs:dynamic/ucaas:XelionTenantProvision::acme-xelion";
const pulumiType = "pulumi-nodejs:dynamic/ucaas:XelionTenantProvision";

/** A run of the stack on a machine: the engine checks, then creates. */
async function up(
  journalDir: string,
  record: StackRecord | (() => Promise<StackRecord>),
  more: Partial<ProvisionInputs> = {},
  config: Record<string, unknown> = {},
) {
  const run = provider(w, { "ucaas:journalDir": journalDir, ...config }, record);
  const { inputs, failures } = await run.check({}, inputsOf(w, more));
  expect(failures).toEqual([]);
  if (!inputs) throw new Error("no inputs");
  return { inputs, ...(await outcome(run.create(inputs))) };
}

async function machine(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ucaas-machine-"));
  folders.push(folder);
  return folder;
}

/** What the engine has on record when it was killed during the create of these inputs. */
const killedEngine = (inputs: object, type = "creating"): StackRecord => ({
  ...newStack,
  pending: [{ type, resource: { urn, type: pulumiType, inputs: { ...inputs } } }],
});

/** What it has when the provider process alone was killed. */
const killedProvider: StackRecord = {
  resources: [
    {
      urn: "urn:pulumi:live::shop::pulumi:providers:pulumi-nodejs::default",
      type: "pulumi:providers:pulumi-nodejs",
      created: "2026-01-05T09:00:01.000Z",
    },
  ],
  pending: [],
  updates: [
    {
      startedAt: "2026-01-05T09:00:00.000Z",
      endedAt: "2026-01-05T09:00:03.000Z",
      failed: true,
      isLast: true,
      isBeforeDestroy: false,
    },
  ],
};

const accept = (folder: string) =>
  acceptEarlierRuns(
    new Journal({ get: (name) => (name === "ucaas:journalDir" ? folder : undefined) as never }),
    "shop/live",
  );

test("an order of another machine's killed engine is not sent again, until it is accepted", async () => {
  const [one, other] = [await machine(), await machine()];
  const { inputs } = await up(one, newStack);
  const record = killedEngine(inputs);
  const refused = await up(other, record);
  expect(refused.code).toBe("JOURNAL_UNKNOWN_RUN");
  expect(refused.message).toContain("ucaas journal accept shop/live");
  expect(refused.message).toContain("creating acme-xelion");
  expect(w.orders()).toHaveLength(1);
  await accept(other);
  expect((await up(other, record)).code).toBeUndefined();
  expect(w.orders()).toHaveLength(2);
});

test.each([false, "https://hooks.example/mine"])(
  "a relay does not know of an order that asks for callback %s, so it is not sent again",
  async (callback) => {
    const relay = { "xelion:callback": { relayUrl: "http://127.0.0.1:1", relayKey } };
    const { inputs } = await up(await machine(), newStack, { callback }, relay);
    const refused = await up(await machine(), killedEngine(inputs), { callback }, relay);
    expect(refused.code).toBe("JOURNAL_UNKNOWN_RUN");
    expect(w.orders()).toHaveLength(1);
  },
);

describe("with a relay", () => {
  async function withReceiver() {
    const stack = new AsyncDisposableStack();
    const files = stack.use(folder());
    const receiver = stack.use(await ReceiverProcess.start(files.path));
    const relay = { "xelion:callback": { relayUrl: receiver.url, relayKey } };
    return { relay, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  }
  const failedWith = (config: NonNullable<StackRecord["updates"][number]["config"]>) => ({
    ...killedProvider,
    updates: killedProvider.updates.map((update) => ({ ...update, config })),
  });

  test("a relay that came after the killed run does not excuse its order", async () => {
    await using receiver = await withReceiver();
    const [one, other] = [await machine(), await machine()];
    const { inputs } = await up(one, newStack);
    const record = killedEngine(inputs);
    expect((await up(other, record)).code).toBe("JOURNAL_UNKNOWN_RUN");
    // The doubt of this machine, and what the engine says to a new one.
    for (const folder of [other, await machine()]) {
      const refused = await up(folder, record, {}, receiver.relay);
      expect(refused.code).toBe("JOURNAL_UNKNOWN_RUN");
      expect(refused.message).toContain("avoids this in later runs");
    }
    const failed = failedWith({ "xima:baseUrl": { value: "https://x" } });
    expect((await up(await machine(), failed, {}, receiver.relay)).code).toBe(
      "JOURNAL_UNKNOWN_RUN",
    );
    expect(w.orders()).toHaveLength(1);
    await accept(other);
    expect((await up(other, record, {}, receiver.relay)).code).toBeUndefined();
  });

  test("another machine waits for the order that a killed run has waited for", async () => {
    await using receiver = await withReceiver();
    const { relay } = receiver;
    const completed = { do: "status", status: "COMPLETED", callback: "now", times: 1 } as const;
    w.service.state.courses.push({ steps: [{ do: "reply" }, { do: "hold" }, completed] });
    const on = async (folder: string, record: StackRecord, olds = {}) => {
      const run = provider(w, { "ucaas:journalDir": folder, ...relay }, record);
      const { inputs } = await run.check(olds, inputsOf(w, { __resource: "acme-xelion" } as never));
      return { run, inputs: inputs as ProvisionInputs };
    };
    const first = await on(await machine(), newStack);
    const { outs } = await outcome(first.run.create({ ...first.inputs, timeout: "300ms" }));
    const second = await on(await machine(), newStack, first.inputs);
    const id = `${new URL(w.tenant.url).host}/pbx1`;
    const known = { urn, type: pulumiType, id, modified: "2026-01-05T09:00:00Z" };
    const record: StackRecord = {
      ...newStack,
      resources: [{ ...known, inputs: { ...first.inputs }, outputs: { ...outs } }],
      pending: [{ type: "updating", resource: { ...known, inputs: { ...second.inputs } } }],
    };
    const third = await on(await machine(), record, first.inputs);
    await w.proceed(1);
    const ended = await outcome(third.run.update(id, outs, third.inputs));
    expect({ code: ended.code, orderId: ended.outs.orderId }).toEqual({ orderId: 1 });
    expect(w.orders()).toHaveLength(1);
  });

  test("a change that orders nothing keeps the mark of the relay that has the order", async () => {
    await using receiver = await withReceiver();
    const folder = await machine();
    const { inputs } = await up(folder, newStack, {}, receiver.relay);
    const other = { "xelion:callback": { relayUrl: "http://127.0.0.1:1", relayKey } };
    const markAfter = async (more: Partial<ProvisionInputs>) => {
      const run = provider(w, { "ucaas:journalDir": folder, ...other }, newStack);
      return (await run.check(inputs, inputsOf(w, more))).inputs?.__relay;
    };
    expect(inputs.__relay).toBeDefined();
    expect(await markAfter({ timeout: "19s" })).toBe(inputs.__relay);
    const configuration = { version: 1, organization: { name: "Other" } };
    expect(await markAfter({ configuration })).not.toBe(inputs.__relay);
  });

  test("a tenant without the relay leaves no doubt for those that have it", async () => {
    await using receiver = await withReceiver();
    const { relay } = receiver;
    const record = failedWith({ "xelion:callback": {} });
    const other = await machine();
    const order = async (tenantName: string, more: object = {}, of: StackRecord = record) =>
      (await up(other, of, { tenantName, ...more }, relay)).code;
    const none = { callback: false };
    expect(await order("pbx2", none)).toBe("JOURNAL_UNKNOWN_RUN");
    expect(await order("pbx3")).toBeUndefined();
    // The doubt stays for those without it, also when the engine has forgotten the update.
    expect(await order("pbx2", none, newStack)).toBe("JOURNAL_UNKNOWN_RUN");
    // The relay cannot say any more whether it knew the update.
    expect(await order("pbx4", {}, newStack)).toBe("JOURNAL_UNKNOWN_RUN");
    await accept(other);
    expect(await order("pbx2", none, newStack)).toBeUndefined();
  });

  test("a relay that did not know of a failed update stays in doubt of it", async () => {
    await using receiver = await withReceiver();
    const record = failedWith({ "xima:baseUrl": { value: "https://x" } });
    const other = await machine();
    for (const more of [{ callback: false }, {}, {}])
      expect((await up(other, record, more, receiver.relay)).code).toBe("JOURNAL_UNKNOWN_RUN");
  });

  test("a run that was killed before its order needs no ceremony on another machine", async () => {
    await using receiver = await withReceiver();
    const { relay } = receiver;
    const run = provider(w, { "ucaas:journalDir": await machine(), ...relay }, newStack);
    const { inputs = {} } = await run.check({}, inputsOf(w));
    expect((await up(await machine(), killedEngine(inputs), {}, relay)).code).toBeUndefined();
    expect(w.orders()).toHaveLength(1);
    // The provider process alone was killed: the engine's record hides the relay with its key.
    const record = failedWith({ "xelion:callback": {} });
    const second = await up(await machine(), record, { tenantName: "pbx2" }, relay);
    expect(second.code).toBeUndefined();
    // What the relay excuses is no less a doubt without it.
    const [other, tenantName] = [await machine(), "pbx3"];
    expect((await up(other, record, { tenantName }, relay)).code).toBeUndefined();
    const without = await up(other, record, { tenantName: "pbx4", callback: false }, relay);
    expect(without.code).toBe("JOURNAL_UNKNOWN_RUN");
  });
});

test("an order of another machine's killed provider is not sent again", async () => {
  await up(await machine(), newStack);
  const refused = await up(await machine(), killedProvider);
  expect(refused.code).toBe("JOURNAL_UNKNOWN_RUN");
  expect(refused.message).toContain("the update of 2026-01-05T09:00:00.000Z failed");
  expect(w.orders()).toHaveLength(1);
});

test("with a copy of the other machine's journal, its order is resumed", async () => {
  const [one, other] = [await machine(), await machine()];
  const { inputs } = await up(one, newStack);
  expect((await up(other, killedEngine(inputs))).code).toBe("JOURNAL_UNKNOWN_RUN");
  await cp(one, other, { recursive: true });
  const again = await up(other, killedEngine(inputs));
  expect(again.outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
  // Another tenant: the doubt was of the journal that is gone.
  expect((await up(other, killedEngine(inputs), { tenantName: "pbx2" })).code).toBeUndefined();
  expect(w.orders()).toHaveLength(2);
});

test("a copied journal does not take the other machine's later order for its own", async () => {
  const [one, other] = [await machine(), await machine()];
  const { inputs } = await up(one, newStack);
  await up(other, killedEngine(inputs));
  await cp(one, other, { recursive: true });
  expect((await up(other, killedEngine(inputs))).code).toBeUndefined();
  const later = await up(one, newStack, { tenantName: "pbx2" });
  const refused = await up(other, killedEngine(later.inputs), { tenantName: "pbx2" });
  expect(refused.code).toBe("JOURNAL_UNKNOWN_RUN");
  expect(w.orders()).toHaveLength(2);
});

test("a journal that is restored from a backup does not repeat a later order", async () => {
  const [one, backup] = [await machine(), await machine()];
  await up(one, newStack);
  await cp(one, backup, { recursive: true });
  const killed = await up(one, newStack, { tenantName: "pbx2" });
  const again = await up(backup, killedEngine(killed.inputs), { tenantName: "pbx2" });
  expect(again.code).toBe("JOURNAL_UNKNOWN_RUN");
  expect(w.orders()).toHaveLength(2);
});

test("a pending create with the journal's name alone, of an earlier release, needs no ceremony", async () => {
  const one = await machine();
  const run = provider(w, { "ucaas:journalDir": one }, newStack);
  const { inputs } = await run.check({}, inputsOf(w));
  const [name = ""] = String(inputs?.__journal).split("/");
  const record = killedEngine({ ...inputs, __journal: name });
  expect((await up(one, record)).code).toBeUndefined();
  expect((await up(await machine(), record, { tenantName: "pbx2" })).code).toBe(
    "JOURNAL_UNKNOWN_RUN",
  );
});

test("an order that was to replace the tenant's order at another service is not sent again", async () => {
  const second = xelionProvisioningServer();
  await second.start();
  try {
    const accounts = { new: { baseUrl: second.baseUrl, apiKey: w.plainConfig["xelion:apiKey"] } };
    const config = { "xelion:accounts": accounts };
    const [one, other] = [await machine(), await machine()];
    const { inputs, outs } = await up(one, newStack, {}, config);
    const known = { urn, type: pulumiType, id: "1", inputs: { ...inputs }, outputs: { ...outs } };
    const state: StackRecord = { ...newStack, resources: [known] };
    const changed = {
      account: "new",
      configuration: { version: 1, organization: { name: "Other" } },
    };
    const moved = await up(one, state, changed, config);
    const sent = () => Object.keys(second.state.orders).length;
    expect(sent()).toBe(1);
    const record = { ...killedEngine(moved.inputs), resources: [known] };
    const again = await up(other, record, changed, config);
    expect({ code: again.code, sent: sent() }).toEqual({ code: "JOURNAL_UNKNOWN_RUN", sent: 1 });
  } finally {
    await second.stop();
  }
});

test("a pending create needs no ceremony once the state has what it was to create", async () => {
  const [one, other] = [await machine(), await machine()];
  const killed = await provider(w, { "ucaas:journalDir": one }, newStack).check({}, inputsOf(w));
  const { inputs, outs } = await up(one, newStack);
  const secret = (ciphertext: string) => ({ [signatureKey]: secretSignature, ciphertext });
  const recorded = (all: object, ciphertext: string) => ({
    ...all,
    tenantLogin: secret(ciphertext),
  });
  const known = { urn, type: pulumiType, id: "1", outputs: { ...outs } };
  const record = (now: object): StackRecord => ({
    ...killedEngine(recorded(killed.inputs ?? {}, "v1:first")),
    resources: [{ ...known, inputs: recorded({ ...inputs, ...now }, "v1:second") }],
  });
  const another = { tenantName: "pbx2", __resource: "second" } as Partial<ProvisionInputs>;
  expect((await up(other, record({}), another)).code).toBeUndefined();
  // The process itself has created it, and it was changed since.
  const changed = { timeout: "1m", __journal: killed.inputs?.__journal };
  expect((await up(await machine(), record(changed), another)).code).toBeUndefined();
});

test("an accepted order of another machine does not excuse that machine's next one", async () => {
  const [one, other] = [await machine(), await machine()];
  const first = killedEngine((await up(one, newStack)).inputs);
  expect((await up(other, first)).code).toBe("JOURNAL_UNKNOWN_RUN");
  await accept(other);
  const { outs } = await up(other, first);
  // Removed from the program, and declared again on the first machine, which is killed again.
  for (const folder of [one, other])
    await provider(w, { "ucaas:journalDir": folder }, newStack).delete("id", outs);
  const second = killedEngine((await up(one, newStack)).inputs);
  const sent = w.orders().length;
  expect((await up(other, second)).code).toBe("JOURNAL_UNKNOWN_RUN");
  expect(w.orders()).toHaveLength(sent);
});

test("on one machine an interrupted run needs no ceremony", async () => {
  const one = await machine();
  const run = provider(w, { "ucaas:journalDir": one }, newStack);
  const { inputs = {} } = await run.check({}, inputsOf(w));
  // Killed before the order was sent: the journal has no entry of it.
  expect((await up(one, killedEngine(inputs))).code).toBeUndefined();
  expect(w.orders()).toHaveLength(1);
});

test("a new stack whose first updates failed before a provider ran needs no ceremony", async () => {
  // The engine has made it for this run.
  const resources = killedProvider.resources.map((each) => ({
    ...each,
    created: "2026-01-05T09:00:09.000Z",
  }));
  const record = { ...killedProvider, resources };
  expect((await up(await machine(), record)).code).toBeUndefined();
});

test("an update that failed with this journal needs no ceremony", async () => {
  const one = await machine();
  const run = provider(w, { "ucaas:journalDir": one }, newStack);
  await run.check({}, inputsOf(w));
  expect((await up(one, killedProvider)).code).toBeUndefined();
});

test("a journal with an order of the stack, even one of 0.1.0, needs no ceremony", async () => {
  const one = await machine();
  const journal = new Journal({
    get: (name) => (name === "ucaas:journalDir" ? one : undefined) as never,
  });
  await journal.intend({ vendor: "xelion", stack: "shop/live", thing: "another" }, {}, {});
  expect((await up(one, killedProvider)).code).toBeUndefined();
});

describe("an update that another machine's killed engine began", () => {
  const configured = (name: string) =>
    ({ configuration: { ...w.inputs.configuration, name }, __resource: "acme-xelion" }) as never;
  const names = () =>
    w.orders().map(({ configuration }) => JSON.parse(configuration).name as string);

  /** The tenant in the state, and the record of a run that is killed after its order. */
  async function interruptOrder(folder: string, creator = folder) {
    const { inputs, outs } = await up(creator, newStack, configured("before"));
    const id = `${new URL(inputs.serverUrl).host}/${inputs.tenantName}`;
    const run = provider(w, { "ucaas:journalDir": folder }, newStack);
    const changed = (await run.check(inputs, inputsOf(w, configured("changed")))).inputs;
    const known = { urn, type: pulumiType, id, modified: "2026-01-05T09:00:00Z" };
    const record: StackRecord = {
      ...newStack,
      resources: [{ ...known, inputs: { ...inputs } }],
      pending: [{ type: "updating", resource: { ...known, inputs: { ...changed } } }],
    };
    const order = () => run.update(id, outs, changed as ProvisionInputs);
    return { inputs, outs, id, record, order };
  }

  /** The declaration goes back to what the state has, or not. */
  async function goBack(
    folder: string,
    { inputs, outs, id }: Awaited<ReturnType<typeof interruptOrder>>,
    record: StackRecord,
    name = "before",
  ) {
    const run = provider(w, { "ucaas:journalDir": folder }, record);
    const checked = await run.check(inputs, inputsOf(w, configured(name)));
    const news = checked.inputs as ProvisionInputs;
    const { changes } = await run.diff(id, outs, news);
    return { changes, ...(changes && (await outcome(run.update(id, outs, news)))) };
  }

  test("is undone when the declaration goes back, once it was looked at", async () => {
    const [one, other] = [await machine(), await machine()];
    const run = await interruptOrder(one);
    await run.order();
    expect(await goBack(other, run, run.record)).toMatchObject({ code: "JOURNAL_UNKNOWN_RUN" });
    expect(names()).toEqual(["before", "changed"]);
    await accept(other);
    // The engine has forgotten it by now.
    const later = { ...run.record, pending: [] };
    expect((await goBack(other, run, later)).code).toBeUndefined();
    expect(names()).toEqual(["before", "changed", "before"]);
  });

  test("is not taken for undone where the resource is replaced with what the state has", async () => {
    const run = await interruptOrder(await machine());
    await run.order();
    const other = await machine();
    const resources = run.record.resources.map((known) => ({
      ...known,
      outputs: run.outs as never,
    }));
    const record = { ...run.record, resources };
    const replaced = await up(other, record, configured("before"));
    expect(replaced.code).toBe("JOURNAL_UNKNOWN_RUN");
    expect(names()).toEqual(["before", "changed"]);
  });

  test("is not ordered again on a machine that knows the tenant's order before", async () => {
    const [one, other] = [await machine(), await machine()];
    const run = await interruptOrder(one, other);
    await run.order();
    expect(await goBack(other, run, run.record, "changed")).toMatchObject({
      code: "JOURNAL_UNKNOWN_RUN",
    });
    // Another update of the same resource needs another look.
    await accept(other);
    const [resource] = run.record.resources;
    const later = { ...resource!, modified: "2026-01-06T09:00:00Z" };
    const record = { ...run.record, resources: [later] };
    expect(await goBack(other, run, record, "changed")).toMatchObject({
      code: "JOURNAL_UNKNOWN_RUN",
    });
    expect(names()).toEqual(["before", "changed"]);
  });

  test("is not excused by an accepted one of the same resource before", async () => {
    const [one, other] = [await machine(), await machine()];
    const run = await interruptOrder(one, other);
    expect(await goBack(other, run, run.record, "changed")).toMatchObject({
      code: "JOURNAL_UNKNOWN_RUN",
    });
    await accept(other);
    // Killed once more: the state of the resource has not changed in between.
    const again = provider(w, { "ucaas:journalDir": one }, newStack);
    const { inputs } = await again.check(run.inputs, inputsOf(w, configured("changed")));
    await again.update(run.id, run.outs, inputs as ProvisionInputs);
    const [pending] = run.record.pending;
    const resource = { ...pending!.resource, inputs: { ...inputs } };
    const record = { ...run.record, pending: [{ ...pending!, resource }] };
    expect(await goBack(other, run, record, "changed")).toMatchObject({
      code: "JOURNAL_UNKNOWN_RUN",
    });
    expect(names()).toEqual(["before", "changed"]);
  });

  test("is undone also on a machine that has sent the order before", async () => {
    const [one, other] = [await machine(), await machine()];
    const run = await interruptOrder(one, other);
    await run.order();
    expect(await goBack(other, run, run.record)).toMatchObject({ code: "JOURNAL_UNKNOWN_RUN" });
    await accept(other);
    expect((await goBack(other, run, run.record)).code).toBeUndefined();
    expect(names()).toEqual(["before", "changed", "before"]);
  });

  test("is not ordered again after a refresh that changed the state", async () => {
    const [one, other] = [await machine(), await machine()];
    const run = await interruptOrder(one, other);
    await run.order();
    await provider(w, { "ucaas:journalDir": other }, run.record).read(run.id, run.outs);
    const [resource] = run.record.resources;
    const refreshed = { ...resource!, modified: "2026-01-06T09:00:00Z" };
    const later = { ...run.record, resources: [refreshed], pending: [] };
    expect(await goBack(other, run, later, "changed")).toMatchObject({
      code: "JOURNAL_UNKNOWN_RUN",
    });
    expect(names()).toEqual(["before", "changed"]);
  });

  test("is undone also after a refresh, which clears the engine's record", async () => {
    const [one, other] = [await machine(), await machine()];
    const run = await interruptOrder(one);
    await run.order();
    await provider(w, { "ucaas:journalDir": other }, run.record).read(run.id, run.outs);
    const later = { ...run.record, pending: [] };
    expect(await goBack(other, run, later)).toMatchObject({ code: "JOURNAL_UNKNOWN_RUN" });
    await accept(other);
    const ended = await goBack(other, run, later);
    expect(ended).toMatchObject({ changes: true });
    expect(ended).not.toHaveProperty("code");
    expect(names()).toEqual(["before", "changed", "before"]);
  });

  test("orders nothing when it was killed before its order, on the same machine", async () => {
    const one = await machine();
    const run = await interruptOrder(one);
    expect(await goBack(one, run, run.record)).toEqual({ changes: false });
    expect(names()).toEqual(["before"]);
  });

  test("is not ordered again when a file alone had changed", async () => {
    const [one, other] = [await machine(), await machine()];
    const configurationFile = join(one, "configuration.json");
    const declared = inputsOf(w, {
      ...{ configuration: undefined, configurationFile, __resource: "acme-xelion" },
    } as never);
    const write = (name: string) =>
      writeFile(configurationFile, JSON.stringify({ ...w.inputs.configuration, name }));
    await write("before");
    const creator = provider(w, { "ucaas:journalDir": other }, newStack);
    const inputs = (await creator.check({}, declared)).inputs as ProvisionInputs;
    const { id, outs } = await creator.create(inputs);
    await write("changed");
    const killed = provider(w, { "ucaas:journalDir": one }, newStack);
    const news = (await killed.check(inputs, declared)).inputs as ProvisionInputs;
    await killed.update(id, outs as ProvisionOutputs, news);
    const known = {
      urn,
      type: pulumiType,
      id,
      modified: "2026-01-05T09:00:00Z",
      inputs: { ...inputs },
    };
    const record: StackRecord = {
      ...newStack,
      resources: [known],
      pending: [{ type: "updating", resource: { ...known, inputs: { ...news } } }],
    };
    const run = provider(w, { "ucaas:journalDir": other }, record);
    await run.check(inputs, declared);
    const { code } = await outcome(run.update(id, outs as ProvisionOutputs, news));
    expect(code).toBe("JOURNAL_UNKNOWN_RUN");
    expect(names()).toEqual(["before", "changed"]);
  });

  test("the note of an adopted tenant ends with the other machine's update", async () => {
    const [one, other] = [await machine(), await machine()];
    const run = await interruptOrder(one);
    const outputs = { ...run.outs, __intent: "2026-01-05T08:00:00.000Z/import" };
    const resources = run.record.resources.map((each) => ({ ...each, outputs }));
    // A preview meanwhile.
    await goBack(other, run, { ...run.record, resources });
    await accept(other);
    const ended = resources.map((each) => ({ ...each, modified: "2026-01-06T09:00:00Z" }));
    const later = { ...newStack, resources: ended };
    expect(await goBack(other, run, later)).toEqual({ changes: false });
    expect(names()).toEqual(["before"]);
  });

  test("is undone without ceremony with a copy of that machine's journal", async () => {
    const [one, other] = [await machine(), await machine()];
    const run = await interruptOrder(one);
    await run.order();
    await cp(one, other, { recursive: true });
    expect((await goBack(other, run, run.record)).code).toBeUndefined();
    expect(names()).toEqual(["before", "changed", "before"]);
  });
});

describe("an update with this journal, whose engine was killed", () => {
  const known = { urn, type: pulumiType, modified: "2026-01-05T09:00:00Z" };
  const another = { tenantName: "pbx2", __resource: "second" } as Partial<ProvisionInputs>;
  const idOf = ({ serverUrl, tenantName }: ProvisionInputs) =>
    `${new URL(serverUrl).host}/${tenantName}`;
  /** Inputs as the engine has them, which encrypts a secret again each time. */
  const recorded = (inputs: Partial<ProvisionInputs> = {}, ciphertext: string) => ({
    ...inputs,
    configuration: { [signatureKey]: secretSignature, ciphertext },
  });

  /** The record while the engine updates a tenant of the state. */
  function updating(inputs: ProvisionInputs, outs: object, news: object = {}): StackRecord {
    const resource = { ...known, id: idOf(inputs), outputs: { ...outs } };
    return {
      ...newStack,
      resources: [{ ...resource, inputs: recorded(inputs, "v1:first") }],
      pending: [
        { type: "updating", resource: { ...resource, inputs: recorded(news, "v1:second") } },
      ],
    };
  }
  const checked = async (folder: string, inputs: object, more: object, record = newStack) => {
    const run = provider(w, { "ucaas:journalDir": folder }, record);
    const result = await run.check(inputs, inputsOf(w, more));
    return { run, news: result.inputs as ProvisionInputs };
  };
  const tenant = { __resource: "acme-xelion" };
  const changed = { ...tenant, configuration: { version: 1, organization: { name: "9876" } } };

  test("a killed change of a secret alone needs no ceremony on the same machine", async () => {
    const one = await machine();
    const { inputs, outs } = await up(one, newStack, tenant as never);
    // Killed before its order.
    const { news } = await checked(one, inputs, changed);
    const record = updating(inputs, outs, news);
    const { run, news: again } = await checked(one, inputs, changed, record);
    expect((await outcome(run.update(idOf(inputs), outs, again))).outs.orderId).toBe(2);
    expect((await up(one, record, another)).code).toBeUndefined();
  });

  test("a killed wait for an order is waited for again, and nothing is ordered", async () => {
    const completed = { do: "status", status: "COMPLETED", callback: "now", times: 1 } as const;
    w.service.state.courses.push({ steps: [{ do: "reply" }, { do: "hold" }, completed] });
    const one = await machine();
    const { run: first, news: inputs } = await checked(one, {}, tenant);
    const { code: soon, outs: begun } = await outcome(
      first.create({ ...inputs, timeout: "200ms" }),
    );
    expect(soon).toBe("NOT_FINISHED");
    const { news } = await checked(one, inputs, tenant);
    const record = updating(inputs, begun, news);
    const { run, news: again } = await checked(one, inputs, tenant, record);
    const ended = outcome(run.update(idOf(again), begun, again));
    await eventually(
      () => expect(vi.mocked(console.log).mock.calls.join("\n")).toContain("waiting for its end"),
      ended,
    );
    await w.proceed(1);
    const { code, outs } = await ended;
    expect({ code, status: outs.status }).toEqual({ code: undefined, status: "COMPLETED" });
    expect(w.orders()).toHaveLength(1);
  });

  test("a preview beside this journal's own update leaves no doubt", async () => {
    const one = await machine();
    const { inputs, outs } = await up(one, newStack, tenant as never);
    const { news } = await checked(one, inputs, changed);
    const record = updating(inputs, outs, news);
    await checked(one, {}, another, record);
    expect((await up(one, { ...record, pending: [] }, another)).code).toBeUndefined();
  });
});

test("a retryFailed that allowed nothing on one machine allows nothing on another one", async () => {
  const [one, other] = [await machine(), await machine()];
  const resource = (__resource: string, more = {}) => ({ __resource, ...more }) as never;
  const { inputs, outs } = await up(other, newStack, resource("before"));
  const known = { urn, type: pulumiType, id: "1", inputs: { ...inputs }, outputs: { ...outs } };
  const run = provider(w, { "ucaas:journalDir": one }, { ...newStack, resources: [known] });
  const news = inputsOf(w, resource("before", { retryFailed: "x" }));
  const noted = await outcome(run.update("1", outs, news));
  expect(noted.outs.intent.retryFailed).toBe("x");
  const state = { ...newStack, resources: [{ ...known, outputs: { ...noted.outs } }] };
  const { outs: renamed } = await up(other, state, resource("after", { retryFailed: "x" }));
  expect(renamed.orderId).toBe(1);
  expect(renamed.intent.retryFailed).toBe("x");
  expect(w.orders()).toHaveLength(1);
});

describe("the journal's name in the inputs of a tenant", () => {
  const configurationFile = () => join(folders[0]!, "configuration.json");
  const write = (name: string) =>
    writeFile(
      configurationFile(),
      JSON.stringify({ ...w.inputs.configuration, organization: { name } }),
    );
  const marksOf = async (folder: string, { inputs, outs }: Awaited<ReturnType<typeof ordered>>) => {
    const known = { urn, type: pulumiType, id: "1", inputs: { ...inputs }, outputs: { ...outs } };
    const record = { ...newStack, resources: [known] };
    const run = provider(w, { "ucaas:journalDir": folder }, record);
    const { inputs: news } = await run.check(inputs, declared());
    const { changes } = await run.diff("1", outs, news as ProvisionInputs);
    return { journal: news?.__journal, changes };
  };
  const declared = () =>
    inputsOf(w, { configuration: undefined, configurationFile: configurationFile() } as never);
  async function ordered(folder: string) {
    const run = provider(w, { "ucaas:journalDir": folder }, newStack);
    const inputs = (await run.check({}, declared())).inputs as ProvisionInputs;
    return { inputs, outs: (await run.create(inputs)).outs as ProvisionOutputs };
  }

  test("stays with a tenant that stays as it is, on any machine", async () => {
    const [one, other] = [await machine(), await machine()];
    await write("before");
    const tenant = await ordered(one);
    const { __journal: journal } = tenant.inputs;
    expect(journal).toBeDefined();
    for (const folder of [one, other])
      expect(await marksOf(folder, tenant)).toEqual({ journal, changes: false });
  });

  test("is that of the machine which orders what another one has changed since", async () => {
    const [one, other] = [await machine(), await machine()];
    await write("before");
    await ordered(other);
    await write("changed");
    const tenant = await ordered(one);
    await write("before");
    // This journal has an order with just what is declared, and a later one was sent.
    const { journal, changes } = await marksOf(other, tenant);
    expect(changes).toBe(true);
    expect(journal).not.toBe(tenant.inputs.__journal);
  });
});

describe("the name of a run in the inputs of a tenant", () => {
  const marksIn = async (folder: string) => {
    const files = (await readdir(folder)).filter((name) => name.startsWith("ucaas-runs-"));
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
    return texts.join("").match(/^mark .*$/gm) ?? [];
  };

  test("is not known in a preview, so that a saved plan accepts any run, and notes nothing", async () => {
    const one = await machine();
    const run = provider(w, { "ucaas:journalDir": one }, newStack);
    const { inputs, failures } = await run.check({}, inputsOf(w, { __journal: unknownValue }));
    expect({ failures, name: inputs?.__journal }).toEqual({ failures: [], name: unknownValue });
    expect(await marksIn(one)).toEqual([]);
  });

  test("is noted once in a process, whatever it orders", async () => {
    const one = await machine();
    const run = provider(w, { "ucaas:journalDir": one }, newStack);
    const names = await Promise.all(
      ["pbx1", "pbx2", "pbx3"].map(
        async (tenantName) =>
          (await run.check({}, inputsOf(w, { tenantName, __resource: tenantName } as never))).inputs
            ?.__journal,
      ),
    );
    expect(new Set(names).size).toBe(1);
    expect(names[0]).toMatch(/^[0-9a-f]{8}\/[a-z]{8}$/);
    expect(await marksIn(one)).toEqual([`mark ${names[0]?.split("/")[1]}`]);
  });

  test("stays in a preview and an update of a tenant that stays as it is", async () => {
    const one = await machine();
    const { inputs, outs } = await up(one, newStack);
    const marks = await marksIn(one);
    for (const more of [{}, { __journal: unknownValue }]) {
      const run = provider(w, { "ucaas:journalDir": one }, newStack);
      const { inputs: news } = await run.check(inputs, inputsOf(w, more));
      expect(news?.__journal).toBe(inputs.__journal);
      expect((await run.diff("id", outs, news as ProvisionInputs)).changes).toBe(false);
    }
    expect(await marksIn(one)).toEqual(marks);
  });

  test("stays where an order without an end on record is waited for", async () => {
    w.service.state.courses.push({ steps: [{ do: "reply" }, { do: "hold" }] });
    const one = await machine();
    const { inputs } = await up(one, newStack, { timeout: "100ms" });
    const marks = await marksIn(one);
    const run = provider(w, { "ucaas:journalDir": one }, newStack);
    const { inputs: news } = await run.check(inputs, inputsOf(w, { timeout: "100ms" }));
    expect(news?.__journal).toBe(inputs.__journal);
    expect(await marksIn(one)).toEqual(marks);
  });

  test("is no time of a run, for this release and the earlier one", async () => {
    const one = await machine();
    await up(one, newStack);
    for (const line of await marksIn(one)) expect(Date.parse(line)).toBeNaN();
  });
});

test("a doubt stays after the engine has lost its trace", async () => {
  const [one, other] = [await machine(), await machine()];
  const { inputs } = await up(one, newStack);
  await up(other, killedEngine(inputs));
  expect((await up(other, newStack)).code).toBe("JOURNAL_UNKNOWN_RUN");
});

describe("a tenant that another resource of the state has, on a machine without its journal", () => {
  /** The state after a run of the first machine. */
  async function ordered(): Promise<StackRecord> {
    const { inputs, outs } = await up(await machine(), newStack);
    expect(w.orders()).toHaveLength(1);
    const known = { urn, type: pulumiType, id: "1", inputs: { ...inputs }, outputs: { ...outs } };
    return { ...newStack, resources: [known] };
  }
  const renamed = { __resource: "renamed" } as Partial<ProvisionInputs>;

  test("is not ordered again when the resource is renamed", async () => {
    const record = await ordered();
    const { outs, code } = await up(await machine(), record, renamed);
    expect({ code, orderId: outs.orderId }).toEqual({ code: undefined, orderId: 1 });
    expect(outs.status).toBe("COMPLETED");
    expect(w.orders()).toHaveLength(1);
  });

  test("is ordered once more when the configuration changes with the name", async () => {
    const configuration = { version: 1, organization: { name: "Other" } };
    const { outs } = await up(await machine(), await ordered(), { ...renamed, configuration });
    expect(outs.orderId).toBe(2);
    expect(w.orders()).toHaveLength(2);
  });

  test("is not ordered again when this machine knows an earlier order alone", async () => {
    const first = await machine();
    await up(first, newStack);
    const configuration = { version: 1, organization: { name: "Other" } };
    const { inputs, outs } = await up(await machine(), newStack, { configuration });
    const known = { urn, type: pulumiType, id: "1", inputs: { ...inputs }, outputs: { ...outs } };
    const state = { ...newStack, resources: [known] };
    const again = await up(first, state, { ...renamed, configuration });
    expect(again.outs.orderId).toBe(2);
    expect(w.orders()).toHaveLength(2);
  });

  test("has the later order of two resources, as a killed rename leaves them", async () => {
    const [first] = (await ordered()).resources;
    const configuration = { version: 1, organization: { name: "Other" } };
    const { outs } = await up(
      await machine(),
      { ...newStack, resources: [first!] },
      {
        ...renamed,
        configuration,
      },
    );
    const second = { ...first!, urn: `${urn}-2`, outputs: { ...outs } };
    const state = { ...newStack, resources: [first!, second] };
    const third = { __resource: "third", configuration } as Partial<ProvisionInputs>;
    expect((await up(await machine(), state, third)).outs.orderId).toBe(2);
    expect(w.orders()).toHaveLength(2);
  });

  test("is ordered when only another tenant, or one of another server, is in the state", async () => {
    const { resources, ...record } = await ordered();
    for (const other of [{ tenantName: "pbx2" }, { serverUrl: "https://other.example" }]) {
      const others = resources.map((each) => ({ ...each, outputs: { ...each.outputs, ...other } }));
      await up(await machine(), { ...record, resources: others }, renamed);
    }
    expect(w.orders()).toHaveLength(3);
  });

  test("is ordered without ceremony when the record cannot be read and there is a journal", async () => {
    const folder = await machine();
    await up(folder, newStack);
    const unreadable = async () => {
      throw new UcaasError("the record cannot be read", {
        code: "RECORD_UNREADABLE",
        hint: "wait",
      });
    };
    const { code } = await up(folder, unreadable, { tenantName: "pbx2" });
    expect(code).toBeUndefined();
  });
});

test("what a resource began as another tenant is reported, until it is declared again", async () => {
  const one = await machine();
  const journal = new Journal({
    get: (name) => (name === "ucaas:journalDir" ? one : undefined) as never,
  });
  const __resource = "acme";
  const run = async (tenantName: string) =>
    (await up(one, newStack, { tenantName, __resource } as never)).outs;
  const reported = async (outputs: object) =>
    openIntents((await journal.list()).entries, "shop/live", [
      { type: "XelionTenantProvision", name: __resource, outputs: { ...outputs } },
    ]).map(({ thing }) => thing.split(" ").at(-1));
  // The state of the first run is lost.
  await run("pbx1");
  const second = await run("pbx2");
  expect(await reported(second)).toEqual(["pbx1"]);
  const third = await run("pbx1");
  expect(await reported(third)).toEqual(["pbx2"]);
  expect(w.orders()).toHaveLength(2);
});

describe("on a machine that has run the stack before, with a journal of its own", () => {
  const journalAt = (folder: string) => ({
    get: (name: string) => (name === "ucaas:journalDir" ? folder : undefined) as never,
  });
  /** What the program of an update notes. */
  const noteRun = (folder: string) => new OwnRuns(journalAt(folder), {}).note("shop/live");
  const failed = (startedAt: number, endedAt: number): StackRecord => ({
    ...killedProvider,
    updates: [
      {
        startedAt: new Date(startedAt).toISOString(),
        endedAt: new Date(endedAt).toISOString(),
        failed: true,
        isLast: true,
        isBeforeDestroy: false,
      },
    ],
  });
  /** A machine whose journal has an entry of the stack and one of its updates. */
  async function knownMachine(): Promise<string> {
    const folder = await machine();
    const key = { vendor: "xima", stack: "shop/live", thing: "another" };
    await new Journal(journalAt(folder)).intend(key, {}, {});
    await noteRun(folder);
    return folder;
  }

  test("an order of another machine's killed provider is not sent again", async () => {
    const known = await knownMachine();
    await up(await machine(), newStack);
    const record = failed(Date.now() + 60_000, Date.now() + 61_000);
    expect((await up(known, record)).code).toBe("JOURNAL_UNKNOWN_RUN");
    expect(w.orders()).toHaveLength(1);
    await accept(known);
    const later = { ...record, updates: [] };
    expect((await up(known, later)).code).toBeUndefined();
  });

  test("an order is not sent again either when this run has written something else before", async () => {
    await up(await machine(), newStack);
    const folder = await machine();
    await noteRun(folder);
    const key = { vendor: "xima", stack: "shop/live", thing: "another" };
    await new Journal(journalAt(folder)).intend(key, {}, {});
    expect((await up(folder, killedProvider)).code).toBe("JOURNAL_UNKNOWN_RUN");
    expect(w.orders()).toHaveLength(1);
  });

  test.each([
    ["", knownMachine],
    [" from a machine that has no run of the stack yet", machine],
  ])("a preview beside the other machine's update%s does not hide it", async (_, newMachine) => {
    const known = await newMachine();
    const noted = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: noted + 20_000 });
    try {
      await provider(w, { "ucaas:journalDir": known }, newStack).check({}, inputsOf(w));
      vi.setSystemTime(noted + 40_000);
      await noteRun(known);
      const refused = await up(known, failed(noted + 10_000, noted + 30_000));
      expect(refused.code).toBe("JOURNAL_UNKNOWN_RUN");
    } finally {
      vi.useRealTimers();
    }
  });

  test("a changed configuration is not ordered again after another machine's killed provider", async () => {
    const [one, known] = [await machine(), await machine()];
    const { inputs, outs } = await up(known, newStack);
    const id = `${new URL(inputs.serverUrl).host}/${inputs.tenantName}`;
    const changed = { configuration: { version: 1, organization: { name: "Other" } } };
    const update = async (folder: string, record: StackRecord) => {
      const run = provider(w, { "ucaas:journalDir": folder }, record);
      const { inputs: news } = await run.check(inputs, inputsOf(w, changed));
      return await outcome(run.update(id, outs, news as ProvisionInputs));
    };
    expect((await update(one, newStack)).outs.orderId).toBe(2);
    const record = failed(Date.now() + 60_000, Date.now() + 61_000);
    expect((await update(known, record)).code).toBe("JOURNAL_UNKNOWN_RUN");
    expect(w.orders()).toHaveLength(2);
    await accept(known);
    expect((await update(known, { ...record, updates: [] })).outs.orderId).toBe(3);
  });

  test("an update that is accepted soon after its end stays accepted", async () => {
    const known = await machine();
    const record = failed(Date.now() - 10_000, Date.now() - 8_000);
    expect((await up(known, record)).code).toBe("JOURNAL_UNKNOWN_RUN");
    await accept(known);
    for (const tenantName of ["pbx1", "pbx2"])
      expect((await up(known, record, { tenantName })).code).toBeUndefined();
  });

  test("updates that failed here need no ceremony", async () => {
    const known = await knownMachine();
    const record = failed(Date.now() - 2_000, Date.now() + 2_000);
    expect((await up(known, record)).code).toBeUndefined();
  });
});

test("a run that was refused while the backend was gone needs no ceremony afterwards", async () => {
  const one = await machine();
  const startedAt = new Date().toISOString();
  const refused = await up(one, async () => {
    throw new UcaasError("the stack's record cannot be read", {
      code: "RECORD_UNREADABLE",
      operation: "journal",
      hint: "see that it works",
    });
  });
  expect(refused.code).toBe("JOURNAL_UNKNOWN_RUN");
  expect(refused.message).toContain("Run `pulumi up` again");
  expect(refused.message).not.toContain("ucaas journal accept");
  expect(w.orders()).toHaveLength(0);
  const endedAt = new Date().toISOString();
  const record = {
    ...killedProvider,
    updates: [{ startedAt, endedAt, failed: true, isLast: true, isBeforeDestroy: false }],
  };
  expect((await up(one, record)).code).toBeUndefined();
  expect(w.orders()).toHaveLength(1);
});

test("an order that the operator names is used, with any orders of other machines", async () => {
  const [one, other] = [await machine(), await machine()];
  const { inputs } = await up(one, newStack);
  const taken = await up(other, killedEngine(inputs), { orderId: 1 });
  expect(taken.outs).toMatchObject({ orderId: 1 });
  expect(w.orders()).toHaveLength(1);
});
