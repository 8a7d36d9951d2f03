import { describe, expect, test } from "vitest";
import { redact, rememberEnvironment, visible, visibleLines } from "../../cli/redact.ts";

describe("the redaction of printed text", () => {
  test.each([
    "postgres://ucaas:canary-pw@db.example:5432/state?sslmode=require",
    "postgres://ucaas:canary@pw/with#signs?in@it@db.example/state",
    "postgres://:canary-pw@db.example/state",
    "mysql://u:canary%40pw@[::1]:3306/x",
    "https://canary-token-of-a-remote@git.example/voicehouse/ucaas.git",
    "https://oauth2:canary-token@git.example/voicehouse/ucaas.git",
    "https://x-access-token:ghs_canary0123456789012345678901@github.com/a/b",
    "azblob://state?sig=canary%2Fsig&se=2027",
    String.raw`"postgres://db.example/x?sslmode=off\u0026sslpassword=canary"`,
    "s3://bucket?region=eu&access_key=canary&x=1",
    "Authorization failed for ghp_canary01234567890123456789",
    "token glpat-canary-0123456789abcd",
    'Get "https://user:canary-pw@127.0.0.1:1/api/user": connection refused',
  ])("shows no credential of %s", (text) => {
    expect(redact(`error: ${text}: no`)).not.toMatch(/canary|pw\/with|signs/);
    expect(redact(`error: ${text}: no`)).toContain("[secret]");
    expect(redact(redact(text))).toBe(redact(text));
  });

  test.each([
    "http://127.0.0.1:8080/v1/licence?tenant=a@b.example",
    "https://app.pulumi.com/org/ucaas/prod?key=value",
    "ssh://git@github.com/voicehouse/ucaas.git",
    "git@github.com:voicehouse/ucaas.git",
    "urn:pulumi:prod::ucaas::ucaas:index:Customer$pulumi-nodejs:dynamic/ucaas:XimaLicense::acme",
    "office@acme.example => eve@other.example",
    "postgres://ucaas@db.example/state",
  ])("leaves %s as it is", (text) => expect(redact(text)).toBe(text));

  test("masks secrets of the environment anywhere, even parts of a password that a parser splits", () => {
    rememberEnvironment({
      PULUMI_BACKEND_URL: "postgres://u:first-canary/second-canary@db.example/x",
      PULUMI_ACCESS_TOKEN: "pul-canary-of-the-token",
      HTTPS_PROXY: "http://me:third%20canary@proxy.example:3128",
      GITHUB_REPOSITORY: "voicehouse/ucaas",
    });
    const text =
      'invalid port ":first-canary" lookup second-canary; pul-canary-of-the-token; third canary; voicehouse/ucaas';
    expect(redact(text)).toBe(
      'invalid port ":[secret]" lookup [secret]; [secret]; [secret]; voicehouse/ucaas',
    );
  });

  test("text of a vendor moves no cursor and turns no line around", () => {
    expect(visible("\u001b[2Ja\u009b\u202e\u200b\u{e0001}\ud800é中😀")).toBe(
      String.raw`\u001b[2Ja\u009b\u202e\u200b\ue0001\ud800é中😀`,
    );
  });

  test("keeps the lines of numbered steps, and shows all other control characters by number", () => {
    expect(visibleLines("1. Look.\n    2. Go\u001b[2J.")).toBe("1. Look.\n    2. Go\\u001b[2J.");
  });
});
