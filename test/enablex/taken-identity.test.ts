import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import {
  catchError,
  customer,
  type EnablexReseller,
  enablexReseller,
  journalFolder,
  providersOf,
} from "./enablex-server.ts";

let enablex: EnablexReseller;
beforeEach(async () => {
  // The guide does not say that the server refuses a second one.
  enablex = await enablexReseller({ uniqueCustomerCode: false });
});
afterEach(() => enablex.server.stop());

const stack = "ucaas/test";
const declare = (name: string, customerCode: string): EnableXInputs => ({
  ...customer,
  customerCode,
  contactEmail: `${name}@acme.test`,
  __stack: stack,
  __resource: name,
});
const codes = () =>
  enablex.customers().map((row) => (row as Record<string, unknown>).customer_code);
const patches = () => enablex.calls(/^PATCH/);

/** Two customers of one stack, and the provider of the next run with that stack's state. */
async function twoCustomers() {
  const journal = journalFolder();
  const { customer: first } = providersOf(enablex.basic, journal);
  const one = await first.create(declare("one", "A"));
  const two = await first.create(declare("two", "B"));
  const resources = [
    { name: "one", id: one.id },
    { name: "two", id: two.id },
  ].map(({ name, id }) => ({
    urn: `urn:pulumi:test::ucaas::pulumi-nodejs:dynamic/ucaas:EnableXCustomer::${name}`,
    type: "pulumi-nodejs:dynamic/ucaas:EnableXCustomer",
    id,
  }));
  const next = (known = resources) =>
    providersOf(enablex.basic, journal, undefined, { resources: known, pending: [] }).customer;
  return { one, two, next, resources };
}

describe("a customer whose code changes to one that another customer has", () => {
  test("is refused, and the error names the other one and what to do", async () => {
    const { one, two, next } = await twoCustomers();
    const error = await catchError(
      next([]).update(one.id, one.outs as EnableXOutputs, declare("one", "B")),
    );
    expect(error).toMatchObject({
      code: "ALREADY_EXISTS",
      operation: `update customer ${one.id}`,
      reason: expect.stringMatching(
        new RegExp(`^customer ${two.id} .* already has customerCode "B"$`),
      ),
      hint: expect.stringMatching(/portal[\s\S]*another customerCode[\s\S]*nothing was changed/),
    });
    expect(patches()).toEqual([]);
  });

  test("is refused when the program declares the code for both", async () => {
    const { one, next } = await twoCustomers();
    const provider = next();
    for (const name of ["one", "two"]) await provider.check({}, declare(name, "B"));
    const update = provider.update(one.id, one.outs as EnableXOutputs, declare("one", "B"));
    expect(await catchError(update)).toMatchObject({ code: "ALREADY_EXISTS" });
    expect(codes()).toEqual(["A", "B"]);
  });

  test("may swap codes with another resource of the stack", async () => {
    const { one, two, next } = await twoCustomers();
    const provider = next();
    const swapped = [declare("one", "B"), declare("two", "A")] as const;
    for (const inputs of swapped) await provider.check({}, inputs);
    await provider.update(one.id, one.outs as EnableXOutputs, swapped[0]);
    await provider.update(two.id, two.outs as EnableXOutputs, swapped[1]);
    expect(codes()).toEqual(["B", "A"]);
  });

  test("may take the code of a resource that the program no longer declares", async () => {
    const { one, next } = await twoCustomers();
    const provider = next();
    await provider.check({}, declare("one", "B"));
    await provider.update(one.id, one.outs as EnableXOutputs, declare("one", "B"));
    expect(codes()).toEqual(["B", "B"]);
  });
});

test("an update that leaves the code as it is looks for no other customer", async () => {
  const { one, next } = await twoCustomers();
  enablex.server.received = [];
  await next().update(one.id, one.outs as EnableXOutputs, {
    ...declare("one", "A"),
    customerName: "Acme Ltd",
  });
  expect(enablex.calls(/^GET \/customers\?/)).toEqual([]);
});

test("a subscription whose plan changes to one that the customer has already is refused", async () => {
  const { one } = await twoCustomers();
  const { subscription } = providersOf(enablex.basic);
  const inputs = (planId: number) => ({ customerId: one.id, planId });
  const seven = await subscription.create(inputs(7));
  const eight = await subscription.create(inputs(8));
  expect(
    await catchError(subscription.update(eight.id, eight.outs as EnableXOutputs, inputs(7))),
  ).toMatchObject({
    code: "ALREADY_EXISTS",
    reason: expect.stringContaining(`subscription ${seven.id}`),
  });
  expect(patches()).toEqual([]);
});
