import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { netsapiensServer } from "../../sandbox/netsapiens/server.ts";

let server: ReturnType<typeof netsapiensServer>;
beforeEach(async () => {
  server = netsapiensServer();
  await server.start();
});
afterEach(() => server.stop());

const right = {
  grant_type: "password",
  client_id: "existing-client",
  client_secret: "Sandbox-secret-1",
  username: "api@acme",
  password: "Sandbox-api-1",
};

const ask = (body: object = right) =>
  fetch(`${server.url}/ns-api/v2/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const askV1 = (body: Record<string, string> = right, path = "/ns-api/oauth2/token/") =>
  fetch(server.url + path, { method: "POST", body: new URLSearchParams(body), redirect: "manual" });
const token = async (body: object = right): Promise<string> =>
  ((await (await ask(body)).json()) as { access_token: string }).access_token;
const get = async (path: string, bearer?: string) => {
  const answer = await fetch(`${server.url}/ns-api/v2${path}`, {
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  });
  const text = await answer.text();
  const json =
    answer.headers.get("content-type")?.includes("json") ||
    text.startsWith("{") ||
    text.startsWith("[")
      ? JSON.parse(text)
      : undefined;
  return { status: answer.status, type: answer.headers.get("content-type"), text, json };
};
/** The same, logged in as this user, after these changes to him. */
const getAs = async (path: string, changes: object) => {
  Object.assign(server.state.users["api@acme"]!, changes);
  return get(path, await token());
};

describe("the password grant", () => {
  it("gives a token for an hour, with scope, domain and the client id that was sent", async () => {
    const answer = await ask();
    expect(answer.status).toBe(200);
    const { access_token, refresh_token, ...rest } = (await answer.json()) as Record<
      string,
      unknown
    >;
    expect(access_token).toMatch(/^[0-9a-f]{32}$/);
    expect(refresh_token).toMatch(/^[0-9a-f]{32}$/);
    expect(rest).toMatchObject({
      expires_in: 3600,
      scope: "Office Manager",
      domain: "acme",
      territory: "northwind",
      uid: "api@acme",
      apiversion: "45.1.0",
      client_id: "existing-client",
    });
  });

  it("answers a wrong client, secret, user and password all alike", async () => {
    const answers = await Promise.all(
      [{ client_id: "x" }, { client_secret: "x" }, { username: "x@acme" }, { password: "x" }].map(
        async (wrong) => {
          const answer = await ask({ ...right, ...wrong });
          return `${answer.status} ${await answer.text()}`;
        },
      ),
    );
    expect(new Set(answers)).toEqual(new Set(['401 {"code":401,"message":"Invalid credentials"}']));
    server.setOptions({ refusedStatus: 403 });
    expect((await ask({ ...right, password: "x" })).status).toBe(403);
  });

  it("refuses a body with a field missing, one too many, another grant type, or in another form", async () => {
    const { password: _, ...incomplete } = right;
    for (const wrong of [
      incomplete,
      { ...right, redirect_uri: "" },
      { ...right, grant_type: "client_credentials" },
      { ...right, password: 1 },
    ]) {
      const answer = await ask(wrong);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 400, message: expect.any(String) });
    }
    const form = await fetch(`${server.url}/ns-api/v2/tokens`, {
      method: "POST",
      body: new URLSearchParams(right),
    });
    expect(form.status).toBe(400);
    expect((await fetch(`${server.url}/ns-api/v2/tokens`)).status).toBe(405);
  });

  it("works by the v1 route with a form-encoded body and the slash at its end only", async () => {
    const answer = await askV1();
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      access_token: expect.any(String),
      client_id: "existing-client",
    });
    expect((await askV1({ ...right, password: "x" })).status).toBe(401);
    const redirected = await askV1(right, "/ns-api/oauth2/token");
    expect([redirected.status, redirected.headers.get("location")]).toEqual([
      301,
      "/ns-api/oauth2/token/",
    ]);
    const asJson = await fetch(`${server.url}/ns-api/oauth2/token/`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(right),
    });
    expect(asJson.status).toBe(400);
  });

  it("is missing in v2 as a 404 or as a page, while v1 works", async () => {
    for (const [tokensV2, status] of [["404", 404] as const, ["html", 200] as const]) {
      server.setOptions({ tokensV2 });
      const answer = await ask();
      expect([answer.status, answer.headers.get("content-type")]).toEqual([
        status,
        "text/html; charset=utf-8",
      ]);
      expect((await get("/version")).status).toBe(200);
      expect((await askV1()).status).toBe(200);
    }
    server.setOptions({ v2: "404" });
    expect((await get("/version")).status).toBe(404);
    server.setOptions({ tokensV1: "404" });
    expect((await askV1()).status).toBe(404);
  });

  it("can be answered 200 without a token, under text/html, or with another client id", async () => {
    server.setOptions({ grantWithoutToken: true });
    expect(await (await ask()).json()).not.toHaveProperty("access_token");
    server.setOptions({
      grantWithoutToken: false,
      jsonAsHtml: true,
      echoedClientId: "somebody-else",
    });
    const answer = await ask();
    expect(answer.headers.get("content-type")).toBe("text/html; charset=UTF-8");
    expect(await answer.json()).toMatchObject({
      access_token: expect.any(String),
      client_id: "somebody-else",
    });
  });

  it("shows a legacy password and MFA in the scope or a flag, and neither token can read", async () => {
    const user = server.state.users["api@acme"]!;
    user.legacyPassword = true;
    expect(await (await ask()).json()).toMatchObject({
      access_token: expect.any(String),
      scope: null,
    });
    expect((await get("/domains/acme", await token())).status).toBe(403);
    server.setOptions({ legacyPasswordShows: "recover" });
    expect(await (await ask()).json()).toMatchObject({
      access_token: expect.any(String),
      scope: "Office Manager",
      recover: true,
    });
    user.legacyPassword = false;
    user.mfa = true;
    expect(await (await ask()).json()).toMatchObject({
      access_token: expect.any(String),
      scope: "MFA",
    });
    expect((await get("/domains/acme", await token())).status).toBe(403);
    server.setOptions({ mfaShows: "flag" });
    const flagged = await (await ask()).json();
    expect(flagged).toMatchObject({ mfa_required: true });
    expect(flagged).not.toHaveProperty("access_token");
  });
});

describe("the reads", () => {
  it("return the version without a token, and everything else only to a valid token", async () => {
    expect((await get("/version")).json).toEqual({ apiversion: "45.1.0", hostname: "127.0.0.1" });
    for (const path of [
      "/domains/~/users/~",
      "/domains/acme",
      "/domains/acme/users",
      "/domains/acme/phonenumbers/13125550100",
    ]) {
      expect((await get(path)).json).toEqual({ code: 401, message: "Unauthorized" });
      expect((await get(path, "0".repeat(32))).status).toBe(401);
    }
    const bearer = await token();
    expect((await get("/domains/acme", bearer)).json).toMatchObject({ domain: "acme" });
    server.setOptions({ clockOffsetSeconds: 3601 });
    expect((await get("/domains/acme", bearer)).status).toBe(401);
  });

  it("return a user's own scope and account status, for any scope", async () => {
    expect((await get("/domains/~/users/~", await token())).json).toMatchObject({
      user: "api",
      domain: "acme",
      "user-scope": "Office Manager",
      "account-status": "standard",
    });
    const reset = await getAs("/domains/~/users/~", {
      accountStatus: "pwd reset",
      scope: "Basic User",
    });
    expect(reset.json).toMatchObject({ "user-scope": "Basic User", "account-status": "pwd reset" });
  });

  it("answer a domain that does not exist, or is hidden, 404 with code and message", async () => {
    const bearer = await token();
    expect((await get("/domains/nowhere", bearer)).json).toEqual({
      code: 404,
      message: "Domain nowhere not found",
    });
    server.state.domains.acme!.hidden = true;
    expect((await get("/domains/acme", bearer)).status).toBe(404);
  });

  it.each([
    ["Basic User", 200, 403, 403],
    ["Simple User", 200, 403, 403],
    ["Advanced User", 200, 403, 403],
    ["Call Center Agent", 200, 403, 403],
    ["Site Manager", 200, 200, 403],
    ["Call Center Supervisor", 200, 200, 403],
    ["Office Manager", 200, 200, 403],
    ["Reseller", 200, 200, 403],
    ["Super User", 200, 200, 200],
    ["NDP", 200, 200, 200],
    ["No Portal", 403, 403, 403],
  ])(
    "give a %s: own domain %i, its users %i, a domain of another reseller %i",
    async (scope, domain, users, other) => {
      server.state.domains.globex = { territory: "southwind" };
      expect((await getAs("/domains/acme", { scope })).status).toBe(domain);
      expect((await getAs("/domains/acme/users?limit=1", { scope })).status).toBe(users);
      expect((await getAs("/domains/globex", { scope })).status).toBe(other);
    },
  );

  it("show a reseller all domains of his territory", async () => {
    server.state.domains.initech = { territory: "northwind" };
    expect((await getAs("/domains/initech", { scope: "Reseller" })).status).toBe(200);
    expect((await getAs("/domains/initech", { scope: "Office Manager" })).status).toBe(403);
  });

  it("list as many users as asked for, without a password, unless that is forbidden", async () => {
    const bearer = await token();
    const one = await get("/domains/acme/users?limit=1", bearer);
    expect(one.json).toHaveLength(1);
    expect((await get("/domains/acme/users", bearer)).json).toHaveLength(2);
    expect(one.text).not.toContain("Sandbox-api-1");
    expect((await get("/domains/acme/users?limit=0", bearer)).status).toBe(400);
    server.setOptions({ usersForbidden: true });
    expect((await get("/domains/acme/users?limit=1", bearer)).json).toEqual({
      code: 403,
      message: "Forbidden",
    });
  });

  it("find a number only as it is stored, and show whether it is enabled and routed", async () => {
    const bearer = await token();
    expect((await get("/domains/acme/phonenumbers/13125550100", bearer)).json).toEqual({
      phonenumber: "13125550100",
      domain: "acme",
      enabled: "yes",
      "dial-rule-application": "to-user",
      "dial-rule-translation-destination-user": "1000",
    });
    expect((await get("/domains/acme/phonenumbers/3125550100", bearer)).json).toEqual({
      code: 404,
      message: expect.any(String),
    });
    server.state.phonenumbers["3125550101"] = {
      domain: "acme",
      enabled: "no",
      application: "available-number",
    };
    expect((await get("/domains/acme/phonenumbers/3125550101", bearer)).json).toMatchObject({
      enabled: "no",
      "dial-rule-application": "available-number",
      "dial-rule-translation-destination-user": "",
    });
    server.state.phonenumbers["13125550102"] = { domain: "globex", application: "to-user" };
    expect((await get("/domains/acme/phonenumbers/13125550102", bearer)).status).toBe(404);
  });

  it("are all 403 during a rate-limit block, as JSON or as a page", async () => {
    const bearer = await token();
    server.setOptions({ blocked: "json" });
    expect((await get("/domains/acme", bearer)).json).toEqual({ code: 403, message: "Forbidden" });
    expect((await ask()).status).toBe(403);
    server.setOptions({ blocked: "html" });
    expect(await get("/version")).toMatchObject({ status: 403, type: "text/html; charset=utf-8" });
  });

  it("refuse to read devices and remember who tried", async () => {
    const bearer = await token();
    await get("/domains/acme", bearer);
    expect(server.state.deviceReads).toEqual([]);
    expect((await get("/domains/acme/users/1000/devices", bearer)).status).toBe(403);
    expect((await fetch(`${server.url}/ns-api/?object=device&action=read`)).status).toBe(403);
    expect(server.state.deviceReads).toMatchObject([
      { path: "/ns-api/v2/domains/acme/users/1000/devices" },
      { path: "/ns-api/" },
    ]);
  });
});

describe("clients", () => {
  it("that are taken away are refused at once, and so are the tokens that they got", async () => {
    const bearer = await token();
    delete server.state.clients["1"];
    expect((await ask()).status).toBe(401);
    expect((await get("/domains/acme", bearer)).status).toBe(401);
  });

  it("can be planted through the control address, like everything else", async () => {
    const patch = {
      domains: { globex: { territory: "northwind" } },
      users: { "robot@globex": { password: "pw", scope: "Super User" } },
      clients: {
        a: {
          clientId: "planted",
          clientSecret: "s",
          redirectUrl: "",
          createdAt: "2026-01-01T00:00:00Z",
        },
      },
    };
    await fetch(`${server.control}/state`, { method: "PATCH", body: JSON.stringify(patch) });
    const bearer = await token({
      ...right,
      client_id: "planted",
      client_secret: "s",
      username: "robot@globex",
      password: "pw",
    });
    expect((await get("/domains/~", bearer)).json).toMatchObject({ domain: "globex" });
  });
});
