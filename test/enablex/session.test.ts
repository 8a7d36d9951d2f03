import { describe, expect, test } from "vitest";
import { Session } from "../../provider/enablex/session.ts";
import { UcaasError } from "../../provider/runtime/errors.ts";
import { maskSecrets } from "../../provider/runtime/secrets.ts";

const credentials = { accessId: "id-of-the-app", tokenMinutes: 15 };
const login = {
  ...credentials,
  email: "reseller@voicehouse.test",
  password: "pass-of-the-reseller",
};
const minute = 60_000;

/** A session with a login that counts, and a clock to set. */
function counted() {
  let logins = 0;
  let now = 0;
  const session = new Session(
    login,
    async () => `token-number-${++logins}`,
    () => now,
  );
  return { session, logins: () => logins, at: (minutes: number) => (now = minutes * minute) };
}

describe("the login", () => {
  test("is HTTP Basic with a configured access key, and a rejected key is not retried", async () => {
    const session = new Session({ ...login, accessKey: "key:of-the-app" }, () =>
      Promise.reject(new Error("no login is needed")),
    );
    const header = await session.authorization();
    expect(header).toBe(`Basic ${Buffer.from("id-of-the-app:key:of-the-app").toString("base64")}`);
    expect(await session.refused(header)).toBe(false);
    expect(maskSecrets(`sent ${header}`)).toBe("sent Basic [secret]");
  });

  test("is else one login for all calls that come at the same time", async () => {
    const { session, logins } = counted();
    const headers = await Promise.all(Array.from({ length: 20 }, () => session.authorization()));
    expect(new Set(headers)).toEqual(new Set(["Token token-number-1"]));
    expect(logins()).toBe(1);
  });

  test("is renewed before the token's end, and not long before", async () => {
    const { session, at } = counted();
    await session.authorization();
    at(13);
    expect(await session.authorization()).toBe("Token token-number-1");
    at(13.6);
    expect(await session.authorization()).toBe("Token token-number-2");
  });

  test("is opened once again when a token is refused, for any number of calls", async () => {
    const { session, logins } = counted();
    const header = await session.authorization();
    const retried = await Promise.all(
      Array.from({ length: 10 }, async () =>
        (await session.refused(header)) ? session.authorization() : "given up",
      ),
    );
    expect(new Set(retried)).toEqual(new Set(["Token token-number-2"]));
    expect(logins()).toBe(2);
  });

  test("is not tried again in a run when the login was refused, or the user would be locked out", async () => {
    let logins = 0;
    const session = new Session(login, async () => {
      logins++;
      throw new UcaasError("no", { code: "HEADER_INVALID", status: 401, hint: "-" });
    });
    for (let call = 0; call < 3; call++)
      await expect(session.authorization()).rejects.toThrow("no");
    expect(logins).toBe(1);
  });

  test("is tried again when the login got no answer", async () => {
    let logins = 0;
    const session = new Session(login, async () => {
      if (++logins === 1) throw new UcaasError("lost", { code: "CONNECTION_LOST", hint: "-" });
      return "token-after-all";
    });
    await expect(session.authorization()).rejects.toThrow("lost");
    expect(await session.authorization()).toBe("Token token-after-all");
  });

  test("keeps its token out of every text", async () => {
    const { session } = counted();
    const header = await session.authorization();
    expect(maskSecrets(`the server said ${header}`)).toBe("the server said Token [secret]");
  });

  test.each([
    ["nothing", {}, "no credentials are configured for EnableX"],
    ["half a login", { email: "a@b.test" }, "enablex:password is not set"],
    ["the other half", { password: "pass-of-nobody" }, "enablex:email is not set"],
  ])("with %s configured is asked for with the commands that set it", (_, given, reason) => {
    expect(() => new Session({ ...credentials, ...given }, async () => "")).toThrow(reason);
    expect(() => new Session({ ...credentials, ...given }, async () => "")).toThrow(
      "pulumi config set --secret enablex:accessKey",
    );
  });
});
