import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ApiFailure, parseReply, statusOf, toError } from "../../provider/enablex/envelope.ts";
import { rememberSecret } from "../../provider/runtime/secrets.ts";

const reply = (status: number, body: unknown) => {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {}
  return { status, text, json };
};
const toFailure = (status: number, body: unknown): ApiFailure => {
  const answer = parseReply(reply(status, body));
  if (answer.ok) throw new Error("It is a success.");
  return answer.failure;
};

describe("a reply", () => {
  test("is a success when result is 1, as a number or as a string, and the payload is handed on", () => {
    for (const result of [1, "1"]) {
      expect(parseReply(reply(200, { result, customer: { customer_id: 7 } }))).toEqual({
        ok: true,
        payload: { result, customer: { customer_id: 7 } },
      });
    }
  });

  test("is never a success with another result or an HTTP error, with any other content", () => {
    const result = fc.oneof(
      fc.constantFrom(1, "1", 0, "0", 2, 200, "200", true, "01", "1.0", null),
      fc.integer(),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.constantFrom(200, 201, 301, 400, 404, 500, 503), result, (status, result) => {
        const isSuccess =
          status < 300 && (result === 1 || (typeof result === "string" && result.trim() === "1"));
        expect(parseReply(reply(status, { result })).ok).toBe(isSuccess);
      }),
    );
  });

  test.each([[[429]], [{ toString: 1 }], ["429 calls"], [""], [null], [true]])(
    "whose result is no code (%j) is not repeated for it",
    (result) => expect(statusOf(reply(200, { result }))).toBe(200),
  );

  test("shows no secret whose blanks it would collapse", () => {
    rememberSecret("two  blanks here");
    const { reason } = toFailure(400, { result: 400, msg: "wrong key:\n two  blanks here" });
    expect(reason).toContain("The server says: wrong key: [secret]");
  });

  test.each([
    ["nothing at all", "", "EMPTY_REPLY"],
    ["a page", "<!doctype html><title>Log in</title>", "HTML_REPLY"],
    ["a broken text", '{"result": 1, "cust', "MALFORMED_REPLY"],
    ["JSON without a result", { customer: {} }, "NO_RESULT"],
    ["a list", [1], "NO_RESULT"],
    ["an empty result", { result: "" }, "NO_RESULT"],
    ["a result in words", { result: "success" }, "NO_RESULT"],
    ["a result that is no text", { result: true }, "NO_RESULT"],
    ["a result of null", { result: null }, "NO_RESULT"],
    ["a result in a list", { result: [406] }, "NO_RESULT"],
    ["a result that is no value", { result: { toString: 1 } }, "NO_RESULT"],
  ])(
    "of 200 with %s is an error of its own, after which it is open whether the server acted",
    (_, body, code) => {
      expect(toFailure(200, body)).toMatchObject({ code, mayHaveActed: true });
    },
  );

  test.each([
    ["0", "ERROR", "Error."],
    ["400", "HEADER_MISSING", "Header is missing. Add a valid header."],
    ["401", "HEADER_INVALID", "Invalid header used."],
    ["403", "TOKEN_EXPIRED", "Token has expired."],
    ["404", "NOT_FOUND", "Not Found."],
    ["406", "VALIDATION_FAILED", "Unprocessable entity, validation failed."],
    ["500", "INTERNAL_ERROR", "Internal Server Error."],
    ["1001", "TOKEN_INVALID", "Token is not valid."],
    ["1002", "REQUEST_INVALID", "The request is invalid."],
    ["1401", "APP_TYPE_MISSING", "App type must be specified."],
    ["1402", "APP_TYPE_NOT_TEXT", "App type must be a string."],
    ["1403", "APP_TYPE_INVALID", "Only Valid app-type should be passed."],
    ["1504", "DUPLICATE", "Duplicate data."],
  ])(
    "with code %s in the body is %s as the guide says, as number or text, with any status",
    (vendorCode, code, words) => {
      for (const [status, result] of [
        [200, vendorCode],
        [200, Number(vendorCode)],
        [vendorCode.length === 3 ? Number(vendorCode) : 406, Number(vendorCode)],
      ] as const) {
        const failure = toFailure(status, { result, msg: "m", desc: "the reason of the server" });
        const error = toError(failure, "create customer ACME");
        if (vendorCode !== "0" || status === 200)
          expect(error).toMatchObject({ code, vendorCode, vendor: "enablex" });
        expect(error.message).toContain(vendorCode === "0" && status !== 200 ? "" : words);
        expect(error.message).toContain("the reason of the server");
        expect(error.hint).toBeTruthy();
      }
    },
  );

  test.each([
    [101, "IN_PROGRESS", "Request received & processed."],
    [202, "NOT_CONFIRMED", "Request received & accepted."],
    [305, "ACTION_REQUIRED", "Action required to complete Request."],
    [418, "CLIENT_ERROR", "Illegible Request Syntax. Can’t be fulfilled."],
    [507, "SERVER_ERROR", "Server failed to complete a legit Request."],
    [1999, "UNLISTED_CODE", "The server refused with a code that the guide does not list."],
  ])(
    "with a code that no table lists (%s) is explained by the guide's group",
    (result, code, words) => {
      const failure = toFailure(200, { result });
      expect(failure).toMatchObject({ code, vendorCode: String(result) });
      expect(failure.reason).toContain(words);
    },
  );

  test("of an HTTP error without a body is explained by its status", () => {
    expect(toFailure(401, "")).toMatchObject({ code: "HEADER_INVALID", vendorCode: "401" });
    expect(toFailure(503, "<html>")).toMatchObject({ code: "UNAVAILABLE", mayHaveActed: true });
    expect(toFailure(301, "")).toMatchObject({ code: "ACTION_REQUIRED", mayHaveActed: false });
  });

  test("says gone by HTTP 404 or by result 404, and whether that is the API's own word", () => {
    expect(toFailure(404, { result: 0 })).toMatchObject({ gone: "said" });
    expect(toFailure(200, { result: "404" })).toMatchObject({ gone: "said" });
    expect(toFailure(404, "")).toMatchObject({ gone: "bare" });
    expect(toFailure(404, "<html>no such page")).toMatchObject({ gone: "bare" });
    expect(toFailure(406, { result: 406 }).gone).toBeUndefined();
  });

  test("does not say gone when one of status and result says something else", () => {
    expect(toFailure(404, { result: 500 })).toMatchObject({ code: "INTERNAL_ERROR" });
    for (const result of [401, 403, "406", 500, 1001])
      expect(toFailure(404, { result }).gone).toBeUndefined();
    expect(toFailure(502, { result: 404 }).gone).toBeUndefined();
  });

  test("leaves it open whether the server acted after a server's error alone, not after a refusal", () => {
    expect(toFailure(500, { result: 0 }).mayHaveActed).toBe(true);
    expect(toFailure(200, { result: 500 }).mayHaveActed).toBe(true);
    expect(toFailure(500, { result: 1504 }).mayHaveActed).toBe(false);
    expect(toFailure(200, { result: 0 }).mayHaveActed).toBe(false);
    expect(toFailure(429, "").mayHaveActed).toBe(false);
    expect(toFailure(408, "").mayHaveActed).toBe(true);
    expect(toFailure(499, "").mayHaveActed).toBe(true);
  });

  test("of an expired or unknown token is distinguished from every other refusal", () => {
    expect(
      [toFailure(403, ""), toFailure(200, { result: 403 }), toFailure(401, { result: 1001 })].every(
        ({ tokenRefused }) => tokenRefused,
      ),
    ).toBe(true);
    expect(toFailure(401, { result: 401 }).tokenRefused).toBe(false);
  });
});
