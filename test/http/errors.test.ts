import { describe, expect, test } from "vitest";
import { classifyTransportError } from "../../provider/http/errors.ts";

const of = (details: object) =>
  classifyTransportError(Object.assign(new Error("it failed"), details), "api.example", false);

describe("a failure of the network", () => {
  test.each([
    [{ code: "ECONNREFUSED", syscall: "connect" }],
    [{ code: "ETIMEDOUT", syscall: "connect" }],
    [{ code: "EHOSTUNREACH", syscall: "connect" }],
    [{ code: "ENETUNREACH", syscall: "connect" }],
    [{ code: "ENOTFOUND", syscall: "getaddrinfo" }],
    [{ code: "EAI_AGAIN", syscall: "getaddrinfo" }],
    [{ code: "UND_ERR_CONNECT_TIMEOUT" }],
    [{ errors: [Object.assign(new Error(), { code: "EHOSTUNREACH", syscall: "connect" })] }],
  ])("before there was a connection proves that nothing was sent: %o", (details) => {
    expect(of(details)).toMatchObject({
      code: "NOT_REACHED",
      sent: false,
      hint: expect.stringContaining("nothing was sent"),
    });
  });

  test.each([
    ["ERR_SSL_WRONG_VERSION_NUMBER", false],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", false],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", false],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", false],
    ["CERT_HAS_EXPIRED", false],
    ["ERR_TLS_CERT_ALTNAME_INVALID", false],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", true],
    ["ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", true],
  ])(
    "of TLS (%s) proves that nothing was sent only when it belongs to the handshake",
    (code, sent) => {
      expect(of({ code })).toMatchObject({ code: "TLS_REFUSED", sent });
    },
  );

  test.each([
    [{ code: "ECONNRESET", syscall: "read" }],
    [{ code: "ETIMEDOUT", syscall: "read" }],
    [{ code: "EHOSTUNREACH", syscall: "read" }],
    [{ code: "ENETUNREACH", syscall: "write" }],
    [{ code: "UND_ERR_SOCKET" }],
  ])("on a connection proves nothing: %o", (details) => {
    expect(of(details)).toMatchObject({ code: "CONNECTION_LOST", sent: true });
  });
});
