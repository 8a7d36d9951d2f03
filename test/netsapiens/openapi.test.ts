import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { NetsapiensClient } from "../../provider/netsapiens/client.ts";
import { verify } from "../../provider/netsapiens/verify.ts";
import { netsapiensServer } from "../../sandbox/netsapiens/server.ts";
import { initialState } from "../../sandbox/netsapiens/state.ts";
import { root } from "../../tools/engine/paths.mjs";
import { type Exchange, openApiDocument, type Published } from "../openapi/document.ts";
import { type Recorder, recordTraffic } from "../openapi/recorder.ts";
import { there } from "./system.ts";

const facts = JSON.parse(
  readFileSync(join(root, "test/fixtures/openapi/netsapiens-v45.json"), "utf8"),
) as Published;
const published = openApiDocument(facts);

const server = netsapiensServer();
let recorder: Recorder;
beforeAll(async () => {
  await server.start();
  recorder = await recordTraffic(server.url);
});
afterEach(() => {
  server.setOptions({
    usersForbidden: false,
    refusedStatus: 401,
    scopeSpelling: "blanks",
    v2: "served",
  });
  Object.assign(server.state, initialState());
  recorder.exchanges.length = 0;
});
afterAll(async () => {
  await recorder[Symbol.asyncDispose]();
  await server.stop();
});

const subject = {
  clientId: there.clientId,
  clientSecret: there.clientSecret,
  username: "api@acme",
  password: there.apiPassword,
  domain: "acme",
  did: there.did,
  minimumScope: "Office Manager",
} as const;

async function traffic(
  changes: { domain?: string; password?: string } = {},
): Promise<readonly Exchange[]> {
  const client = new NetsapiensClient(recorder.url, {
    concurrency: 1,
    requestsPerSecond: 1000,
    deadlineSeconds: 5,
  });
  await verify(client, { ...subject, ...changes });
  return recorder.exchanges;
}

describe("the verification", () => {
  test("sends the published requests only, and all of them", async () => {
    const exchanges = await traffic();
    expect(exchanges.flatMap(published.requestFaults)).toEqual([]);
    const operations = new Set(exchanges.map(published.operation));
    const wanted = published.documented.map((line) => line.replace(/ \d+$/, ""));
    expect([...operations].sort()).toEqual([...new Set(wanted)].sort());
  });
});

describe("the sandbox", () => {
  test("gives the published replies to a verification that passes", async () => {
    expect((await traffic()).flatMap(published.replyFaults)).toEqual([]);
  });

  test.each([
    ["a wrong password", { password: "wrong-password" }, {}],
    ["a wrong password, as 400", { password: "wrong-password" }, { refusedStatus: 400 as const }],
  ])("gives the published replies to %s", async (_, changes, options) => {
    server.setOptions(options);
    const exchanges = await traffic(changes);
    expect(exchanges.some(({ status }) => status >= 400)).toBe(true);
    expect(exchanges.flatMap(published.replyFaults)).toEqual([]);
  });

  test("gives the published reply to a domain that does not exist", async () => {
    server.state.users["api@acme"]!.scope = "Super User";
    const exchanges = await traffic({ domain: "nowhere" });
    expect(exchanges.map(({ status }) => status)).toContain(404);
    // The document names no failures for the user and the number, which a failed domain
    // keeps from being read.
    expect(exchanges.flatMap(published.replyFaults)).toEqual([]);
  });

  test("gives published numbers for every application of a DID", async () => {
    const { enum: applications } = (
      facts.components as { schemas: { DialruleApplication: { enum: string[] } } }
    ).schemas.DialruleApplication;
    for (const application of applications) {
      Object.assign(server.state.phonenumbers["13125550100"]!, {
        application,
        destinationUser: "1000",
      });
      await traffic();
    }
    expect(recorder.exchanges.flatMap(published.replyFaults)).toEqual([]);
  });
});
