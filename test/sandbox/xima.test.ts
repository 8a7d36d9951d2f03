import { execFile } from "node:child_process";
import {
  createHash,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  X509Certificate,
} from "node:crypto";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ximaServer } from "../../sandbox/xima/server.ts";
import { certificateRequest } from "./certificate-request.ts";

const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const otherKeys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const publicPem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }) as string;

let server: ReturnType<typeof ximaServer>;
let defaults: ReturnType<typeof ximaServer>["options"];
beforeAll(async () => {
  server = ximaServer();
  defaults = server.options;
  await server.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  server.state = server.vendor.initialState();
  server.setOptions(defaults);
  server.faults.clear();
  await control("keys", { kid: "k1", publicKey: publicPem(keys.publicKey) });
});

const control = (route: string, body: unknown) =>
  fetch(`${server.control}/${route}`, { method: "POST", body: JSON.stringify(body) });

const seconds = () => Math.floor(server.now() / 1000);
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

interface Signing {
  header?: object;
  claims?: Record<string, unknown>;
  key?: KeyObject;
  hash?: string;
}

/** A token made with node:crypto alone; `claims` and `header` replace what is right. */
function token(
  body: string,
  { header = {}, claims = {}, key = keys.privateKey, hash }: Signing = {},
): string {
  const right = {
    iss: "xima-ccaas",
    aud: "xima-ccaas",
    sub: "k1",
    payload_hash: hash ?? createHash("sha256").update(body).digest("hex"),
    jti: randomUUID(),
    iat: seconds(),
    exp: seconds() + 600,
  };
  const signed = `${base64({ alg: "RS256", typ: "JWT", kid: "k1", ...header })}.${base64({ ...right, ...claims })}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(key, "base64url")}`;
}

interface Answer {
  status: number;
  code?: string;
  message?: string;
  ccId?: object;
  changes?: Record<string, unknown>;
  [field: string]: unknown;
}

async function send(
  method: string,
  body: unknown,
  signing: Signing & { authorization?: string } = {},
): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const authorization = signing.authorization ?? `Bearer ${token(text, signing)}`;
  const headers = { authorization, "content-type": "application/json" };
  const response = await fetch(`${server.baseUrl}/licensing/update`, {
    method,
    headers,
    body: text,
  });
  return { status: response.status, ...((await response.json()) as object) };
}

const ccId = { resellerId: "acme", tenantId: "t1" };
const named = { ...ccId, resellerName: "Acme", tenantName: "Tenant One" };
const post = (licence: object, signing?: Signing) =>
  send("POST", { ccId: named, ...licence }, signing);
const probe = () => send("POST", { ccId });
const code = async (answer: Promise<Answer>) => (await answer).code ?? "accepted";

describe("a request is accepted only", () => {
  it.each<[string, Signing & { authorization?: string }, number, string]>([
    ["with a token", { authorization: "" }, 401, "INVALID_TOKEN"],
    ["with a JWT", { authorization: "Bearer secret" }, 401, "INVALID_TOKEN"],
    ["with a JWT of JSON objects", { authorization: "Bearer YQ.YQ.YQ" }, 401, "INVALID_TOKEN"],
    ["with RS256", { header: { alg: "none" } }, 401, "INVALID_TOKEN"],
    ["with typ JWT", { header: { typ: undefined } }, 401, "INVALID_TOKEN"],
    ["with a kid", { header: { kid: undefined } }, 401, "INVALID_TOKEN"],
    ["under a registered kid", { header: { kid: "k2" } }, 401, "INVALID_CERTIFICATE"],
    [
      "under a kid that is no word of JavaScript's",
      { header: { kid: "constructor" } },
      401,
      "INVALID_CERTIFICATE",
    ],
    ["when the registered key signed it", { key: otherKeys.privateKey }, 401, "INVALID_TOKEN"],
    ["with the hash of its own body", { hash: "0".repeat(64) }, 401, "INVALID_SIGNATURE"],
    ["from the right issuer", { claims: { iss: "me" } }, 401, "INVALID_TOKEN"],
    ["for the right audience", { claims: { aud: "you" } }, 401, "INVALID_TOKEN"],
    ["with its kid as sub", { claims: { sub: "k2" } }, 401, "INVALID_TOKEN"],
    ["with iat", { claims: { iat: undefined } }, 401, "INVALID_TOKEN"],
    ["with a jti", { claims: { jti: undefined } }, 400, "INVALID_JTI"],
    [
      "with a jti of version 4",
      { claims: { jti: "c232ab00-9414-11ec-b3c8-9e6bdeced846" } },
      400,
      "INVALID_JTI",
    ],
    ["with an exp", { claims: { exp: undefined } }, 400, "EXPIRED_TOKEN"],
    ["before its exp", { claims: { exp: 1_700_000_000 } }, 400, "EXPIRED_TOKEN"],
    [
      "with an exp at most 30 minutes ahead",
      { claims: { exp: Math.floor(Date.now() / 1000) + 86_400 } },
      401,
      "INVALID_TOKEN",
    ],
  ])("%s", async (_, signing, status, expected) => {
    const answer = await send("POST", { ccId: named, eliteSeats: 5 }, signing);
    expect(answer).toEqual({ status, code: expected, message: expect.any(String) });
    expect(server.state.customers).toEqual({});
  });

  it("with the prefix Bearer", async () => {
    const body = { ccId: named };
    expect(
      await send("POST", body, { authorization: `Token ${token(JSON.stringify(body))}` }),
    ).toMatchObject({ code: "INVALID_TOKEN" });
  });

  it("once for each jti, also when the body was refused", async () => {
    const jti = randomUUID();
    expect(await code(post({ eliteSeats: 1 }, { claims: { jti } }))).toBe("VALIDATION_ERROR");
    expect(await post({ eliteSeats: 5 }, { claims: { jti: jti.toUpperCase() } })).toMatchObject({
      status: 401,
      code: "DUPLICATE_JTI",
    });
  });

  it("by the server's own clock, which the Date header shows", async () => {
    const exp = Math.floor(Date.now() / 1000) + 600;
    server.setOptions({ clockOffsetSeconds: 1200 });
    expect(await code(post({}, { claims: { exp } }))).toBe("EXPIRED_TOKEN");
    server.setOptions({ clockOffsetSeconds: -1500 });
    expect(await code(post({}, { claims: { exp } }))).toBe("INVALID_TOKEN");
  });
});

describe("the hash of the body", () => {
  it("is checked as Python serializes it, for any names and any blanks of the client", async () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.string({
        unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
        minLength: 1,
      }),
      fc.constantFrom("Café Zürich", "🦄", "\ud800", "\udc00\ud800", 'a\u007f/\\"\b'),
    );
    const filled = name.filter((value) => value.trim() !== "");
    const bodies = fc
      .sample(fc.tuple(filled, filled, fc.nat(3)), 60)
      .map(([resellerName, tenantName, indent]) =>
        JSON.stringify(
          { eliteSeats: 5, ccId: { ...ccId, tenantName, resellerName } },
          null,
          indent,
        ),
      );
    const program = `
import hashlib, json, sys
for line in sys.stdin.buffer:
    print(hashlib.sha256(json.dumps(json.loads(json.loads(line)), sort_keys=False, separators=(",", ":")).encode("utf-8")).hexdigest())`;
    const input = bodies.map((body) => JSON.stringify(body)).join("\n");
    // Not awaited in a blocking way: the server lives in this process, and would drop the
    // connections that it keeps.
    const python = promisify(execFile)("python3", ["-c", program]);
    python.child.stdin?.end(input);
    const { stdout } = await python;
    const hashes = stdout.trim().split("\n");
    for (const [index, body] of bodies.entries())
      expect([body, await code(send("POST", body, { hash: hashes[index]! }))]).toEqual([
        body,
        "accepted",
      ]);
  });

  it("of plain JSON.stringify output is wrong as soon as a character is not ASCII", async () => {
    expect(await code(send("POST", { ccId: { ...named, tenantName: "Café Zürich" } }))).toBe(
      "INVALID_SIGNATURE",
    );
  });

  it("is taken in the order of the body's keys", async () => {
    const hash = createHash("sha256")
      .update(JSON.stringify({ eliteSeats: 5, ccId: named }))
      .digest("hex");
    expect(await code(send("POST", { ccId: named, eliteSeats: 5 }, { hash }))).toBe(
      "INVALID_SIGNATURE",
    );
  });
});

describe("a licence", () => {
  it("is created by the first request, changed by the next, and keeps absent fields", async () => {
    expect(await post({ eliteSeats: 5, dialerSeats: 10 })).toEqual({
      status: 200,
      ccId: named,
      changes: {
        eliteSeats: { oldValue: 0, newValue: 5 },
        dialerSeats: { oldValue: 0, newValue: 10 },
      },
    });
    expect(await send("POST", { ccId, eliteSeats: 7 })).toMatchObject({
      ccId: named,
      changes: { eliteSeats: { oldValue: 5, newValue: 7 } },
    });
    expect(await send("POST", { ccId, eliteSeats: 7, dialerSeats: 0 })).toMatchObject({
      changes: { dialerSeats: { oldValue: 10, newValue: 0 } },
    });
    expect(server.state.customers["acme/t1"]).toEqual({
      ccId: named,
      licence: { eliteSeats: 7, dialerSeats: 0 },
    });
  });

  it("is found by ccId alone without a change, and 404 means that it does not exist", async () => {
    expect(await probe()).toMatchObject({ status: 404, code: "CUSTOMER_NOT_FOUND" });
    await post({ eliteSeats: 5 });
    expect(await probe()).toEqual({ status: 200, ccId: named, changes: {} });
  });

  it.each([
    ["not-found", "CUSTOMER_NOT_FOUND", "accepted"],
    ["names-required", "VALIDATION_ERROR", "CUSTOMER_NOT_FOUND"],
    ["create", "accepted", "accepted"],
  ] as const)(
    "answers a look-up of an unknown one as switched (%s): without names, with them",
    async (lookUp, bare, withNames) => {
      server.setOptions({ lookUp });
      expect(await code(probe())).toBe(bare);
      server.state = { ...server.state, customers: {} };
      expect(await code(send("POST", { ccId: named }))).toBe(withNames);
    },
  );

  it("is asked for by name always, when it is switched so", async () => {
    await post({ eliteSeats: 5 });
    server.setOptions({ namesRequired: "always" });
    expect([await code(probe()), await code(post({}))]).toEqual(["VALIDATION_ERROR", "accepted"]);
  });

  it.each([
    [{ ...ccId, resellerName: "Acme" }, /tenantName is required/],
    [{ ...ccId, tenantName: "T" }, /resellerName is required/],
    [ccId, /resellerName is required/],
    [{ ...named, tenantName: "" }, /tenantName must be a non-empty string/],
    [{ ...named, tenantId: undefined }, /tenantId is required/],
    ["acme", /ccId must be an object/],
  ])("is not created for %o", async (given, why) => {
    expect(await send("POST", { ccId: given, eliteSeats: 5 })).toMatchObject({
      code: "VALIDATION_ERROR",
      message: expect.stringMatching(why),
    });
  });

  it("takes a new name of the customer without calling it a change", async () => {
    await post({});
    expect(await send("POST", { ccId: { ...ccId, tenantName: "New" } })).toMatchObject({
      ccId: { ...named, tenantName: "New" },
      changes: {},
    });
  });

  it("distinguishes two customers, with any characters in their ids", async () => {
    await send("POST", { ccId: { ...named, resellerId: "a/b", tenantId: "c" } });
    expect(await code(send("POST", { ccId: { resellerId: "a", tenantId: "b/c" } }))).toBe(
      "CUSTOMER_NOT_FOUND",
    );
  });

  it("shows an out-of-band change as the old value of the next request that sets the field", async () => {
    await post({ eliteSeats: 5 });
    const body = JSON.stringify({ customers: { "acme/t1": { licence: { eliteSeats: 9 } } } });
    await fetch(`${server.control}/state`, { method: "PATCH", body });
    expect(await post({ eliteSeats: 5 })).toMatchObject({
      changes: { eliteSeats: { oldValue: 9, newValue: 5 } },
    });
  });
});

const sip = {
  username: "u",
  password: "old-secret",
  sipServer: "sip.example",
  outboundProxy: "proxy.example",
};

describe("by the rules of 1.4", () => {
  const cases: [object, RegExp | "accepted"][] = [
    ...[
      "digitalOnlySeats",
      "essentialSeats",
      "professionalSeats",
      "eliteSeats",
      "speechAnalyticsSeats",
    ].flatMap((field): [object, RegExp | "accepted"][] => [
      [{ [field]: 4 }, /must be 0 or at least 5/],
      [{ [field]: 5 }, "accepted"],
      [{ [field]: 0 }, "accepted"],
    ]),
    ...["workforceOptimizationSeats", "workforceManagementSeats", "dialerSeats"].flatMap(
      (field): [object, RegExp | "accepted"][] => [
        [{ [field]: 9 }, /must be 0 or at least 10/],
        [{ [field]: 10 }, "accepted"],
        [{ [field]: 0 }, "accepted"],
      ],
    ),
    [{ ehrEmrIntegrationSeats: 1 }, "accepted"],
    [{ ehrEmrIntegrationSeats: -1 }, /between/],
    [{ eliteSeats: "5" }, /must be an integer/],
    [{ eliteSeats: 5.5 }, /must be an integer/],
    [{ eliteSeats: null }, /must be an integer/],
    [{ eliteSeats: 5, additionalAiMessages: 1 }, "accepted"],
    [{ seats: 5 }, "accepted"],
    [{ professionalSeats: 5, aiMessaging: { bundles: 1 } }, "accepted"],
    [{ professionalSeats: 5, aiMessaging: { standardBundles: 1, advancedBundles: 1 } }, /only one/],
    [{ professionalSeats: 5, aiMessaging: { standardBundles: 1, advancedBundles: 0 } }, "accepted"],
    [{ essentialSeats: 5, aiMessaging: { standardBundles: 1 } }, /professionalSeats or eliteSeats/],
    [{ eliteSeats: 5, aiMessaging: { advancedBundles: 2 } }, "accepted"],
    [{ essentialSeats: 5, aiAudioServices: {} }, /additionalHours is required/],
    [{ essentialSeats: 5, aiAudioServices: { additionalHours: 3 } }, "accepted"],
    [
      { digitalOnlySeats: 5, aiAudioServices: { additionalHours: 3 } },
      /essentialSeats, professionalSeats or eliteSeats/,
    ],
    [{ sipCredentials: sip }, "accepted"],
    [{ sipCredentials: { ...sip, outboundProxy: undefined } }, /outboundProxy is required/],
    [{ sipCredentials: { ...sip, sipPort: 5060 } }, /together/],
    [{ sipCredentials: { ...sip, transport: "tls" } }, /together/],
    [{ sipCredentials: { ...sip, sipPort: 5060, transport: "tls" } }, "accepted"],
    [{ sipCredentials: { ...sip, sipPort: 0, transport: "tls" } }, /between 1 and 65535/],
    [{ sipCredentials: { ...sip, sipPort: 65536, transport: "tls" } }, /between 1 and 65535/],
    [{ sipCredentials: { ...sip, sipPort: 5060, transport: "ws" } }, /udp, tcp or tls/],
  ];
  it.each(cases)("%o is %s", async (licence, expected) => {
    const answer = await post(licence);
    if (expected === "accepted") expect(answer).toMatchObject({ status: 200 });
    else
      expect(answer).toEqual({
        status: 400,
        code: "VALIDATION_ERROR",
        message: expect.stringMatching(expected),
      });
  });

  it("a bundle is switched only when one request sets both fields", async () => {
    await post({ professionalSeats: 5, aiMessaging: { standardBundles: 2 } });
    expect(await code(post({ aiMessaging: { advancedBundles: 1 } }))).toBe("VALIDATION_ERROR");
    expect(await post({ aiMessaging: { standardBundles: 0, advancedBundles: 1 } })).toMatchObject({
      changes: {
        aiMessaging: {
          standardBundles: { oldValue: 2, newValue: 0 },
          advancedBundles: { oldValue: 0, newValue: 1 },
        },
      },
    });
  });

  it("a bundle's seat cannot be removed without the bundle, unless commercial notes are off", async () => {
    await post({ professionalSeats: 5, aiMessaging: { standardBundles: 2 } });
    expect(await code(post({ professionalSeats: 0 }))).toBe("VALIDATION_ERROR");
    server.setOptions({ commercialNotes: false });
    expect(await code(post({ professionalSeats: 0 }))).toBe("accepted");
  });

  it("changed SIP credentials are echoed with plain passwords, and an omitted port is removed", async () => {
    await post({ sipCredentials: { ...sip, sipPort: 5060, transport: "udp" } });
    expect(await post({ sipCredentials: { ...sip, password: "new-secret" } })).toMatchObject({
      changes: {
        sipCredentials: {
          password: { oldValue: "old-secret", newValue: "new-secret" },
          sipPort: { oldValue: 5060, newValue: 0 },
          transport: { oldValue: "udp", newValue: "" },
        },
      },
    });
    expect(await post({ sipCredentials: { ...sip, password: "new-secret" } })).toMatchObject({
      changes: {},
    });
  });

  it.each([
    [{ seats: 5 }],
    [{ aiMessaging: { bundles: 1 } }],
    [{ ccId: { ...named, country: "CH" } }],
    [{ additionalAiMessages: 1 }],
  ])("a field that is not published (%o) is refused when it is switched so", async (fields) => {
    expect(await code(post(fields))).toBe("accepted");
    server.setOptions({ unknownFields: "refuse" });
    expect(await post(fields)).toMatchObject({
      status: 400,
      message: expect.stringMatching(/is not a known field/),
    });
    expect(await code(post({ eliteSeats: 5, jti: randomUUID(), exp: seconds() + 60 }))).toBe(
      "accepted",
    );
  });

  it("a signature that does not hold is INVALID_SIGNATURE when it is switched so", async () => {
    server.setOptions({ badSignature: "INVALID_SIGNATURE" });
    expect(await code(post({}, { key: otherKeys.privateKey }))).toBe("INVALID_SIGNATURE");
  });

  it("jti and exp in the body are ignored, or refused when it is switched so", async () => {
    const claims = { jti: randomUUID(), exp: seconds() + 60 };
    expect(await code(post(claims))).toBe("accepted");
    server.setOptions({ tolerateBodyClaims: false });
    expect(await code(post(claims))).toBe("VALIDATION_ERROR");
  });
});

describe("by the guide's revision", () => {
  const body = (changes: object = {}) => ({
    ccId: named,
    jti: randomUUID(),
    exp: seconds() + 600,
    ...changes,
  });
  const bare: Signing = {
    claims: {
      iss: undefined,
      aud: undefined,
      sub: undefined,
      jti: undefined,
      exp: undefined,
      iat: undefined,
    },
  };
  beforeEach(() => server.setOptions({ revision: "guide" }));

  it.each<[object, string]>([
    [{}, "accepted"],
    [{ jti: undefined }, "INVALID_JTI"],
    [{ jti: "1234" }, "INVALID_JTI"],
    [{ jti: "c232ab00-9414-11ec-b3c8-9e6bdeced846" }, "accepted"],
    [{ exp: undefined }, "EXPIRED_TOKEN"],
    [{ exp: 1_700_000_000 }, "EXPIRED_TOKEN"],
    [{ exp: Math.floor(Date.now() / 1000) + 86_400 }, "INVALID_TOKEN"],
    [{ workforceOptimizationSeats: 9 }, "VALIDATION_ERROR"],
    [{ workforceManagementSeats: 9 }, "VALIDATION_ERROR"],
    [{ speechAnalyticsSeats: 4 }, "VALIDATION_ERROR"],
    [{ dialerSeats: 4 }, "VALIDATION_ERROR"],
    [{ dialerSeats: 5 }, "accepted"],
    [{ dialerSeats: 0 }, "accepted"],
    [{ eliteSeats: 1 }, "accepted"],
    [{ additionalAiMessages: 100 }, "VALIDATION_ERROR"],
    [{ additionalAiMessages: 100, eliteSeats: 1 }, "accepted"],
  ])(
    "a body with %o is %s, with jti and exp in the body and nothing but the hash in the token",
    async (changes, expected) => {
      expect(await code(send("POST", body(changes), bare))).toBe(expected);
    },
  );

  it("a jti in the body is good once", async () => {
    const same = body();
    expect(await code(send("POST", same, bare))).toBe("accepted");
    expect(await code(send("POST", same, bare))).toBe("DUPLICATE_JTI");
  });

  it("a token with the claims of 1.4 is accepted, and so is a body of 1.4", async () => {
    expect(await code(send("POST", body()))).toBe("accepted");
    server.setOptions({ revision: "1.4" });
    expect(await code(send("POST", body()))).toBe("accepted");
  });
});

describe("a deletion", () => {
  const deleted = () => send("DELETE", { ccId });

  it("is scheduled within a week, with an id for the support", async () => {
    await post({ eliteSeats: 5 });
    const answer = await deleted();
    expect(answer).toEqual({
      status: "scheduled_for_deletion",
      ccId,
      message: "Resources have been scheduled for deletion",
      scheduledAt: expect.stringMatching(/^\d{4}-.*Z$/),
      estimatedDeletionTime: "1 week",
      deletionId: expect.stringMatching(/^del_\d+_\d{4}$/),
    });
  });

  it("shows the date of the removal if the option is on", async () => {
    server.setOptions({ deletionTime: "date" });
    await post({ eliteSeats: 5 });
    const answer = await deleted();
    expect(
      Date.parse(answer.estimatedDeletionTime as string) - Date.parse(answer.scheduledAt as string),
    ).toBe(7 * 86_400_000);
  });

  it("of an unknown customer is refused, and other fields in the body are ignored", async () => {
    expect(await code(deleted())).toBe("CUSTOMER_NOT_FOUND");
    await post({ eliteSeats: 5 });
    expect(await code(send("DELETE", { ccId, eliteSeats: 10 }))).toBe("accepted");
    expect(server.state.customers["acme/t1"]?.licence).toEqual({ eliteSeats: 5 });
  });

  it("makes the customer unknown, and a request with names starts again", async () => {
    await post({ eliteSeats: 5 });
    await deleted();
    expect([await code(probe()), await code(deleted())]).toEqual([
      "CUSTOMER_NOT_FOUND",
      "CUSTOMER_NOT_FOUND",
    ]);
    expect(await post({ dialerSeats: 10 })).toMatchObject({
      changes: { dialerSeats: { oldValue: 0 } },
    });
    expect(server.state.customers["acme/t1"]?.licence).toEqual({ dialerSeats: 10 });
  });

  it("keeps the customer known for a week if so set: a read changes nothing, licences revive it", async () => {
    server.setOptions({ duringDeletion: "known" });
    await post({ eliteSeats: 5 });
    const { deletionId } = await deleted();
    expect([await code(probe()), (await deleted()).deletionId]).toEqual(["accepted", deletionId]);
    expect(await post({ eliteSeats: 5 })).toMatchObject({ changes: {} });
    expect(server.state.customers["acme/t1"]).toEqual({ ccId: named, licence: { eliteSeats: 5 } });
  });

  it("stands if so set, whatever is declared within the week", async () => {
    server.setOptions({ duringDeletion: "stands" });
    await post({ eliteSeats: 5 });
    const { deletionId } = await deleted();
    await post({ eliteSeats: 6 });
    expect(server.state.customers["acme/t1"]).toMatchObject({
      licence: { eliteSeats: 6 },
      deletion: { deletionId },
    });
    server.setOptions({ clockOffsetSeconds: 7 * 86_400 + 1 });
    expect(await code(probe())).toBe("CUSTOMER_NOT_FOUND");
  });

  it("is carried out when the week is over", async () => {
    server.setOptions({ duringDeletion: "known" });
    await post({ eliteSeats: 5 });
    await deleted();
    server.setOptions({ clockOffsetSeconds: 7 * 86_400 + 1 });
    expect(await code(probe())).toBe("CUSTOMER_NOT_FOUND");
    expect(server.state.customers).toEqual({});
  });
});

describe("a certificate", () => {
  it("is issued for a request, and its fingerprint is the kid from then on", async () => {
    const { pem, privateKey } = await certificateRequest();
    const answer = (await (await control("sign", { csr: pem })).json()) as {
      kid: string;
      certificate: string;
    };
    const fingerprint = new X509Certificate(answer.certificate).fingerprint
      .replaceAll(":", "")
      .toLowerCase();
    expect(answer.kid).toBe(fingerprint);
    const signing = { key: privateKey, header: { kid: fingerprint }, claims: { sub: fingerprint } };
    expect(await code(post({}, signing))).toBe("accepted");
  });

  it("is not accepted after its end, or before its beginning", async () => {
    const { pem, privateKey } = await certificateRequest();
    const { kid } = (await (await control("sign", { csr: pem, days: 10 })).json()) as {
      kid: string;
    };
    const signing = () => ({
      key: privateKey,
      header: { kid },
      claims: { sub: kid, exp: seconds() + 60 },
    });
    server.setOptions({ clockOffsetSeconds: 11 * 86_400 });
    expect(await post({}, signing())).toMatchObject({
      code: "INVALID_CERTIFICATE",
      message: expect.stringMatching(/expired/),
    });
    server.setOptions({ clockOffsetSeconds: -86_400 });
    expect(await post({}, signing())).toMatchObject({
      code: "INVALID_CERTIFICATE",
      message: expect.stringMatching(/not valid yet/),
    });
  });

  it("may be registered under an id issued by the vendor, as in earlier days", async () => {
    const { pem, privateKey } = await certificateRequest();
    const { certificate } = (await (await control("sign", { csr: pem })).json()) as {
      certificate: string;
    };
    await control("keys", { certificate, kid: "opaque-7" });
    expect(
      await code(
        post({}, { key: privateKey, header: { kid: "opaque-7" }, claims: { sub: "opaque-7" } }),
      ),
    ).toBe("accepted");
  });

  it.each([
    ["sign", { csr: "?" }, /certificate request in PEM/],
    ["keys", { certificate: "?" }, /certificate in PEM/],
    ["keys", { publicKey: "?", kid: "x" }, /RSA/],
    ["keys", { publicKey: publicPem(generateKeyPairSync("ed25519").publicKey), kid: "x" }, /RSA/],
    ["keys", { kid: "x" }, /Invalid/],
  ])("is refused at %s with %o", async (route, body, why) => {
    const answer = await control(route, body);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: expect.stringMatching(why) },
    ]);
  });
});

describe("the routes", () => {
  it("have no GET of a licence", async () => {
    expect((await fetch(`${server.baseUrl}/licensing/update`)).status).toBe(405);
  });

  it("show the registered public keys by their kid", async () => {
    const { keys } = (await (
      await fetch(`${server.baseUrl}/licensing/.well-known/jwks.json`)
    ).json()) as { keys: object[] };
    expect(keys).toEqual([
      { kty: "RSA", n: expect.any(String), e: "AQAB", alg: "RS256", use: "sig", kid: "k1" },
    ]);
  });

  it("can be moved, for the prefix differs from page to page", async () => {
    server.setOptions({ updatePath: "/v1/licensing/update" });
    const moved = `${server.baseUrl}/v1/licensing/update`;
    expect([
      (await fetch(`${server.baseUrl}/licensing/update`, { method: "POST" })).status,
      (await fetch(moved, { method: "POST" })).status,
    ]).toEqual([404, 400]);
  });

  it("want JSON, an object, under the content type of JSON", async () => {
    expect(await send("POST", "{")).toMatchObject({
      code: "VALIDATION_ERROR",
      message: expect.stringMatching(/not JSON/),
    });
    expect(await send("POST", "[]")).toMatchObject({
      code: "VALIDATION_ERROR",
      message: expect.stringMatching(/object/),
    });
    const plain = await fetch(`${server.baseUrl}/licensing/update`, { method: "POST", body: "{}" });
    expect(await plain.json()).toMatchObject({
      code: "VALIDATION_ERROR",
      message: expect.stringMatching(/Content-Type/),
    });
  });
});
