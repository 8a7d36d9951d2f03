import { expect, test } from "vitest";
import { parseUrn } from "../../cli/pulumi/urn.ts";
import { openIntents, toStateResource } from "../../provider/runtime/intents.ts";

test("a URN is parsed even when the resource's name contains the separator", () => {
  const own = "pulumi-nodejs:dynamic/ucaas:XimaLicense";
  expect(parseUrn(`urn:pulumi:prod::ucaas::ucaas:index:Customer$${own}::acme::berlin`)).toEqual({
    qualifiedType: `ucaas:index:Customer$${own}`,
    type: own,
    name: "acme::berlin",
  });
  expect(parseUrn("urn:pulumi:prod::ucaas::pulumi:pulumi:Stack::ucaas-prod")).toMatchObject({
    type: "pulumi:pulumi:Stack",
    name: "ucaas-prod",
  });
});

test("knows the resource of a journal entry by its URN, also below a component", () => {
  const entry = {
    vendor: "xelion",
    stack: "ucaas/prod",
    thing: "https://voice.example acme",
    type: "XelionTenantProvision",
    resource: "acme",
    operation: "create" as const,
    id: "2026-11-28T05:00:00.000Z/00000000",
    argumentsHash: "",
    intendedAt: "2026-11-28T05:00:00.000Z",
    note: {},
  };
  const type = "ucaas:index:Customer$pulumi-nodejs:dynamic/ucaas:XelionTenantProvision";
  const known = toStateResource(`urn:pulumi:prod::ucaas::${type}::acme`);
  const other = toStateResource(`urn:pulumi:prod::ucaas::${type}::globex`);
  expect(openIntents([entry], "ucaas/prod", [known])).toEqual([]);
  expect(openIntents([entry], "ucaas/prod", [other])).toEqual([entry]);
});
