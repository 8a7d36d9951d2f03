import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { acceptEarlierRuns } from "../../provider/runtime/earlier-runs.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import { eventually } from "../eventually.ts";
import { type DynamicHost, dynamicHost } from "../host/dynamic-host.ts";
import { login, type World, world } from "./world.ts";

const type = "XelionTenantProvision";
const sdk = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
const { Empty } = sdk("google-protobuf/google/protobuf/empty_pb.js");

let w: World;
beforeEach(async () => {
  w = await world();
  // There is no engine, and so no record of the stack's earlier runs.
  const journal = new Journal({
    get: (name) => (name === "ucaas:journalDir" ? w.journalDir : undefined) as never,
  });
  await acceptEarlierRuns(journal, "ucaas-test/test");
});
afterEach(() => w[Symbol.asyncDispose]());

const start = (env: Record<string, string> = {}) =>
  dynamicHost({ config: w.plainConfig, env: { UCAAS_JOURNAL_DIR: w.journalDir, ...env } });
const holding = () =>
  w.service.state.courses.push({
    steps: [
      { do: "reply" },
      { do: "status", status: "IN_PROGRESS", callback: "now", times: 1 },
      { do: "hold" },
      { do: "status", status: "COMPLETED", callback: "now", times: 1 },
    ],
  });
const hasLine = (host: DynamicHost, words: string, during: Promise<unknown>) =>
  eventually(() => expect(host.output()).toContain(words), during);

async function quotingService() {
  let callbackUrl = "";
  const server = createServer((request, response) => {
    callbackUrl = String(request.headers["x-callback-url"]);
    request.resume();
    response.writeHead(500).end(`cannot call ${callbackUrl}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    callbackUrl: () => callbackUrl,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

describe("in Pulumi's own provider process", () => {
  test("Cancel ends a waiting create as a partial failure, and the next process resumes the order", async () => {
    holding();
    const inputs = { ...w.inputs, timeout: "10m" };
    await using first = await start();
    const failure = first.failure(first.create(type, inputs));
    await hasLine(first, "order 1: IN_PROGRESS", failure);
    await first.raw("cancel", new Empty());
    const { partial, message } = await failure;
    expect(message).toContain("[INTERRUPTED]");
    expect(partial).toMatchObject({
      properties: { orderId: 1, status: "IN_PROGRESS", __provider: expect.stringContaining(type) },
    });
    await first.stop();

    await using second = await start();
    const update = second.update(
      type,
      partial?.id as string,
      partial?.properties as object,
      inputs,
    );
    await hasLine(second, "order 1 is IN_PROGRESS: waiting for its end", update);
    await w.proceed(1);
    expect((await update).outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
    expect(w.orders()).toHaveLength(1);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s to the process ends a waiting create as a partial failure, and then the process",
    async (signal) => {
      holding();
      const host = await start();
      const failure = host.failure(host.create(type, { ...w.inputs, timeout: "10m" }));
      await hasLine(host, "order 1: IN_PROGRESS", failure);
      host.signal(signal);
      expect((await failure).partial).toMatchObject({
        properties: { orderId: 1, status: "IN_PROGRESS" },
      });
      // It would hang here if the process went on.
      await host.ended;
    },
  );

  test("a process that is killed leaves the order to the next one", async () => {
    holding();
    const first = await start();
    const killed = first.failure(first.create(type, w.inputs));
    await hasLine(first, "order 1: IN_PROGRESS", killed);
    await first.crash();
    await killed;
    await using second = await start();
    const create = second.create(type, w.inputs);
    await hasLine(second, "order 1 is IN_PROGRESS: waiting for its end", create);
    await w.proceed(1);
    expect((await create).outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
    expect(w.orders()).toHaveLength(1);
  });

  test("no secret is printed by any failure, with the log of calls switched on", async () => {
    const configuration = (name: string) => ({
      version: 1,
      organization: { name },
      trunk: { password: "trunk-canary" },
    });
    const inputs = {
      ...w.inputs,
      configuration: configuration("F"),
      __secretPaths: '[["trunk","password"]]',
      timeout: "300ms",
    };
    await using host = await start({ NODE_DEBUG: "ucaas" });
    const texts: unknown[] = [];
    w.service.fault({
      kind: "status",
      status: 400,
      path: "/test$",
      body: `trunk-canary ${login.password} Sandbox-xelion-key-1`,
    });
    texts.push(
      await host
        .check(type, { ...inputs, configuration: configuration("G") })
        .then(({ failures }) => failures),
    );
    w.service.fault({ kind: "cut", method: "POST", path: "/provision$" });
    w.next("losesAll");
    const failure = await host.failure(host.create(type, inputs));
    texts.push(failure.message, failure.partial?.properties, host.output());
    // A service that quotes the callback address: who has it can report the order's end.
    await using quoting = await quotingService();
    const config = { ...w.plainConfig, "xelion:baseUrl": quoting.url };
    await using second = await dynamicHost({
      config: { ...config, "xelion:testProvision": false },
      env: { UCAAS_JOURNAL_DIR: w.journalDir },
    });
    const quoted = await second.failure(second.create(type, { ...inputs, tenantName: "pbx2" }));
    expect(quoted.message + second.output()).toContain("cannot call");
    texts.push(quoted.message, second.output());
    const token = w.orders()[0]?.tenantToken as string;
    for (const secret of [
      "trunk-canary",
      login.password,
      "Sandbox-xelion-key-1",
      token,
      w.orders()[0]?.callbackUrl as string,
      quoting.callbackUrl().split("/").at(-1) as string,
    ]) {
      for (const spelling of [
        secret,
        encodeURIComponent(secret),
        Buffer.from(secret).toString("base64"),
      ])
        expect(JSON.stringify(texts)).not.toContain(spelling);
    }
    expect(host.output()).toContain("POST /api/v1/provision ->");
  });
});
