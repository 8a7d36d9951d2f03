import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import { PartialFailure } from "../../provider/runtime/errors.ts";
import { importEntry } from "../../provider/runtime/import-file.ts";
import { openIntents } from "../../provider/runtime/intents.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import {
  catchError,
  customer,
  type EnablexReseller,
  enablexReseller,
  journalFolder,
  providersOf,
} from "./enablex-server.ts";

const acme = {
  ...customer,
  contactName: "Ada",
  status: "active",
  officeAddress: { city: "Leeds", zipcode: "LS1", country: "GB" },
} satisfies EnableXInputs;
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

let enablex: EnablexReseller;
let messages: string[];
beforeEach(async () => {
  messages = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void messages.push(line));
  enablex = await enablexReseller();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await enablex.server.stop();
});

/** A customer that a run before this one made, and the provider of the next run. */
async function createCustomer(inputs: EnableXInputs = acme, config: Record<string, string> = {}) {
  const { id, outs } = await providersOf(enablex.basic).customer.create(inputs);
  enablex.server.received = [];
  return {
    id,
    outs: outs as EnableXOutputs,
    provider: providersOf({ ...enablex.basic, ...config }).customer,
  };
}
const patches = () =>
  enablex.server.received
    .filter(({ method }) => method === "PATCH")
    .map(({ body }) => JSON.parse(body) as object);

describe("a customer that is updated", () => {
  test("gets only what changed, and is read until it shows", async () => {
    const { id, outs, provider } = await createCustomer();
    enablex.server.setOptions({ visibleAfterMs: 300, visibleAfterReads: 2 });
    const { outs: after } = await provider.update(id, outs, {
      ...acme,
      contactName: "Grace",
      contactEmail: "IT@acme.test",
    });
    expect(patches()).toEqual([{ contact_name: "Grace" }]);
    expect(after).toMatchObject({ contactName: "Grace", customerId: id });
  });

  test("keeps the undeclared parts of an address of which one field changes", async () => {
    const { id, outs, provider } = await createCustomer();
    await enablex.change("customers", id, { office_address: { address_1: "1 High Street" } });
    await provider.update(id, outs, {
      ...acme,
      officeAddress: { ...acme.officeAddress, city: "York" },
    });
    expect(enablex.customers()).toMatchObject([
      {
        office_address: {
          city: "York",
          zipcode: "LS1",
          address_1: "1 High Street",
          country_id: "235",
        },
      },
    ]);
  });

  test("clears a text that is no longer declared, and keeps a choice with a note", async () => {
    const { id, outs, provider } = await createCustomer();
    const { contactName: _, status: __, ...rest } = acme;
    const { outs: after } = await provider.update(id, outs, {
      ...rest,
      officeAddress: { city: "Leeds", country: "GB" },
    });
    expect(patches()).toEqual([
      {
        contact_name: "",
        office_address: { city: "Leeds", zipcode: "", country_id: expect.anything() },
      },
    ]);
    expect(messages.join()).toContain(
      "status is no longer declared and stays as it is on the server",
    );
    expect(
      await provider.diff(id, after as EnableXOutputs, {
        ...rest,
        officeAddress: { city: "Leeds", country: "GB" },
      }),
    ).toMatchObject({
      changes: false,
    });
  });

  test("also reverts changes made elsewhere since", async () => {
    const { id, outs, provider } = await createCustomer();
    await enablex.change("customers", id, { status: "S", customer_legal_name: "Unmanaged" });
    await provider.update(id, outs, { ...acme, contactName: "Grace" });
    expect(patches()).toEqual([{ contact_name: "Grace", status: "A" }]);
    expect(enablex.customers()).toMatchObject([{ customer_legal_name: "Unmanaged" }]);
  });

  test("sends nothing of what is ignored, though it was changed elsewhere since", async () => {
    const { id, outs, provider } = await createCustomer();
    await enablex.change("customers", id, { status: "S", office_address: { city: "York" } });
    const ignoring = { ...acme, __ignoreChanges: ["status", "officeAddress.city"] };
    expect(await provider.diff(id, { ...outs, status: "suspended" }, ignoring)).toMatchObject({
      changes: false,
    });
    await provider.update(id, outs, { ...ignoring, contactName: "Grace" });
    expect(patches()).toEqual([{ contact_name: "Grace" }]);
    expect(enablex.customers()).toMatchObject([{ status: "S", office_address: { city: "York" } }]);
  });

  test("goes on, though an ignored email was emptied elsewhere and a refresh has seen it", async () => {
    const { id, outs, provider } = await createCustomer();
    await enablex.change("customers", id, { contact_email: "" });
    const { inputs: olds = {}, props } = await provider.read(id, outs);
    const news = { ...(olds as EnableXInputs), contactName: "Grace" };
    const { failures } = await provider.check(olds, news);
    expect(failures?.map(({ property }) => property)).toEqual(["contactEmail"]);
    const ignoring = { ...news, __ignoreChanges: ["contactEmail"] };
    expect((await provider.check(olds, ignoring)).failures).toEqual([]);
    expect((await provider.check({}, ignoring)).failures).toHaveLength(1);
    await provider.update(id, props as EnableXOutputs, ignoring);
    expect(patches()).toEqual([{ contact_name: "Grace" }]);
  });

  test("and already is as declared on the server is not written at all", async () => {
    const { id, outs, provider } = await createCustomer();
    await provider.update(id, { ...outs, contactName: "Ada " }, acme);
    expect(patches()).toEqual([]);
  });

  test("sends nothing if the newly declared values are already there", async () => {
    const { contactName: _, ...without } = acme;
    const { id, outs, provider } = await createCustomer(without);
    await enablex.change("customers", id, { contact_name: "Ada" });
    expect((await provider.update(id, outs, acme)).outs).toMatchObject({ contactName: "Ada" });
    expect(patches()).toEqual([]);
  });

  test("but does not show it is an error, and the next up writes the field again", async () => {
    const { id, outs, provider } = await createCustomer(acme, {
      "enablex:consistencySeconds": "0.3",
    });
    enablex.server.setOptions({ visibleAfterMs: 60_000 });
    const failure = await provider
      .update(id, outs, { ...acme, contactName: "Grace" })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PartialFailure);
    const { properties, message } = failure as PartialFailure;
    expect(message).toContain('contactName: declared "Grace", on the server "Ada"');
    expect(
      await provider.diff(id, properties as unknown as EnableXOutputs, {
        ...acme,
        contactName: "Grace",
      }),
    ).toMatchObject({
      changes: true,
    });
  });

  test("but does not show the emptied text keeps it in the state, so the next up clears it", async () => {
    const { id, outs, provider } = await createCustomer(acme, {
      "enablex:consistencySeconds": "0.3",
    });
    enablex.server.setOptions({ visibleAfterMs: 60_000 });
    const { contactName: _, ...news } = acme;
    const failure = (await provider
      .update(id, outs, news)
      .catch((error: unknown) => error)) as PartialFailure;
    expect(failure.message).toContain('contactName: declared empty, on the server "Ada"');
    expect(
      await provider.diff(id, failure.properties as unknown as EnableXOutputs, news),
    ).toMatchObject({ changes: true });
  });

  test("to an email that another has is reported as 1504 with the customer that owns it", async () => {
    const [other] = await enablex.seed(1, {
      contact_email: "taken@acme.test",
      customer_name: "Other",
    });
    const { id, outs, provider } = await createCustomer();
    const error = await catchError(
      provider.update(id, outs, { ...acme, contactEmail: "taken@acme.test" }),
    );
    expect(error).toMatchObject({
      code: "DUPLICATE",
      reason: expect.stringContaining(`It belongs to customer ${other} "Other"`),
    });
  });

  test("and is gone is an error that says how to create it again", async () => {
    const { id, outs, provider } = await createCustomer(acme, {
      "enablex:consistencySeconds": "0",
    });
    delete enablex.server.state.customers[id];
    expect(
      await catchError(provider.update(id, outs, { ...acme, contactName: "Grace" })),
    ).toMatchObject({
      code: "NOT_FOUND",
      hint: expect.stringContaining("pulumi refresh"),
    });
  });
});

describe("a customer that is read", () => {
  test("shows drift in its inputs in the declared form, and every other value exactly as declared", async () => {
    const { id, outs, provider } = await createCustomer({ ...acme, contactEmail: "IT@acme.test" });
    await enablex.change("customers", id, {
      status: "S",
      office_address: { country_id: "81" },
      customer_name: " Acme",
      contact_name: "",
    });
    const { inputs, props } = await provider.read(id, outs);
    const country = (inputs as unknown as { officeAddress: { country: string } }).officeAddress
      .country;
    expect(inputs).toEqual({
      ...acme,
      contactEmail: "IT@acme.test",
      status: "suspended",
      contactName: "",
      officeAddress: { ...acme.officeAddress, country },
    });
    expect(country).toMatch(/^[A-Z]{2}$/);
    expect(country).not.toBe("GB");
    expect(props).toMatchObject({ statusText: "Suspended", customerId: id });
    expect(await provider.diff(id, props as EnableXOutputs, acme)).toMatchObject({
      changes: true,
      replaces: [],
    });
  });

  test("shows no drift in undeclared or read-only fields", async () => {
    const { id, outs, provider } = await createCustomer();
    await enablex.change("customers", id, {
      customer_legal_name: "Changed",
      individual: true,
      billing_address: { city: "York" },
      office_address: { state: "Yorkshire" },
    });
    const { inputs, props } = await provider.read(id, outs);
    expect(inputs).toEqual(acme);
    expect(await provider.diff(id, props as EnableXOutputs, acme)).toMatchObject({
      changes: false,
    });
  });

  test.each(["both", "body", "status"] as const)(
    "and does not exist any more leaves the state, for each form of the reply (%s)",
    async (errorsAs) => {
      const { id, outs, provider } = await createCustomer();
      delete enablex.server.state.customers[id];
      enablex.server.setOptions({ errorsAs });
      expect((await provider.read(id, outs)).id).toBeUndefined();
    },
  );

  test("at a wrong address is an error and not gone, or the state would lose it", async () => {
    const { id, outs } = await createCustomer({ customerName: "Acme", customerCode: "ACME" });
    const provider = providersOf({
      ...enablex.basic,
      "enablex:baseUrl": `${enablex.server.url}/ucaas/v2`,
    }).customer;
    enablex.server.setOptions({ errorsAs: "status" });
    expect(await catchError(provider.read(id, outs))).toMatchObject({
      code: "NOT_FOUND",
      hint: expect.stringContaining("enablex:baseUrl"),
    });
  });

  test.each([
    ["html", "HTML_REPLY"],
    ["empty", "EMPTY_REPLY"],
    ["malformed", "MALFORMED_REPLY"],
  ] as const)("and answered with %s is an error and not gone", async (kind, code) => {
    const { id, outs, provider } = await createCustomer();
    enablex.server.fault({ kind, path: `/customers/${id}$` });
    expect(await catchError(provider.read(id, outs))).toMatchObject({ code });
  });
});

describe("300 customers that are refreshed", () => {
  const all = async (ids: readonly string[], config: Record<string, string> = {}) => {
    const { customer } = providersOf({ ...enablex.basic, ...config });
    enablex.server.received = [];
    const inputs = (number: number): EnableXInputs => ({
      customerName: `Customer ${number}`,
      customerCode: `C-${number}`,
    });
    return await Promise.all(
      ids.map((id, index) => customer.read(id, { ...inputs(index + 1), schemaVersion: 1 })),
    );
  };

  test("take at most ten requests, and each one's drift is its own", async () => {
    const ids = await enablex.seed(300);
    await enablex.change("customers", ids[150]!, { customer_name: "Changed by hand" });
    const results = await all(ids);
    expect(enablex.server.received.length).toBeLessThanOrEqual(10);
    expect(results.map(({ inputs }) => inputs?.customerName)).toEqual(
      ids.map((_, index) => (index === 150 ? "Changed by hand" : `Customer ${index + 1}`)),
    );
  });

  test("ask for pages of the size that the config says", async () => {
    await all(await enablex.seed(300), { "enablex:pageSize": "50" });
    expect(enablex.server.received.every(({ query }) => query.page_length === "50")).toBe(true);
    expect(new Set(enablex.server.received.map(({ query }) => query.page)).size).toBe(
      enablex.server.received.length,
    );
  });

  test("are read one by one where the rows of the list are short, with the same result", async () => {
    enablex.server.setOptions({ listRows: "short" });
    const ids = await enablex.seed(30);
    const results = await all(ids);
    expect(results.every(({ inputs }, index) => inputs?.customerCode === `C-${index + 1}`)).toBe(
      true,
    );
    expect(enablex.calls(/GET .customers$/)).toHaveLength(1);
  });

  test("are found on a server that repeats its last page and on one that cuts pages down", async () => {
    enablex.server.setOptions({ pastTheEnd: "repeat", longestPage: 20 });
    const ids = await enablex.seed(60);
    expect((await all(ids)).every(({ id }) => id !== undefined)).toBe(true);
  });
});

describe("a customer that is deleted", () => {
  test("is gone, and was gone already is fine", async () => {
    const { id, outs, provider } = await createCustomer();
    await provider.delete(id, outs);
    await provider.delete(id, outs);
    expect(enablex.customers()).toEqual([]);
  });

  test("by the run after its create leaves nothing that a later run reports", async () => {
    const journal = journalFolder();
    const marked = { ...acme, __stack: "shop/live", __resource: "acme" };
    const first = providersOf(enablex.basic, journal);
    const { id, outs } = await first.customer.create(marked);
    const customerId = id as string;
    const ended = await first.subscription.create({
      ...{ customerId, planId: 5, __stack: "shop/live", __resource: "plan" },
    });
    const next = providersOf(enablex.basic, journal);
    await next.subscription.delete(ended.id as string, ended.outs as EnableXOutputs);
    await next.customer.delete(customerId, outs as EnableXOutputs);
    const get = (key: string) => (key === "ucaas:journalDir" ? journal : undefined) as never;
    const { entries } = await new Journal({ get }).list();
    expect(openIntents(entries, "shop/live", [])).toEqual([]);
  });

  test("and has users or subscriptions is an error that says why, and what to do", async () => {
    const { id, outs, provider } = await createCustomer();
    const { subscription } = providersOf(enablex.basic);
    await subscription.create({ customerId: id, planId: 5 });
    enablex.server.setOptions({ dependents: "refuse" });
    const error = await catchError(provider.delete(id, outs));
    expect(error).toMatchObject({
      code: "VALIDATION_FAILED",
      hint: expect.stringContaining("end them in the EnableX portal"),
    });
    expect(error.reason).toContain("has subscriptions or users");
    expect(enablex.customers()).toHaveLength(1);
  });

  test("leaves the state with a warning when the config says that the server cannot delete it", async () => {
    const { id, outs, provider } = await createCustomer(acme, {
      "enablex:routes": '{"customerDelete": "none"}',
    });
    await provider.delete(id, outs);
    expect(enablex.customers()).toMatchObject([{ id }]);
    expect(messages.join()).toContain(
      [
        `customer ${id} (ACME) leaves the state but stays at EnableX: enablex:routes.customerDelete is none,`,
        "so it stays as it is, and what it has is billed, until it is ended in the EnableX portal",
      ].join(" "),
    );
    expect(messages.join()).not.toContain("undefined");
  });

  test("to be created again is not adopted while the list still shows it", async () => {
    const { id, outs, provider } = await createCustomer();
    await provider.delete(id, outs);
    enablex.server.state.stale[`customers/${id}`] = {
      fields: { customer_name: "Acme", customer_code: "ACME" },
      until: 0,
      reads: 1,
    };
    const { id: newId } = await provider.create(acme);
    expect(newId).not.toBe(id);
  });

  test("under its old name after a rename stays, since the new one holds it", async () => {
    const { id, outs, provider } = await createCustomer();
    const { outs: renamed } = await provider.create(acme);
    await provider.delete(id, outs);
    expect(enablex.customers()).toMatchObject([{ id }]);
    expect(messages.join()).toContain("another resource of this stack has it now");
    await providersOf(enablex.basic).customer.delete(id, renamed as EnableXOutputs);
    expect(enablex.customers()).toEqual([]);
  });
});

test("of two imports of one customer, the removal of one keeps it for the other", async () => {
  const [id = ""] = await enablex.seed(1);
  const imported = () =>
    importEntry("EnableXCustomer", "acme", id, acme, { ...acme, customerId: id }, [])
      .outputs as unknown as EnableXOutputs;
  const [kept, removed] = [imported(), imported()];
  const { customer } = providersOf(enablex.basic);
  await customer.diff(id, kept, acme);
  await customer.delete(id, removed);
  expect(enablex.customers()).toMatchObject([{ id }]);
  await providersOf(enablex.basic).customer.delete(id, kept);
  expect(enablex.customers()).toEqual([]);
});

describe("a rename that was cut off before the old name was deleted", () => {
  test("is ended by the next run without taking the customer away", async () => {
    const { id, outs } = await createCustomer();
    const { outs: renamed } = await providersOf(enablex.basic).customer.create(acme);
    const { customer } = providersOf(enablex.basic);
    await customer.diff(id, renamed as EnableXOutputs, acme);
    await customer.delete(id, outs);
    expect(enablex.customers()).toMatchObject([{ id }]);
  });
});

describe("a rename whose adoption fails, in a run with --continue-on-error", () => {
  const refusedLookUp = () =>
    enablex.server.fault({ kind: "status", status: 406, method: "GET", path: "/customers$" });
  const refusedWrite = () => enablex.server.fault({ kind: "status", status: 406, method: "PATCH" });
  const nothing = () => {};
  const { customerCode, ...byEmail } = acme;
  const { contactEmail, ...byCode } = acme;

  test.each<
    [why: string, old: EnableXInputs, renamed: EnableXInputs, fail: () => void, code: string]
  >([
    [
      "a field was changed in the same edit",
      acme,
      { ...acme, contactName: "Grace" },
      nothing,
      "ALREADY_EXISTS",
    ],
    [
      "and it is found by something else than before",
      byEmail,
      { ...byCode, contactName: "Grace" },
      nothing,
      "ALREADY_EXISTS",
    ],
    [
      "its code was changed in the same edit",
      acme,
      { ...acme, customerCode: "ACME-LTD" },
      nothing,
      "DUPLICATE",
    ],
    ["the server did not let it be looked up", acme, acme, refusedLookUp, "VALIDATION_FAILED"],
    [
      "the server refused what was written",
      acme,
      { ...acme, contactName: "Grace", adopt: "always" },
      refusedWrite,
      "VALIDATION_FAILED",
    ],
  ])(
    "keeps the customer, and the old resource in the state (%s)",
    async (_, old, renamed, fail, code) => {
      const { id, outs, provider } = await createCustomer(old);
      if (old === byEmail)
        await enablex.change("customers", id, {
          customer_code: customerCode,
          contact_email: contactEmail,
        });
      fail();
      expect(await catchError(provider.create(renamed))).toMatchObject({ code });
      expect(await catchError(provider.delete(id, outs))).toMatchObject({
        code: "TAKE_OVER_OPEN",
        operation: `delete customer ${id}`,
        hint: expect.stringContaining("remove the other one"),
      });
      expect(enablex.customers()).toMatchObject([{ id }]);
    },
  );

  test("is completed by the next run, once the failure is fixed", async () => {
    const { id, outs, provider } = await createCustomer();
    await catchError(provider.create({ ...acme, contactName: "Grace" }));
    await catchError(provider.delete(id, outs));
    const next = providersOf(enablex.basic).customer;
    expect((await next.create(acme)).id).toBe(id);
    await next.delete(id, outs);
    expect(enablex.customers()).toMatchObject([{ id }]);
    expect(messages.join()).toContain("another resource of this stack has it now");
  });

  test("lets the customer be deleted by the next run, when nothing declares it any more", async () => {
    const { id, outs, provider } = await createCustomer();
    await catchError(provider.create({ ...acme, contactName: "Grace" }));
    await catchError(provider.delete(id, outs));
    await providersOf(enablex.basic).customer.delete(id, outs);
    expect(enablex.customers()).toEqual([]);
  });

  test("keeps no customer that the failed one has nothing to do with", async () => {
    const { id, outs, provider } = await createCustomer();
    await enablex.seed(1, { customer_name: "Globex", customer_code: "GLOBEX" });
    const globex = { customerName: "Globex Ltd", customerCode: "GLOBEX" };
    expect(await catchError(provider.create(globex))).toMatchObject({ code: "ALREADY_EXISTS" });
    await provider.delete(id, outs);
    expect(enablex.customers()).toMatchObject([{ customer_code: "GLOBEX" }]);
  });
});

describe("in every form of the server's replies", () => {
  const forms = (["number", "string"] as const).flatMap((resultAs) =>
    (["number", "string"] as const).flatMap((idsAs) =>
      (["empty", "null", "omit"] as const).map((absentAs) => ({ resultAs, idsAs, absentAs })),
    ),
  );
  test.each(forms)(
    "create, read, update and delete work ($resultAs result, $idsAs ids, $absentAs if absent)",
    async (form) => {
      enablex.server.setOptions(form);
      const { id, outs, provider } = await createCustomer({
        ...acme,
        customerType: "3",
        individual: false,
        customerLegalName: "",
      });
      const { inputs, props } = await provider.read(id, outs);
      expect(
        await provider.diff(id, props as EnableXOutputs, inputs as EnableXInputs),
      ).toMatchObject({ changes: false });
      expect(inputs).toMatchObject({
        ...acme,
        customerType: "3",
        individual: false,
        customerLegalName: "",
      });
      await provider.update(id, outs, { ...acme, customerName: "Acme Ltd" });
      await provider.delete(id, outs);
      expect(enablex.customers()).toEqual([]);
    },
  );
});

describe("a changed account", () => {
  const section = ({ basic }: EnablexReseller) => ({
    accessKey: basic["enablex:accessKey"],
    accessId: basic["enablex:accessId"],
    baseUrl: basic["enablex:baseUrl"],
  });

  test("at the same server is an update that sends nothing, and never a replacement", async () => {
    const { id, outs } = await createCustomer();
    const provider = providersOf({
      ...enablex.basic,
      "enablex:accounts": JSON.stringify({ uk: section(enablex) }),
    }).customer;
    const news = { ...acme, account: "uk" };
    expect(await provider.diff(id, outs, news)).toMatchObject({ changes: true, replaces: [] });
    expect((await provider.update(id, outs, news)).outs).toMatchObject({ account: "uk" });
    expect(patches()).toEqual([]);
  });

  test("at another address of the same server never deletes the customer", async () => {
    const { id, outs } = await createCustomer();
    const local = enablex.basic["enablex:baseUrl"]?.replace("127.0.0.1", "localhost");
    expect(local).toContain("localhost");
    const accounts = JSON.stringify({ local: { ...section(enablex), baseUrl: local } });
    const run = () => providersOf({ ...enablex.basic, "enablex:accounts": accounts }).customer;
    const provider = run();
    const news = { ...acme, account: "local", __resource: "acme" };
    for (const changed of [news, { ...news, customerCode: "OTHER" }]) {
      expect(await provider.diff(id, outs, changed)).toMatchObject({ replaces: ["account"] });
      expect(await catchError(provider.create(changed))).toMatchObject({
        code: "ALREADY_EXISTS",
        hint: expect.stringMatching(
          /lead to one server[\s\S]*enablex:baseUrl[\s\S]*two servers[\s\S]*destroy --target '.*' --target-dependents/,
        ),
      });
    }
    // With --continue-on-error a delete may follow. The resource stays in the state.
    expect(await catchError(provider.delete(id, outs))).toMatchObject({ code: "TAKE_OVER_OPEN" });
    // Under another name no resource is compared, so the create cannot know of the old one.
    const warnings = vi.spyOn(console, "log");
    const renamed = run();
    await renamed.create({ ...news, __resource: "new-name" });
    await renamed.delete(id, outs);
    expect(warnings.mock.calls.join()).toMatch(
      /is kept: resource "new-name" found it at .*localhost/,
    );
    expect(enablex.customers()).toHaveLength(1);
    expect(enablex.calls(/DELETE/)).toEqual([]);
  });

  test("at another address of the same server keeps the customer in the next run too", async () => {
    const { id, outs } = await createCustomer();
    const local = enablex.basic["enablex:baseUrl"]?.replace("127.0.0.1", "localhost");
    const accounts = JSON.stringify({ local: { ...section(enablex), baseUrl: local } });
    const run = () => providersOf({ ...enablex.basic, "enablex:accounts": accounts }).customer;
    const news = { ...acme, account: "local", __resource: "new-name" };
    // Another resource of this run fails, so the engine sends no delete.
    const renamed = await run().create(news);
    const warnings = vi.spyOn(console, "log");
    const next = run();
    enablex.server.received = [];
    expect(
      await next.diff(renamed.id as string, renamed.outs as EnableXOutputs, news),
    ).toMatchObject({ changes: false });
    expect(enablex.calls()).toEqual([]);
    await next.delete(id, outs);
    expect(enablex.customers()).toHaveLength(1);
    expect(enablex.calls(/DELETE/)).toEqual([]);
    expect(warnings.mock.calls.join()).toMatch(/is kept: resource "new-name" .*localhost/);
  });

  test("keeps no customer that another resource has under its id at another server", async () => {
    const { id, outs } = await createCustomer();
    await using other = await enablexReseller();
    const accounts = JSON.stringify({ uk: section(other) });
    const run = () => providersOf({ ...enablex.basic, "enablex:accounts": accounts }).customer;
    const globex = { customerName: "Globex", customerCode: "GLOBEX", account: "uk" };
    const news = { ...globex, __resource: "globex" };
    const created = await run().create(news);
    expect(created.id).toBe(id);
    const next = run();
    await next.diff(id, created.outs as EnableXOutputs, news);
    await next.delete(id, outs);
    expect(enablex.customers()).toEqual([]);
    expect(other.customers()).toMatchObject([{ customer_code: "GLOBEX" }]);
  });

  test.each([
    ["another reseller's", { status: 403 }],
    ["of no form that it knows", { status: 406 }],
    ["no valid request", { status: 400, body: { result: 1002 } }],
  ])("at another server to which the old id is %s creates a customer there", async (_, refusal) => {
    const { id, outs } = await createCustomer();
    await using other = await enablexReseller();
    const accounts = JSON.stringify({ uk: section(other) });
    const provider = providersOf({ ...enablex.basic, "enablex:accounts": accounts }).customer;
    const news = { ...acme, account: "uk", __resource: "acme" };
    const refuse = () =>
      other.server.fault({ kind: "status", method: "GET", path: `/customers/${id}$`, ...refusal });
    refuse();
    await provider.diff(id, outs, news);
    await provider.create(news);
    await provider.delete(id, outs);
    expect(other.customers()).toMatchObject([{ customer_code: "ACME" }]);
    expect(enablex.customers()).toEqual([]);
  });

  test("where the old id is refused and the customer found, the old one stays", async () => {
    const { id, outs } = await createCustomer();
    await using other = await enablexReseller();
    await other.seed(1, { customer_code: "ACME" });
    const accounts = JSON.stringify({ uk: section(other) });
    const provider = providersOf({ ...enablex.basic, "enablex:accounts": accounts }).customer;
    const news = { ...acme, account: "uk", __resource: "acme" };
    other.server.fault({ kind: "status", status: 403, method: "GET", path: `/customers/${id}$` });
    await provider.diff(id, outs, news);
    expect(await catchError(provider.create(news))).toMatchObject({
      code: "ALREADY_EXISTS",
      hint: expect.stringContaining("destroy --target"),
    });
    expect(await catchError(provider.delete(id, outs))).toMatchObject({ code: "TAKE_OVER_OPEN" });
    expect(other.calls(/^(POST|PATCH)/)).toEqual([]);
    expect(enablex.customers()).toHaveLength(1);
  });

  test("where the old id gets no clear answer, nothing is created", async () => {
    const { id, outs } = await createCustomer();
    await using other = await enablexReseller();
    const uk = { ...section(other), deadlineSeconds: 5 };
    const accounts = JSON.stringify({ uk });
    const provider = providersOf({ ...enablex.basic, "enablex:accounts": accounts }).customer;
    const news = { ...acme, account: "uk", __resource: "acme" };
    other.server.fault({
      kind: "status",
      status: 500,
      method: "GET",
      path: `/customers/${id}$`,
      times: 99,
    });
    await provider.diff(id, outs, news);
    expect(await catchError(provider.create(news))).toMatchObject({ code: "INTERNAL_ERROR" });
    expect(other.calls(/^POST/)).toEqual([]);
  });

  test("at another server creates a customer there, deletes the old one, keeps one of the same id", async () => {
    const { id, outs } = await createCustomer();
    await using other = await enablexReseller();
    const [stranger = ""] = await other.seed(1, { customer_code: "STRANGER" });
    expect(stranger).toBe(id);
    const accounts = JSON.stringify({ uk: section(other) });
    const provider = providersOf({ ...enablex.basic, "enablex:accounts": accounts }).customer;
    const news = { ...acme, account: "uk" };
    expect(await provider.diff(id, outs, news)).toEqual({
      changes: true,
      replaces: ["account"],
      deleteBeforeReplace: false,
    });
    expect(
      await provider.diff(id, { ...outs, account: "gone-from-the-config" }, news),
    ).toMatchObject({ changes: true, replaces: [] });
    expect(await provider.diff(id, outs, { ...acme, account: unknown })).toMatchObject({
      changes: true,
      replaces: [],
    });
    const { id: newId } = await provider.create(news);
    await provider.delete(id, outs);
    expect(enablex.customers()).toEqual([]);
    expect(other.customers()).toMatchObject([
      { id: stranger, customer_code: "STRANGER" },
      { id: newId, customer_code: "ACME" },
    ]);
    expect(other.calls(/PATCH|DELETE/)).toEqual([]);
  });
});
