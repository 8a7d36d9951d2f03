import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { adoptedOutputs } from "../../provider/xima/outputs.ts";
import { eventually } from "../eventually.ts";
import { type DynamicHost, dynamicHost } from "../host/dynamic-host.ts";
import { licenceServer } from "./licence-server.ts";

const type = "XimaLicense";
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const password = "sip-canary-password";
const sipCredentials = {
  username: "acme-trunk",
  password,
  sipServer: "sip.acme.example",
  outboundProxy: "proxy.acme.example",
};

let licences: Awaited<ReturnType<typeof licenceServer>>;
let host: DynamicHost;
const folder = mkdtempSync(join(tmpdir(), "ucaas-journal-"));
const start = (env: Record<string, string> = {}, more: Record<string, unknown> = {}) =>
  dynamicHost({
    config: { ...licences.plainConfig, ...more },
    env: { UCAAS_JOURNAL_DIR: folder, ...env },
  });

/** The config of a server as a section `xima:accounts.<name>`. */
const section = (config: Record<string, string>) => ({
  baseUrl: config["xima:baseUrl"],
  privateKey: config["xima:privateKey"],
  keyId: config["xima:keyId"],
});

beforeAll(async () => {
  licences = await licenceServer();
  host = await start();
});
afterAll(async () => {
  await host.stop();
  await licences.server.stop();
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  licences.server.faults.clear();
  licences.server.received.length = 0;
});

let customers = 0;
/** The arguments of a customer that no other test has. */
function licence(more: Record<string, unknown> = {}) {
  const tenantId = `tenant-${++customers}`;
  return {
    ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId, tenantName: "Acme" },
    professionalSeats: 12,
    __resource: tenantId,
    ...more,
  };
}
type Licence = ReturnType<typeof licence>;
const licenceId = ({ ccId }: Licence) => `voicehouse/${ccId.tenantId}`;
const stored = (args: Licence) => licences.server.state.customers[licenceId(args)]?.licence;
/** The customer as it was created elsewhere. */
function exists(args: Licence, has: Record<string, number> = { eliteSeats: 50 }) {
  licences.server.state.customers[licenceId(args)] = { ccId: args.ccId, licence: has };
}
const sent = () =>
  licences.writes().map(({ body }) => {
    const { ccId, jti, exp, ...rest } = JSON.parse(body) as Record<string, unknown>;
    return rest;
  });
const failures = async (args: object, olds?: object, on = host) =>
  (await on.check(type, args, olds)).failures;

describe("check", () => {
  test("finds all that is wrong at once, each at its property", async () => {
    const args = {
      ...licence({
        professionalSeats: 3,
        dialerSeats: 7,
        eliteSeats: "many",
        sipCredentials: { ...sipCredentials, sipPort: 5060 },
      }),
      ccId: { resellerId: "voicehouse", tenantId: "", tenantNam: "Acme" },
      reassertAfter: "soon",
      essentialSeat: 5,
    };
    expect(
      Object.fromEntries((await failures(args)).map(({ property, reason }) => [property, reason])),
    ).toEqual({
      "ccId.tenantId": "must not be empty",
      "ccId.tenantNam": "is not a property here. Did you mean tenantName?",
      "ccId.resellerName": expect.stringContaining("first request (OpenAPI 1.4)"),
      "ccId.tenantName": expect.stringContaining("first request (OpenAPI 1.4)"),
      professionalSeats: "must be 0 or at least 5, not 3 (OpenAPI 1.4)",
      dialerSeats:
        "must be 0 or at least 10, not 7 (OpenAPI 1.4; the authentication page shows 5, see xima:seatRules.dialerSeats)",
      eliteSeats: "must be a whole number",
      sipCredentials: expect.stringContaining("sipPort and transport"),
      reassertAfter: 'must be a duration such as "7d" or "12h"',
      essentialSeat: "is not a property here. Did you mean essentialSeats?",
    });
  });

  test.each([
    ["ccId"],
    ["professionalSeats"],
    ["aiMessaging"],
    ["sipCredentials"],
    ["adopt"],
    ["account"],
    ["reassertAfter"],
  ])("has nothing against %s not being known yet", async (property) => {
    expect(await failures(licence({ [property]: unknown }))).toEqual([]);
    const ccId = {
      resellerId: unknown,
      resellerName: unknown,
      tenantId: unknown,
      tenantName: unknown,
    };
    expect(
      await failures(
        licence({
          ccId,
          aiMessaging: { standardBundles: unknown },
          sipCredentials: { ...sipCredentials, password: unknown },
        }),
      ),
    ).toEqual([]);
  });

  test.each([[""], ["0d"], ["-1d"], ["soon"], ["7"]])(
    "checks reassertAfter %j, and reports the other errors as well",
    async (reassertAfter) => {
      const found = await failures(licence({ reassertAfter, eliteSeats: "many" }));
      expect(found.map(({ property }) => property).sort()).toEqual([
        "eliteSeats",
        ...(reassertAfter === "7" ? [] : ["reassertAfter"]),
      ]);
    },
  );

  test("finds a customer that two resources declare, before any create", async () => {
    const args = licence({ adopt: true });
    await using fresh = await start();
    expect(await failures(args, undefined, fresh)).toEqual([]);
    expect(await failures(args, args, fresh)).toEqual([]);
    expect(await failures({ ...args, __resource: "copy" }, undefined, fresh)).toEqual([
      {
        property: "ccId",
        reason: expect.stringContaining(`is declared by ${args.__resource} too`),
      },
    ]);
  });

  test("finds a copy whose id looks the same and has another Unicode spelling", async () => {
    const args = licence();
    const spelled = (a: string) => ({ ...args, ccId: { ...args.ccId, tenantId: `b${a}cker` } });
    await using fresh = await start();
    expect(await failures(spelled("\u00e4"), undefined, fresh)).toEqual([]);
    const copy = { ...spelled("a\u0308"), __resource: "copy" };
    expect(await failures(copy, undefined, fresh)).toMatchObject([{ property: "ccId" }]);
  });

  test("uses the minimum of xima:seatRules, and shows a rule of level warn as a note", async () => {
    await using lenient = await start(
      {},
      { "xima:seatRules": { dialerSeats: 5, aiMessaging: "warn" } },
    );
    const args = licence({
      dialerSeats: 5,
      professionalSeats: 0,
      essentialSeats: 5,
      aiMessaging: { standardBundles: 1 },
    });
    expect((await failures(args)).map(({ property }) => property)).toEqual([
      "dialerSeats",
      "aiMessaging",
    ]);
    expect(await failures(args, undefined, lenient)).toEqual([]);
    expect(lenient.output()).toContain(
      `${licenceId(args)}: aiMessaging: any bundle needs at least one Professional seat`,
    );
  });

  test("concludes nothing from undeclared seats of a customer that XIMA_ADOPT names", async () => {
    const { professionalSeats: _, ...args } = licence({ aiMessaging: { standardBundles: 1 } });
    expect((await failures(args)).map(({ property }) => property)).toEqual(["aiMessaging"]);
    await using adopting = await start({ XIMA_ADOPT: `voicehouse/${args.ccId.tenantId}` });
    expect(await failures(args, undefined, adopting)).toEqual([]);
  });

  test("wants the customer's names where its first request would lack them, and only there", async () => {
    const ccId = { resellerId: "voicehouse", tenantId: "nameless" };
    const licence = (more: object) => ({ professionalSeats: 12, __resource: "nameless", ...more });
    expect((await failures(licence({ ccId }))).map(({ property }) => property)).toEqual([
      "ccId.resellerName",
      "ccId.tenantName",
    ]);
    expect(await failures(licence({ ccId, adopt: true }))).toEqual([]);
    expect(await failures(licence({ ccId, adopt: unknown }))).toEqual([]);
    expect(await failures(licence({ ccId: { ...ccId, tenantId: unknown } }))).toEqual([]);
    expect(await failures(licence({ ccId }), licence({ ccId }))).toEqual([]);
  });

  test("refuses to take SIP credentials away, and says why", async () => {
    const before = licence({ sipCredentials });
    expect(await failures({ ...before, sipCredentials: undefined }, before)).toEqual([
      {
        property: "sipCredentials",
        reason: expect.stringMatching(/cannot be removed: the licensing API only sets them/),
      },
    ]);
    // Another customer is another licence, which may have none.
    expect(await failures(licence(), before)).toEqual([]);
  });

  test("refuses an id that changes its case alone: the old licence's delete could be its own", async () => {
    const before = licence();
    const ccId = { ...before.ccId, tenantId: before.ccId.tenantId.toUpperCase() };
    for (const adopt of [undefined, true])
      expect(await failures({ ...before, ccId, adopt }, before)).toEqual([
        {
          property: "ccId.tenantId",
          reason: expect.stringContaining(`declare "${before.ccId.tenantId}"`),
        },
      ]);
    expect(await failures(before, before)).toEqual([]);
    expect(await failures({ ...before, ccId }, undefined)).toEqual([]);
  });

  test("an id that changes its Unicode spelling alone is refused, like one that changes its case", async () => {
    const before = licence();
    const { tenantId } = before.ccId;
    const spelled = (a: string) => ({
      ...before,
      ccId: { ...before.ccId, tenantId: tenantId + a },
    });
    for (const now of ["a\u0308", "A\u0308"])
      expect(await failures(spelled(now), spelled("\u00e4"))).toEqual([
        {
          property: "ccId.tenantId",
          reason: expect.stringContaining(`declare "${tenantId}\u00e4"`),
        },
      ]);
    const [failure] = await failures(spelled("a\u0308"), spelled("\u00e4"));
    expect(failure?.reason).toContain(
      `U+0061 at position ${tenantId.length + 1} in place of U+00E4`,
    );
    expect(await failures(spelled("a\u0308"), spelled("a\u0308"))).toEqual([]);
    expect(await failures(spelled("a\u0308"), undefined)).toEqual([]);
  });

  test("names missing config with the command to set it, and an unusable key or certificate", async () => {
    await using bare = await dynamicHost({ config: {}, env: { UCAAS_JOURNAL_DIR: folder } });
    expect(await failures(licence(), undefined, bare)).toEqual([
      {
        property: "xima config",
        reason: expect.stringMatching(
          /xima:baseUrl [\s\S]*What to do: 1\. pulumi config set xima:baseUrl[\s\S]*2\. pulumi config set --secret xima:privateKey/,
        ),
      },
    ]);
    await using wrong = await start({}, { "xima:privateKey": "/no/such/key.pem" });
    expect(await failures(licence(), undefined, wrong)).toEqual([
      expect.objectContaining({
        property: expect.not.stringContaining("account"),
        reason: expect.stringContaining("KEY_UNREADABLE"),
      }),
    ]);
  });

  test("takes each account's own server, key and revision", async () => {
    const {
      "xima:baseUrl": baseUrl,
      "xima:privateKey": privateKey,
      "xima:keyId": keyId,
    } = licences.plainConfig;
    const accounts = {
      older: { baseUrl, privateKey, keyId, apiRevision: "guide" },
      half: { baseUrl },
    };
    await using several = await start({}, { "xima:accounts": accounts });
    const fewerSeats = { dialerSeats: 7 };
    expect(
      await failures(licence({ ...fewerSeats, account: "older" }), undefined, several),
    ).toEqual([]);
    expect(
      (await failures(licence(fewerSeats), undefined, several)).map(({ property }) => property),
    ).toEqual(["dialerSeats"]);
    expect((await failures(licence({ account: "half" }), undefined, several))[0]).toMatchObject({
      property: "account",
      reason: expect.stringContaining(
        "pulumi config set --path --secret xima:accounts.half.privateKey",
      ),
    });
    expect((await failures(licence({ account: "oldr" }), undefined, several))[0]?.reason).toContain(
      'no account "oldr"; known: older, half',
    );
  });

  test("notes a bundle that Elite seats include, and stops nothing", async () => {
    expect(await failures(licence({ eliteSeats: 5, aiMessaging: { standardBundles: 1 } }))).toEqual(
      [],
    );
    expect(host.output()).toContain(
      "already includes one standard bundle; this buys 1 more (OpenAPI 1.4)",
    );
  });
});

describe("create", () => {
  test("asks whether the customer exists, then sends the licence once", async () => {
    const args = licence({
      aiMessaging: { standardBundles: 2 },
      adopt: false,
      reassertAfter: "7d",
    });
    const { id, outs } = await host.create(type, args);
    expect(id).toBe(licenceId(args));
    expect(licences.server.received.map(({ status }) => status)).toEqual([404, 200]);
    expect(sent()).toEqual([
      { professionalSeats: 12, aiMessaging: { standardBundles: 2, advancedBundles: 0 } },
    ]);
    expect(outs).toMatchObject({
      ...args,
      schemaVersion: 1,
      lastChanges: [
        { property: "professionalSeats", oldValue: 0, newValue: 12 },
        { property: "aiMessaging.standardBundles", oldValue: 0, newValue: 2 },
      ],
      lastDrift: [],
    });
    expect(Math.abs(Date.parse(outs.lastAssertedAt) - Date.now())).toBeLessThan(60_000);
  });

  test("leaves an existing customer as it is, and names the three roads", async () => {
    const args = licence();
    exists(args);
    const { message } = await host.failure(host.create(type, args));
    expect(message).toContain("ALREADY_EXISTS");
    expect(message).toContain("adopt: true");
    expect(message).toContain("import it (docs/xima-license.md)");
    expect(message).toContain(`XIMA_ADOPT=${licenceId(args)} pulumi up`);
    expect(stored(args)).toEqual({ eliteSeats: 50 });
    expect(licences.writes()).toEqual([]);
  });

  test("adopts an existing customer with adopt: true, and keeps undeclared fields", async () => {
    const args = licence({ adopt: true });
    exists(args);
    const { outs } = await host.create(type, args);
    expect(stored(args)).toEqual({ eliteSeats: 50, professionalSeats: 12 });
    expect(outs.lastChanges).toEqual([
      { property: "professionalSeats", oldValue: 0, newValue: 12 },
    ]);
  });

  test("takes over just the customers that XIMA_ADOPT names", async () => {
    const [one, other, third] = [licence(), licence(), licence()];
    for (const args of [one, other, third]) exists(args);
    await using allowed = await start({ XIMA_ADOPT: `${licenceId(one)}, ${licenceId(other)}` });
    await allowed.create(type, one);
    await allowed.create(type, other);
    expect((await allowed.failure(allowed.create(type, third))).message).toContain(
      "ALREADY_EXISTS",
    );
    expect(stored(third)).toEqual({ eliteSeats: 50 });
  });

  test("refuses the second of two resources for one customer, whichever comes first", async () => {
    const args = licence();
    const answers = await Promise.allSettled([
      host.create(type, args),
      host.create(type, { ...args, professionalSeats: 90, __resource: "copy" }),
    ]);
    const refused = answers.filter((answer) => answer.status === "rejected");
    expect(refused.map(({ reason }) => String(reason))).toEqual([
      expect.stringMatching(/DECLARED_TWICE/),
    ]);
    expect(licences.writes()).toHaveLength(1);
    // A later create is not treated as a retry of the first either: not in this run, under
    // any name, and not in the next.
    expect((await host.failure(host.create(type, args))).message).toContain("DECLARED_TWICE");
    await using next = await start();
    expect(
      (await next.failure(next.create(type, { ...args, __resource: "copy" }))).message,
    ).toContain("ALREADY_EXISTS");
  });

  test.each([["malformed"], ["html"], ["empty"]] as const)(
    "whose reply was lost (%s) keeps the licence in the state, and the next up applies it again",
    async (kind) => {
      const args = licence();
      licences.server.fault({ kind, bodyMatches: "professionalSeats" });
      const failure = await host.failure(host.create(type, args));
      expect(failure.message).toContain("MALFORMED_REPLY");
      expect(failure.partial).toMatchObject({
        id: licenceId(args),
        reasons: [expect.stringContaining("MALFORMED_REPLY")],
      });
      expect(failure.partial?.properties).toMatchObject({
        ...args,
        __provider: expect.stringContaining("pulumi-ucaas/host"),
        schemaVersion: 1,
      });
      const { outs } = await host.update(
        type,
        failure.partial!.id,
        failure.partial!.properties,
        args,
      );
      expect(outs).toMatchObject({ professionalSeats: 12, lastChanges: [], lastDrift: [] });
    },
  );

  test("without a reply stays in the state if the licence exists, and is deleted with it", async () => {
    const args = licence();
    await using hasty = await start({}, { "xima:deadlineSeconds": 5 });
    licences.server.fault({ kind: "cut", bodyMatches: "professionalSeats", times: 99 });
    const { partial } = await hasty.failure(hasty.create(type, args));
    licences.server.faults.clear();
    expect(partial).toMatchObject({
      id: licenceId(args),
      properties: { professionalSeats: 12, unconfirmed: true },
    });
    await hasty.delete(type, partial!.id, partial!.properties);
    expect(licences.server.state.customers[licenceId(args)]?.deletion).toBeDefined();
  });

  test("gives a usable XIMA_ADOPT command, even when the customer's id is its SIP user name", async () => {
    const args = licence();
    exists(args);
    const { message } = await host.failure(
      host.create(type, {
        ...args,
        sipCredentials: { ...sipCredentials, username: args.ccId.tenantId },
      }),
    );
    expect(message).toContain(`XIMA_ADOPT=${licenceId(args)} pulumi up`);
  });

  test("without a reply is kept in the state also when the server is away", async () => {
    const args = licence();
    await using hasty = await start({}, { "xima:deadlineSeconds": 5 });
    licences.server.fault({ kind: "cut", bodyMatches: "professionalSeats", times: 999 });
    // The look-up before the create passes, the one after it does not.
    licences.server.fault({ kind: "cutBefore", skip: 1, times: 999 });
    const { partial } = await hasty.failure(hasty.create(type, args));
    licences.server.faults.clear();
    expect(stored(args)).toBeDefined();
    expect(partial).toMatchObject({
      id: licenceId(args),
      properties: { professionalSeats: 12, unconfirmed: true },
    });
  });

  test.each([
    [
      "something on the way sent twice",
      { kind: "statusAfter", status: 401, body: { code: "DUPLICATE_JTI", message: "used" } },
    ],
    [
      "timed out on its way back",
      { kind: "statusAfter", status: 408, headers: { "retry-after": "3600" } },
    ],
  ] as const)("that %s is kept in the state", async (_, fault) => {
    const args = licence();
    licences.server.fault({ ...fault, bodyMatches: "professionalSeats" });
    const { partial } = await host.failure(host.create(type, args));
    expect(stored(args)).toMatchObject({ professionalSeats: 12 });
    expect(partial).toMatchObject({ id: licenceId(args), properties: { unconfirmed: true } });
  });

  test("that was to adopt, without a reply, allows no later run to adopt", async () => {
    const args = licence();
    exists(args);
    licences.server.fault({ kind: "cut", bodyMatches: "professionalSeats", times: 99 });
    await using adopting = await start(
      { XIMA_ADOPT: licenceId(args) },
      { "xima:deadlineSeconds": 5 },
    );
    expect((await adopting.failure(adopting.create(type, args))).partial).toBeUndefined();
    licences.server.faults.clear();
    await using next = await start();
    expect((await next.failure(next.create(type, args))).message).toContain("ALREADY_EXISTS");
  });

  test("that never arrived gives no right to a customer that was created elsewhere since", async () => {
    const args = licence();
    await using hasty = await start({}, { "xima:deadlineSeconds": 5 });
    licences.server.fault({ kind: "cutBefore", bodyMatches: "professionalSeats", times: 99 });
    await hasty.failure(hasty.create(type, args));
    licences.server.faults.clear();
    const refused = { code: "VALIDATION_ERROR", message: "no" };
    licences.server.fault({
      kind: "status",
      status: 400,
      bodyMatches: "professionalSeats",
      body: refused,
    });
    await using second = await start();
    await second.failure(second.create(type, args));
    exists(args);
    await using third = await start();
    expect((await third.failure(third.create(type, args))).message).toContain("ALREADY_EXISTS");
  });

  test("without a reply that is not there is not in the state, nor is a customer to adopt", async () => {
    await using hasty = await start({}, { "xima:deadlineSeconds": 5 });
    licences.server.fault({ kind: "cutBefore", bodyMatches: "professionalSeats", times: 99 });
    expect((await hasty.failure(hasty.create(type, licence()))).partial).toBeUndefined();
    const args = licence({ adopt: true });
    exists(args);
    expect((await hasty.failure(hasty.create(type, args))).partial).toBeUndefined();
  });

  test("that the server refuses leaves nothing behind, neither there nor in the journal", async () => {
    const args = licence();
    licences.server.fault({
      kind: "status",
      status: 400,
      bodyMatches: "professionalSeats",
      body: { code: "VALIDATION_ERROR", message: "no" },
    });
    const failure = await host.failure(host.create(type, args));
    expect(failure.message).toContain("VALIDATION_ERROR");
    expect(failure.partial).toBeUndefined();
    exists(args);
    expect((await host.failure(host.create(type, args))).message).toContain("ALREADY_EXISTS");
  });

  test("that is refused on a retry, after a first try that may have worked, stays in the state", async () => {
    const args = licence();
    const refused = { code: "VALIDATION_ERROR", message: "no" };
    licences.server.fault({ kind: "cut", bodyMatches: "professionalSeats" });
    licences.server.fault({
      kind: "status",
      status: 400,
      bodyMatches: "professionalSeats",
      body: refused,
    });
    const { message, partial } = await host.failure(host.create(type, args));
    expect(message).toContain("VALIDATION_ERROR");
    expect(stored(args)).toMatchObject({ professionalSeats: 12 });
    expect(partial).toMatchObject({
      id: licenceId(args),
      properties: { professionalSeats: 12, unconfirmed: true },
    });
  });

  test("writes its failures without a stack trace of ours and without a secret", async () => {
    const args = licence({ sipCredentials });
    const echo = { code: "VALIDATION_ERROR", message: `password ${password} is too weak` };
    licences.server.fault({
      kind: "status",
      status: 400,
      bodyMatches: "professionalSeats",
      body: echo,
    });
    const { message } = await host.failure(host.create(type, args));
    expect(message).toContain("password [secret] is too weak");
    licences.server.fault({
      kind: "status",
      status: 404,
      body: { code: "OTHER", message: password },
    });
    await host.failure(host.delete(type, licenceId(args), args));
    expect(`${message}${host.output()}`).not.toContain(password);
    expect(`${message}${host.output()}`).not.toMatch(/\n\s+at .*provider\//);
  });
});

describe("a create that was cut off", () => {
  /** Another process, killed while the server has made the licence and not answered yet. */
  async function killed(args: Licence, stack?: string) {
    const doomed = await dynamicHost({
      config: licences.plainConfig,
      env: { UCAAS_JOURNAL_DIR: folder },
      stack,
    });
    licences.server.fault({ kind: "hangAfter", bodyMatches: "professionalSeats" });
    const before = licences.unanswered().length;
    const call = doomed.failure(doomed.create(type, args));
    await eventually(() => expect(licences.unanswered()).toHaveLength(before + 1), call);
    expect(stored(args)).toBeDefined();
    await doomed.crash();
    await call;
  }

  test("is resumed by the next create of the same resource, and by no other", async () => {
    const args = licence();
    await killed(args);
    expect(
      (await host.failure(host.create(type, { ...args, __resource: "another" }))).message,
    ).toContain("ALREADY_EXISTS");
    expect(
      (await host.failure(host.create(type, { ...args, __stack: "ucaas-test/production" })))
        .message,
    ).toMatch(
      /JOURNAL_OTHER_STACK[\s\S]*ucaas journal move ucaas-test\/test ucaas-test\/production/,
    );
    const { outs } = await host.create(type, { ...args, professionalSeats: 15 });
    expect(outs.lastChanges).toEqual([
      { property: "professionalSeats", oldValue: 12, newValue: 15 },
    ]);
    // From when the state has it, nothing is open any more.
    await host.diff(type, licenceId(args), outs, args);
    await using next = await start();
    expect((await next.failure(next.create(type, args))).message).toContain("ALREADY_EXISTS");
  });

  test("is still open after a second try that was cut off as well", async () => {
    const args = licence();
    await killed(args);
    await killed(args);
    expect((await host.create(type, args)).outs.professionalSeats).toBe(12);
  });

  test("has left a note without secrets", async () => {
    const args = licence({ sipCredentials });
    await killed(args);
    const notes = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    const note = notes.find((text) => text.includes(licenceId(args)))!;
    expect(JSON.parse(note)).toMatchObject({
      vendor: "xima",
      stack: "ucaas-test/test",
      thing: `${licences.server.baseUrl} ${licenceId(args)}`,
    });
    for (const secret of Object.values(sipCredentials)) expect(note).not.toContain(secret);
    await host.create(type, args);
  });

  test("that cannot be recorded changes nothing, and the error has the command for another folder", async () => {
    const file = join(folder, "no-folder");
    writeFileSync(file, "");
    await using blocked = await start({ UCAAS_JOURNAL_DIR: file });
    const { message } = await blocked.failure(blocked.create(type, licence()));
    expect(message).toMatch(/JOURNAL_UNAVAILABLE[\s\S]*pulumi config set ucaas:journalDir/);
    expect(licences.writes()).toEqual([]);
    rmSync(file);
  });
});

describe("update", () => {
  async function createLicence(args: Licence) {
    const { id, outs } = await host.create(type, args);
    licences.server.received.length = 0;
    return { id, outs };
  }

  test("sends 0 for seats that are no longer declared, which would be billed otherwise", async () => {
    const args = licence({
      eliteSeats: 5,
      dialerSeats: 10,
      aiMessaging: { standardBundles: 2 },
      aiAudioServices: { additionalHours: 20 },
    });
    const { id, outs } = await createLicence(args);
    const after = {
      ...args,
      eliteSeats: undefined,
      dialerSeats: undefined,
      aiMessaging: undefined,
      aiAudioServices: undefined,
    };
    expect(await host.diff(type, id, outs, after)).toMatchObject({ changes: true, replaces: [] });
    const updated = await host.update(type, id, outs, after);
    expect(sent()).toEqual([
      {
        professionalSeats: 12,
        eliteSeats: 0,
        dialerSeats: 0,
        aiMessaging: { standardBundles: 0 },
        aiAudioServices: { additionalHours: 0 },
      },
    ]);
    expect(updated.outs).not.toHaveProperty("eliteSeats");
    expect(await host.diff(type, id, updated.outs, after)).toMatchObject({ changes: false });
  });

  test("leaves out what is ignored, so that seats bought elsewhere stay", async () => {
    const args = licence({ eliteSeats: 5, aiMessaging: { standardBundles: 2 }, sipCredentials });
    const { id, outs } = await createLicence(args);
    Object.assign(stored(args)!, { professionalSeats: 20, aiMessaging: { standardBundles: 9 } });
    const __ignoreChanges = ["professionalSeats", "aiMessaging", "ccId.tenantName"];
    const ignoring = { ...args, __ignoreChanges: [...__ignoreChanges, "sipCredentials"] };
    const other = { ...outs, professionalSeats: 20 };
    expect(await host.diff(type, id, other, ignoring)).toMatchObject({ changes: false });
    await host.update(type, id, outs, { ...ignoring, eliteSeats: 6 });
    expect(sent()).toEqual([{ eliteSeats: 6 }]);
    expect(JSON.parse(licences.writes()[0]!.body).ccId).not.toHaveProperty("tenantName");
    expect(stored(args)).toMatchObject({ professionalSeats: 20, eliteSeats: 6 });
  });

  test("sends what is ignored too, if the create may not have arrived", async () => {
    const args = licence({ __ignoreChanges: ["professionalSeats"] });
    const { id, outs } = await createLicence(args);
    const unclear = { ...outs, unconfirmed: true };
    delete licences.server.state.customers[id];
    await host.update(type, id, unclear, args);
    expect(stored(args)).toMatchObject({ professionalSeats: 12 });
    stored(args)!.professionalSeats = 20;
    await host.update(type, id, unclear, args);
    expect(stored(args)).toMatchObject({ professionalSeats: 20 });
  });

  test("sends credentials of which a part is ignored whole, and says so", async () => {
    const args = licence({ sipCredentials });
    const { id, outs } = await createLicence(args);
    const ignoring = { ...args, __ignoreChanges: ["sipCredentials.password"], eliteSeats: 5 };
    expect(await failures(ignoring, args)).toEqual([]);
    expect(host.output()).toContain(
      `${id}: ignoreChanges cannot leave out a part of sipCredentials`,
    );
    await host.update(type, id, outs, ignoring);
    expect(sent()).toEqual([{ professionalSeats: 12, eliteSeats: 5, sipCredentials }]);
  });

  test("changes the kind of bundle in one request", async () => {
    const args = licence({ aiMessaging: { standardBundles: 2 } });
    const { id, outs } = await createLicence(args);
    await host.update(type, id, outs, { ...args, aiMessaging: { advancedBundles: 3 } });
    expect(sent()).toEqual([
      { professionalSeats: 12, aiMessaging: { standardBundles: 0, advancedBundles: 3 } },
    ]);
    expect(stored(args)).toMatchObject({ aiMessaging: { standardBundles: 0, advancedBundles: 3 } });
  });

  test("changes the kind of bundle of a customer whose bundles the state does not know", async () => {
    const args = licence({ adopt: true, aiMessaging: { advancedBundles: 3 } });
    exists(args);
    Object.assign(stored(args) as object, { aiMessaging: { standardBundles: 2 } });
    await host.create(type, args);
    expect(stored(args)).toMatchObject({ aiMessaging: { standardBundles: 0, advancedBundles: 3 } });
  });

  test("sends a server of OpenAPI 1.4 no field that only the guide's revision knows, not even 0", async () => {
    const args = licence({ eliteSeats: 5 });
    const { id, outs } = await createLicence(args);
    await host.update(type, id, { ...outs, additionalAiMessages: 100 }, args);
    expect(sent()).toEqual([{ professionalSeats: 12, eliteSeats: 5 }]);
  });

  test("with an unknown outcome is completed by the next up, and is not reported as drift", async () => {
    const args = licence();
    const { id, outs } = await createLicence(args);
    licences.server.fault({ kind: "cut", bodyMatches: "professionalSeats", times: 99 });
    await using hasty = await start({}, { "xima:deadlineSeconds": 5 });
    const { partial } = await hasty.failure(
      hasty.update(type, id, outs, { ...args, professionalSeats: 20, dialerSeats: 10 }),
    );
    expect(partial).toMatchObject({
      id,
      properties: { professionalSeats: 20, dialerSeats: 10, unconfirmed: true },
    });
    licences.server.faults.clear();
    expect(stored(args)).toMatchObject({ professionalSeats: 20, dialerSeats: 10 });

    await using next = await start();
    const old = partial!.properties;
    expect(
      (await next.diff(type, id, old, { ...args, professionalSeats: 20, dialerSeats: 10 })).changes,
    ).toBe(true);
    await next.read(type, id, old);
    expect(
      (await next.diff(type, id, old, { ...args, professionalSeats: 20, dialerSeats: 10 })).changes,
    ).toBe(false);
    const reverted = await next.update(type, id, old, args);
    expect(stored(args)).toMatchObject({ professionalSeats: 12, dialerSeats: 0 });
    expect(reverted.outs).toMatchObject({ professionalSeats: 12, lastDrift: [] });
    expect(reverted.outs).not.toHaveProperty("unconfirmed");
    expect(next.output()).not.toContain("changed elsewhere");
  });

  test.each(["before", "after"] as const)(
    "killed %s its reply is applied again when the program goes back",
    async (when) => {
      const args = licence({ eliteSeats: 5 });
      const { id, outs } = await createLicence(args);
      await using doomed = await start();
      const more = { ...args, eliteSeats: 500, dialerSeats: 10 };
      if (when === "before") {
        licences.server.fault({ kind: "hangAfter", bodyMatches: "dialerSeats" });
        const call = doomed.update(type, id, outs, more);
        await eventually(() => expect(stored(args)?.eliteSeats).toBe(500), call);
      } else await doomed.update(type, id, outs, more);
      await doomed.crash();

      await using next = await start();
      await next.read(type, id, outs);
      expect(await next.diff(type, id, outs, args), "a refresh is no time to write").toMatchObject({
        changes: false,
      });
      expect(await next.diff(type, id, outs, args)).toMatchObject({ changes: true, replaces: [] });
      const { outs: after } = await next.update(type, id, outs, args);
      expect(stored(args)).toMatchObject({ eliteSeats: 5, dialerSeats: 0 });
      expect(await next.diff(type, id, after, args)).toMatchObject({ changes: false });
    },
  );

  test("is one also when the account of the licence has left the config", async () => {
    const args = licence();
    const { id, outs } = await createLicence(args);
    await using moved = await dynamicHost({
      config: { "xima:accounts": { north: section(licences.plainConfig) } },
      env: { UCAAS_JOURNAL_DIR: folder },
    });
    const { outs: after } = await moved.update(type, id, outs, {
      ...args,
      account: "north",
      professionalSeats: 20,
    });
    expect(after).toMatchObject({ account: "north", professionalSeats: 20 });
  });

  test("whose first reply was lost says that the server's earlier values are unknown", async () => {
    const args = licence();
    const { id, outs } = await createLicence(args);
    Object.assign(stored(args) as object, { professionalSeats: 99 });
    licences.server.fault({ kind: "cut", bodyMatches: "professionalSeats" });
    const { outs: after } = await host.update(type, id, outs, { ...args, professionalSeats: 13 });
    expect(after).toMatchObject({ professionalSeats: 13, lastDrift: [] });
    expect(host.output()).toContain(
      `${licenceId(args)}: is as declared; the first answer was lost, and with it what the server had otherwise`,
    );
  });

  test("reports server values that differed, and only those", async () => {
    const args = licence({ eliteSeats: 5, sipCredentials });
    const { id, outs } = await createLicence(args);
    Object.assign(stored(args)!, {
      professionalSeats: 99,
      sipCredentials: { ...sipCredentials, password: "changed-elsewhere" },
    });
    const { outs: after } = await host.update(type, id, outs, { ...args, eliteSeats: 6 });
    expect(after.lastChanges).toHaveLength(3);
    expect(after.lastChanges).toEqual(
      expect.arrayContaining([
        { property: "professionalSeats", oldValue: 99, newValue: 12 },
        { property: "sipCredentials.password", oldValue: "[secret]", newValue: "[secret]" },
        { property: "eliteSeats", oldValue: 5, newValue: 6 },
      ]),
    );
    expect(after.lastDrift).toHaveLength(2);
    expect(after.lastDrift).toEqual(
      expect.arrayContaining([
        { property: "professionalSeats", oldValue: 12, newValue: 99 },
        { property: "sipCredentials.password", oldValue: "[secret]", newValue: "[secret]" },
      ]),
    );
    expect(host.output()).toContain(
      `${licenceId(args)}: professionalSeats had been changed elsewhere: 12 was declared, the server had 99. It is as declared again`,
    );
    expect(JSON.stringify([after.lastChanges, after.lastDrift, host.output()])).not.toMatch(
      /canary|changed-elsewhere"/,
    );
  });

  test("an update says which seats it took that were not declared before", async () => {
    const args = licence();
    const { id, outs } = await createLicence(args);
    Object.assign(stored(args)!, { eliteSeats: 20 });
    const { outs: after } = await host.update(type, id, outs, { ...args, eliteSeats: 0 });
    expect(after.lastDrift).toEqual([]);
    expect(host.output()).toContain(
      `${id}: this update replaced what was not declared before: eliteSeats (20, now 0)`,
    );
    const { outs: last } = await host.update(type, id, after, { ...args, eliteSeats: 5 });
    await host.update(type, id, last, { ...args, eliteSeats: 6, dialerSeats: 10 });
    expect(host.output().match(/not declared before/g)).toHaveLength(1);
  });

  test("warns of seats that the server says are others than were sent", async () => {
    const args = licence();
    const reply = (oldValue: number, newValue: number) => ({
      kind: "statusAfter" as const,
      status: 200,
      bodyMatches: "professionalSeats",
      body: { ccId: args.ccId, changes: { professionalSeats: { oldValue, newValue } } },
    });
    licences.server.fault(reply(0, 15));
    const { id, outs } = await createLicence(args);
    expect(host.output()).toContain(
      `${id}: Xima reports other values than were sent: professionalSeats (12 was sent, the server has 15)`,
    );
    licences.server.fault(reply(15, 20));
    await host.update(type, id, outs, { ...args, professionalSeats: 13 });
    expect(host.output()).toContain("professionalSeats (13 was sent, the server has 20)");
  });

  test("shows and keeps no password of the server that the process does not know", async () => {
    const args = { ...licence(), dialerSeats: 10 };
    const reply = {
      kind: "statusAfter" as const,
      status: 200,
      bodyMatches: "professionalSeats",
      body: {
        ccId: args.ccId,
        changes: {
          sip_credentials: { password: { oldValue: "old-pw-1", newValue: "old-pw-2" } },
          sip: { oldValue: { trunk: { apiKey: "old-pw-3" } }, newValue: null },
          trunks: { oldValue: [{ password: "old-pw-4" }], newValue: [] },
          professionalSeats: { oldValue: { token: "old-pw-5" }, newValue: { token: "old-pw-6" } },
          dialerSeats: { oldValue: [{ secret: "old-pw-7" }], newValue: [{ secret: "old-pw-8" }] },
        },
      },
    };
    licences.server.fault(reply);
    const { id, outs } = await createLicence(args);
    licences.server.fault(reply);
    const { outs: after } = await host.update(type, id, outs, { ...args, dialerSeats: 11 });
    expect(outs.lastChanges[0]).toEqual({
      property: "sip_credentials.password",
      oldValue: "[secret]",
      newValue: "[secret]",
    });
    expect(host.output()).toContain("this create replaced sip_credentials.password");
    expect(after.lastDrift).toHaveLength(1);
    expect(JSON.stringify([outs, after]) + host.output()).not.toContain("old-pw");
  });

  test("that fails keeps the old state, so that the next up makes the same change", async () => {
    const args = licence();
    const { id, outs } = await createLicence(args);
    licences.server.fault({
      kind: "statusAfter",
      status: 400,
      body: { code: "VALIDATION_ERROR", message: "no" },
    });
    const failure = await host.failure(
      host.update(type, id, outs, { ...args, professionalSeats: 20 }),
    );
    expect(failure.partial).toBeUndefined();
    expect(await host.diff(type, id, outs, { ...args, professionalSeats: 20 })).toMatchObject({
      changes: true,
    });
  });
});

describe("diff", () => {
  const outs = (args: object, lastAssertedAt = new Date().toISOString()) => ({
    ...args,
    schemaVersion: 1,
    lastChanges: [],
    lastDrift: [],
    lastAssertedAt,
  });
  const args = licence({ aiMessaging: { standardBundles: 2 }, sipCredentials });

  test.each([
    [
      "another order of keys",
      { aiMessaging: { advancedBundles: null, standardBundles: 2.0 } },
      false,
    ],
    ["an empty group", { aiAudioServices: {} }, false],
    ["another number", { professionalSeats: 13 }, true],
    ["another password", { sipCredentials: { ...sipCredentials, password: "new" } }, true],
    ["what only steers this program", { adopt: true, reassertAfter: "7d" }, false],
    ["a number that is not known yet", { professionalSeats: unknown }, true],
    ["another account", { account: "north" }, true],
  ])("with %s", async (_, more, changes) => {
    expect(await host.diff(type, licenceId(args), outs(args), { ...args, ...more })).toEqual({
      changes,
      replaces: [],
      deleteBeforeReplace: false,
    });
  });

  test.each([
    ["tenantId", { tenantId: "other" }, ["ccId"]],
    ["resellerId", { resellerId: "other" }, ["ccId"]],
    ["tenantId that is not known yet", { tenantId: unknown }, ["ccId"]],
    ["tenantName", { tenantName: "Acme Ltd" }, []],
  ])("another %s: replaced or updated", async (_, ccId, replaces) => {
    expect(
      await host.diff(type, licenceId(args), outs(args), {
        ...args,
        ccId: { ...args.ccId, ...ccId },
      }),
    ).toMatchObject({
      changes: true,
      replaces,
    });
  });

  test("states everything again when reassertAfter has passed, and never without it", async () => {
    const old = outs(args, new Date(Date.now() - 8 * 86_400_000).toISOString());
    const due = async (reassertAfter?: string) =>
      (await host.diff(type, licenceId(args), old, { ...args, reassertAfter })).changes;
    expect(await due("7d")).toBe(true);
    expect(await due("9d")).toBe(false);
    expect(await due()).toBe(false);
  });

  test("says that it is due, since the engine shows no property that differs", async () => {
    const there = licence({ reassertAfter: "7d" });
    await host.diff(type, licenceId(there), outs(there, "2026-01-02T03:04:05.000Z"), there);
    expect(host.output()).toContain(
      `${licenceId(there)}: is due to be sent again: last sent 2026-01-02T03:04:05.000Z, reassertAfter 7d`,
    );
  });

  test("a licence that a wrong clock sent in the future is due again", async () => {
    const args = licence({ reassertAfter: "7d" });
    const { id, outs } = await host.create(type, args);
    const ahead = (days: number) => ({
      ...outs,
      lastAssertedAt: new Date(Date.now() + days * 86_400_000).toISOString(),
    });
    expect(await host.diff(type, id, ahead(365), args)).toMatchObject({ changes: true });
    expect(await host.diff(type, id, ahead(1), args)).toMatchObject({ changes: false });
  });

  test("is no drift to a refresh when reassertAfter has passed, and the next up applies it again", async () => {
    const there = licence({ reassertAfter: "7d" });
    exists(there);
    const old = outs(there, new Date(Date.now() - 8 * 86_400_000).toISOString());
    const { props } = await host.read(type, licenceId(there), old);
    expect(await host.diff(type, licenceId(there), props, there)).toMatchObject({ changes: false });
    expect(await host.diff(type, licenceId(there), props, there)).toMatchObject({ changes: true });
    await host.read(type, licenceId(there), old);
    expect(
      await host.diff(type, licenceId(there), props, { ...there, eliteSeats: 5 }),
    ).toMatchObject({
      changes: true,
    });
  });

  test("does not fail when the account of old is gone from the config", async () => {
    expect(
      await host.diff(type, licenceId(args), outs({ ...args, account: "renamed" }), args),
    ).toMatchObject({ changes: true });
  });
});

describe("another account", () => {
  /**
   * A host with two servers. The accounts `here` and `alias` use the server of the default
   * account, and `there` uses the other one.
   */
  async function accounts() {
    const other = await licenceServer();
    const alias = {
      ...section(licences.plainConfig),
      baseUrl: `${licences.server.baseUrl.replace("http:", "HTTP:")}/`,
    };
    const moved = await start(
      {},
      {
        "xima:accounts": {
          here: section(licences.plainConfig),
          alias,
          there: section(other.plainConfig),
        },
      },
    );
    return {
      other: other.server,
      moved,
      [Symbol.asyncDispose]: async () => {
        await moved.stop();
        await other.server.stop();
      },
    };
  }

  test("at the same server is an update; at another server it is another licence", async () => {
    await using two = await accounts();
    const args = licence();
    const { id, outs } = await two.moved.create(type, args);
    const replaces = async (olds: object, account: string) =>
      (await two.moved.diff(type, id, { ...outs, ...olds }, { ...args, account })).replaces;
    for (const account of ["here", "alias", unknown])
      expect(await replaces({}, account)).toEqual([]);
    expect(await replaces({}, "there")).toEqual(["account"]);
    expect(await replaces({ account: "there" }, "here")).toEqual(["account"]);
    expect(await replaces({ account: "gone-from-the-config" }, "there")).toEqual([]);
  });

  test("at another server is read first and never overwritten, then the old licence is deleted", async () => {
    await using two = await accounts();
    const args = licence();
    const { id, outs } = await two.moved.create(type, args);
    const news = { ...args, account: "there" };
    two.other.state.customers[id] = { ccId: args.ccId, licence: { eliteSeats: 50 } };
    expect((await two.moved.failure(two.moved.create(type, news))).message).toContain(
      "ALREADY_EXISTS",
    );
    expect(two.other.state.customers[id]?.licence).toEqual({ eliteSeats: 50 });
    delete two.other.state.customers[id];
    await two.moved.diff(type, id, outs, news);
    await two.moved.create(type, news);
    await two.moved.delete(type, id, outs);
    expect(licences.server.state.customers[id]?.deletion).toBeDefined();
    expect(two.other.state.customers[id]).toMatchObject({ licence: { professionalSeats: 12 } });
    expect(two.other.state.customers[id]?.deletion).toBeUndefined();
  });

  test("at another address of the same server never ends the licence", async () => {
    const at = (baseUrl: string, more = {}) => ({
      ...section(licences.plainConfig),
      baseUrl,
      ...more,
    });
    const local = licences.server.baseUrl.replace("127.0.0.1", "localhost");
    expect(local).toContain("localhost");
    const { origin, pathname } = new URL(licences.server.baseUrl);
    const split = at(origin, {
      updatePath: `${pathname.replace(/\/$/, "")}/licensing/update`,
    });
    const unasked = at(local, { probe: "off" });
    await using moved = await start({}, { "xima:accounts": { local: at(local), split, unasked } });
    const args = licence({ adopt: true });
    const { id, outs } = await moved.create(type, args);
    expect((await moved.diff(type, id, outs, { ...args, account: "split" })).replaces).toEqual([]);
    for (const account of ["local", "unasked"]) {
      const news = { ...args, account };
      expect((await moved.diff(type, id, outs, news)).replaces).toEqual(["account"]);
      const { message } = await moved.failure(moved.create(type, news));
      expect(message).toMatch(
        /ALREADY_EXISTS[\s\S]*lead to one server[\s\S]*xima:baseUrl[\s\S]*If they are two servers[\s\S]*destroy --target/,
      );
    }
    // With --continue-on-error a delete may follow. The resource stays in the state.
    expect((await moved.failure(moved.delete(type, id, outs))).message).toContain("TAKE_OVER_OPEN");
    // Under another name no resource is compared, so the create cannot know of the old one.
    await using renamed = await start({}, { "xima:accounts": { local: at(local) } });
    await renamed.create(type, { ...args, account: "local", __resource: "new-name" });
    await renamed.delete(type, id, outs);
    expect(licences.server.state.customers[id]?.deletion).toBeUndefined();
    expect(renamed.output()).toMatch(/is kept: resource "new-name" found it at .*localhost/);
  });

  describe("and another name, in a run that ended before the old resource was deleted", () => {
    const renamed = async (
      more: object,
      address: (config: Awaited<ReturnType<typeof licenceServer>>) => string,
      env: Record<string, string> = {},
      probe = "ccid",
    ) => {
      await using other = await licenceServer();
      const account = { ...section(other.plainConfig), baseUrl: address(other), probe };
      if (account.baseUrl !== other.server.baseUrl)
        Object.assign(account, { ...section(licences.plainConfig), baseUrl: account.baseUrl });
      const run = () => start(env, { "xima:accounts": { second: account } });
      const args = licence();
      const { id, outs } = await host.create(type, args);
      const news = { ...args, ...more, account: "second", __resource: `${id}-renamed` };
      await using first = await run();
      const created = await first.create(type, news);
      await using next = await run();
      expect(await next.diff(type, id, created.outs, news)).toMatchObject({ changes: false });
      await next.delete(type, id, outs);
      const isDeleted = licences.server.state.customers[id]?.deletion !== undefined;
      return { isDeleted, output: next.output(), id };
    };
    const local = () => licences.server.baseUrl.replace("127.0.0.1", "localhost");

    test("the next run ends no licence that the new name may have taken over", async () => {
      const { isDeleted, output, id } = await renamed({ adopt: true }, local);
      expect(isDeleted).toBe(false);
      expect(output).toContain(`is kept: resource "${id}-renamed" may have found it at ${local()}`);
      const next = `voicehouse/tenant-${customers + 1}`;
      expect(await renamed({}, local, { XIMA_ADOPT: next })).toMatchObject({ isDeleted: false });
      expect(await renamed({}, local, {}, "off")).toMatchObject({ isDeleted: false });
    });

    test("the next run deletes the old licence where the new one was created", async () => {
      expect(await renamed({}, ({ server }) => server.baseUrl)).toMatchObject({ isDeleted: true });
    });
  });

  test("that was replaced is deleted by a later run, since its create looked", async () => {
    await using two = await accounts();
    const args = licence({ adopt: true });
    const { id, outs } = await two.moved.create(type, args);
    const news = { ...args, account: "there" };
    await two.moved.diff(type, id, outs, news);
    const created = await two.moved.create(type, news);
    await using next = await accounts();
    await next.moved.diff(type, id, created.outs, news);
    await next.moved.delete(type, id, outs);
    expect(licences.server.state.customers[id]?.deletion).toBeDefined();
  });

  test("whose path alone differs has its whole address in the error, whose command sets the path", async () => {
    const { baseUrl } = licences.server;
    const second = (more: object) => ({ ...section(licences.plainConfig), probe: "off", ...more });
    const route = "/sandbox/licensing/update";
    await using moved = await start(
      {},
      {
        "xima:accounts": {
          first: second({}),
          path: second({ updatePath: route }),
          both: second({ baseUrl: "http://127.0.0.1:9", updatePath: route }),
        },
      },
    );
    const args = licence({ adopt: true, account: "first" });
    const { id, outs } = await moved.create(type, args);
    const refusal = async (account: string) => {
      await moved.diff(type, id, outs, { ...args, account });
      return (await moved.failure(moved.create(type, { ...args, account }))).message;
    };
    const set = (key: string, value: string) =>
      `pulumi config set --path xima:accounts.first.${key} ${value}`;
    const path = await refusal("path");
    expect(path).toContain(`If ${baseUrl} and ${baseUrl}/sandbox lead to one server`);
    expect(path).toContain(set("updatePath", route));
    expect(path).not.toContain("first.baseUrl");
    const both = await refusal("both");
    expect(both).toContain(set("baseUrl", "http://127.0.0.1:9"));
    expect(both).toContain(set("updatePath", route));
  });

  test("at another server sends a first request: names are required, SIP credentials optional", async () => {
    await using two = await accounts();
    const before = licence({ sipCredentials });
    const { resellerId, tenantId } = before.ccId;
    const news = { ...before, ccId: { resellerId, tenantId }, sipCredentials: undefined };
    const found = async (account: string) =>
      (await failures({ ...news, account }, before, two.moved)).map(({ property }) => property);
    expect(await found("there")).toEqual(["ccId.resellerName", "ccId.tenantName"]);
    expect(await found("here")).toEqual(["sipCredentials"]);
  });
});

describe("read", () => {
  test("answers what the state has while the customer is known, and nothing once it is not", async () => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    expect(await host.read(type, id, outs)).toEqual({ id, props: outs });
    delete licences.server.state.customers[licenceId(args)];
    expect(await host.read(type, id, outs)).toMatchObject({ id: "" });
  });

  test("does not take a wrong address for a customer that is gone", async () => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    await using lost = await start({}, { "xima:updatePath": "/elsewhere" });
    expect((await lost.failure(lost.read(type, id, outs))).message).toMatch(
      /HTTP 404[\s\S]*xima:updatePath/,
    );
  });
});

describe("a licence is not gone because another server does not know the customer", () => {
  const elsewhere = async (
    work: (
      there: DynamicHost,
      address: string,
      other: Awaited<ReturnType<typeof licenceServer>>,
    ) => Promise<void>,
    more: Record<string, string> = {},
    env: Record<string, string> = {},
  ) => {
    await using other = await licenceServer();
    await using there = await start(env, { ...other.plainConfig, ...more });
    await work(there, other.plainConfig["xima:baseUrl"], other);
  };
  const twenty = (args: Licence) => ({ ...args, professionalSeats: 20 });

  test.each(["read", "update", "delete"] as const)("%s", async (method) => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    await elsewhere(async (there, other, { server }) => {
      const { message } = await there.failure(
        method === "update"
          ? there.update(type, id, outs, twenty(args))
          : there[method](type, id, outs),
      );
      expect(server.state.customers[id]).toBeUndefined();
      expect(message).toContain("ACCOUNT_CHANGED");
      expect(message).toContain(`xima:baseUrl (${other})`);
      expect(message).toContain(`pulumi state delete <urn of "${args.__resource}">`);
      // Nothing was sent that the other server took, so nothing is open there.
      await there.diff(type, id, outs, args);
      expect(there.output()).not.toContain("is applied again");
    });
    expect(await host.read(type, id, outs)).toEqual({ id, props: outs });
    expect(await host.diff(type, id, outs, args)).toMatchObject({ changes: false });
    await host.update(type, id, outs, twenty(args));
    expect(stored(args)).toMatchObject({ professionalSeats: 20 });
    await host.delete(type, id, outs);
    expect(licences.server.state.customers[id]?.deletion).toBeDefined();
  });

  test("and what another server has received is sent again once the address is right", async () => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    await elsewhere(async (there, address, { server }) => {
      server.state.customers[id] = { ccId: args.ccId, licence: { professionalSeats: 3 } };
      expect(await there.read(type, id, outs)).toEqual({ id, props: outs });
      const told = await there.update(type, id, outs, twenty(args));
      expect(there.output()).toContain(`are sent to ${address}. If that is wrong: correct xima`);
      expect(there.output()).not.toContain("changed elsewhere");
      expect(await there.diff(type, id, told.outs, twenty(args))).toMatchObject({ changes: false });
      expect(await host.diff(type, id, told.outs, twenty(args))).toMatchObject({ changes: true });
      const { outs: right } = await host.update(type, id, told.outs, twenty(args));
      expect(stored(args)).toMatchObject({ professionalSeats: 20 });
      expect(right.lastDrift).toEqual([]);
      expect(await host.diff(type, id, right, twenty(args))).toMatchObject({ changes: false });
      // Its own server would go on billing it, and no state would say so.
      const { message } = await there.failure(there.delete(type, id, right));
      expect(message).toMatch(/ACCOUNT_CHANGED[\s\S]*XIMA_ADOPT=/);
      expect(server.state.customers[id]?.deletion).toBeUndefined();
    });
  });

  test("and is not sent to a server that cannot be asked, but by XIMA_ADOPT", async () => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    const off = { "xima:probe": "off" };
    await elsewhere(async (there, _address, { server }) => {
      const { message } = await there.failure(there.update(type, id, outs, twenty(args)));
      expect(message).toMatch(/ACCOUNT_CHANGED[\s\S]*xima:probe ccid[\s\S]*XIMA_ADOPT=/);
      expect(server.state.customers[id]).toBeUndefined();
    }, off);
    await elsewhere(
      async (there, _address, { server }) => {
        await there.update(type, id, outs, twenty(args));
        expect(server.state.customers[id]?.licence).toMatchObject({ professionalSeats: 20 });
      },
      off,
      { XIMA_ADOPT: id },
    );
  });

  test("and an address in another spelling, or split otherwise, is no other server", async () => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    const { baseUrl } = licences.server;
    const split = new URL(baseUrl);
    for (const more of [
      { "xima:baseUrl": `${baseUrl.replace("http:", "HTTP:")}/` },
      {
        "xima:baseUrl": split.origin,
        "xima:updatePath": `${split.pathname.replace(/\/$/, "")}/licensing/update`,
      },
    ]) {
      await using same = await start({}, more);
      expect(await same.diff(type, id, outs, args)).toMatchObject({ changes: false });
      expect(await same.read(type, id, outs)).toEqual({ id, props: outs });
    }
  });

  test("and another path of the route is another server, also where the former was the default", async () => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    await using routed = await start({}, { "xima:updatePath": "/sandbox/update" });
    expect(await routed.diff(type, id, outs, args)).toMatchObject({ changes: true });
    await using unasked = await start(
      {},
      { "xima:updatePath": "/sandbox/update", "xima:probe": "off" },
    );
    for (const write of [
      unasked.update(type, id, outs, twenty(args)),
      unasked.delete(type, id, outs),
    ])
      expect((await unasked.failure(write)).message).toContain("ACCOUNT_CHANGED");
  });

  test("and one that was created at the wrong server by mistake can be put right", async () => {
    const args = licence();
    await elsewhere(async (sandbox) => {
      const { id, outs } = await sandbox.create(type, args);
      const { message } = await host.failure(host.update(type, id, outs, twenty(args)));
      expect(message).toMatch(
        /ACCOUNT_CHANGED[\s\S]*created at the other server by mistake.*: pulumi state delete <urn of/,
      );
      expect(message).toMatch(/is created at this server[\s\S]*deleted at the other server/);
      await host.create(type, twenty(args));
      expect(stored(args)).toMatchObject({ professionalSeats: 20 });
    });
  });

  test("and its delete passes at a server that has moved, by XIMA_ADOPT", async () => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    await using moved = await licenceServer();
    moved.server.state.customers[id] = { ccId: args.ccId, licence: { professionalSeats: 12 } };
    const deletion = () => moved.server.state.customers[id]?.deletion;
    const at = (env: Record<string, string>, more = {}) =>
      start(env, { ...moved.plainConfig, ...more });
    {
      await using there = await at({});
      const { message } = await there.failure(there.delete(type, id, outs));
      expect(message).toMatch(/ACCOUNT_CHANGED/);
      expect(message).toContain(`If the server has moved: XIMA_ADOPT=${id} pulumi up`);
      expect(message).not.toContain("config set");
    }
    {
      // Its 404 could not be told from a deletion.
      await using unasked = await at({ XIMA_ADOPT: id }, { "xima:probe": "off" });
      const { message } = await unasked.failure(unasked.delete(type, id, outs));
      expect(message).toMatch(/ACCOUNT_CHANGED[\s\S]*config set --path xima:probe ccid/);
    }
    expect(deletion()).toBeUndefined();
    await using there = await at({ XIMA_ADOPT: id });
    await there.delete(type, id, outs);
    expect(deletion()).toBeDefined();
    expect(there.output()).toMatch(/is deleted at .*still billed/);
    delete moved.server.state.customers[id];
    expect((await there.failure(there.delete(type, id, outs))).message).toContain(
      "ACCOUNT_CHANGED",
    );
  });

  test("unless the state is of an earlier release, which does not say who has seen it", async () => {
    const { id, outs } = await host.create(type, licence());
    const { __seenBy: seenBy, ...earlier } = outs;
    expect(seenBy).toMatch(/^[0-9a-f]{8}$/);
    expect(await host.read(type, id, earlier)).toEqual({ id, props: outs });
    await elsewhere(async (there) => {
      expect(await there.read(type, id, earlier)).toMatchObject({ id: "" });
      await there.delete(type, id, earlier);
      expect(there.output()).toContain(`${id}: was gone already`);
    });
  });

  test("unless that server knew it at the last update", async () => {
    await using other = await licenceServer();
    await using there = await start({}, other.plainConfig);
    const args = licence();
    const { id, outs } = await host.create(type, args);
    other.server.state.customers[id] = { ccId: args.ccId, licence: {} };
    const updated = await there.update(type, id, outs, { ...args, professionalSeats: 20 });
    delete other.server.state.customers[id];
    expect(await there.read(type, id, updated.outs)).toMatchObject({ id: "" });
  });
});

describe("delete", () => {
  test("shows what support needs to bring the licence back", async () => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    await host.delete(type, id, outs);
    const { deletionId, scheduledAt } = licences.server.state.customers[id]!.deletion!;
    const stack = /\/([^/@]+)/.exec(outs.__stack)?.[1];
    expect(host.output()).toContain(
      [
        `XimaLicense ${id}: is scheduled for deletion in 1 week (scheduled at ${scheduledAt}),`,
        `deletionId ${deletionId}. Xima: "Resources have been scheduled for deletion".`,
        "Until then Xima support can restore it by the deletionId",
        `(ucaas xima deletions --stack ${stack} lists it)`,
      ].join(" "),
    );
  });

  test("is content when the customer is gone already, and says when the deletionId was lost", async () => {
    const [args, cut] = [licence(), licence()];
    await host.delete(type, licenceId(args), args);
    expect(host.output()).toContain(`${licenceId(args)}: was gone already`);
    const { id, outs } = await host.create(type, cut);
    licences.server.fault({ kind: "cut", method: "DELETE" });
    await host.delete(type, id, outs);
    expect(host.output()).toContain(
      `${id}: is scheduled for deletion; the reply with the deletionId was lost`,
    );
  });

  test("warns when the reply has another status than the published one", async () => {
    const { id, outs } = await host.create(type, licence());
    const body = { ccId: outs.ccId, status: "awaiting_review", deletionId: "del_1" } as never;
    licences.server.fault({ kind: "status", method: "DELETE", status: 200, body });
    await host.delete(type, id, outs);
    expect(host.output()).toContain(
      `warning: XimaLicense ${id}: is awaiting review within a week, deletionId del_1.`,
    );
    expect(host.output()).toContain("may still be billed");
  });

  test("shows what it can read of a reply whose other texts are none", async () => {
    const { id, outs } = await host.create(type, licence());
    const others = { scheduledAt: null, estimatedDeletionTime: [], message: 7 };
    const body = { status: "scheduled_for_deletion", deletionId: 42, ...others } as never;
    licences.server.fault({ kind: "statusAfter", method: "DELETE", status: 200, body });
    await host.delete(type, id, outs);
    expect(host.output()).toContain(
      `XimaLicense ${id}: is scheduled for deletion within a week, deletionId 42`,
    );
  });

  test("is content with a customer that is gone, also when the error's message is null", async () => {
    const args = licence();
    const body = { code: "CUSTOMER_NOT_FOUND", message: null };
    licences.server.fault({ kind: "status", method: "DELETE", status: 404, body });
    await host.delete(type, licenceId(args), args);
    expect(host.output()).toContain(`${licenceId(args)}: was gone already`);
  });

  test("that was killed after the server acted creates the licence again if it is declared again", async () => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    await using doomed = await start();
    licences.server.fault({ kind: "hangAfter", method: "DELETE" });
    const killed = doomed.failure(doomed.delete(type, id, outs));
    await eventually(() => expect(licences.unanswered()).toHaveLength(1), killed);
    await doomed.crash();
    await using next = await start();
    delete licences.server.state.customers[id];
    expect(await next.diff(type, id, outs, args)).toMatchObject({
      changes: true,
      replaces: ["ccId"],
      deleteBeforeReplace: false,
    });
    const again = await next.create(type, args);
    await next.delete(type, id, outs);
    expect(stored(args)).toMatchObject({ professionalSeats: 12 });
    expect(await next.diff(type, id, again.outs, args)).toMatchObject({ changes: false });
  });

  test("with no known outcome applies the licence again when it is declared again and still there", async () => {
    const args = licence();
    const { id, outs } = await host.create(type, args);
    await using doomed = await start({}, { "xima:deadlineSeconds": 5 });
    licences.server.fault({ kind: "cutBefore", method: "DELETE", times: 99 });
    await doomed.failure(doomed.delete(type, id, outs));
    licences.server.faults.clear();
    expect(await host.diff(type, id, outs, args)).toMatchObject({ changes: true, replaces: [] });
    const { outs: after } = await host.update(type, id, outs, args);
    expect(await host.diff(type, id, after, args)).toMatchObject({ changes: false });
  });

  describe("of a resource whose customer another resource has adopted", () => {
    const old = (args: Licence) => ({
      ...args,
      schemaVersion: 1,
      lastChanges: [],
      lastDrift: [],
      lastAssertedAt: "2026-01-01T00:00:00.000Z",
    });
    const deletion = (args: Licence) => licences.server.state.customers[licenceId(args)]?.deletion;

    test("leaves the customer alone: renamed, or replaced", async () => {
      const args = licence({ adopt: true });
      exists(args);
      const renamed = await host.create(type, { ...args, __resource: "renamed" });
      await host.delete(type, licenceId(args), old(args));
      expect(deletion(args)).toBeUndefined();
      expect(host.output()).toContain(
        `${licenceId(args)}: is kept: another resource of this stack has it now`,
      );
      await host.delete(type, licenceId(args), renamed.outs);
      expect(deletion(args)).toBeDefined();
    });

    test("does nothing in a later run with only the delete, and says what to do", async () => {
      const args = licence({ adopt: true });
      exists(args);
      const renamed = await host.create(type, { ...args, __resource: "renamed" });
      await using later = await start();
      // As a refresh does.
      await later.read(type, licenceId(args), old(args));
      await later.diff(type, licenceId(args), old(args), args);
      const { message } = await later.failure(later.delete(type, licenceId(args), old(args)));
      expect(message).toMatch(
        /resource "renamed" failed to take over this licence.*TAKE_OVER_OPEN[\s\S]*1\. Declare this resource again/,
      );
      expect(deletion(args)).toBeUndefined();
      await using last = await start();
      await last.diff(type, licenceId(args), renamed.outs, { ...args, __resource: "renamed" });
      await last.delete(type, licenceId(args), renamed.outs);
      expect(deletion(args)).toBeDefined();
    });

    test("does nothing when that one failed in the same run, and the next run fixes it", async () => {
      const args = licence();
      const { outs } = await host.create(type, args);
      await using run = await start();
      expect(
        (await run.failure(run.create(type, { ...args, __resource: "renamed" }))).message,
      ).toContain("ALREADY_EXISTS");
      expect((await run.failure(run.delete(type, licenceId(args), outs))).message).toContain(
        "TAKE_OVER_OPEN",
      );
      expect(deletion(args)).toBeUndefined();
      await using next = await start();
      await next.create(type, { ...args, adopt: true, __resource: "renamed" });
      await next.delete(type, licenceId(args), outs);
      expect(deletion(args)).toBeUndefined();
    });

    test("deletes it only when no other has it, though both were imported", async () => {
      const args = licence({ adopt: true });
      exists(args);
      const imported = () => ({ ...args, ...adoptedOutputs({}) });
      const [one, copy] = [imported(), imported()];
      await host.diff(type, licenceId(args), one, args);
      await host.delete(type, licenceId(args), copy);
      expect(deletion(args)).toBeUndefined();
      await host.delete(type, licenceId(args), one);
      expect(deletion(args)).toBeDefined();
    });

    test("does not stay when that one failed, and the old one is declared again", async () => {
      const args = licence({ adopt: true });
      const { outs } = await host.create(type, args);
      licences.server.fault({
        kind: "status",
        status: 500,
        bodyMatches: "professionalSeats",
        times: 99,
      });
      await using hasty = await start({}, { "xima:deadlineSeconds": 5 });
      await hasty.failure(hasty.create(type, { ...args, __resource: "renamed" }));
      licences.server.faults.clear();
      await using back = await start();
      // Whether the other one's seats arrived is not known, so the licence is applied again.
      expect(await back.diff(type, licenceId(args), outs, args)).toMatchObject({ changes: true });
      const { outs: after } = await back.update(type, licenceId(args), outs, args);
      await back.delete(type, licenceId(args), after);
      expect(deletion(args)).toBeDefined();
    });

    test("leaves it alone in a later run too, when the first one ended in between", async () => {
      const args = licence({ adopt: true });
      exists(args);
      const renamed = await host.create(type, args);
      await using later = await start();
      await later.diff(type, licenceId(args), renamed.outs, args);
      await later.delete(type, licenceId(args), old(args));
      expect(deletion(args)).toBeUndefined();
      const { outs } = await later.update(type, licenceId(args), renamed.outs, {
        ...args,
        professionalSeats: 13,
      });
      await later.delete(type, licenceId(args), outs);
      expect(deletion(args)).toBeDefined();
    });
  });

  test("of a customer whose ids have slashes is of that customer alone", async () => {
    const args = licence({
      ccId: { resellerId: "a/b", resellerName: "A", tenantId: "c%d", tenantName: "C" },
    });
    const { id, outs } = await host.create(type, args);
    expect(id).toBe("a%2Fb/c%25d");
    await host.delete(type, id, outs);
    expect(
      Object.values(licences.server.state.customers).find(({ ccId }) => ccId.resellerId === "a/b")
        ?.deletion,
    ).toBeDefined();
  });
});
