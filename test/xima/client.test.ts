import { createPrivateKey } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "../../provider/runtime/config.ts";
import type { UcaasError } from "../../provider/runtime/errors.ts";
import { XimaClient } from "../../provider/xima/client.ts";
import { ximaConfig } from "../../provider/xima/config.ts";
import { certificateRequest } from "../sandbox/certificate-request.ts";
import { control, licenceServer } from "./licence-server.ts";

const customer = { resellerId: "voicehouse", tenantId: "acme" };
const named = {
  ...customer,
  resellerName: "Voicehouse",
  tenantName: "Café Zürich 📞 \u007f\ud800",
};

let licences: Awaited<ReturnType<typeof licenceServer>>;
beforeAll(async () => {
  licences = await licenceServer();
});
afterAll(() => licences.server.stop());
afterEach(() => {
  licences.server.faults.clear();
  licences.server.setOptions({
    revision: "1.4",
    tolerateBodyClaims: true,
    clockOffsetSeconds: 0,
    updatePath: "/licensing/update",
  });
  licences.server.state.customers = {};
  licences.server.received.length = 0;
});

function client(more: Record<string, string | undefined> = {}) {
  const config = { ...licences.plainConfig, ...more };
  return new XimaClient(
    readConfig(ximaConfig, { get: (key) => config[key as keyof typeof config] }, undefined, {}),
  );
}
const create = async (ximaClient = client()) =>
  (await ximaClient.update(customer, { ccId: named, professionalSeats: 12 }, "create")).changes;
async function refusal(call: Promise<unknown>): Promise<UcaasError> {
  return call.then(
    () => {
      throw new Error("It was not refused.");
    },
    (error) => error,
  );
}
const stored = () => licences.server.state.customers["voicehouse/acme"]?.licence;
/** Every jti that was sent, in bodies and in tokens. */
const jtis = () =>
  licences.server.received.map(({ body, headers }) => {
    const claims = JSON.parse(
      Buffer.from(headers.authorization!.split(".")[1]!, "base64url").toString(),
    ) as { jti?: string };
    return { body: (JSON.parse(body) as { jti?: string }).jti, token: claims.jti };
  });

describe("a strict server", () => {
  test.each<[string, object, string | undefined]>([
    ["of OpenAPI 1.4 is satisfied by the default", { revision: "1.4" }, undefined],
    ["of the guide is satisfied by the default", { revision: "guide" }, undefined],
    [
      "of OpenAPI 1.4 that takes nothing more in the body is satisfied by claimsIn token",
      { tolerateBodyClaims: false },
      "token",
    ],
    ["of the guide is satisfied by claimsIn body", { revision: "guide" }, "body"],
  ])("%s", async (_, options, claimsIn) => {
    licences.server.setOptions(options);
    const one = client({ "xima:claimsIn": claimsIn });
    expect(await one.exists(customer)).toBe(false);
    expect(await create(one)).toEqual({ professionalSeats: { oldValue: 0, newValue: 12 } });
    expect(await one.exists(customer)).toBe(true);
    expect(await one.delete(customer)).toMatchObject({
      status: "scheduled_for_deletion",
      deletionId: expect.any(String),
    });
  });

  test.each<[string, object, string | undefined, string]>([
    [
      "in the body, where 1.4 takes nothing more",
      { tolerateBodyClaims: false },
      undefined,
      "VALIDATION_ERROR",
    ],
    [
      "in the token alone, where the guide's revision does not look",
      { revision: "guide" },
      "token",
      "INVALID_JTI",
    ],
    ["in the body alone, where 1.4 does not look", {}, "body", "INVALID_JTI"],
  ])("that finds jti and exp %s leads to the setting", async (_, options, claimsIn, code) => {
    licences.server.setOptions(options);
    expect(await refusal(create(client({ "xima:claimsIn": claimsIn })))).toMatchObject({
      code,
      hint: expect.stringContaining("xima:claimsIn"),
    });
  });

  test("takes a key whose certificate it has signed, by the kid computed from it", async () => {
    const { pem, privateKey } = await certificateRequest();
    const { certificate } = (await control(licences.server.control, "sign", { csr: pem })) as {
      certificate: string;
    };
    const passphrase = "open sesame";
    const encrypted = createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" }))
      .export({ type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase })
      .toString();
    const own = {
      "xima:privateKey": encrypted,
      "xima:privateKeyPassphrase": passphrase,
      "xima:certificate": certificate,
      "xima:keyId": undefined,
    };
    expect(await create(client(own))).toEqual({ professionalSeats: { oldValue: 0, newValue: 12 } });
  });

  test("is asked whether a customer exists by a request that changes nothing", async () => {
    await create();
    await client().exists(customer);
    const { jti, exp, ...probe } = JSON.parse(licences.server.received.at(-1)!.body) as Record<
      string,
      unknown
    >;
    expect(probe).toEqual({ ccId: customer });
    expect(stored()).toEqual({ professionalSeats: 12 });
  });

  test("at another path is found by xima:updatePath", async () => {
    licences.server.setOptions({ updatePath: "/v1/licensing/update" });
    expect(await client({ "xima:updatePath": "/v1/licensing/update" }).exists(customer)).toBe(
      false,
    );
  });
});

describe("a refusal", () => {
  const guide = {
    INVALID_SIGNATURE:
      "Check serialization parameters and ensure you're using the correct private key",
    DUPLICATE_JTI: "Generate a new UUID for each request",
    INVALID_JTI: "Ensure JTI is a valid UUID string",
    EXPIRED_TOKEN: "Check your server's clock synchronization",
    VALIDATION_ERROR: "Review validation rules for seat quantities",
  };
  test.each([
    ...Object.entries(guide),
    ["INVALID_TOKEN", "xima:apiRevision"],
    ["INVALID_CERTIFICATE", "ucaas xima keys fingerprint"],
    ["CUSTOMER_NOT_FOUND", "pulumi refresh"],
  ])("with %s carries the remedy", async (code, remedy) => {
    const status = code === "CUSTOMER_NOT_FOUND" ? 404 : 401;
    licences.server.fault({
      kind: "status",
      status,
      body: { code, message: "as the server says it" },
    });
    const error = await refusal(create());
    expect(error).toMatchObject({
      code,
      vendorCode: code,
      status,
      reason: "as the server says it",
      hint: expect.stringContaining(remedy),
    });
    expect(error.message).toContain("create licence voicehouse/acme: as the server says it");
    expect(licences.server.received).toHaveLength(1);
  });

  test.each(["$(touch /tmp/x)", "__proto__", "not a code", "<{%fg 1%}>"])(
    "whose code is the text %s is known by its status",
    async (code) => {
      licences.server.fault({ kind: "status", status: 409, body: { code, message: "no" } });
      const error = await refusal(create());
      expect(error.code).toBe("HTTP_409");
      expect(error.message).not.toContain(code);
    },
  );

  test.each([
    [404, "xima:updatePath"],
    [302, "xima:baseUrl"],
    [403, "support@ximasoftware.com"],
    [418, "support@ximasoftware.com"],
  ])("with %i and no reason still says what to do", async (status, remedy) => {
    licences.server.fault({ kind: "status", status, body: "<h1>nothing here</h1>" });
    expect(await refusal(create())).toMatchObject({
      code: `HTTP_${status}`,
      status,
      hint: expect.stringContaining(remedy),
    });
  });

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "with the code %s has no function for a remedy",
    async (code) => {
      licences.server.fault({ kind: "status", status: 400, body: { code, message: "no" } });
      const error = await refusal(create());
      expect(error).toMatchObject({ code: "HTTP_400" });
      expect(error.message).not.toMatch(/native code|\[object/);
    },
  );

  test("with 429 for longer than the client waits says for how long", async () => {
    licences.server.fault({ kind: "status", status: 429, retryAfter: 3_600 });
    expect(await refusal(create())).toMatchObject({
      status: 429,
      hint: expect.stringContaining("Retry-After: 3600"),
    });
    expect(licences.server.received).toHaveLength(1);
  });
});

describe("a clock that is off by more than a token lives", () => {
  test.each([
    [3_600, "60 minutes behind"],
    [-3_600, "60 minutes ahead of"],
  ])("is distinguished: the server's is off by %i s", async (clockOffsetSeconds, words) => {
    licences.server.setOptions({ clockOffsetSeconds });
    const error = await refusal(create());
    expect(error).toMatchObject({
      code: "CLOCK_OFF",
      hint: "Check your server's clock synchronization",
    });
    expect(error.message).toContain(`this machine's clock is ${words} the server's`);
  });

  test("by less does no harm", async () => {
    for (const clockOffsetSeconds of [-500, 500]) {
      licences.server.setOptions({ clockOffsetSeconds });
      await expect(client().exists(customer)).resolves.toBe(false);
    }
  });

  test("is not blamed for what has nothing to do with it", async () => {
    licences.server.setOptions({ clockOffsetSeconds: 3_600 });
    licences.server.fault({
      kind: "status",
      status: 400,
      body: { code: "VALIDATION_ERROR", message: "too few" },
    });
    expect(await refusal(create())).toMatchObject({ code: "VALIDATION_ERROR" });
  });
});

describe("a repeat", () => {
  test.each([
    ["5xx before the change", { kind: "status" as const, status: 503, times: 2 }, 3],
    ["5xx after the change", { kind: "statusAfter" as const, status: 500 }, 2],
    ["connection cut before the change", { kind: "cutBefore" as const }, 2],
    ["connection cut after the change", { kind: "cut" as const }, 2],
  ])("after a %s is signed again, with a jti that was never sent", async (_, fault, tries) => {
    licences.server.fault(fault);
    await create();
    expect(stored()).toEqual({ professionalSeats: 12 });
    const sent = jtis();
    expect(sent).toHaveLength(tries);
    expect(new Set(sent.map(({ body }) => body)).size).toBe(tries);
    expect(sent.every(({ body, token }) => body === token)).toBe(true);
    expect(new Set(licences.server.received.map(({ headers }) => headers.authorization)).size).toBe(
      tries,
    );
  });

  test("never follows DUPLICATE_JTI: something else has sent it", async () => {
    licences.server.fault({
      kind: "statusAfter",
      status: 401,
      body: { code: "DUPLICATE_JTI", message: "seen" },
    });
    await refusal(create());
    expect(licences.server.received).toHaveLength(1);
  });

  test("of a deletion whose answer was lost is no proof that the customer was gone before", async () => {
    await create();
    licences.server.fault({ kind: "cut", method: "DELETE" });
    expect(await client().delete(customer)).toBe("earlierAttemptMayHaveSucceeded");
    expect(await client().delete(customer)).toBe("gone");
  });
});

describe("a reply that is not what the API documents", () => {
  test.each([["malformed"], ["html"], ["empty"]] as const)(
    "(%s) is an error, and no JSON of it is believed",
    async (kind) => {
      licences.server.fault({ kind });
      const error = await refusal(create());
      expect(error).toMatchObject({
        code: "MALFORMED_REPLY",
        status: 200,
        hint: expect.stringContaining("pulumi up"),
      });
      licences.server.fault({ kind });
      expect(await refusal(client().exists(customer))).toMatchObject({ code: "MALFORMED_REPLY" });
    },
  );

  test("in its content type alone is taken", async () => {
    licences.server.fault({ kind: "contentType", type: "text/plain" });
    expect(await create()).toEqual({ professionalSeats: { oldValue: 0, newValue: 12 } });
  });

  test("is not taken for the customer being gone: a 404 must say so in the API's own word", async () => {
    await create();
    for (const body of ["<h1>404</h1>", { code: "NOT_FOUND" }, null]) {
      licences.server.fault({ kind: "status", status: 404, body });
      expect(await refusal(client().exists(customer))).toMatchObject({
        status: 404,
        hint: expect.stringContaining("xima:baseUrl"),
      });
      licences.server.fault({ kind: "status", status: 404, body });
      expect(await refusal(client().delete(customer))).toMatchObject({ status: 404 });
    }
    expect(stored()).toEqual({ professionalSeats: 12 });
  });
});
