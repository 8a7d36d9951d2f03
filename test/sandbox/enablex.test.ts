import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EnablexOptions, enablexServer } from "../../sandbox/enablex/server.ts";

let server: ReturnType<typeof enablexServer>;
let defaults: EnablexOptions;
let reseller: Account;

interface Account {
  accessId: string;
  accessKey: string;
  email: string;
  password: string;
}

beforeAll(async () => {
  server = enablexServer();
  defaults = server.options;
  await server.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  server.state = server.vendor.initialState();
  server.setOptions({ ...defaults, resultAs: "number", idsAs: "string" });
  server.received = [];
  reseller = await account("reseller");
});

const control = async (route: string, body: unknown, method = "POST"): Promise<unknown> => {
  const response = await fetch(`${server.control}/${route}`, {
    method,
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
};
const account = (role: string, customer_id?: string) =>
  control("accounts", {
    role,
    ...(customer_id === undefined ? {} : { customer_id }),
  }) as Promise<Account>;

const basic = ({ accessId, accessKey }: Account) => ({
  authorization: `Basic ${Buffer.from(`${accessId}:${accessKey}`).toString("base64")}`,
});

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what is in it
  body: any;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = basic(reseller),
): Promise<Answer> {
  const response = await fetch(server.baseUrl + path, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

const get = (path: string) => call("GET", path);
const acme = { customer_name: "Acme", customer_code: "C1", contact_email: "ann@acme.test" };
async function make(path: string, body: object): Promise<string> {
  const answer = await call("POST", `/${path}`, body);
  if (answer.body?.result !== 1) throw new Error(JSON.stringify(answer));
  return Object.values(answer.body[path.replace(/s$/, "")])[0] as string;
}

describe("the login", () => {
  it("is Basic with access id and key", async () => {
    expect(await get("/customers")).toEqual({ status: 200, body: { result: 1, customers: [] } });
  });

  it.each([
    ["no credentials", {}, 400, 400],
    [
      "a wrong key",
      { authorization: `Basic ${Buffer.from("id:key").toString("base64")}` },
      401,
      401,
    ],
    ["the scheme Bearer", { authorization: "Bearer abc" }, 401, 401],
    ["a token that was never issued", { authorization: "Token abc" }, 401, 1001],
  ])("refuses %s with the guide's code and words", async (_, headers, status, result) => {
    expect(await call("GET", "/customers", undefined, headers)).toEqual({
      status,
      body: { result, msg: expect.any(String), desc: expect.any(String) },
    });
  });

  const login = (
    headers: Record<string, string>,
    body: unknown = { email: reseller.email, password: reseller.password },
  ) => call("POST", "/login", body, headers);

  it("is also a login, whose token is good until its time is over", async () => {
    const { body } = await login({ "x-api-id": reseller.accessId });
    expect(body).toMatchObject({
      token: expect.stringMatching(/^[0-9a-f]{48}$/),
      user: { email: reseller.email },
    });
    const withToken = () =>
      call("GET", "/customers", undefined, { authorization: `Token ${body.token}` });
    expect((await withToken()).status).toBe(200);
    server.setOptions({ clockOffsetSeconds: 1199 });
    expect((await withToken()).status).toBe(200);
    server.setOptions({ clockOffsetSeconds: 1201 });
    expect(await withToken()).toMatchObject({
      status: 403,
      body: { result: 403, msg: "Token has expired." },
    });
    server.setOptions({ expiredAs: 1001 });
    expect(await withToken()).toMatchObject({
      status: 401,
      body: { result: 1001, msg: "Token is not valid." },
    });
  });

  it("of login wants the header X-Api-Id, and e-mail and password of that very account", async () => {
    expect(await login({})).toMatchObject({ status: 400 });
    expect(await login({ "x-api-id": "unknown" })).toMatchObject({ status: 401 });
    expect(
      await login({ "x-api-id": reseller.accessId }, { email: reseller.email, password: "no" }),
    ).toMatchObject({ status: 401 });
    const other = await account("reseller");
    expect(await login({ "x-api-id": other.accessId })).toMatchObject({ status: 401 });
  });

  it("checks the app type: always a given one, and its absence when it is required", async () => {
    const withType = (type: string) =>
      call("GET", "/customers", undefined, { ...basic(reseller), "x-app-type": type });
    expect(await withType("tv")).toMatchObject({ status: 400, body: { result: 1403 } });
    server.setOptions({ requireAppType: true });
    expect(await get("/customers")).toMatchObject({ status: 400, body: { result: 1401 } });
    expect((await withType("vc")).status).toBe(200);
  });
});

describe("roles", () => {
  it("show a reseller only its own customers, and an administrator all of them", async () => {
    const id = await make("customers", acme);
    const as = async (role: string) => {
      const headers = basic(await account(role));
      return [
        (await call("GET", `/customers/${id}`, undefined, headers)).status,
        (await call("GET", "/customers", undefined, headers)).body.customers.length,
      ];
    };
    expect([await as("reseller"), await as("administrator")]).toEqual([
      [404, 0],
      [200, 1],
    ]);
  });

  it("let a customer read itself and manage its users, and no customers", async () => {
    const id = await make("customers", acme);
    const own = basic(await account("customer", id));
    expect((await call("GET", `/customers/${id}`, undefined, own)).status).toBe(200);
    expect((await call("POST", "/customers", { customer_name: "Other" }, own)).body).toMatchObject({
      result: 401,
    });
    expect(
      (await call("PATCH", `/customers/${id}`, { customer_name: "Other" }, own)).body,
    ).toMatchObject({ result: 401 });
    expect(
      (
        await call(
          "POST",
          "/users",
          { user_type: "host", first_name: "Ann", email: "a@b.test", customer_id: id },
          own,
        )
      ).body,
    ).toMatchObject({ result: 1 });
    expect(
      (await call("GET", "/customers", undefined, basic(await account("user")))).body.customers,
    ).toEqual([]);
  });
});

describe("the envelope", () => {
  it("writes result and ids in all four combinations of number and string, in turn", async () => {
    const id = await make("customers", acme);
    server.setOptions({ resultAs: "alternate", idsAs: "alternate" });
    const seen = new Set<string>();
    for (let round = 0; round < 4; round += 1) {
      const { body } = await get(`/customers/${id}`);
      seen.add(`${typeof body.result} ${typeof body.customer.customer_id}`);
    }
    expect([...seen].sort()).toEqual([
      "number number",
      "number string",
      "string number",
      "string string",
    ]);
  });

  it.each<[EnablexOptions["errorsAs"], number, number, unknown]>([
    ["both", 404, 406, { result: 404, msg: "Not Found.", desc: expect.any(String) }],
    ["body", 200, 200, { result: 404, msg: "Not Found.", desc: expect.any(String) }],
    ["status", 404, 406, undefined],
  ])("reports an error in: %s", async (errorsAs, notFound, duplicate, body) => {
    await make("customers", acme);
    server.setOptions({ errorsAs });
    expect(await get("/customers/7")).toEqual({ status: notFound, body });
    expect(await call("POST", "/customers", acme)).toMatchObject({
      status: duplicate,
      body: { result: 1504 },
    });
  });
});

describe("a customer", () => {
  it("is created with little of an answer, and read with every field", async () => {
    const created = await call("POST", "/customers", {
      ...acme,
      status: "S",
      office_address: { city: "Zürich", country_id: countryId("Switzerland") },
    });
    expect(created).toEqual({
      status: 200,
      body: { result: 1, customer: { customer_id: "1001" } },
    });
    const none = {
      address_1: "",
      address_2: "",
      address_3: "",
      city: "",
      state: "",
      zipcode: "",
      country_id: "",
      country: "",
    };
    expect((await get("/customers/1001")).body.customer).toEqual({
      customer_id: "1001",
      ...acme,
      customer_legal_name: "",
      customer_type: "",
      customer_type_ex: "",
      contact_name: "",
      individual: false,
      status: "S",
      status_ex: "Suspended",
      office_address: {
        ...none,
        city: "Zürich",
        country_id: countryId("Switzerland"),
        country: "Switzerland",
      },
      billing_address: none,
    });
  });

  it("is answered in full, or not at all, when it is switched so", async () => {
    server.setOptions({ createReply: "full" });
    expect((await call("POST", "/customers", acme)).body.customer).toMatchObject(acme);
    server.setOptions({ createReply: "none" });
    expect((await call("POST", "/customers", { customer_name: "Other" })).body).toEqual({
      result: 1,
    });
  });

  it("keeps what a PATCH does not name, in its addresses too", async () => {
    const id = await make("customers", {
      ...acme,
      office_address: { city: "Bern", zipcode: "3000" },
    });
    expect(
      (
        await call("PATCH", `/customers/${id}`, {
          contact_name: "Eve",
          office_address: { city: "Basel" },
        })
      ).body,
    ).toEqual({
      result: 1,
    });
    expect((await get(`/customers/${id}`)).body.customer).toMatchObject({
      ...acme,
      contact_name: "Eve",
      office_address: { city: "Basel", zipcode: "3000" },
    });
  });

  it("is gone after a DELETE, and so are its subscriptions and users", async () => {
    const id = await make("customers", acme);
    const user = await make("users", {
      user_type: "host",
      first_name: "Ann",
      email: "a@b.test",
      customer_id: id,
    });
    expect((await call("DELETE", `/customers/${id}`)).body).toEqual({ result: 1 });
    for (const path of [`/customers/${id}`, `/users/${user}`])
      expect((await get(path)).body).toMatchObject({ result: 404 });
    expect((await call("DELETE", `/customers/${id}`)).body).toMatchObject({ result: 404 });
  });

  it("is not deleted while it has subscriptions or users, when it is switched so", async () => {
    server.setOptions({ dependents: "refuse", deletableDependents: true });
    const id = await make("customers", acme);
    const subscription = await make("subscriptions", { customer_id: id, plan_id: "3" });
    expect((await call("DELETE", `/customers/${id}`)).body).toMatchObject({ result: 406 });
    expect((await call("DELETE", `/subscriptions/${subscription}`)).body).toEqual({ result: 1 });
    expect((await call("DELETE", `/customers/${id}`)).body).toEqual({ result: 1 });
  });

  it.each([
    [{ customer_name: undefined }, /customer_name/],
    [{ customer_name: 7 }, /customer_name/],
    [{ contact_email: "ann" }, /contact_email/],
    [{ status: "X" }, /status/],
    [{ individual: "yes" }, /individual/],
    [{ office_address: { country_id: 9999 } }, /office_address\.country_id/],
    [{ office_address: { town: "Bern" } }, /town/],
    [{ nickname: "A" }, /nickname/],
  ])("with %o is refused with 406 that names the field", async (changes, why) => {
    const answer = await call("POST", "/customers", { ...acme, ...changes });
    expect(answer).toMatchObject({
      status: 406,
      body: { result: 406, desc: expect.stringMatching(why) },
    });
    expect(server.state.customers).toEqual({});
  });

  it("ignores read-only fields, or refuses them when it is switched so", async () => {
    const given = {
      ...acme,
      customer_id: 5,
      status_ex: "Active",
      office_address: { country: "Nowhere" },
    };
    const id = await make("customers", given);
    expect((await get(`/customers/${id}`)).body.customer).toMatchObject({
      customer_id: id,
      office_address: { country: "" },
    });
    server.setOptions({ readOnly: "refuse" });
    for (const body of [
      { customer_id: 5 },
      { status_ex: "Active" },
      { office_address: { country: "Nowhere" } },
    ]) {
      expect((await call("PATCH", `/customers/${id}`, body)).body).toMatchObject({
        result: 406,
        desc: expect.stringMatching(/read-only/),
      });
    }
  });

  it("shows a field that was never written as empty text, null, or not at all", async () => {
    const id = await make("customers", acme);
    const legalName = async (absentAs: EnablexOptions["absentAs"]) => {
      server.setOptions({ absentAs });
      const { customer } = (await get(`/customers/${id}`)).body;
      return [customer.customer_legal_name, customer.billing_address?.city];
    };
    expect([await legalName("empty"), await legalName("null"), await legalName("omit")]).toEqual([
      ["", ""],
      [null, undefined],
      [undefined, undefined],
    ]);
  });
});

const countryId = (name: string) => countries.find((row) => row.country === name)!.country_id;
let countries: { country_id: string; country: string; country_code?: string }[];
beforeEach(async () => {
  countries = (await get("/countries")).body.countries;
});

describe("duplicates", () => {
  it("are refused with 1504, the guide's words and the field, in any letter case", async () => {
    await make("customers", acme);
    expect(
      (await call("POST", "/customers", { customer_name: "B", contact_email: "ANN@acme.test" }))
        .body,
    ).toEqual({
      result: 1504,
      msg: "Duplicate data",
      desc: "Email Address is already registered",
      data: { contact_email: "ANN@acme.test" },
    });
    expect(
      (await call("POST", "/customers", { customer_name: "B", customer_code: "c1" })).body,
    ).toMatchObject({
      result: 1504,
      data: { customer_code: "c1" },
    });
    server.setOptions({ uniqueCustomerCode: false });
    expect(
      (await call("POST", "/customers", { customer_name: "B", customer_code: "C1" })).body,
    ).toMatchObject({ result: 1 });
  });

  it("of two creates at once: one is made, the other refused", async () => {
    const both = await Promise.all([
      call("POST", "/customers", acme),
      call("POST", "/customers", acme),
    ]);
    expect(both.map(({ body }) => body.result).sort()).toEqual([1, 1504]);
    expect(Object.keys(server.state.customers)).toHaveLength(1);
  });

  it("are refused in an update as well, except the customer's own value", async () => {
    await make("customers", acme);
    const other = await make("customers", { customer_name: "B", contact_email: "b@b.test" });
    expect(
      (await call("PATCH", `/customers/${other}`, { contact_email: acme.contact_email })).body,
    ).toMatchObject({ result: 1504 });
    expect(
      (await call("PATCH", `/customers/${other}`, { contact_email: "B@B.test" })).body,
    ).toEqual({ result: 1 });
  });
});

describe("a list", () => {
  const names = async (query: string) =>
    ((await get(`/customers?${query}`)).body.customers as { customer_name: string }[]).map(
      (row) => row.customer_name,
    );
  beforeEach(() => control("seed", { customers: 12, fields: { customer_name: "N#" } }));

  it("has pages of ten, or as many as are asked for, in the order of creation", async () => {
    expect(await names("")).toEqual(["N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8", "N9", "N10"]);
    expect(await names("page=2")).toEqual(["N11", "N12"]);
    expect(await names("page=2&page_length=5")).toEqual(["N6", "N7", "N8", "N9", "N10"]);
  });

  it("is empty behind its end, or repeats the last page when it is switched so", async () => {
    expect(await names("page=3")).toEqual([]);
    server.setOptions({ pastTheEnd: "repeat" });
    expect(await names("page=3")).toEqual(["N11", "N12"]);
  });

  it("cuts a page that is too long", async () => {
    server.setOptions({ longestPage: 3 });
    expect(await names("page_length=500")).toEqual(["N1", "N2", "N3"]);
  });

  it("finds what contains the text that is sought", async () => {
    expect(await names("search_by=customer_code&search_string=c-1")).toEqual([
      "N1",
      "N10",
      "N11",
      "N12",
    ]);
    expect(await names("search_by=contact_email&search_string=contact-7@customers.test")).toEqual([
      "N7",
    ]);
  });

  it("has short rows when it is switched so", async () => {
    server.setOptions({ listRows: "short" });
    expect((await get("/customers?page_length=1")).body.customers).toEqual([
      { customer_id: "1001", customer_name: "N1" },
    ]);
  });

  it.each(["page=0", "page=x", "page_length=-1", "search_by=shoe_size&search_string=4"])(
    "refuses %s",
    async (query) => {
      expect((await get(`/customers?${query}`)).body).toMatchObject({ result: 406 });
    },
  );
});

it("300 customers are seeded by one request and read in three", async () => {
  const { customer_ids } = (await control("seed", { customers: 300 })) as {
    customer_ids: string[];
  };
  expect(new Set(customer_ids).size).toBe(300);
  const pages = [1, 2, 3].map((page) => get(`/customers?page=${page}&page_length=100`));
  expect((await Promise.all(pages)).flatMap(({ body }) => body.customers)).toHaveLength(300);
});

describe("a write that is seen late", () => {
  it("is hidden from the given number of reads, and duplicates are still found", async () => {
    server.setOptions({ visibleAfterReads: 2 });
    const id = await make("customers", acme);
    expect((await call("POST", "/customers", acme)).body).toMatchObject({ result: 1504 });
    expect((await get(`/customers/${id}`)).status).toBe(404);
    expect((await get("/customers")).body.customers).toEqual([]);
    expect((await get("/customers")).body.customers).toHaveLength(1);

    await call("PATCH", `/customers/${id}`, { contact_name: "Eve" });
    const seen = [];
    for (let round = 0; round < 3; round += 1)
      seen.push((await get(`/customers/${id}`)).body.customer.contact_name);
    expect(seen).toEqual(["", "", "Eve"]);

    await call("DELETE", `/customers/${id}`);
    const statuses = [];
    for (let round = 0; round < 3; round += 1)
      statuses.push((await get(`/customers/${id}`)).status);
    expect(statuses).toEqual([200, 200, 404]);
  });

  it("is not seen before its time", async () => {
    server.setOptions({ visibleAfterMs: 60_000 });
    const id = await make("customers", acme);
    expect((await get(`/customers/${id}`)).status).toBe(404);
    server.setOptions({ clockOffsetSeconds: 61 });
    expect((await get(`/customers/${id}`)).status).toBe(200);
  });
});

describe("subscriptions and users", () => {
  it("are created for an existing customer, read, listed and updated", async () => {
    const id = await make("customers", acme);
    const subscription = await make("subscriptions", {
      customer_id: Number(id),
      plan_id: "3",
      seats: 10,
    });
    await call("PATCH", `/subscriptions/${subscription}`, { plan_id: "4" });
    const labels = { status: "A", status_ex: "Active" };
    const expected = {
      subscription_id: subscription,
      customer_id: id,
      plan_id: "4",
      seats: 10,
      subscription: labels,
    };
    expect((await get(`/subscriptions/${subscription}`)).body.subscription).toEqual(expected);
    expect((await get("/subscriptions?page=1")).body.subscriptions).toEqual([expected]);
    await call("PATCH", `/subscriptions/${subscription}`, {
      subscription: { status: "S" },
      user_license: { qty: 5 },
    });
    await call("PATCH", `/subscriptions/${subscription}`, { user_license: { unit: 2 } });
    expect((await get(`/subscriptions/${subscription}`)).body.subscription).toMatchObject({
      subscription: { status: "S" },
      user_license: { qty: 5, unit: 2 },
    });
    server.setOptions({ subscriptionStatus: "flat" });
    expect((await get(`/subscriptions/${subscription}`)).body.subscription).toMatchObject({
      status: "S",
      status_ex: "Suspended",
    });
  });

  it("a user's create returns the name as well, and plan ids are text, as the pages say", async () => {
    const ann = {
      user_type: "host",
      first_name: "Ann",
      last_name: "Lee",
      email: "ann@acme.test",
      send_welcome_mail: true,
    };
    expect((await call("POST", "/users", ann)).body).toMatchObject({
      user: { user_id: expect.anything(), name: "Ann Lee" },
    });
    const id = await make("customers", acme);
    expect(
      (await call("POST", "/subscriptions", { customer_id: id, plan_id: 3 })).body,
    ).toMatchObject({ result: 406 });
  });

  it("are refused with error and description where it is switched so", async () => {
    server.setOptions({ errorWords: "error" });
    expect((await get("/users/7")).body).toEqual({
      result: 404,
      error: "Not Found.",
      description: "There is no user 7",
    });
  });

  it("are not created for a missing customer, or for another reseller's", async () => {
    const foreign = await make("customers", acme);
    reseller = await account("reseller");
    for (const customer_id of ["7", foreign]) {
      expect(
        (await call("POST", "/subscriptions", { customer_id, plan_id: "3" })).body,
      ).toMatchObject({
        result: 406,
        data: { customer_id },
      });
    }
  });

  it("do not move to another customer", async () => {
    const [one, other] = [
      await make("customers", acme),
      await make("customers", { customer_name: "B" }),
    ];
    const subscription = await make("subscriptions", { customer_id: one, plan_id: "3" });
    expect(
      (await call("PATCH", `/subscriptions/${subscription}`, { customer_id: other })).body,
    ).toMatchObject({ result: 406 });
    expect(
      (await call("PATCH", `/subscriptions/${subscription}`, { customer_id: Number(one) })).body,
    ).toEqual({ result: 1 });
  });

  it("of one e-mail address there is one user, whose password is never shown", async () => {
    const ann = {
      user_type: "host",
      first_name: "Ann",
      email: "ann@acme.test",
      password: "hidden-7",
    };
    const user = await make("users", ann);
    expect((await call("POST", "/users", ann)).body).toMatchObject({
      result: 1504,
      data: { email: "ann@acme.test" },
    });
    const { body } = await get(`/users/${user}`);
    expect(body.user).toMatchObject({ user_id: user, first_name: "Ann" });
    expect(JSON.stringify(body)).not.toContain("hidden-7");
  });

  it("have no DELETE, unless it is switched on", async () => {
    const user = await make("users", {
      user_type: "host",
      first_name: "Ann",
      email: "ann@acme.test",
    });
    expect((await call("DELETE", `/users/${user}`)).body).toMatchObject({ result: 404 });
    expect((await get(`/users/${user}`)).status).toBe(200);
  });
});

describe("the master lists", () => {
  it("have every country once, with its ISO code, or without it when it is switched so", async () => {
    expect(countries.length).toBeGreaterThan(240);
    expect(new Set(countries.map((row) => row.country_id)).size).toBe(countries.length);
    expect(countries.find((row) => row.country_code === "CH")).toMatchObject({
      country: "Switzerland",
    });
    server.setOptions({ countryCodes: false });
    expect(Object.keys((await get("/countries")).body.countries[0])).toEqual([
      "country_id",
      "country",
    ]);
  });

  it("have the time zones", async () => {
    expect((await get("/timezones")).body.timezones).toContainEqual({
      timezone_id: expect.any(String),
      timezone: "Europe/Zurich",
    });
  });
});

it.each([
  ["POST", "/customers", "{", { "content-type": "application/json" }, 1002],
  ["POST", "/customers", "[]", { "content-type": "application/json" }, 1002],
  ["POST", "/customers", "{}", { "content-type": "text/plain" }, 400],
  ["PUT", "/customers/1", "{}", {}, 404],
  ["GET", "/customers/1/2", undefined, {}, 404],
  ["GET", "/meetings", undefined, {}, 404],
])("%s %s with %s is refused", async (method, path, body, headers, result) => {
  expect(
    (await call(method, path, body, { ...headers, ...basic(reseller) } as Record<string, string>))
      .body,
  ).toMatchObject({ result });
});

it("an out-of-band change is a merge into the state", async () => {
  const id = await make("customers", acme);
  await control("state", { customers: { [id]: { fields: { contact_name: "Eve" } } } }, "PATCH");
  expect((await get(`/customers/${id}`)).body.customer).toMatchObject({
    ...acme,
    contact_name: "Eve",
  });
});
