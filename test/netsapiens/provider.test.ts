import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { netsapiensOAuthClientProvider } from "../../provider/netsapiens/provider.ts";
import type { OAuthClientInputs, OAuthClientOutputs } from "../../provider/netsapiens/schema.ts";
import { PartialFailure } from "../../provider/runtime/errors.ts";
import { type System, system, there } from "./system.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const { clientId, clientSecret, did } = there;

let ns: System;
const messages: string[] = [];
beforeEach(async () => {
  ns = await system();
  vi.spyOn(console, "log").mockImplementation((line: string) => void messages.push(line));
});
afterEach(async () => {
  expect(ns.server.state.deviceReads).toEqual([]);
  vi.restoreAllMocks();
  messages.length = 0;
  await ns.stop();
});

/** A provider as a run has it: nothing is remembered from an earlier one. */
const run = (config: Record<string, string | undefined> = {}) => {
  const all: Record<string, string | undefined> = { ...ns.plainConfig, ...config };
  return netsapiensOAuthClientProvider({
    get: (key) => all[key],
    require: (key) => all[key] ?? "",
  });
};
const inputs = (changes: Partial<OAuthClientInputs> = {}): OAuthClientInputs => ({
  domain: "acme",
  clientId,
  clientSecret,
  did,
  driver: "existing",
  ...changes,
});
const created = async (changes?: Partial<OAuthClientInputs>) => {
  const { id, outs } = await run().create(inputs(changes));
  return { id, outs: outs! };
};
const partial = async (work: Promise<unknown>): Promise<PartialFailure> => {
  const error = await work.then(
    () => expect.fail("it did not fail"),
    (failure) => failure,
  );
  expect(error).toBeInstanceOf(PartialFailure);
  return error;
};
const statuses = ({ verification }: Pick<OAuthClientOutputs, "verification">) =>
  verification.map(({ status }) => status);

describe("check", () => {
  const failures = async (news: object, config: Record<string, string | undefined> = {}) =>
    (await run(config).check({}, news as OAuthClientInputs)).failures?.map(
      ({ property, reason }) => `${property}: ${reason}`,
    ) ?? [];

  test("refuses a client's id that changes its Unicode spelling alone", async () => {
    const [before, now] = ["b\u00e4cker", "ba\u0308cker"].map((clientId) => inputs({ clientId }));
    const { failures: found } = await run().check(before!, now!);
    expect(found).toMatchObject([
      {
        property: "clientId",
        reason: expect.stringMatching(
          /U\+0061 at position 2 in place of U\+00E4.*declare "b\u00e4cker"/,
        ),
      },
    ]);
    expect((await run().check(now!, now!)).failures).toEqual([]);
  });

  test("accepts valid values, and uses defaults from the config", async () => {
    expect(await failures(inputs())).toEqual([]);
    expect(
      await failures(
        inputs({
          apiUrl: "https://pbx.example.com/",
          verify: ["did", "users"],
          sipProxyServerHost: "10.0.0.1",
        }),
      ),
    ).toEqual([]);
    expect(await failures({ domain: "acme", clientId: "x", driver: "portal" })).toEqual([]);
  });

  test.each<[object, string]>([
    [
      { apiUrl: "http://pbx.example.com" },
      "apiUrl: must be https: plain http would show the credentials to the network",
    ],
    [
      { apiUrl: "https://pbx.example.com/ns-api/v2" },
      "apiUrl: must not have a path: write https://pbx.example.com",
    ],
    [{ apiUrl: "pbx.example.com" }, "apiUrl: must be a URL such as https://yourcompany.domain.com"],
    [
      { apiUrl: "https://user:pw@pbx.example.com" },
      "apiUrl: must not carry a user name or password",
    ],
    [
      { sipProxyServerHost: "https://sip.example.com" },
      "sipProxyServerHost: must be a host name or an IP address, without scheme, port and path",
    ],
    [
      { sipProxyServerHost: "sip.example.com:5060" },
      "sipProxyServerHost: must be a host name or an IP address, without scheme, port and path",
    ],
    [{ sipProxyServerPort: 70000 }, "sipProxyServerPort: must be a whole number from 1 to 65535"],
    [
      { did: "12345" },
      [
        "did: cannot be a telephone number: write it as E.164 (+13125550100).",
        "National digits are read as numbers of US; netsapiens:homeCountry sets another country",
      ].join(" "),
    ],
    [{ apiPassword: "secret-pw " }, "apiPassword: must not end with U+0020 (space) at position 10"],
    [{ clientSecret: "\tsecret" }, "clientSecret: must not contain U+0009 (tab) at position 1"],
    ...["ac me", "*", "~", "a".repeat(65)].map((domain): [object, string] => [
      { domain },
      "domain: must be the domain's name: at most 64 letters, digits, dots, hyphens and underscores",
    ]),
    [{ driver: "manual" }, 'driver: expected one of "existing"|"portal"'],
    [
      { verify: ["dids"] },
      'verify: must be "all", "off", or a list of apiUrl, credentials, permissions, domain, users, did',
    ],
    [
      { minimumScope: "Basic User" },
      'minimumScope: expected one of "Office Manager"|"Call Center Supervisor"|"NDP"|"Reseller"|"Super User"',
    ],
    [
      { clientSecret: undefined },
      'clientSecret: is missing: the driver "existing" adopts a client by its secret',
    ],
    [{ portal: { label: {} } }, "portal.label: is not a property here. Did you mean labels?"],
    [
      { portal: { labels: { oauthClient: "API" } } },
      "portal.labels.oauthClient: is not a property here. Did you mean oauthClients?",
    ],
    [{ clientld: "x" }, "clientld: is not a property here. Did you mean clientId?"],
  ])("refuses %j", async (changes, failure) => {
    expect(await failures({ ...inputs(), ...changes })).toEqual([failure]);
  });

  test("says all at once, and never the secret itself", async () => {
    const found = await failures({
      domain: "",
      clientId: "x",
      driver: "existing",
      apiUrl: "ftp://x",
      apiPassword: " canary-pw-1 ",
      did: "1",
    });
    expect(found.map((line) => line.split(":")[0])).toEqual([
      "apiUrl",
      "domain",
      "apiPassword",
      "clientSecret",
      "did",
    ]);
    expect(found.join()).not.toContain("canary-pw-1");
  });

  test("names the command for a value that is neither declared nor configured", async () => {
    const nothing = Object.fromEntries(Object.keys(ns.plainConfig).map((key) => [key, undefined]));
    const set = "is missing: declare it, or run pulumi config set";
    expect(await failures({ domain: "acme", clientId: "x", driver: "portal" }, nothing)).toEqual([
      `apiUrl: ${set} netsapiens:apiUrl <value> (or set NETSAPIENS_API_URL)`,
      `apiUsername: ${set} netsapiens:apiUsername <value> (or set NETSAPIENS_API_USERNAME)`,
      `apiPassword: ${set} --secret netsapiens:apiPassword (or set NETSAPIENS_API_PASSWORD)`,
      `portal.username: ${set} netsapiens:portalUsername <value> (or set NETSAPIENS_PORTAL_USERNAME)`,
      `portal.password: ${set} --secret netsapiens:portalPassword (or set NETSAPIENS_PORTAL_PASSWORD)`,
    ]);
    const section = {
      "netsapiens:accounts": JSON.stringify({
        east: { apiUrl: "https://pbx.example.com", apiUsername: "u" },
      }),
    };
    expect(await failures(inputs({ account: "east" }), section)).toEqual([
      "apiPassword: is missing: declare it, or run pulumi config set --path --secret netsapiens:accounts.east.apiPassword",
    ]);
    expect(await failures(inputs({ account: "west" }), section)).toEqual([
      expect.stringMatching(/^account: .*no account "west"; known: east/),
    ]);
  });

  test("reads no config of the default account while the account is unknown, and plans no replace", async () => {
    const nothing = Object.fromEntries(Object.keys(ns.plainConfig).map((key) => [key, undefined]));
    const east = { apiUrl: ns.server.url, apiUsername: "api@acme", apiPassword: there.apiPassword };
    const config = {
      ...nothing,
      "netsapiens:accounts": JSON.stringify({
        east,
        west: { ...east, apiUrl: "https://pbx.example.com" },
      }),
    };
    expect(await failures(inputs({ account: unknown }), config)).toEqual([]);
    const { id, outs } = await run(config).create(inputs({ account: "east" }));
    expect(await run(config).diff(id, outs!, inputs({ account: unknown }))).toMatchObject({
      changes: true,
      replaces: [],
    });
    expect(await run(config).diff(id, outs!, inputs({ account: "west" }))).toMatchObject({
      changes: true,
      replaces: ["apiUrl"],
    });
  });

  test("accepts values that are unknown before up", async () => {
    const values = Object.fromEntries(Object.keys(inputs()).map((key) => [key, unknown]));
    expect(
      await failures({
        ...values,
        apiUrl: unknown,
        apiPassword: unknown,
        portal: unknown,
        verify: unknown,
        account: unknown,
      }),
    ).toEqual([]);
    expect(
      await failures(
        inputs({
          driver: "portal",
          portal: { username: unknown, password: unknown, labels: unknown as never },
        }),
      ),
    ).toEqual([]);
  });
});

describe("diff", () => {
  test("is empty for the same declaration, also in other words", async () => {
    const { id, outs } = await created({ apiUrl: ns.server.url });
    for (const same of [
      { apiUrl: ns.server.url },
      { apiUrl: `${ns.server.url}/` },
      { apiUrl: ns.server.url.replace("http", "HTTP") },
      {},
    ]) {
      expect(await run().diff(id, outs, inputs(same))).toMatchObject({
        changes: false,
        replaces: [],
      });
    }
    expect(
      await run().diff(
        id,
        outs,
        inputs({ sipProxyServerPort: 5060, sipProxyServerHost: "127.0.0.1" }),
      ),
    ).toMatchObject({
      changes: false,
    });
  });

  test.each<Partial<OAuthClientInputs>>([
    { clientSecret: "another" },
    { apiUsername: "other@acme" },
    { apiPassword: "another" },
    { did: "+13125550101" },
    { domain: "globex" },
    { sipProxyServerHost: "sip.example.com" },
    { sipProxyServerPort: 5061 },
    { verify: ["users"] },
    { minimumScope: "Reseller" },
    { driver: "portal" },
    { did: unknown },
  ])("finds %j, to be updated in place", async (change) => {
    const { id, outs } = await created();
    expect(await run().diff(id, outs, inputs(change))).toMatchObject({
      changes: true,
      replaces: [],
    });
  });

  test("replaces for another client id or host, and creates the new client first", async () => {
    const { id, outs } = await created();
    expect(await run().diff(id, outs, inputs({ clientId: "xima-2" }))).toEqual({
      changes: true,
      replaces: ["clientId"],
      deleteBeforeReplace: false,
    });
    expect(await run().diff(id, outs, inputs({ apiUrl: "https://pbx.example.com" }))).toEqual({
      changes: true,
      replaces: ["apiUrl"],
      deleteBeforeReplace: false,
    });
  });

  test("sees that another secret is declared, which the portal may not show", async () => {
    const { id, outs } = await created();
    const before = inputs({ driver: "portal" });
    const olds = { ...outs, ...before };
    const declare = async (changes: Partial<OAuthClientInputs>, earlier = before) => {
      const { inputs: checked } = await run().check(earlier, { ...before, ...changes });
      return { checked, ...(await run().diff(id, { ...olds, ...earlier }, checked!)) };
    };
    expect(await declare({})).toMatchObject({ changes: false, checked: before });
    expect(await declare({ clientSecret: undefined })).toMatchObject({ changes: false });
    const { checked, changes } = await declare({ clientSecret: "S2" });
    expect(changes).toBe(true);
    expect(await declare({ clientSecret: "S2" }, checked!)).toMatchObject({ changes: false });
    expect(await declare({ clientSecret: "S3" }, checked!)).toMatchObject({ changes: true });
  });

  test("sees that a default in the config has changed", async () => {
    const { id, outs } = await created();
    expect(
      await run({ "netsapiens:apiPassword": "rotated-pw-1" }).diff(id, outs, inputs()),
    ).toMatchObject({ changes: true, replaces: [] });
  });
});

describe("a client that exists", () => {
  test("is adopted when it passes, and comes out as the guide's bundle", async () => {
    const { id, outs } = await created({
      sipProxyServerHost: "sip.example.com",
      sipProxyServerPort: 5061,
    });
    expect(id).toBe(`${new URL(ns.server.url).host}/${clientId}`);
    expect(outs.bundle).toEqual({
      domain: "acme",
      sip_proxy_server_host: "sip.example.com",
      sip_proxy_server_port: 5061,
      api_url: ns.server.url,
      api_client_id: clientId,
      api_client_secret: clientSecret,
      api_username: "api@acme",
      api_password: there.apiPassword,
      did,
    });
    expect(outs).toMatchObject({ schemaVersion: 1, apiVersion: "45.1.0", clientSecret });
    expect(statuses(outs)).toEqual(Array(6).fill("passed"));
  });

  test("that fails verification is a partial failure, with remedies in the guide's order", async () => {
    ns.server.state.users["api@acme"]!.scope = "Basic User";
    ns.server.state.phonenumbers = {};
    const failure = await partial(run().create(inputs()));
    expect(failure.id).toBe(`${new URL(ns.server.url).host}/${clientId}`);
    expect(failure.properties).toMatchObject({ bundle: { api_client_secret: clientSecret } });
    expect(statuses(failure.properties as never)).toEqual([
      "passed",
      "passed",
      "failed",
      "passed",
      "failed",
      "failed",
    ]);
    const [reason = ""] = failure.reasons;
    expect(reason).toContain("VERIFICATION_FAILED");
    const places = ["permissions: ", "Select User → Scope", "users: ", "did: "].map((words) =>
      reason.indexOf(words),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);

    // The engine calls update at the next up: what was fixed at the vendor's passes then.
    const olds = failure.properties as never as OAuthClientOutputs;
    expect(await run().diff(failure.id, olds, inputs())).toMatchObject({ changes: true });
    await partial(run().update(failure.id, olds, inputs()));
    ns.server.state.users["api@acme"]!.scope = "Office Manager";
    const { outs } = await run().update(failure.id, olds, inputs({ did: undefined }));
    expect(statuses(outs!)).toEqual([...Array(5).fill("passed"), "skipped"]);
    expect(await run().diff(failure.id, outs!, inputs({ did: undefined }))).toMatchObject({
      changes: false,
    });
  });

  test("is not verified where that is off, and an old failure then counts no more", async () => {
    const { id, outs } = await created({ verify: "off", clientSecret: "wrong-but-nobody-asks" });
    expect(ns.apiCalls()).toEqual([]);
    expect(statuses(outs)).toEqual(Array(6).fill("skipped"));
    await run().read(id, outs);
    expect(ns.apiCalls()).toEqual([]);
    const failed = {
      ...outs,
      verification: [{ step: "users", status: "failed", evidence: "x", code: "FORBIDDEN" }],
    } as never;
    expect(
      await run().diff(
        id,
        failed,
        inputs({ verify: "off", clientSecret: "wrong-but-nobody-asks" }),
      ),
    ).toMatchObject({
      changes: false,
    });
  });

  test("stays when it is deleted, and the message says where to revoke it", async () => {
    const { id, outs } = await created();
    await run().delete(id, outs);
    expect(ns.client(clientId)).toBeDefined();
    expect(messages).toEqual([
      [
        `NetsapiensOAuthClient ${id}: is kept at NetSapiens, since it was not made here. To revoke it:`,
        `${ns.server.url}/SiPbx/adminlogin.php, System → Settings → Advanced → OAuth Clients`,
      ].join(" "),
    ]);
  });

  test("is asked for one token, however many resources share it", async () => {
    ns.server.state.domains.globex = { territory: "northwind" };
    ns.server.state.users["api@acme"]!.scope = "Reseller";
    const { id, outs } = await created();
    const provider = run();
    const domains = ["acme", "globex", "acme"].map((domain) =>
      inputs({ domain, did: undefined, verify: ["domain"] }),
    );
    await Promise.all(domains.map((news) => provider.update(id, outs, news)));
    await provider.read(id, outs);
    // One for the run that made it, one for the run after.
    expect(ns.apiCalls().filter((call) => call.startsWith("POST"))).toHaveLength(2);
  });

  test("declared twice is an error, not a client that two resources share", async () => {
    const provider = run();
    await provider.create(inputs());
    await expect(provider.create(inputs())).rejects.toMatchObject({ code: "DECLARED_TWICE" });
  });

  test("stays in the state when the resource of its new name fails, and the next up fixes it", async () => {
    const { id, outs } = await created();
    const renaming = run({ "netsapiens:browserPath": "/nowhere/chromium" });
    const failing = () => renaming.create(inputs({ driver: "portal" }));
    await expect(failing()).rejects.toMatchObject({ code: "BROWSER_MISSING" });
    await expect(failing()).rejects.toMatchObject({ code: "BROWSER_MISSING" });
    await expect(renaming.delete(id, outs)).rejects.toMatchObject({
      code: "TAKE_OVER_OPEN",
      operation: `delete client ${id}`,
      hint: expect.stringContaining("remove the other one"),
    });
    const next = run();
    await next.create(inputs());
    await next.delete(id, outs);
    expect(messages).toEqual([expect.stringContaining("resource of this stack has it now")]);
  });

  test("keeps no token in its outputs", async () => {
    const { outs } = await created();
    const tokens = Object.keys(ns.server.state.tokens);
    expect(tokens).not.toEqual([]);
    for (const token of tokens) expect(JSON.stringify(outs)).not.toContain(token);
  });
});

describe("the portal login of a config that names another host by now", () => {
  const other = {
    "netsapiens:apiUrl": "https://new.example.com",
    "netsapiens:portalPassword": "Password-of-new-1",
    "netsapiens:browserPath": "/nowhere/chromium",
  };
  const made = async () => {
    const { id, outs } = await created();
    return { id, outs: { ...outs, driver: "portal" } as OAuthClientOutputs };
  };

  test("is not typed at the host of the state; the error has the commands for an account", async () => {
    const { id, outs } = await made();
    await expect(run(other).delete(id, outs)).rejects.toMatchObject({
      code: "PORTAL_LOGIN_MISSING",
      operation: `delete ${id}`,
      reason: `no portal login of the config is for ${ns.server.url}`,
      hint: expect.stringContaining(
        `pulumi config set --path netsapiens:accounts.old.apiUrl ${ns.server.url}`,
      ),
    });
  });

  test("stays untyped in a refresh, which keeps the client", async () => {
    const { id, outs } = await made();
    ns.client(clientId)!.clientSecret = "rotated-elsewhere";
    const { id: kept, props } = await run(other).read(id, outs);
    expect(kept).toBe(id);
    expect(props?.verification[1]).toMatchObject({ code: "GRANT_REFUSED" });
    expect(messages.join()).toContain("[PORTAL_LOGIN_MISSING]");
  });

  test.each<[string, Record<string, string>, Partial<OAuthClientInputs>]>([
    ["a login that the resource declares", {}, { portal: { username: "u", password: "p" } }],
    ["a section of the config that leads to the host", { apiUrl: "HTTP://HOST/" }, {}],
  ])("gives way to %s", async (_, section, changes) => {
    const { id, outs } = await made();
    const login = { portalUsername: "superuser", portalPassword: there.portalPassword };
    const apiUrl = section.apiUrl?.replace("HOST", new URL(ns.server.url).host);
    const accounts = JSON.stringify({ broken: { apiUrl: "x" }, old: { ...login, apiUrl } });
    await expect(
      run({ ...other, "netsapiens:accounts": accounts }).delete(id, { ...outs, ...changes }),
    ).rejects.toMatchObject({ code: "BROWSER_MISSING" });
  });

  test("counts for each host where the config names none", async () => {
    const { id, outs } = await made();
    await expect(
      run({ ...other, "netsapiens:apiUrl": undefined }).delete(id, outs),
    ).rejects.toMatchObject({ code: "BROWSER_MISSING" });
  });
});

describe("a client whose system has another address by now", () => {
  const at = () => ns.server.url.replace("127.0.0.1", "localhost");
  /** No delete opens a page here: it would end in `BROWSER_MISSING`. */
  const browserless = { "netsapiens:browserPath": "/nowhere/chromium" };
  const madeAt = async (apiUrl: string, resource = "acme") => {
    const { id, outs } = await created({ apiUrl, verify: "off" });
    return { id, outs: { ...outs, driver: "portal", __resource: resource } as OAuthClientOutputs };
  };

  test("is kept by the delete of its old address, and the warning names both addresses", async () => {
    const old = await madeAt(ns.server.url);
    const moving = run(browserless);
    await moving.create(inputs({ apiUrl: at() }));
    await moving.delete(old.id, old.outs);
    expect(messages).toEqual([
      expect.stringMatching(`^warning: .*${old.id}: .*${ns.server.url}.*${at()}`),
    ]);
    expect(messages.join()).not.toContain(clientSecret);
  });

  test("is kept when the new address fails the verification, even if the run continues", async () => {
    const old = await madeAt(ns.server.url);
    const moving = run({ ...browserless, "netsapiens:apiPassword": "Wrong-api-pw-1" });
    await partial(moving.create(inputs({ apiUrl: at() })));
    await moving.delete(old.id, old.outs);
    expect(messages.join()).toContain("warning: ");
  });

  test.each<[string, Partial<OAuthClientInputs>]>([
    ["with the same secret", {}],
    ["with another secret", { clientSecret: "another", verify: "off" }],
  ])("is not to be revoked at the old one while it is used at the new one %s", async (_, news) => {
    const { id, outs } = await created();
    const moving = run(browserless);
    await moving.create(inputs({ apiUrl: at(), ...news }));
    await moving.delete(id, outs);
    expect(messages.join()).not.toContain("To revoke it:");
  });

  test("is deleted with the last of the resources that have it", async () => {
    const [old, moved] = [await madeAt(ns.server.url), await madeAt(at())];
    const last = run({ ...browserless, "netsapiens:apiUrl": undefined });
    await last.diff(moved.id, moved.outs, inputs({ apiUrl: at(), driver: "portal" }));
    await last.delete(old.id, old.outs);
    await expect(last.delete(moved.id, moved.outs)).rejects.toMatchObject({
      code: "BROWSER_MISSING",
    });
  });

  test.each<[string, Partial<OAuthClientOutputs>]>([
    ["id", { clientId: "xima-2" }],
    ["secret", { bundle: { api_client_secret: "another" } as OAuthClientOutputs["bundle"] }],
  ])("is not what another client is that has another %s", async (_, changes) => {
    const [old, moved] = [await madeAt(ns.server.url), await madeAt(at())];
    const other = {
      ...moved.outs,
      ...changes,
      bundle: { ...moved.outs.bundle, ...changes.bundle },
    };
    const moving = run(browserless);
    await moving.diff(moved.id, other, inputs({ apiUrl: at(), driver: "portal" }));
    await expect(moving.delete(old.id, old.outs)).rejects.toMatchObject({
      code: "BROWSER_MISSING",
    });
  });

  test("has no remedy that deletes it, where the config lacks the old portal's login", async () => {
    const old = await madeAt(ns.server.url);
    const moving = run({ ...browserless, "netsapiens:apiUrl": at() });
    await moving.create(inputs({ clientSecret: "another", verify: "off" }));
    await expect(moving.delete(old.id, old.outs)).rejects.toMatchObject({
      code: "PORTAL_LOGIN_MISSING",
      hint: expect.stringMatching(/one system.*delete nothing.*pulumi state delete.*Otherwise/s),
    });
  });
});

describe("a client of the portal whose grant is refused", () => {
  test("fails with that refusal and its remedy, also when the portal cannot be asked again", async () => {
    const { id, outs } = await created();
    const portal = run({
      "netsapiens:apiPassword": "Wrong-api-pw-1",
      "netsapiens:browserPath": "/nowhere/chromium",
    });
    const olds = { ...outs, driver: "portal" } as OAuthClientOutputs;
    const failure = await partial(portal.update(id, olds, inputs({ driver: "portal" })));
    expect(failure.reasons[0]).toMatch(/VERIFICATION_FAILED.*credentials: .*GRANT_REFUSED/s);
    expect(failure.properties).toMatchObject({ clientSecret });
    expect(messages).toEqual([expect.stringContaining("[BROWSER_MISSING]")]);
  });
});

describe("refresh", () => {
  test("is quiet while the result is the same: nothing in the outputs moves", async () => {
    const { id, outs } = await created();
    expect(await run().read(id, outs)).toEqual({ id, props: outs });
  });

  test("keeps a client whose grant is refused, as drift; up fixes it or fails with the remedy", async () => {
    const { id, outs } = await created();
    ns.client(clientId)!.clientSecret = "rotated-elsewhere";
    const { id: kept, props } = await run().read(id, outs);
    expect(kept).toBe(id);
    expect(props?.verifiedAt).not.toBe(outs.verifiedAt);
    expect(statuses(props!)).toEqual([
      "passed",
      "failed",
      "skipped",
      "skipped",
      "skipped",
      "skipped",
    ]);
    expect(messages.join()).toContain(
      "credentials failed: the system refused client and user together",
    );
    expect(await run().diff(id, props!, inputs())).toMatchObject({ changes: true, replaces: [] });
    expect((await partial(run().update(id, props!, inputs()))).reasons[0]).toContain(
      "GRANT_REFUSED",
    );
    const { outs: mended } = await run().update(
      id,
      props!,
      inputs({ clientSecret: "rotated-elsewhere" }),
    );
    expect(statuses(mended!)).toEqual(Array(6).fill("passed"));
  });

  test("verifies the values of the bundle, not those of the current config", async () => {
    const { id, outs } = await created();
    const { props } = await run({ "netsapiens:apiPassword": "not-yet-valid" }).read(id, outs);
    expect(props).toEqual(outs);
  });

  test("is an error, not drift, when the system is down or keeps this machine out", async () => {
    const { id, outs } = await created();
    ns.server.setOptions({ blocked: "json" });
    await expect(run({ "netsapiens:deadlineSeconds": "5" }).read(id, outs)).rejects.toMatchObject({
      code: "BLOCKED",
    });
    await ns.server.stop();
    await expect(run({ "netsapiens:deadlineSeconds": "5" }).read(id, outs)).rejects.toMatchObject({
      code: "NO_ANSWER",
    });
    await ns.server.start();
  });
});
