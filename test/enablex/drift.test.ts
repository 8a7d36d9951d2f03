import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { changedFields, set } from "../../provider/enablex/fields.ts";
import {
  customerType,
  type Format,
  subscriptionType,
  userType,
} from "../../provider/enablex/resource-types.ts";
import { routesSchema } from "../../provider/enablex/routes.ts";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import { valueAt } from "../../provider/runtime/own-property.ts";
import { type EnablexReseller, enablexReseller, providersOf } from "./enablex-server.ts";

const routes = routesSchema.parse(undefined);
const lines = {
  address1: "1 High Street",
  address2: "Floor 2",
  address3: "Door 3",
  city: "Leeds",
  state: "Yorkshire",
  zipcode: "LS1",
};

/** Everything that can be declared. */
const declarations: [name: string, kind: typeof customerType, declaration: EnableXInputs][] = [
  [
    "customer",
    customerType,
    {
      customerName: "Acme",
      customerLegalName: "Acme Ltd",
      customerCode: "ACME",
      customerType: "1",
      individual: true,
      contactName: "Ada",
      contactEmail: "it@acme.test",
      status: "active",
      officeAddress: { ...lines, country: "GB" },
      billingAddress: { ...lines, countryId: "5" },
    },
  ],
  ["subscription", subscriptionType, { planId: 7, status: "active" }],
  [
    "user",
    userType,
    {
      userType: "moderator",
      firstName: "Ada",
      middleName: "Augusta",
      lastName: "King",
      email: "ada@acme.test",
      status: "active",
      department: "Sales",
      designation: "Head",
    },
  ],
];

/** Values that a person writes by hand, as the API has them. */
const otherwise: Record<Format, unknown> = {
  text: "Changed",
  email: "eve@elsewhere.test",
  id: "81",
  flag: false,
  status: "S",
  country: "81",
  value: 81,
};

let enablex: EnablexReseller;
let customerId: string;
beforeAll(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  enablex = await enablexReseller();
  [customerId = ""] = await enablex.seed(1);
});
afterAll(async () => {
  vi.restoreAllMocks();
  await enablex.server.stop();
});

describe.each(declarations)("a change by hand of a %s", (_, kind, declaration) => {
  const inputs = () => (kind.name === "customer" ? declaration : { customerId, ...declaration });
  // Of one address the country is declared by its code, of the other by the server's id.
  const otherWay = ["officeAddress.countryId", "billingAddress.country"];
  const fields = Object.entries(kind.formats).filter(
    ([property]) => ![...otherWay, ...kind.writeOnly].includes(property),
  );
  let id: string;
  let outs: EnableXOutputs;
  beforeAll(async () => {
    const created = await providersOf(enablex.basic)[kind.name].create(inputs());
    id = created.id;
    outs = created.outs as EnableXOutputs;
  });

  test.each(fields)("in %s is found by a read, and nothing else is", async (property, format) => {
    const row = enablex.server.state[`${kind.name}s`][id]!;
    const before = row.fields;
    const wire = (routes[`${kind.name}Fields`] as Record<string, string>)[property]!;
    expect(valueAt(before, wire)).toBeDefined();
    row.fields = set(before, wire, otherwise[format]) as typeof before;
    const provider = providersOf(enablex.basic)[kind.name];
    const { inputs: seen = {}, props } = await provider.read(id, outs);
    expect(changedFields(kind, inputs(), seen, routes).map((field) => field.property)).toEqual([
      property,
    ]);
    expect(await provider.diff(id, props as EnableXOutputs, inputs())).toMatchObject({
      changes: true,
      replaces: kind.fixed.includes(property) ? [property] : [],
    });
    row.fields = before;
  });

  test("is declared here in every field that can be", () => {
    expect(fields.filter(([property]) => valueAt(inputs(), property) === undefined)).toEqual([]);
  });
});
