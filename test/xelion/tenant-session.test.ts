import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { maskSecrets } from "../../provider/runtime/secrets.ts";
import { logIn, requireLongEnough, secondsLeft } from "../../provider/xelion/tenant-session.ts";
import { xelionTenantServer } from "../../sandbox/xelion/server.ts";
import { login } from "./world.ts";

const server = xelionTenantServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
afterEach(() => {
  server.faults.clear();
  server.setOptions({ clockOffsetSeconds: 0 });
  server.state.tenants = { pbx1: { provisioning: { password: login.password } } };
  server.received.length = 0;
});

const limits = { concurrency: 8, deadlineSeconds: 5 };
const open = (tenant = "pbx1") => logIn(server.url, tenant, login, limits);

describe("a login for an order", () => {
  test("has a userSpace of its own, says how long it is valid, and is ended by a logout", async () => {
    const sessions = [await open(), await open()];
    expect(new Set(server.state.logins.map(({ userSpace }) => userSpace)).size).toBe(2);
    for (const { validSeconds } of sessions)
      expect(Math.abs((validSeconds as number) - 3600)).toBeLessThan(5);
    for (const session of sessions) await session.close();
    expect(server.state.sessions).toEqual({});
  });

  test("counts by the server's clock", async () => {
    server.setOptions({ clockOffsetSeconds: -7200 });
    expect(Math.abs(((await open()).validSeconds as number) - 3600)).toBeLessThan(5);
  });

  test("keeps token and password from every text", async () => {
    const { token } = await open();
    expect(maskSecrets(`${token} ${login.password} ${Buffer.from(token).toString("base64")}`)).toBe(
      "[secret] [secret] [secret]",
    );
  });

  test.each([
    [
      10004,
      () => (server.state.tenants.pbx1 = { provisioning: { password: "other" } }),
      "check userName and password",
    ],
    [
      10006,
      () => (server.state.tenants.pbx1 = { provisioning: { ...login, disabled: true } }),
      "disabled",
    ],
    [
      10007,
      () => (server.state.tenants.pbx1 = { provisioning: { ...login, passwordExpired: true } }),
      "expired",
    ],
    [
      10013,
      () => (server.state.tenants.pbx1 = { provisioning: { ...login, mfa: true } }),
      "second factor",
    ],
    [
      10005,
      () =>
        server.fault({
          kind: "status",
          status: 401,
          body: { errorCode: 10005, message: "taken", info: "" },
        }),
      "userSpace of its own",
    ],
    [404, () => (server.state.tenants = {}), "check serverUrl and tenantName"],
  ])("that is refused with %i says what to do", async (vendorCode, spoil, hint) => {
    spoil();
    await expect(open()).rejects.toMatchObject({
      code: "LOGIN_REFUSED",
      vendorCode: String(vendorCode),
      message: expect.stringContaining(hint),
    });
    expect(server.received).toHaveLength(1);
  });

  test("is tried again when the server has had too many requests, and not when its answer was lost", async () => {
    server.fault({ kind: "status", status: 429 });
    await open();
    server.received.length = 0;
    server.fault({ kind: "cut" });
    await expect(open()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(server.received).toHaveLength(1);
  });
});

describe("the time that a session is valid", () => {
  const date = "Fri, 31 Jan 2025 02:00:00 GMT";
  test.each([
    ["2025-01-31T03:00:00Z", 3600],
    ["2025-01-31T03:00:00+01:00", 0],
    ["2025-01-31 03:00:00", 3600],
    ["2025-01-31T03:00:00.000", 3600],
    ["tomorrow", undefined],
    [undefined, undefined],
  ])("that ends at %s is %s seconds", (validUntil, seconds) => {
    expect(secondsLeft(validUntil, date)).toBe(seconds);
  });

  test("must be as long as the wait", () => {
    const session = { token: "t", validSeconds: 1799, close: async () => {} };
    expect(() => requireLongEnough(session, "30m", "pbx1")).toThrow("SESSION_TOO_SHORT");
    requireLongEnough(session, "29m", "pbx1");
    requireLongEnough({ ...session, validSeconds: undefined }, "7d", "pbx1");
  });
});
