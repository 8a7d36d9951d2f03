import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import PQueue from "p-queue";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EnableXClient } from "../../provider/enablex/client.ts";
import { enablexConfig } from "../../provider/enablex/config.ts";
import { customerType } from "../../provider/enablex/resource-types.ts";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import { readConfig } from "../../provider/runtime/config.ts";
import type { PartialFailure } from "../../provider/runtime/errors.ts";
import { eventually } from "../eventually.ts";
import {
  catchError,
  type EnablexReseller,
  enablexReseller,
  journalFolder,
  providersOf,
} from "./enablex-server.ts";

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

type Provider = ReturnType<typeof providersOf>["customer"];

const customer = (number: number): EnableXInputs => ({
  customerName: `Customer ${number}`,
  customerCode: `CODE-${number}`,
  status: "active",
  __stack: "ucaas/one",
});

/** As the engine does it: all new resources are checked, and so many creates run at once. */
async function up(provider: Provider, all: readonly EnableXInputs[], parallel: number) {
  for (const inputs of all) expect((await provider.check({}, inputs)).failures).toEqual([]);
  const queue = new PQueue({ concurrency: parallel });
  return await Promise.allSettled(all.map((inputs) => queue.add(() => provider.create(inputs))));
}

const many = (count: number) => Array.from({ length: count }, (_, index) => customer(index + 1));
const statuses = (results: readonly PromiseSettledResult<unknown>[]) =>
  Map.groupBy(results, ({ status }) => status);

describe.each(["full", "id", "none"] as const)("300 creates whose reply has %s", (createReply) => {
  beforeEach(() => enablex.server.setOptions({ createReply }));

  test("send one request each beside the pages of one list before and one after", async () => {
    const results = await up(providersOf(enablex.basic).customer, many(300), 8);
    expect(statuses(results).get("fulfilled")).toHaveLength(300);
    expect(enablex.customers()).toHaveLength(300);
    expect(enablex.calls(/^POST/)).toHaveLength(300);
    // Without the id in the reply each has to be looked for.
    const listed = enablex.calls(/^GET .customers$/).length - (createReply === "none" ? 300 : 0);
    expect(listed).toBeLessThanOrEqual(1 + 4);
    expect(enablex.calls(/^GET .customers.\d/)).toEqual([]);
  });
});

test("creates among many existing customers find those by the same list", async () => {
  await enablex.seed(250, {
    customer_code: "CODE-#",
    customer_name: "Customer #",
    contact_email: "",
  });
  const results = await up(providersOf(enablex.basic).customer, many(260), 8);
  expect(statuses(results).get("fulfilled")).toHaveLength(260);
  expect(enablex.calls(/^POST/)).toHaveLength(10);
  expect(enablex.customers()).toHaveLength(260);
});

test("a few creates at a reseller with many customers use the search, and never read the list", async () => {
  await enablex.seed(60);
  const config = { ...enablex.basic, "enablex:pageSize": "5" };
  await up(providersOf(config).customer, many(3), 8);
  expect(enablex.calls(/^POST/)).toHaveLength(3);
  expect(enablex.calls(/^GET/).length).toBeLessThanOrEqual(5 + 3 + 3);
});

test("an engine that starts one create after the other still has the list read only twice", async () => {
  await up(providersOf(enablex.basic).customer, many(30), 1);
  expect(enablex.calls(/^GET .customers$/).length).toBeLessThanOrEqual(2 + 2 + 2);
});

describe("another stack that creates the same customers at the same time", () => {
  /** Its POST reached the server after this run's list and before this run's own. */
  const twins = async (numbers: readonly number[]) => {
    enablex.server.setOptions({ uniqueCustomerCode: false });
    const provider = providersOf(enablex.basic).customer;
    const all = many(20);
    enablex.server.fault({ kind: "hold", method: "POST", path: "/customers$", times: 8 });
    const running = up(provider, all, 8);
    await eventually(() => expect(enablex.calls(/^POST/).length).toBe(8), running);
    for (const number of numbers)
      await enablex.seed(1, {
        customer_code: `CODE-${number}`,
        customer_name: `Other ${number}`,
        contact_email: "",
      });
    enablex.server.faults.clear();
    return await running;
  };

  // In the last, each of the creates that look for all has a twin itself.
  test.each([[[1]], [[20]], [[2, 19]], [[2, 13, 14, 15, 16, 17, 18, 19, 20]]])(
    "is reported as AMBIGUOUS with both ids, of the first creates and the last (%j)",
    async (numbers) => {
      const results = await twins(numbers);
      const failed = results
        .filter((result) => result.status === "rejected")
        .map(({ reason }) => reason as PartialFailure);
      expect(failed.length).toBeGreaterThan(0);
      const text = failed.flatMap(({ reasons }) => reasons).join("\n");
      expect(text).toContain("AMBIGUOUS");
      for (const number of numbers)
        for (const { id } of enablex
          .customers()
          .filter((row) => "customer_code" in row && row.customer_code === `CODE-${number}`))
          expect(text).toContain(`customer ${id}`);
      // What this run created stays in the state.
      expect(failed.every((error) => error.name === "PartialFailure")).toBe(true);
      expect(enablex.calls(/^POST/)).toHaveLength(20);
      expect(enablex.calls(/^GET .customers$/).length).toBeLessThanOrEqual(2 + 2);
    },
  );

  test("is no error if the list cannot be read after the creates, and a warning says so", async () => {
    const provider = providersOf(enablex.basic).customer;
    enablex.server.setOptions({ createReply: "full" });
    enablex.server.fault({ kind: "hold", method: "POST", path: "/customers$", times: 2 });
    const posting = up(provider, many(2), 8);
    await eventually(() => expect(enablex.calls(/^POST/).length).toBe(2), posting);
    enablex.server.faults.clear();
    enablex.server.fault({
      kind: "status",
      status: 406,
      method: "GET",
      path: "/customers$",
      times: 100,
    });
    expect(statuses(await posting).get("fulfilled")).toHaveLength(2);
    expect(messages.join()).toContain("could not be checked");
  });
});

test("a value that the server stores differently is reported even after the create returned", async () => {
  enablex.server.setOptions({ createReply: "id" });
  const config = {
    ...enablex.basic,
    "enablex:consistencySeconds": "0.2",
    "enablex:routes": '{"customerFields": {"contactName": "contact_email"}}',
  };
  const all = many(20).map((inputs, index) =>
    index === 0 ? { ...inputs, contactEmail: "a@acme.test", contactName: "b@acme.test" } : inputs,
  );
  const results = await up(providersOf(config).customer, all, 4);
  const failed = results.flatMap((result) =>
    result.status === "rejected" ? [String(result.reason.message)] : [],
  );
  expect(failed.join()).toContain(
    'contactName: declared "b@acme.test", on the server "a@acme.test"',
  );
});

test("a delete that the reply confirms is one request", async () => {
  const { id, outs } = await providersOf(enablex.basic).customer.create(customer(1));
  enablex.server.received = [];
  await providersOf(enablex.basic).customer.delete(id, outs as EnableXOutputs);
  expect(enablex.calls()).toEqual([`DELETE /customers/${id}`]);
});

describe("a wait ends within its time", () => {
  test("where a server asks for a day before the create is repeated, which is then not sent again", async () => {
    enablex.server.fault({
      kind: "status",
      status: 503,
      retryAfter: 86_400,
      method: "POST",
      path: "/customers$",
    });
    const config = { ...enablex.basic, "enablex:settleSeconds": "0.3" };
    const error = await catchError(providersOf(config).customer.create(customer(1)));
    expect(error).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      hint: expect.stringContaining("86400 s"),
    });
    expect(enablex.calls(/^POST/)).toHaveLength(1);
    expect(messages.join()).toContain("looking for up to 0.3 s");
  });

  test("where a list never ends, by time", async () => {
    let id = 0;
    const rows = () =>
      Array.from({ length: 100 }, () => ({
        customer_id: ++id,
        customer_name: "A",
        customer_code: `X-${id}`,
      }));
    const server = createServer((_, response) =>
      response.end(JSON.stringify({ result: 1, customers: rows() })),
    );
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as { port: number };
      const config: Record<string, string> = {
        "enablex:baseUrl": `http://127.0.0.1:${port}`,
        "enablex:accessId": "id",
        "enablex:accessKey": "key-of-a-test",
        "enablex:deadlineSeconds": "1",
      };
      const client = new EnableXClient(
        readConfig(enablexConfig, { get: (key: string) => config[key] }),
      );
      const reading = client.find(customerType, customerType.searches[0]!, {
        customerCode: "ACME",
      });
      await expect(reading).rejects.toMatchObject({ code: "LIST_ENDLESS" });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  describe("on a server that takes 600 ms for a request", () => {
    const slowClient = (config: Record<string, string> = {}) => {
      const begun = performance.now();
      vi.spyOn(performance, "now").mockImplementation(
        () => begun + 600 * enablex.server.received.length,
      );
      const all: Record<string, string> = {
        ...enablex.basic,
        ...config,
        "enablex:deadlineSeconds": "2",
      };
      return new EnableXClient(readConfig(enablexConfig, { get: (key: string) => all[key] }));
    };

    test("where each row of a list has to be read by itself", async () => {
      await enablex.seed(30);
      enablex.server.setOptions({ listRows: "short" });
      const config = { "enablex:routes": '{"customerSearchByCode": "none"}' };
      const [search] = customerType.searches;
      const reading = slowClient(config).find(customerType, search!, { customerCode: "ACME" });
      await expect(reading).rejects.toMatchObject({ code: "LIST_ENDLESS" });
      expect(enablex.calls()).toHaveLength(4);
    });

    test("where a refresh reads the list: the rest is read at once", async () => {
      const ids = await enablex.seed(30);
      const client = slowClient({ "enablex:pageSize": "1" });
      const reads = ids.map((id) => client.readTogether(customerType, id, ["customer_code"]));
      expect((await Promise.all(reads)).every((row) => row !== undefined)).toBe(true);
      expect(enablex.calls(/customers$/)).toHaveLength(4);
      expect(enablex.calls(/customers.\d+$/)).toHaveLength(26);
    });
  });

  test("where the clock that noted a create was ahead", async () => {
    const journal = journalFolder();
    const config = { ...enablex.basic, "enablex:settleSeconds": "0.2" };
    enablex.server.fault({ kind: "cutBefore", method: "POST", path: "/customers$", times: 3 });
    expect(
      await catchError(providersOf(config, journal).customer.create(customer(1))),
    ).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    const [name = ""] = readdirSync(journal).filter((file) => file.endsWith(".json"));
    const entry = JSON.parse(readFileSync(join(journal, name), "utf8"));
    writeFileSync(
      join(journal, name),
      JSON.stringify({ ...entry, intendedAt: "2099-01-01T00:00:00.000Z" }),
    );
    await providersOf(config, journal).customer.create(customer(1));
    expect(enablex.customers()).toHaveLength(1);
  });

  test("where pages repeat in turn", async () => {
    await enablex.seed(25);
    enablex.server.setOptions({ longestPage: 10, pastTheEnd: "repeat" });
    const config = { ...enablex.basic, "enablex:routes": '{"customerSearchByCode": "none"}' };
    await providersOf(config).customer.create(customer(1));
    expect(enablex.calls(/^GET .customers$/).length).toBeLessThanOrEqual(4 + 4);
  });
});
