import { expect, test } from "vitest";
import { netsapiensConfig } from "../../provider/netsapiens/config.ts";
import { ruleFailures } from "../../provider/netsapiens/rules.ts";
import type { OAuthClientInputs } from "../../provider/netsapiens/schema.ts";
import { readConfig } from "../../provider/runtime/config.ts";

const empty = readConfig(netsapiensConfig, { get: () => undefined }, undefined, {});
const reasons = (account?: string) =>
  ruleFailures({ driver: "portal", domain: "acme", clientId: "acme-xima", account }, empty);

test("missing config is listed with its command, in which no secret is typed", () => {
  expect(
    reasons().map(({ property, reason }) => [
      property,
      reason.replace(/^is missing: declare it, or run /, ""),
    ]),
  ).toEqual([
    ["apiUrl", "pulumi config set netsapiens:apiUrl <value> (or set NETSAPIENS_API_URL)"],
    [
      "apiUsername",
      "pulumi config set netsapiens:apiUsername <value> (or set NETSAPIENS_API_USERNAME)",
    ],
    [
      "apiPassword",
      "pulumi config set --secret netsapiens:apiPassword (or set NETSAPIENS_API_PASSWORD)",
    ],
    [
      "portal.username",
      "pulumi config set netsapiens:portalUsername <value> (or set NETSAPIENS_PORTAL_USERNAME)",
    ],
    [
      "portal.password",
      "pulumi config set --secret netsapiens:portalPassword (or set NETSAPIENS_PORTAL_PASSWORD)",
    ],
  ]);
});

test("for an account the command sets its section, also when its name has a dot", () => {
  expect(reasons("north")[2]?.reason).toContain(
    "run pulumi config set --path --secret netsapiens:accounts.north.apiPassword",
  );
  expect(reasons("pbx.example")[0]?.reason).toContain(
    `run pulumi config set --path 'netsapiens:accounts["pbx.example"].apiUrl' <value>`,
  );
});

const rules = (inputs: Partial<OAuthClientInputs>, config: Record<string, string> = {}) =>
  ruleFailures(
    { driver: "portal", domain: "acme", clientId: "acme-xima", ...inputs },
    readConfig(
      netsapiensConfig,
      { get: (key) => ({ ...complete, ...config })[key] },
      undefined,
      {},
    ),
  ).map(({ property }) => property);
const complete: Record<string, string> = {
  "netsapiens:apiUrl": "https://portal.example",
  "netsapiens:apiUsername": "api@acme",
  "netsapiens:apiPassword": "a-password",
  "netsapiens:portalUsername": "admin",
  "netsapiens:portalPassword": "a-password",
};

test.each(["two  blanks", "no-break\u00a0space", "em\u2003space"])(
  "refuses the clientId %j, which the portal shows differently",
  (clientId) => {
    expect(rules({ clientId })).toEqual(["clientId"]);
    expect(rules({ clientId, driver: "existing", clientSecret: "known" })).toEqual([]);
  },
);

test("reads a DID in national digits as a number of netsapiens:homeCountry", () => {
  expect(rules({ did: "020 7183 8750" })).toEqual(["did"]);
  expect(rules({ did: "020 7183 8750" }, { "netsapiens:homeCountry": "GB" })).toEqual([]);
  expect(rules({ did: "+442071838750" })).toEqual([]);
});
