import { describe, expect, test } from "vitest";
import { openOperations } from "../../cli/pulumi/open-operations.ts";
import type { State } from "../../cli/pulumi/stack.ts";

const signature = "4dabf18193072939515e22adb298388d";
const secret = (ciphertext: string) => ({
  [signature]: "1b47061264138c4ac30d75fd1eb44270",
  ciphertext,
});
const customer = (inputs: Record<string, unknown> = {}, id?: string): State => ({
  urn: "urn:pulumi:prod::ucaas::pulumi-nodejs:dynamic/ucaas:EnableXCustomer::acme",
  type: "pulumi-nodejs:dynamic/ucaas:EnableXCustomer",
  custom: true,
  id,
  inputs: { customerCode: "ACME", password: secret("v1:first"), ...inputs },
});
const creating = (resource: State) => ({ type: "creating", resource });

describe("an operation that a killed run left in the state", () => {
  test("is settled when a later run has completed the same create", () => {
    const kept = customer({ password: secret("v1:encrypted again") }, "1001");
    expect(openOperations({ resources: [kept], pending: [creating(customer())] })).toEqual([]);
  });

  test.each([
    ["the state does not have the resource", [], creating(customer())],
    ["the resource has no id yet", [customer({}, "")], creating(customer())],
    [
      "the create was a replacement with other inputs",
      [customer({}, "1001")],
      creating(customer({ customerCode: "ACME-2" })),
    ],
    [
      "it was an update",
      [customer({}, "1001")],
      { type: "updating", resource: customer({}, "1001") },
    ],
    [
      "its type is of a later release",
      [],
      creating({ ...customer(), type: "pulumi-nodejs:dynamic/ucaas:LaterThing" }),
    ],
    [
      "the resource is another package's",
      [{ ...customer({}, "i-1"), type: "aws:ec2/instance:Instance" }],
      creating({ ...customer(), type: "aws:ec2/instance:Instance" }),
    ],
  ])("stays open when %s", (_, resources, operation) => {
    expect(openOperations({ resources, pending: [operation] })).toMatchObject([operation]);
  });
});
