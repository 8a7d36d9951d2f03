import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import * as ucaas from "../../provider/index.ts";
import {
  enablexCustomerSchema,
  oauthClientSchema,
  subscriptionSchema,
  userSchema,
} from "../../provider/schemas.ts";
import { licenseSchema } from "../../provider/xima/schema.ts";

/** The inputs of each resource. */
const registered: Record<string, unknown>[] = [];

beforeAll(async () => {
  pulumi.runtime.setAllConfig({});
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => {
        registered.push(inputs);
        return { id: name, state: inputs };
      },
      call: () => ({}),
    },
    "shop",
    "test",
  );
});

const kept = ["serverUrl", "tenantName", "account", "orderId"];

/** Each resource with the arguments that it needs, and no other. */
const resources: Record<string, { make: () => pulumi.CustomResource; names: string[] }> = {
  XimaLicense: {
    make: () => new ucaas.XimaLicense("a", { ccId: { resellerId: "r", tenantId: "t" } }),
    names: Object.keys(licenseSchema.shape),
  },
  EnableXCustomer: {
    make: () => new ucaas.EnableXCustomer("a", { customerName: "Acme" }),
    names: Object.keys(enablexCustomerSchema.shape),
  },
  EnableXSubscription: {
    make: () => new ucaas.EnableXSubscription("a", { customerId: "1", planId: "2" }),
    names: Object.keys(subscriptionSchema.shape),
  },
  EnableXUser: {
    make: () => new ucaas.EnableXUser("a", { userType: "m", firstName: "A", email: "a@b.test" }),
    names: Object.keys(userSchema.shape),
  },
  NetsapiensOAuthClient: {
    make: () =>
      new ucaas.NetsapiensOAuthClient("a", { domain: "d", clientId: "c", driver: "existing" }),
    names: Object.keys(oauthClientSchema.shape),
  },
  XelionTenantProvision: {
    make: () =>
      new ucaas.XelionTenantProvision("a", { serverUrl: "https://p.test", tenantName: "t" }),
    names: kept,
  },
};

describe.each(Object.entries(resources))("%s", (_, { make, names }) => {
  test("has each argument that its state keeps as an output, declared or not", () => {
    const resource = make() as unknown as Record<string, unknown>;
    expect(names.filter((name) => !pulumi.Output.isInstance(resource[name]))).toEqual([]);
  });
});

test("a provider hears of ignoreChanges, and no state changes without that option", async () => {
  const args = { ccId: { resellerId: "r", tenantId: "t" } };
  const options = {
    set: { ignoreChanges: ["eliteSeats"] },
    empty: { ignoreChanges: [] },
    none: {},
  };
  const made = Object.entries(options).map(
    ([name, each]) => new ucaas.XimaLicense(name, args, each),
  );
  await new Promise((resolve) => pulumi.all(made.map(({ urn }) => urn)).apply(resolve));
  const given = ({ __resource, __ignoreChanges }: Record<string, unknown>) =>
    __ignoreChanges === undefined ? [] : [[__resource, __ignoreChanges]];
  expect(registered.flatMap(given)).toEqual([["set", ["eliteSeats"]]]);
});
