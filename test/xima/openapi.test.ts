import { createHash, createPrivateKey, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ximaLicenseProvider } from "../../provider/xima/provider.ts";
import {
  deleteReplySchema,
  errorReplySchema,
  type LicenseInputs,
  licenseSchema,
  updateReplySchema,
} from "../../provider/xima/schema.ts";
import { root } from "../../tools/engine/paths.mjs";
import { type Exchange, openApiDocument, type Published } from "../openapi/document.ts";
import { type Recorder, recordTraffic } from "../openapi/recorder.ts";
import { licenceServer } from "./licence-server.ts";

const facts = JSON.parse(
  readFileSync(join(root, "test/fixtures/openapi/xima-1.4.json"), "utf8"),
) as Published;
const published = openApiDocument(facts, { closed: true });

/** What other pages of the vendor publish, and the schemas of the document leave out. */
const elsewhere = [
  '"ehrEmrIntegrationSeats"', // example of the authentication page
  '"sipServer"', // in `changes`: the document's own example
  '"sipPort"', // in `changes`: arguments of the request
  '"transport"',
];
const contradictions = (faults: string[]) =>
  faults.filter((fault) => !elsewhere.some((name) => fault.includes(`properties (${name})`)));

let licences: Awaited<ReturnType<typeof licenceServer>>;
let recorder: Recorder;
let defaults: Awaited<ReturnType<typeof licenceServer>>["server"]["options"];
const journal = mkdtempSync(join(tmpdir(), "ucaas-openapi-"));
beforeAll(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  licences = await licenceServer();
  defaults = licences.server.options;
  recorder = await recordTraffic(licences.server.url);
});
afterAll(async () => {
  vi.restoreAllMocks();
  await recorder[Symbol.asyncDispose]();
  await licences.server.stop();
  rmSync(journal, { recursive: true });
});
beforeEach(() => {
  licences.server.setOptions(defaults);
  licences.server.state.customers = {};
  recorder.exchanges.length = 0;
});

function provider(more: Record<string, string> = {}) {
  const config: Record<string, string> = {
    ...licences.plainConfig,
    "xima:baseUrl": `${recorder.url}/v1`,
    "ucaas:journalDir": journal,
    ...more,
  };
  return ximaLicenseProvider({
    get: (key: string) => config[key],
    require: (key: string) => config[key]!,
  });
}

const ccId = {
  resellerId: "voicehouse",
  resellerName: "Voicehouse",
  tenantId: "acme",
  tenantName: "Café Zürich",
};
const sipCredentials = {
  username: "2000",
  password: "old",
  sipServer: "sip.example",
  outboundProxy: "proxy.example",
};
const full: LicenseInputs = {
  ccId,
  digitalOnlySeats: 5,
  essentialSeats: 5,
  professionalSeats: 12,
  eliteSeats: 5,
  workforceOptimizationSeats: 10,
  workforceManagementSeats: 10,
  speechAnalyticsSeats: 5,
  dialerSeats: 10,
  ehrEmrIntegrationSeats: 1,
  aiMessaging: { standardBundles: 2 },
  aiAudioServices: { additionalHours: 24 },
  sipCredentials: { ...sipCredentials, sipPort: 5061, transport: "tls" },
};

/** Every operation of the resource on one customer: create, refresh, update, delete. */
async function live(
  configured: ReturnType<typeof ximaLicenseProvider>,
  from: LicenseInputs,
  to: LicenseInputs,
): Promise<void> {
  const { id, outs } = await configured.create(from);
  await configured.read(id, outs!);
  const { outs: updated } = await configured.update(id, outs!, to);
  await configured.delete(id, updated!);
}
const requestFaults = () =>
  recorder.exchanges.flatMap((exchange) => published.requestFaults(exchange));

describe("every request that the provider sends is one of the published document", () => {
  const changes: [string, LicenseInputs, LicenseInputs][] = [
    ["all arguments, then most of them dropped", full, { ccId, sipCredentials }],
    ["few arguments, then all of them", { ccId, eliteSeats: 5 }, full],
    [
      "one kind of bundle, then the other",
      { ccId, eliteSeats: 5, aiMessaging: { standardBundles: 1 } },
      { ccId, eliteSeats: 5, aiMessaging: { advancedBundles: 2 } },
    ],
  ];
  test.each(changes)("%s", async (_, from, to) => {
    await live(provider({ "xima:claimsIn": "token" }), from, to);
    expect(recorder.exchanges.map(({ method, status }) => `${method} ${status}`)).toEqual([
      "POST 404",
      "POST 200",
      "POST 200",
      "POST 200",
      "DELETE 200",
    ]);
    expect(contradictions(requestFaults())).toEqual([]);
  });

  test.each(["ccid", "names", "off"])("with xima:probe %s", async (probe) => {
    licences.server.setOptions({ lookUp: "names-required" });
    await live(
      provider({ "xima:claimsIn": "token", "xima:probe": probe }),
      { ccId, eliteSeats: 5 },
      { ccId, eliteSeats: 6 },
    );
    expect(requestFaults()).toEqual([]);
  });

  test("with xima:claimsIn both, up to jti and exp, which the guide puts into the body", async () => {
    await live(provider(), { ccId, eliteSeats: 5 }, { ccId });
    const fields = requestFaults().map((fault) => /\("(\w+)"\)$/.exec(fault)?.[1]);
    expect([...new Set(fields)].sort()).toEqual(["exp", "jti"]);
  });

  test("any declaration that the check accepts", async () => {
    const count = fc.oneof(
      fc.constant(undefined),
      fc.constant(0),
      fc.integer({ min: 10, max: 30 }),
    );
    const seats = fc.record({
      ...Object.fromEntries(
        [
          "digitalOnlySeats",
          "essentialSeats",
          "professionalSeats",
          "eliteSeats",
          "workforceOptimizationSeats",
          "dialerSeats",
        ].map((field) => [field, count]),
      ),
      aiMessaging: fc.option(
        fc.record({ standardBundles: count, advancedBundles: count }, { requiredKeys: [] }),
        { nil: undefined },
      ),
      aiAudioServices: fc.option(fc.record({ additionalHours: fc.nat(50) }), { nil: undefined }),
    });
    const name = fc.constantFrom(
      "Acme",
      "Café Zürich",
      "日本電話",
      "Taxi 📞 24",
      '"quoted" \\ name',
    );
    const configured = provider({ "xima:claimsIn": "token" });
    // With adopt: true the provider leaves it to the server whether the seats that an
    // add-on needs are there.
    licences.server.setOptions({ commercialNotes: false });
    let [runs, sent] = [0, 0];
    await fc.assert(
      fc.asyncProperty(seats, seats, name, async (one, other, tenantName) => {
        const tenantId = `run-${++runs}`;
        const declared = [one, other].map(
          (given) =>
            JSON.parse(
              JSON.stringify({ ccId: { ...ccId, tenantId, tenantName }, adopt: true, ...given }),
            ) as LicenseInputs,
        );
        for (const inputs of declared)
          if (((await configured.check({}, inputs)).failures ?? []).length > 0) return;
        const [from, to] = declared as [LicenseInputs, LicenseInputs];
        await live(configured, from, to);
        sent += 1;
      }),
      { numRuns: 60 },
    );
    expect(sent).toBeGreaterThan(0);
    expect(requestFaults()).toEqual([]);
  });
});

describe("every reply of the sandbox is one of the published document", () => {
  interface Signing {
    body?: Record<string, unknown>;
    claims?: Record<string, unknown>;
    kid?: string;
    signedBody?: string;
  }
  /** A request signed by hand, since the client never sends an invalid one. */
  async function send(
    method: string,
    { body = { ccId: ascii }, claims, kid = "key-of-the-tests", signedBody }: Signing = {},
  ): Promise<Exchange> {
    const text = JSON.stringify(body);
    const now = Math.floor(Date.now() / 1000);
    const payload_hash = createHash("sha256")
      .update(signedBody ?? text)
      .digest("hex");
    const token = await new SignJWT({
      iss: "xima-ccaas",
      aud: "xima-ccaas",
      sub: kid,
      payload_hash,
      jti: randomUUID(),
      iat: now,
      exp: now + 60,
      ...claims,
    })
      .setProtectedHeader({ alg: "RS256", typ: "JWT", kid })
      .sign(createPrivateKey(licences.pem));
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    await fetch(`${recorder.url}/v1/licensing/update`, { method, headers, body: text });
    return recorder.exchanges.at(-1)!;
  }
  const codeOf = ({ replyBody }: Exchange) => (JSON.parse(replyBody) as { code?: string }).code;
  const ascii = { ...ccId, tenantName: "Acme" };

  test.each(["POST", "DELETE"])("to %s, for each documented status and code", async (method) => {
    const jti = randomUUID();
    const asked: [string, Signing][] = [
      ["VALIDATION_ERROR", { body: { ccId: { resellerId: "" } } }],
      ["INVALID_JTI", { claims: { jti: "1" } }],
      ["EXPIRED_TOKEN", { claims: { exp: 1 } }],
      ["INVALID_TOKEN", { claims: { iss: "someone" } }],
      ["INVALID_SIGNATURE", { signedBody: "{}" }],
      ["CUSTOMER_NOT_FOUND", { body: { ccId: { resellerId: "r", tenantId: "t" } } }],
      ["DUPLICATE_JTI", { claims: { jti } }],
    ];
    await send("POST", { body: { ccId: ascii, eliteSeats: 5 }, claims: { jti } });
    expect(codeOf(await send(method, { body: { ccId: ascii } }))).toBeUndefined();
    for (const [code, signing] of asked)
      expect(codeOf(await send(method, signing)), code).toBe(code);
    const seen = recorder.exchanges.map(
      (exchange) => `${published.operation(exchange)} ${exchange.status}`,
    );
    expect(seen).toEqual(
      expect.arrayContaining(published.documented.filter((one) => one.startsWith(method))),
    );
    expect(recorder.exchanges.flatMap((exchange) => published.replyFaults(exchange))).toEqual([]);
  });

  test.each([
    ["in 1.4", {}],
    ["of the guide's revision", { revision: "guide" as const }],
    ["with a date of removal", { deletionTime: "date" as const }],
    ["that knows customers during the week", { duringDeletion: "known" as const }],
    ["that creates on the look-up", { lookUp: "create" as const }],
  ])("to the provider, %s", async (_, options) => {
    licences.server.setOptions(options);
    const { sipPort: _port, transport: _transport, ...srv } = full.sipCredentials!;
    await live(provider({ "xima:probe": "off" }), full, {
      ...full,
      eliteSeats: 6,
      sipCredentials: { ...srv, password: "new" },
    });
    expect(recorder.exchanges).toHaveLength(3);
    expect(
      contradictions(recorder.exchanges.flatMap((exchange) => published.replyFaults(exchange))),
    ).toEqual([]);
  });

  test("except INVALID_CERTIFICATE, which the text on authentication names and the list does not", async () => {
    const exchange = await send("POST", { kid: "unknown" });
    expect([exchange.status, codeOf(exchange)]).toEqual([401, "INVALID_CERTIFICATE"]);
    expect(published.replyFaults(exchange)).toEqual([
      expect.stringContaining("/code must be equal to one of the allowed values"),
    ]);
  });
});

describe("every published example", () => {
  interface Operation {
    requestBody: { content: Record<string, { examples: Record<string, { value: unknown }> }> };
    responses: Record<
      string,
      { content: Record<string, { examples: Record<string, { value: unknown }> }> }
    >;
  }
  const { post, delete: remove } = facts.paths["/v1/licensing/update"] as unknown as {
    post: Operation;
    delete: Operation;
  };
  const examples = (content: Operation["requestBody"]["content"]) =>
    Object.values(content["application/json"]!.examples).map(({ value }) => value);

  test("of a request is a licence that can be declared, and the provider sends it as published", async () => {
    for (const example of examples(post.requestBody.content) as LicenseInputs[]) {
      licences.server.state.customers = {};
      expect(licenseSchema.safeParse(example).error).toBeUndefined();
      const configured = provider({ "xima:claimsIn": "token" });
      expect((await configured.check({}, example)).failures).toEqual([]);
      await configured.create(example);
      expect(JSON.parse(recorder.exchanges.at(-1)!.body)).toEqual(example);
    }
  });

  test("of a reply is understood", () => {
    for (const [operation, schema] of [
      [post, updateReplySchema],
      [remove, deleteReplySchema],
    ] as const) {
      for (const [status, { content }] of Object.entries(operation.responses))
        for (const example of examples(content))
          expect(
            (status === "200" ? schema : errorReplySchema).safeParse(example).error,
          ).toBeUndefined();
    }
  });
});
