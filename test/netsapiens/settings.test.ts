import { expect, test } from "vitest";
import { readConfig } from "../../provider/dynamic/config.ts";
import { netsapiensConfig } from "../../provider/netsapiens/schema.ts";
import { missingSettings } from "../../provider/netsapiens/settings.ts";

const empty = readConfig(netsapiensConfig, { get: () => undefined }, undefined, {});
const reasons = (account?: string) => missingSettings({ driver: "portal", domain: "acme", clientId: "acme-xima", account }, empty);

test("what is missing is asked for with the command that sets it, in which no secret is typed", () => {
  expect(reasons().map(({ property, reason }) => [property, reason.replace(/^is missing: declare it, or run /, "")])).toEqual([
    ["apiUrl", "pulumi config set netsapiens:apiUrl <value> (or set NETSAPIENS_API_URL)"],
    ["apiUsername", "pulumi config set netsapiens:apiUsername <value> (or set NETSAPIENS_API_USERNAME)"],
    ["apiPassword", "pulumi config set --secret netsapiens:apiPassword (or set NETSAPIENS_API_PASSWORD)"],
    ["portal.username", "pulumi config set netsapiens:portalUsername <value> (or set NETSAPIENS_PORTAL_USERNAME)"],
    ["portal.password", "pulumi config set --secret netsapiens:portalPassword (or set NETSAPIENS_PORTAL_PASSWORD)"],
  ]);
});

test("for an account the command sets its section, also when its name has a dot", () => {
  expect(reasons("north")[2]?.reason).toContain("run pulumi config set --path --secret netsapiens:accounts.north.apiPassword");
  expect(reasons("pbx.example")[0]?.reason).toContain(`run pulumi config set --path 'netsapiens:accounts["pbx.example"].apiUrl' <value>`);
});
