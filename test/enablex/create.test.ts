import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import { PartialFailure } from "../../provider/runtime/errors.ts";
import { eventually } from "../eventually.ts";
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
  officeAddress: { city: "Leeds", country: "GB" },
  __stack: "ucaas/one",
} satisfies EnableXInputs;

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

const create = (inputs: EnableXInputs, config: Record<string, string> = {}, journal?: string) =>
  providersOf({ ...enablex.basic, ...config }, journal).customer.create(inputs);
const reply = <Body>(body: Body) => ({ kind: "statusAfter", status: 200, body }) as const;
const posts = () => enablex.calls(/^POST .customers/).length;

describe("a customer that is created", () => {
  test("is searched, created once and read back, with outputs as declared and the id as text", async () => {
    const { id, outs } = await create(acme);
    expect(outs).toMatchObject({ ...acme, customerId: id, statusText: "Active", schemaVersion: 1 });
    expect(typeof outs?.customerId).toBe("string");
    expect(enablex.calls()).toEqual([
      "GET /countries",
      "GET /customers",
      "POST /customers",
      "GET /customers",
    ]);
    expect(enablex.customers()).toMatchObject([
      {
        customer_name: "Acme",
        customer_code: "ACME",
        office_address: { city: "Leeds", country_id: "235" },
      },
    ]);
  });

  test.each(["id", "full", "none"] as const)(
    "is identified by its id for every create reply (%s)",
    async (createReply) => {
      enablex.server.setOptions({ createReply });
      const { id } = await create(acme);
      expect(enablex.customers()).toMatchObject([{ id }]);
    },
  );

  test.each([
    ["what the engine and a terminal act on", "7<{%x%}>\u001b[31m"],
    ["an empty text", ""],
    ["a blank", " "],
    ["a part of a path", ".."],
    ["a text of a megabyte", "7".repeat(1_000_000)],
    ["a number that is not exact", 2 ** 53],
    ["a list", ["7"]],
    ["an object", { toString: "7" }],
    ["nothing", null],
  ])("is found and not created again when the reply has %s for its id", async (_, id) => {
    const body = { result: 1, customer: { customer_id: id } };
    enablex.server.fault({ kind: "statusAfter", status: 200, body, method: "POST" });
    const created = await create(acme);
    expect(enablex.customers()).toMatchObject([{ id: created.id }]);
    expect(created.outs?.customerId).toBe(created.id);
    expect(posts()).toBe(1);
  });

  test("is created where rows of the list have objects in place of texts", async () => {
    const odd = { toString: 1 };
    const row = { customer_id: "9", customer_code: odd, customer_name: odd, contact_email: odd };
    const body = { result: 1, customers: [row] };
    enablex.server.fault({ kind: "status", status: 200, body, method: "GET", path: "/customers$" });
    const { id } = await create(acme);
    expect(enablex.customers()).toMatchObject([{ id }]);
  });

  test("is not created where the list has an id that no request can have", async () => {
    const body = { result: 1, customers: [{ customer_id: "7\u001b[31m", customer_code: "ACME" }] };
    enablex.server.fault({ kind: "status", status: 200, body, path: "/customers$" });
    expect(await catchError(create(acme))).toMatchObject({ code: "MALFORMED_REPLY" });
    expect(posts()).toBe(0);
  });

  test("keeps its id when the server shows it without one", async () => {
    enablex.server.setOptions({ createReply: "none" });
    const [id = ""] = await enablex.seed(1, { customer_code: "ACME", customer_name: "Acme" });
    const shown = { customer_name: "Acme", customer_code: "ACME", contact_email: "it@acme.test" };
    const list = { result: 1, customers: [{ customer_id: id }] };
    const only = { kind: "status", status: 200, times: 9, method: "GET" } as const;
    enablex.server.fault({ ...only, path: "/customers$", body: list });
    enablex.server.fault({
      ...only,
      path: `/customers/${id}$`,
      body: { result: 1, customer: shown },
    });
    expect((await create({ ...customer, __stack: "ucaas/one" })).id).toBe(id);
    expect(posts()).toBe(0);
  });

  test.each([
    ["the connection was cut before the server acted", { kind: "cutBefore" }, 2],
    ["the connection was cut after the server acted", { kind: "cut" }, 1],
    ["the connection was cut and the server acted later", { kind: "late", ms: 700 }, 1],
    ["the server said 500 before it acted", { kind: "status", status: 500 }, 2],
    ["the server said 503 before it acted", { kind: "status", status: 503, retryAfter: 1 }, 2],
    ["the server said 502 after it acted", { kind: "statusAfter", status: 502 }, 1],
    ["the answer was no JSON", { kind: "malformed" }, 1],
    ["the answer was a page", { kind: "html" }, 1],
    ["the answer was empty", { kind: "empty" }, 1],
    ["the answer had an object for its result", reply({ result: { toString: 1 } }), 1],
    ["the answer had a list for its result", reply({ result: [429] }), 1],
    ["the answer had words for its result", reply({ result: "success" }), 1],
    ["the answer had null for the customer", reply({ result: 1, customer: null }), 1],
    ["the answer had a list for the customer", reply({ result: 1, customer: [] }), 1],
    ["the server said 429", { kind: "status", status: 429, retryAfter: 0 }, 2],
    [
      "the server said 429 in a 200",
      { kind: "status", status: 200, retryAfter: 0, body: { result: "429" } },
      2,
    ],
  ] as const)("exists exactly once when %s", async (_, fault, sent) => {
    enablex.server.fault({ ...fault, method: "POST", path: "/customers$" });
    // What arrives late ends the wait; what never arrives is waited for to its end.
    const wait: Record<string, string> =
      fault.kind === "late" ? { "enablex:settleSeconds": "60" } : {};
    const { id } = await create(acme, wait);
    expect(enablex.customers()).toMatchObject([{ id, customer_code: "ACME" }]);
    expect(posts()).toBe(sent);
  });

  test("exists exactly once when the server acted without a reply", async () => {
    enablex.server.fault({ kind: "hangAfter", method: "POST", path: "/customers$" });
    const { id } = await create(acme, { "enablex:deadlineSeconds": "5" });
    expect(enablex.customers()).toMatchObject([{ id }]);
    expect(posts()).toBe(1);
  });

  test("whose create arrives after a retry exists once if the server enforces uniqueness", async () => {
    enablex.server.fault({ kind: "late", method: "POST", path: "/customers$" });
    const { id, outs } = await create(acme, { "enablex:settleSeconds": "0.3" });
    enablex.server.faults.clear();
    // The server has handled the late one before it answers another.
    await providersOf(enablex.basic).customer.read(id, outs as EnableXOutputs);
    expect(enablex.customers()).toMatchObject([{ id }]);
    expect(posts()).toBe(2);
  });

  test("and exists twice, on a server without uniqueness, is reported with both ids", async () => {
    enablex.server.setOptions({ uniqueCustomerCode: false });
    enablex.server.fault({ kind: "late", method: "POST", path: "/customers$" });
    enablex.server.fault({ kind: "hold", method: "POST", path: "/customers$" });
    const { contactEmail: _, ...withoutEmail } = acme;
    const creating = catchError(create(withoutEmail, { "enablex:settleSeconds": "0.2" }));
    await eventually(() => expect(posts()).toBe(2), creating);
    enablex.server.faults.clear();
    const error = await creating;
    expect(error.code).toBe("AMBIGUOUS");
    for (const { id } of enablex.customers()) expect(error.message).toContain(`customer ${id}`);
  });

  test("and never got a clear answer is an error, and the next up creates it once", async () => {
    const journal = journalFolder();
    enablex.server.fault({ kind: "cutBefore", method: "POST", path: "/customers$", times: 3 });
    const short = { "enablex:settleSeconds": "0.2" };
    const error = await catchError(create(acme, short, journal));
    expect(error).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      hint: expect.stringContaining("it looks first"),
    });
    expect(posts()).toBe(3);
    await create(acme, short, journal);
    expect(enablex.customers()).toHaveLength(1);
  });

  test.each([
    ["result 202", { status: 200, body: { result: 202, msg: "Request received" } }],
    ["result 100", { status: 200, body: { result: "100" } }],
    ["HTTP 202 without a result", { status: 202, body: {} }],
  ])("and was accepted (%s) is looked for, and not sent again", async (_, reply) => {
    enablex.server.fault({ kind: "status", method: "POST", path: "/customers$", ...reply });
    const error = await catchError(create(acme, { "enablex:settleSeconds": "0.2" }));
    expect(error.code).toBe("OUTCOME_UNKNOWN");
    expect(posts()).toBe(1);
  });

  test("and whose run is to end is neither waited for nor sent again", async () => {
    const journal = journalFolder();
    const run = new AbortController();
    vi.spyOn(console, "log").mockImplementation((line: string) => {
      if (line.includes("the create got no clear answer")) run.abort();
    });
    enablex.server.fault({ kind: "cutBefore", method: "POST", path: "/customers$" });
    const patient = { ...enablex.basic, "enablex:settleSeconds": "300" };
    const { customer } = providersOf(patient, journal, { signal: run.signal });
    const error = await catchError(customer.create(acme, { signal: run.signal }));
    expect(["OUTCOME_UNKNOWN", "INTERRUPTED"]).toContain(error.code);
    expect(posts()).toBe(1);
    await create(acme, {}, journal);
    expect(enablex.customers()).toHaveLength(1);
  });

  test("logs a message while it waits for a clear answer", async () => {
    enablex.server.fault({ kind: "cut", method: "POST", path: "/customers$" });
    await create(acme);
    expect(messages.join("\n")).toMatch(
      /EnableXCustomer ACME: the create got no clear answer .*looking for up to 2 s/,
    );
  });

  test("is read again while reads are behind, by time and by number", async () => {
    enablex.server.setOptions({ visibleAfterMs: 500, visibleAfterReads: 3 });
    const { outs } = await create(acme, { "enablex:consistencySeconds": "60" });
    expect(outs).toMatchObject(acme);
    // One before the create; three that are behind and one that is not after it.
    expect(enablex.calls(/^GET .customers/).length).toBeGreaterThanOrEqual(5);
  });

  test("and never becomes visible stays in the state, with a clear error", async () => {
    enablex.server.setOptions({ visibleAfterMs: 60_000 });
    const failure = await create(acme, { "enablex:consistencySeconds": "0.3" }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(PartialFailure);
    expect(failure).toMatchObject({
      id: enablex.customers()[0]?.id,
      cause: { code: "NOT_SHOWN" },
      properties: acme,
    });
  });

  test("with a value that the server changed stays in the state, with the field and both values", async () => {
    // A server that has one field for both: what is written last is what it shows.
    const providers = providersOf({
      ...enablex.basic,
      "enablex:consistencySeconds": "0.3",
      "enablex:routes": '{"customerFields": {"contactName": "contact_email"}}',
    });
    const failure = await providers.customer
      .create({
        customerName: "Acme",
        customerCode: "ACME",
        contactEmail: "a@acme.test",
        contactName: "b@acme.test",
      })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PartialFailure);
    expect((failure as PartialFailure).message).toContain(
      'contactName: declared "b@acme.test", on the server "a@acme.test"',
    );
    expect((failure as PartialFailure).properties.contactName).toBe("a@acme.test");
  });

  test("in a country that the server does not list is refused before a request, with similar ones", async () => {
    enablex.server.setOptions({ countryCodes: true });
    const providers = providersOf(enablex.basic);
    const error = await catchError(
      providers.customer.create({ ...acme, officeAddress: { country: "ZZ" } }),
    );
    expect(error.message).toMatch(
      /officeAddress.country "ZZ" is not among the \d+ countries of this EnableX server/,
    );
    expect(posts()).toBe(0);
  });
});

describe("a customer that exists already", () => {
  const existing = {
    customer_name: "Acme",
    customer_code: "ACME",
    contact_email: "IT@acme.test",
    office_address: { city: "Leeds", country_id: "235" },
  };

  test("with the declared values is adopted without a write", async () => {
    const [id] = await enablex.seed(1, existing);
    const { id: taken, outs } = await create(acme);
    expect(taken).toBe(id);
    expect(outs).toMatchObject({ ...acme, customerId: id });
    expect(enablex.calls(/POST|PATCH/)).toEqual([]);
    expect(messages.join()).toContain(`took over customer ${id} "Acme"`);
  });

  test("with other values is an error that lists each difference, and nothing is written", async () => {
    await enablex.seed(1, {
      ...existing,
      customer_name: "Acme Ltd",
      office_address: { city: "York", country_id: "235" },
    });
    const error = await catchError(create(acme));
    expect(error.code).toBe("ALREADY_EXISTS");
    expect(error.reason).toContain(
      'customerName: declared "Acme", on the server "Acme Ltd"\n  officeAddress.city: declared "Leeds", on the server "York"',
    );
    expect(error.reason).not.toContain("contactEmail:");
    expect(enablex.calls(/POST|PATCH/)).toEqual([]);
  });

  test('is an error with adopt "never" even if it is as declared', async () => {
    await enablex.seed(1, existing);
    expect(await catchError(create({ ...acme, adopt: "never" }))).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: expect.stringContaining('adopt is "never"'),
    });
  });

  test('is updated as declared with adopt "always", by writing only the differences', async () => {
    const [id] = await enablex.seed(1, {
      ...existing,
      customer_name: "Acme Ltd",
      contact_name: "Eve",
    });
    const { outs } = await create({ ...acme, adopt: "always" });
    expect(outs).toMatchObject({ customerName: "Acme", customerId: id });
    const patch = enablex.server.received.find(({ method }) => method === "PATCH");
    expect(JSON.parse(patch?.body ?? "")).toEqual({ customer_name: "Acme" });
    expect(enablex.customers()).toMatchObject([{ customer_name: "Acme", contact_name: "Eve" }]);
  });

  test("is found by its email where no code is declared", async () => {
    const [id] = await enablex.seed(1, existing);
    expect((await create({ customerName: "Acme", contactEmail: "it@ACME.test" })).id).toBe(id);
  });

  test.each([
    ["one character", "B\u00c4CKER", "BA\u0308CKER"],
    ["two characters", "BA\u0308CKER", "B\u00c4CKER"],
  ])("is found where the server has %s for an umlaut of its code", async (_, code, declared) => {
    const [id] = await enablex.seed(1, { ...existing, customer_code: code });
    expect((await create({ ...acme, customerCode: declared })).id).toBe(id);
    expect(posts()).toBe(0);
  });

  test("is found among those that only look like it, behind many pages", async () => {
    await enablex.seed(25, { customer_code: "ACME-#" });
    const [id] = await enablex.seed(1, existing);
    const { id: found } = await create(acme, { "enablex:pageSize": "10" });
    expect(found).toBe(id);
  });

  test("is found among those that only look like it, on a server with shorter pages", async () => {
    await enablex.seed(25, { customer_code: "ACME-#" });
    const [id] = await enablex.seed(1, existing);
    enablex.server.setOptions({ longestPage: 10 });
    expect((await create(acme)).id).toBe(id);
    expect(posts()).toBe(0);
  });

  test("is found in the full list if the config disables search, even with truncated pages", async () => {
    await enablex.seed(25);
    const [id] = await enablex.seed(1, existing);
    enablex.server.setOptions({ longestPage: 10, pastTheEnd: "repeat" });
    const { id: found } = await create(acme, {
      "enablex:routes": '{"customerSearchByCode": "none"}',
    });
    expect(found).toBe(id);
    expect(posts()).toBe(0);
  });

  test("is found where the rows of the list lack its code", async () => {
    enablex.server.setOptions({ listRows: "short" });
    const [id] = await enablex.seed(1, existing);
    expect((await create(acme)).id).toBe(id);
    expect(posts()).toBe(0);
  });

  test("is never overlooked because its row has its id under another name", async () => {
    await enablex.seed(1, existing);
    const error = await catchError(
      create(acme, { "enablex:routes": '{"customerIdField": "account_id"}' }),
    );
    expect(error).toMatchObject({
      code: "MALFORMED_REPLY",
      hint: expect.stringContaining("enablex:routes.customerIdField"),
    });
    expect(posts()).toBe(0);
  });

  test("twice is an error that names both, and none is taken", async () => {
    enablex.server.setOptions({ uniqueCustomerCode: false });
    const { contact_email: _, ...fields } = existing;
    const ids = [
      ...(await enablex.seed(1, fields)),
      ...(await enablex.seed(1, { ...fields, contact_email: "other@acme.test" })),
    ];
    const error = await catchError(create(acme));
    expect(error.code).toBe("AMBIGUOUS");
    for (const id of ids) expect(error.message).toContain(`customer ${id}`);
  });

  test("with another code but the same email is reported as 1504, with field and owner", async () => {
    const [id] = await enablex.seed(1, {
      ...existing,
      customer_code: "OTHER",
      customer_name: "Other Ltd",
    });
    const error = await catchError(create(acme));
    expect(error).toMatchObject({ code: "DUPLICATE", vendorCode: "1504" });
    expect(error.reason).toContain(
      `contactEmail "it@acme.test" is taken. It belongs to customer ${id} "Other Ltd"`,
    );
    expect(error.reason).toContain("Email Address is already registered");
  });

  test("is reported as 1504 with its owner if the server echoes the field as in the guide", async () => {
    const [id] = await enablex.seed(1, { ...existing, customer_code: "OTHER" });
    const body = {
      result: "1504",
      msg: "Duplicate data",
      desc: "Email Address is already registered",
      data: { email: "it@acme.test" },
    };
    enablex.server.fault({
      kind: "status",
      status: 200,
      method: "POST",
      body: JSON.stringify(body),
    });
    expect((await catchError(create(acme))).reason).toContain(
      `contactEmail "it@acme.test" is taken. It belongs to customer ${id}`,
    );
  });

  test("for another reseller is reported as 1504, and the error says that the owner is unknown", async () => {
    await enablex.seed(1, existing);
    for (const customer of Object.values(enablex.server.state.customers))
      customer.owner = "somebody-else";
    const error = await catchError(create(acme));
    expect(error.reason).toMatch(/is taken. No customer that these credentials see has it/);
    expect(error.hint).toContain("another reseller");
  });

  test("because the program declares it twice is a clear error", async () => {
    const { customer } = providersOf(enablex.basic);
    await customer.create(acme);
    expect(await catchError(customer.create(acme))).toMatchObject({
      code: "DECLARED_TWICE",
      hint: expect.stringContaining("customerCode"),
    });
  });
});

describe("two stacks that declare the same customer", () => {
  test("and run at once create it once, and the error of the other names the owner", async () => {
    enablex.server.fault({ kind: "hold", method: "POST", path: "/customers$", times: 2 });
    const other = { ...acme, __stack: "ucaas/two", customerName: "Acme of two" };
    const running = Promise.allSettled([create(acme), create(other)]);
    await eventually(() => expect(posts()).toBe(2), running);
    enablex.server.faults.clear();
    const results = await running;
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [winner] = enablex.customers();
    const lost = results.find((result) => result.status === "rejected")?.reason;
    expect(lost).toMatchObject({ code: "DUPLICATE" });
    expect(lost.reason).toContain(`It belongs to customer ${winner?.id}`);
    expect(enablex.customers()).toHaveLength(1);
    expect(posts()).toBe(2);
  });

  test("and one create has no clear reply: a customer with other values is not adopted", async () => {
    enablex.server.fault({ kind: "cutBefore", method: "POST", path: "/customers$" });
    const running = catchError(create(acme));
    await eventually(() => expect(posts()).toBe(1), running);
    await enablex.seed(1, { customer_name: "Acme of two", customer_code: "ACME" });
    expect(await running).toMatchObject({ code: "ALREADY_EXISTS" });
    expect(enablex.customers()).toHaveLength(1);
  });

  test.each(["if-same", "never"] as const)(
    "and it is not as declared is not overwritten by the next up either, with adopt %s",
    async (adopt) => {
      const journal = journalFolder();
      enablex.server.fault({ kind: "cutBefore", method: "POST", path: "/customers$" });
      const running = catchError(create({ ...acme, adopt }, {}, journal));
      await eventually(() => expect(posts()).toBe(1), running);
      await enablex.seed(1, { customer_name: "Acme of two", customer_code: "ACME" });
      expect(await running).toMatchObject({ code: "ALREADY_EXISTS" });
      const short = { "enablex:settleSeconds": "0.2" };
      expect(await catchError(create({ ...acme, adopt }, short, journal))).toMatchObject({
        code: "ALREADY_EXISTS",
      });
      expect(enablex.calls(/PATCH/)).toEqual([]);
      expect(posts()).toBe(1);
    },
  );
});

test.each([
  ["before it arrived", "cutBefore"],
  ["after it arrived", "cut"],
] as const)(
  "a take-over that was cut off %s is no claim to the customer: adopt counts again",
  async (_, kind) => {
    const journal = journalFolder();
    await enablex.seed(1, { customer_name: "Acme of two", customer_code: "ACME" });
    enablex.server.fault({ kind, method: "PATCH", times: 20 });
    const once = { "enablex:deadlineSeconds": "5" };
    const always = { ...acme, adopt: "always" } as const;
    expect((await catchError(create(always, once, journal))).code).toBe("CONNECTION_LOST");
    enablex.server.faults.clear();
    const sent = enablex.calls(/PATCH/).length;
    const declared = { ...acme, customerName: "Acme of one" };
    expect((await catchError(create(declared, {}, journal))).code).toBe("ALREADY_EXISTS");
    expect(enablex.calls(/PATCH/)).toHaveLength(sent);
  },
);

describe("a create that was cut off", () => {
  const killed = async (
    fault: { kind: "cut" } | { kind: "late"; ms: number } | { kind: "hangAfter" },
    inputs: EnableXInputs,
  ) => {
    const journal = journalFolder();
    enablex.server.fault({ ...fault, method: "POST", path: "/customers$" });
    // Its process ends here: no test waits for it, and what it still sends gets no
    // answer.
    const creating = create(inputs, { "enablex:settleSeconds": "0" }, journal);
    await eventually(() => expect(posts()).toBe(1), creating);
    return journal;
  };

  test('is completed by the next up, even with adopt "never"', async () => {
    const journal = await killed({ kind: "hangAfter" }, { ...acme, adopt: "never" });
    const { id } = await create({ ...acme, adopt: "never" }, {}, journal);
    expect(enablex.customers()).toMatchObject([{ id }]);
    expect(posts()).toBe(1);
  });

  test("is not resumed by another stack", async () => {
    const journal = await killed({ kind: "hangAfter" }, { ...acme, adopt: "never" });
    const other = { ...acme, adopt: "never", __stack: "ucaas/two" } as const;
    expect(await catchError(create(other, {}, journal))).toMatchObject({
      code: "JOURNAL_OTHER_STACK",
    });
  });

  test("and whose reply was read is resumed by its id, even with a changed declaration", async () => {
    const journal = journalFolder();
    const { id } = await create(acme, {}, journal);
    const { id: again } = await create(
      { ...acme, customerName: "Acme Ltd", customerCode: "ACME" },
      {},
      journal,
    );
    expect(again).toBe(id);
    expect(enablex.customers()).toMatchObject([{ customer_name: "Acme Ltd" }]);
  });

  test("is found by its code when an earlier release noted an empty id", async () => {
    const journal = journalFolder();
    const { id } = await create(acme, {}, journal);
    for (const name of readdirSync(journal)) {
      const file = join(journal, name);
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(`"id":"${id}"`, '"id":""'));
    }
    expect((await create(acme, {}, journal)).id).toBe(id);
    expect(posts()).toBe(1);
  });

  test("is waited for while it may still arrive", async () => {
    const journal = journalFolder();
    enablex.server.fault({ kind: "delay", ms: 1_000, method: "POST", path: "/customers$" });
    const patient = { "enablex:settleSeconds": "60" };
    const creating = create(acme, patient, journal);
    await eventually(() => expect(posts()).toBe(1), creating);
    const { id } = await create(acme, patient, journal);
    expect(enablex.customers()).toMatchObject([{ id }]);
    expect(posts()).toBe(1);
  });

  test("is no longer of interest once the state has the customer: the journal has forgotten it", async () => {
    const journal = journalFolder();
    const { id, outs } = await create(acme, {}, journal);
    await providersOf(enablex.basic, journal).customer.diff(id, outs as EnableXOutputs, acme);
    expect(await catchError(create({ ...acme, adopt: "never" }, {}, journal))).toMatchObject({
      code: "ALREADY_EXISTS",
    });
  });

  test("by a refusal leaves nothing behind that would make the next one wait or adopt", async () => {
    const journal = journalFolder();
    enablex.server.fault({ kind: "status", status: 406, method: "POST", path: "/customers$" });
    expect(await catchError(create(acme, {}, journal))).toMatchObject({
      code: "VALIDATION_FAILED",
    });
    await enablex.seed(1, {
      customer_name: "Acme",
      customer_code: "ACME",
      contact_email: "it@acme.test",
      office_address: acme.officeAddress && { city: "Leeds", country_id: "235" },
    });
    expect(await catchError(create({ ...acme, adopt: "never" }, {}, journal))).toMatchObject({
      code: "ALREADY_EXISTS",
    });
  });
});
