import { expect, test } from "vitest";
import { parseUrn } from "../../cli/pulumi/urn.ts";

test("a URN is taken apart also when the resource's name has the mark in it that stands between the parts", () => {
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
