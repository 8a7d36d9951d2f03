import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

/** Every key of every vendor that holds a secret, as a stack file gives it. */
const config = {
  "xima:privateKey": "-----BEGIN PRIVATE KEY-----",
  "xima:privateKeyPassphrase": "open",
  "enablex:accessKey": "key",
  "enablex:password": "word",
  "netsapiens:apiPassword": "word",
  "netsapiens:portalPassword": "word",
  "xelion:apiKey": "key",
  "xelion:callback": JSON.stringify({ relayUrl: "https://relay.test", relayKey: "key" }),
};

let warnings: string[];
beforeEach(() => {
  vi.resetModules();
  warnings = [];
  vi.spyOn(pulumi.log, "warn").mockImplementation(async (text) => void warnings.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A program with one resource of each vendor. */
async function programWith(
  config: Record<string, string>,
  secretKeys: readonly string[],
): Promise<void> {
  // As the Automation API does for an inline program, which has no such environment.
  pulumi.runtime.setAllConfig(config, [...secretKeys]);
  await pulumi.runtime.setMocks(
    { newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) },
    "shop",
    "test",
  );
  const ucaas = await import("../../provider/index.ts");
  const resources = [
    new ucaas.XimaLicense("licence", { ccId: { resellerId: "r", tenantId: "t" } }),
    new ucaas.EnableXCustomer("customer", { customerName: "Acme", customerCode: "ACME" }),
    new ucaas.NetsapiensOAuthClient("client", {
      domain: "acme",
      clientId: "c",
      driver: "existing",
    }),
    new ucaas.XelionTenantProvision("tenant", {
      serverUrl: "https://pbx.test",
      tenantName: "pbx1",
      tenantToken: "token",
    }),
  ];
  await Promise.all(resources.map(({ urn }) => new Promise((resolve) => urn.apply(resolve))));
}

test("each secret in plain text in the config causes a warning with the command to encrypt it", async () => {
  await programWith(config, []);
  expect(warnings.map((text) => text.split("Run: ")[1]).sort()).toEqual(
    [
      "pulumi config set --secret xima:privateKey",
      "pulumi config set --secret xima:privateKeyPassphrase",
      "pulumi config set --secret enablex:accessKey",
      "pulumi config set --secret enablex:password",
      "pulumi config set --secret netsapiens:apiPassword",
      "pulumi config set --secret netsapiens:portalPassword",
      "pulumi config set --secret xelion:apiKey",
      "pulumi config set --secret --path xelion:callback.relayKey",
    ].sort(),
  );
});

test("an encrypted secret causes no warning", async () => {
  await programWith(config, Object.keys(config));
  expect(warnings).toEqual([]);
});

test("in an account's section it is warned of too, once for each account", async () => {
  const accounts = { north: { accessKey: "key" }, south: { accessKey: "key" } };
  await programWith({ "enablex:accounts": JSON.stringify(accounts) }, []);
  expect(warnings.map((text) => text.split(" ")[0]).sort()).toEqual([
    "enablex:accounts.north.accessKey",
    "enablex:accounts.south.accessKey",
  ]);
});

test("config that is no object is left to the check, which says how to fix it", async () => {
  await programWith({ "xelion:callback": "soon", "enablex:accounts": "north" }, []);
  expect(warnings).toEqual([]);
});
