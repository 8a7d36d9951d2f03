import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NetsapiensClient } from "../../provider/netsapiens/client.ts";
import type { Verify } from "../../provider/netsapiens/steps.ts";
import { type VerificationTarget, verify } from "../../provider/netsapiens/verify.ts";
import type { NetsapiensOptions } from "../../sandbox/netsapiens/options.ts";
import { netsapiensServer } from "../../sandbox/netsapiens/server.ts";
import type { NetsapiensState } from "../../sandbox/netsapiens/state.ts";
import { eventually } from "../eventually.ts";
import { there } from "./system.ts";

const subject: VerificationTarget = {
  clientId: there.clientId,
  clientSecret: there.clientSecret,
  username: "api@acme",
  password: there.apiPassword,
  domain: there.domain,
  did: there.did,
  minimumScope: "Office Manager",
};

let server: ReturnType<typeof netsapiensServer>;
beforeEach(async () => {
  server = netsapiensServer();
  await server.start();
});
afterEach(async () => {
  // Devices hold SIP passwords: nothing may ever ask for them.
  expect(server.state.deviceReads).toEqual([]);
  await server.stop();
});

const client = (deadlineSeconds = 20, url = server.url) =>
  new NetsapiensClient(url, { concurrency: 4, deadlineSeconds });
const run = (changes: Partial<VerificationTarget> = {}, choice?: Verify, by = client()) =>
  verify(by, { ...subject, ...changes }, choice);

/** The steps in one line each: `apiUrl passed`, `did failed DID_NOT_FOUND`. */
const lines = ({ results }: Awaited<ReturnType<typeof verify>>) =>
  results.map(({ step, status, code }) => [step, status, code].filter(Boolean).join(" "));

const allPassed = ["apiUrl", "credentials", "permissions", "domain", "users", "did"].map(
  (step) => `${step} passed`,
);

const remedy = {
  url: /^Verify that the API URL is correct: this must be the correct portal URL/,
  credentials: new RegExp(
    [
      "^Verify that the Client ID and Client Secret are valid,",
      "under System → Settings → Advanced → OAuth Clients,",
      "and that the API username and password are correct$",
    ].join(" "),
  ),
  client: /Each application must have its own OAuth client$/,
  mfa: /without multi-factor authentication/,
  scope:
    /^Give the API user sufficient permissions, under Users → Configuration → Select User → Scope\. Minimum recommended role: Office Manager/,
  password:
    /If it does not show “Secure password set,” create a new Portal\/API password in the Admin Portal$/,
  domain: /^Locate the Domain under the Domain tab/,
  did: /^The DID should be assigned within Netsapiens, and route to the configured CCaaS virtual handset or extension$/,
};

describe("a system that is set up as the guide says", () => {
  test("passes all six steps, and no step's evidence holds a secret", async () => {
    const verification = await run();
    expect(lines(verification)).toEqual(allPassed);
    expect(verification.apiVersion).toBe("45.1.0");
    const text = JSON.stringify(verification);
    for (const secret of [
      there.clientSecret,
      there.apiPassword,
      ...Object.keys(server.state.tokens),
    ])
      expect(text).not.toContain(secret);
  });

  const variations: [string, Partial<NetsapiensOptions>][] = [
    ["sends its JSON as text/html", { jsonAsHtml: true }],
    ["has only the older token route, and answers the newer one with 404", { tokensV2: "404" }],
    ["has only the older token route, and answers the newer one with a page", { tokensV2: "html" }],
  ];
  test.each(variations)("passes when it %s", async (_, options) => {
    server.setOptions(options);
    expect(lines(await run())).toEqual(allPassed);
  });

  test.each([408, 499])(
    "does not take a proxy's page with status %i for a system that has only the older route",
    async (status) => {
      server.fault({ kind: "status", status, body: "<html>", path: "/v2/tokens$", times: 99 });
      await run();
      expect(server.received.map(({ path }) => path)).not.toContain("/ns-api/oauth2/token/");
    },
  );

  test.each([
    ["with country code", "13125550100"],
    ["without country code", "3125550100"],
  ])("finds a DID that it holds %s, however it is declared", async (_, stored) => {
    server.state.phonenumbers = {
      [stored]: { domain: "acme", application: "to-user", destinationUser: "1000" },
    };
    for (const did of ["+13125550100", "3125550100", "1 (312) 555-0100"])
      expect(lines(await run({ did }))).toEqual(allPassed);
  });

  test.each(["Office Manager", "Call Center Supervisor", "NDP", "Reseller", "Super User"] as const)(
    "takes an API user of the scope %s",
    async (scope) => {
      server.state.users["api@acme"]!.scope = scope;
      expect(lines(await run())).toEqual(allPassed);
    },
  );

  test("shows its API user in the domain, and an empty list means a missing permission", async () => {
    server.fault({ kind: "status", status: 200, path: "/users$", body: [], times: 2 });
    for (const domain of ["acme", "ACME"])
      expect(lines(await run({ domain }, ["users"]))).toContain("users failed NO_USERS");
  });

  test("accepts an API user of a higher scope than the domain, even without users in it", async () => {
    server.state.domains.initech = { territory: "northwind" };
    server.state.users["api@acme"]!.scope = "Reseller";
    expect(lines(await run({ domain: "initech", did: undefined }))).toEqual([
      ...allPassed.slice(0, 5),
      "did skipped",
    ]);
  });
});

/** One cause of failure: how it comes about, and what must be said of it. */
interface Cause {
  options?: Partial<NetsapiensOptions>;
  state?: (state: NetsapiensState) => void;
  subject?: Partial<VerificationTarget>;
  expected: string[];
  remedy: RegExp;
}

const { url, credentials } = remedy;
const noToken = ["permissions skipped", "domain skipped", "users skipped", "did skipped"];
const refused = ["apiUrl passed", "credentials failed GRANT_REFUSED", ...noToken];
const from = (step: string, ...outcomes: string[]) => [
  ...allPassed.slice(0, allPassed.indexOf(`${step} passed`)),
  ...outcomes,
];
const apiUser = (changes: Partial<NetsapiensState["users"][string]>) => (state: NetsapiensState) =>
  Object.assign(state.users["api@acme"]!, changes);
const number =
  (changes: Partial<NetsapiensState["phonenumbers"][string]>) => (state: NetsapiensState) =>
    Object.assign(state.phonenumbers["13125550100"]!, changes);

const causes: Record<string, Cause> = {
  "an API URL that leads to pages": {
    options: { v2: "html", tokensV2: "html", tokensV1: "html" },
    expected: ["apiUrl failed NO_API_V2", "credentials skipped", ...noToken],
    remedy: url,
  },
  "an API URL at which nothing of the API is": {
    options: { v2: "404", tokensV2: "404", tokensV1: "404" },
    expected: ["apiUrl failed NO_API_V2", "credentials skipped", ...noToken],
    remedy: url,
  },
  "a system that is too old for API v2, although it gives tokens": {
    options: { v2: "404" },
    expected: ["apiUrl failed NO_API_V2", "credentials passed", ...noToken],
    remedy: url,
  },
  "a wrong client id": { subject: { clientId: "nobody" }, expected: refused, remedy: credentials },
  "a wrong client secret": {
    subject: { clientSecret: "wrong-secret" },
    expected: refused,
    remedy: credentials,
  },
  "a wrong user name": {
    subject: { username: "nobody@acme" },
    expected: refused,
    remedy: credentials,
  },
  "a wrong password": {
    subject: { password: "wrong-password" },
    expected: refused,
    remedy: credentials,
  },
  "wrong credentials that are answered with 400": {
    options: { refusedStatus: 400 },
    subject: { password: "x" },
    expected: refused,
    remedy: credentials,
  },
  "wrong credentials that are answered with 403": {
    options: { refusedStatus: 403 },
    subject: { password: "x" },
    expected: refused,
    remedy: credentials,
  },
  "a grant that is answered 200 without a token": {
    options: { grantWithoutToken: true },
    expected: ["apiUrl passed", "credentials failed NO_TOKEN", ...noToken],
    remedy: credentials,
  },
  "a token for another client": {
    options: { echoedClientId: "somebody-else" },
    expected: ["apiUrl passed", "credentials failed OTHER_CLIENT", ...allPassed.slice(2)],
    remedy: remedy.client,
  },
  "an API user with MFA, shown as a scope": {
    state: apiUser({ mfa: true }),
    expected: ["apiUrl passed", "credentials failed MFA_REQUIRED", ...noToken],
    remedy: remedy.mfa,
  },
  "an API user with MFA, shown as the scope mfa_required": {
    options: { mfaShows: "scope mfa_required" },
    state: apiUser({ mfa: true }),
    expected: ["apiUrl passed", "credentials failed MFA_REQUIRED", ...noToken],
    remedy: remedy.mfa,
  },
  "an API user with MFA, shown as a flag": {
    options: { mfaShows: "flag" },
    state: apiUser({ mfa: true }),
    expected: ["apiUrl passed", "credentials failed MFA_REQUIRED", ...noToken],
    remedy: remedy.mfa,
  },
  "an API user of another domain": {
    state: (state) => {
      state.domains.globex = { territory: "northwind" };
    },
    subject: { domain: "globex" },
    expected: [
      "apiUrl passed",
      "credentials failed USER_OF_OTHER_DOMAIN",
      "permissions passed",
      "domain skipped",
      "users skipped",
      "did skipped",
    ],
    remedy: remedy.domain,
  },
  "a legacy password, shown by a scope of null": {
    state: apiUser({ legacyPassword: true }),
    expected: from(
      "permissions",
      "permissions failed PASSWORD_NOT_SECURE",
      "domain skipped",
      "users skipped",
      "did skipped",
    ),
    remedy: remedy.password,
  },
  "a legacy password, shown by recover": {
    options: { legacyPasswordShows: "recover" },
    state: apiUser({ legacyPassword: true }),
    expected: from(
      "permissions",
      "permissions failed PASSWORD_NOT_SECURE",
      "domain skipped",
      "users skipped",
      "did skipped",
    ),
    remedy: remedy.password,
  },
  "a password that waits to be reset": {
    state: apiUser({ accountStatus: "pwd reset" }),
    expected: from("permissions", "permissions failed PASSWORD_NOT_SET", ...allPassed.slice(3)),
    remedy: remedy.password,
  },
  "a new account without a password": {
    state: apiUser({ accountStatus: "new" }),
    expected: from("permissions", "permissions failed PASSWORD_NOT_SET", ...allPassed.slice(3)),
    remedy: remedy.password,
  },
  "an account in reset": {
    state: apiUser({ accountStatus: "reset" }),
    expected: from("permissions", "permissions failed PASSWORD_NOT_SET", ...allPassed.slice(3)),
    remedy: remedy.password,
  },
  "a scope below the minimum": {
    state: apiUser({ scope: "Site Manager" }),
    expected: from("permissions", "permissions failed SCOPE_TOO_LOW", ...allPassed.slice(3)),
    remedy: remedy.scope,
  },
  "a scope that may not even list users": {
    state: apiUser({ scope: "Basic User" }),
    expected: from(
      "permissions",
      "permissions failed SCOPE_TOO_LOW",
      "domain passed",
      "users failed FORBIDDEN",
      "did failed FORBIDDEN",
    ),
    remedy: remedy.scope,
  },
  "a scope below the minimum that is declared": {
    subject: { minimumScope: "Reseller" },
    expected: from("permissions", "permissions failed SCOPE_TOO_LOW", ...allPassed.slice(3)),
    remedy: remedy.scope,
  },
  "a domain that does not exist": {
    state: apiUser({ scope: "Super User" }),
    subject: { domain: "nowhere" },
    expected: from("domain", "domain failed DOMAIN_NOT_FOUND", "users skipped", "did skipped"),
    remedy: remedy.domain,
  },
  "a domain that is out of the user's sight": {
    state: (state) => {
      state.domains.globex = { territory: "southwind" };
      state.users["api@acme"]!.scope = "Reseller";
    },
    subject: { domain: "globex" },
    expected: from("domain", "domain failed FORBIDDEN", "users skipped", "did skipped"),
    remedy: remedy.domain,
  },
  "users that cannot be pulled": {
    options: { usersForbidden: true },
    expected: from("users", "users failed FORBIDDEN", "did passed"),
    remedy: remedy.scope,
  },
  "a DID that is not assigned": {
    subject: { did: "+13125550199" },
    expected: from("did", "did failed DID_NOT_FOUND"),
    remedy: remedy.did,
  },
  "a DID that is assigned to another domain": {
    state: number({ domain: "globex" }),
    expected: from("did", "did failed DID_NOT_FOUND"),
    remedy: remedy.did,
  },
  "a DID that is disabled": {
    state: number({ enabled: "no" }),
    expected: from("did", "did failed DID_DISABLED"),
    remedy: remedy.did,
  },
  "a DID that is an available number": {
    state: number({ application: "available-number" }),
    expected: from("did", "did failed DID_NOT_ROUTED"),
    remedy: remedy.did,
  },
  ...Object.fromEntries(
    [
      "hangup",
      "to-voicemail",
      "to-voicemail-residential",
      "spam-screening",
      "toggle-timeframe",
      "to-connection",
    ].map((application) => [
      `a DID with the application ${application}, which reaches no user, device or queue`,
      {
        state: number({ application, destinationUser: "1000" }),
        expected: from("did", "did failed DID_NOT_ROUTED"),
        remedy: remedy.did,
      },
    ]),
  ),
  "a DID that is routed to a device without a name": {
    state: number({ application: "to-single-device", destinationUser: "" }),
    expected: from("did", "did failed DID_NOT_ROUTED"),
    remedy: remedy.did,
  },
  "a DID that is routed to another user than the handset": {
    state: number({ application: "to-user", destinationUser: "1000" }),
    subject: { didDestination: "2000" },
    expected: from("did", "did failed DID_ROUTED_ELSEWHERE"),
    remedy: remedy.did,
  },
  "a DID that is routed to no user": {
    state: number({ application: "to-user", destinationUser: "" }),
    expected: from("did", "did failed DID_NOT_ROUTED"),
    remedy: remedy.did,
  },
};

describe("a failure names its step, its cause and the guide's remedy:", () => {
  test.each(Object.entries(causes))(
    "%s",
    async (_, { options, state, subject: changes, expected, remedy: words }) => {
      if (options) server.setOptions(options);
      state?.(server.state);
      const verification = await run(changes);
      expect(lines(verification)).toEqual(expected);
      const first = verification.results.find(({ status }) => status === "failed");
      expect(first?.remedy).toMatch(words);
      const text = JSON.stringify(verification);
      for (const secret of [
        there.clientSecret,
        there.apiPassword,
        "wrong-secret",
        "wrong-password",
      ])
        expect(text).not.toContain(secret);
    },
  );

  test("an API URL at which nothing answers, and the later steps say that they were not tried", async () => {
    // No other process can have this port by now, as it could that of a stopped server.
    const { results } = await run({}, "all", client(1, "http://127.0.0.1:1"));
    expect(results[0]).toMatchObject({
      status: "failed",
      code: "NO_ANSWER",
      remedy: expect.stringMatching(/^Verify that the API URL is correct/),
    });
    expect(results.slice(1).map(({ status, evidence }) => `${status}: ${evidence}`)).toEqual(
      Array(5).fill("skipped: the API was not reached"),
    );
  });
});

describe("a reply of 2 MB", () => {
  const large = { "domain-type": "x".repeat(2_000_000) };

  test.each([
    ["permissions", "/users/~$", { "user-scope": "Office Manager", ...large }],
    ["domain", "/domains/acme$", { domain: "acme", ...large }],
    ["did", "/phonenumbers/", { "dial-rule-application": "to-user", ...large }],
  ])("is not read where one object is asked for: %s", async (step, path, body) => {
    server.fault({ kind: "status", status: 200, body, path, method: "GET" });
    const { results } = await run();
    expect(results.find((result) => result.step === step)).toMatchObject({
      code: "NO_ANSWER",
      evidence: expect.stringContaining("REPLY_TOO_LARGE"),
    });
  });

  test("is read where users are listed", async () => {
    server.fault({ kind: "status", status: 200, body: [large], path: "/users$", method: "GET" });
    expect(lines(await run())).toEqual(allPassed);
  });
});

describe("passes", () => {
  test.each([
    ["to-user", "1000"],
    ["to-user-residential", "1000"],
    ["to-single-device", "1000x"],
    ["to-callqueue", "4000"],
    ["to-callqueue-announce-expected-wait-time", "4000"],
  ])("a DID with the application %s to %s", async (application, destinationUser) => {
    number({ application, destinationUser })(server.state);
    expect(lines(await run({ didDestination: destinationUser })).at(-1)).toBe("did passed");
  });

  test("an API user whose scope is spelled super-user", async () => {
    apiUser({ scope: "Super User" })(server.state);
    server.setOptions({ scopeSpelling: "hyphens" });
    expect(lines(await run())).toEqual(allPassed);
  });
});

describe("a block is distinguished from a refusal:", () => {
  test.each(["json", "html"] as const)(
    "403 for everything (%s) is a block, which says nothing about client and user",
    async (blocked) => {
      server.setOptions({ blocked });
      const { results } = await run({}, "all", client(5));
      expect(results[0]).toMatchObject({
        status: "failed",
        code: "BLOCKED",
        remedy: expect.stringMatching(/^Wait and run the command again/),
      });
      expect(new Set(results.slice(1).map(({ status }) => status))).toEqual(new Set(["skipped"]));
    },
  );

  test("a block is not waited for when the run is to end", async () => {
    server.setOptions({ blocked: "json" });
    const stopping = new AbortController();
    const limits = { concurrency: 4, deadlineSeconds: 3_600 };
    const running = run({}, "all", new NetsapiensClient(server.url, limits, stopping.signal));
    await eventually(() => expect(server.received.length).toBeGreaterThan(1), running);
    stopping.abort();
    expect((await running).results[0]).toMatchObject({ status: "failed" });
  });

  test("a block that is lifted while we wait does no harm", async () => {
    server.fault({ kind: "status", status: 403, path: "/tokens$", times: 1 });
    server.fault({ kind: "status", status: 403, path: "/version$", times: 1, skip: 1 });
    expect(lines(await run())).toEqual(allPassed);
  });

  test("a refusal with 403 is final, since the version request still succeeds", async () => {
    server.setOptions({ refusedStatus: 403 });
    await run({ password: "wrong-password" });
    expect(server.received.filter(({ path }) => path.endsWith("/tokens"))).toHaveLength(1);
  });

  test("too many calls (429) are slowed down as the system asks", async () => {
    server.fault({ kind: "status", status: 429, retryAfter: "1", path: "/users$", times: 1 });
    expect(lines(await run())).toEqual(allPassed);
  });

  test("a system that answers 503 is not judged by it", async () => {
    server.fault({ kind: "status", status: 503, path: "/tokens$", times: 100 });
    const { results } = await run({}, "all", client(1));
    expect(results[1]).toMatchObject({
      status: "failed",
      code: "NO_ANSWER",
      // The deadline may end the last try before its reply.
      evidence: expect.stringMatching(/HTTP 503|did not answer in time/),
    });
  });
});

describe("the steps that are asked for", () => {
  test("alone are run, with the grant that they need", async () => {
    const verification = await run({}, ["did"]);
    expect(lines(verification)).toEqual([
      "apiUrl skipped",
      "credentials passed",
      "permissions skipped",
      "domain skipped",
      "users skipped",
      "did passed",
    ]);
    expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /ns-api/v2/tokens",
      "GET /ns-api/v2/domains/acme/phonenumbers/13125550100",
    ]);
  });

  test("may be none: then nothing is called", async () => {
    expect(new Set(lines(await run({}, "off")).map((line) => line.split(" ")[1]))).toEqual(
      new Set(["skipped"]),
    );
    expect(server.received).toEqual([]);
  });

  test("do not include the DID when none is given, with a note in the entry", async () => {
    expect((await run({ did: undefined })).results.at(-1)).toEqual({
      step: "did",
      status: "skipped",
      evidence: "no did is given",
    });
  });
});

describe("one grant", () => {
  const grants = () => server.received.filter(({ path }) => path.endsWith("/tokens")).length;

  test("serves all verifications of a client and user, also those that run at once", async () => {
    const one = client();
    await Promise.all([1, 2, 3].map(() => run({}, "all", one)));
    await run({}, "all", one);
    expect(grants()).toBe(1);
  });

  test("is asked for again when its token is about to end", async () => {
    const one = client();
    server.fault({
      kind: "status",
      status: 200,
      path: "/tokens$",
      body: { access_token: "a-token-for-50-seconds", expires_in: 50 },
    });
    await one.grant(subject);
    await one.grant(subject);
    await one.grant(subject);
    expect(grants()).toBe(2);
  });

  test("that was refused is not asked for again, or the user would be locked out", async () => {
    const one = client();
    for (let i = 0; i < 3; i++) await run({ password: "wrong-password" }, "all", one);
    expect(grants()).toBe(1);
  });

  test("that got no answer is asked for again by the next", async () => {
    const one = client(5);
    server.fault({ kind: "status", status: 503, path: "/tokens$", times: 6 });
    await one.grant(subject);
    server.faults.clear();
    expect((await one.grant(subject)).answer).toMatchObject({ kind: "api", status: 200 });
  });
});
