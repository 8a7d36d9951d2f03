import { describe, expect, test } from "vitest";
import { engineConfig } from "../../stacks/engine-config.ts";
import { guardErrors } from "../../stacks/guard.ts";
import { fromResources } from "../../stacks/last-update.ts";
import { stackOf } from "./stack-of.ts";

const urn = (types: string, name: string) => `urn:pulumi:acme::ucaas::${types}::${name}`;
const customer = "ucaas:index:Customer";

/** A resource of a customer, as the engine hands it out. */
const child = (type: string, name: string, outputs: object = {}) => ({
  [urn(`${customer}$pulumi-nodejs:dynamic/ucaas:${type}`, name)]: { outputs },
});

/** The state of an update that had these customers, each with a licence of this tenant. */
const lastUpdate = (tenants: Record<string, string>, more: Record<string, unknown> = {}) =>
  fromResources({
    [urn("pulumi:pulumi:Stack", "ucaas-acme")]: { outputs: { customers: {} } },
    ...Object.fromEntries(
      Object.entries(tenants).flatMap(([slug, tenantId]) => [
        [urn(customer, slug), { outputs: {} }],
        ...Object.entries(child("XimaLicense", slug, { ccId: { tenantId } })),
      ]),
    ),
    ...more,
  });

function guard(
  files: Record<string, string | Uint8Array>,
  last: Record<string, string>,
  more?: Record<string, unknown>,
) {
  const stack = stackOf(files);
  const customers = stack.customers(stack.asWritten);
  return guardErrors(stack, stack.asWritten, customers, lastUpdate(last, more));
}

const stackFile = (customers: string, more = "") => ({
  "Pulumi.acme.yaml": `config:\n  ucaas:customers: ${customers}\n${more}`,
});
const missing = (slugs: string) =>
  expect.stringContaining(`${slugs} of the last update: no file declares`);

describe("a customer of the last update that no file declares", () => {
  const last = { acme: "acme", bakery: "bakery" };

  test.each([
    ["its section is gone", stackFile("{acme: {name: A, xima: {}}}"), "customer bakery"],
    ["the map is emptied", stackFile("{}"), "customers acme, bakery"],
    ["the map is null", stackFile("null"), "customers acme, bakery"],
    ["the key is gone", { "Pulumi.acme.yaml": "config: {}\n" }, "customers acme, bakery"],
    ["the stack's file is gone", {}, "customers acme, bakery"],
    [
      "its own file has another ending",
      {
        ...stackFile("{acme: {name: A, xima: {}}}"),
        "customers/acme/bakery.yml": "name: B\nxima: {}\n",
      },
      "customer bakery",
    ],
    [
      "its own file is in a subfolder",
      {
        ...stackFile("{acme: {name: A, xima: {}}}"),
        "customers/acme/x/bakery.yaml": "name: B\nxima: {}\n",
      },
      "customer bakery",
    ],
    [
      "the stack has another name than its folder",
      { ...stackFile("{}"), "customers/old/acme.yaml": "name: A\n" },
      "customers acme, bakery",
    ],
    [
      "its slug is written otherwise",
      stackFile("{acme: {name: A, xima: {}}, Bakery: {name: B, xima: {}}}"),
      "customer bakery",
    ],
  ])("is an error: %s", (_, files, slugs) => expect(guard(files, last)).toEqual([missing(slugs)]));

  test("is reported with the files that were searched and found, and what to do", () => {
    expect(
      guard(
        {
          ...stackFile("{acme: {name: A, xima: {}}}"),
          "customers/old/bakery.yml": "name: B\nxima: {}\n",
        },
        last,
      ),
    ).toEqual([
      `stacks/Pulumi.acme.yaml customer bakery of the last update: no file declares it now [CUSTOMER_MISSING]
    searched: stacks/Pulumi.acme.yaml (ucaas:customers), stacks/customers/acme/<slug>.yaml
    found, but not read: stacks/customers/old/bakery.yml
    What to do: restore the section or the file.
      To delete the customer: list the slug under ucaas:removed, such as ucaas:removed: [bakery]
      After a change of the slug: write renamedFrom: bakery in the new section.`,
    ]);
  });

  test("is no error if its slug is under ucaas:removed, nor after it is gone", () => {
    const files = stackFile("{acme: {name: A, xima: {}}}", "  ucaas:removed: [bakery]\n");
    expect(guard(files, last)).toEqual([]);
    expect(guard(files, { acme: "acme" })).toEqual([]);
  });

  test("is no error if it has its own file, or on a first update", () => {
    expect(
      guard(
        {
          ...stackFile("{acme: {name: A, xima: {}}}"),
          "customers/acme/bakery.yaml": "name: B\nxima: {}\n",
        },
        last,
      ),
    ).toEqual([]);
    expect(
      guard(
        { ...stackFile("{acme: {name: A, xima: {}}}"), "customers/acme/bakery.yaml": "name: [B\n" },
        last,
      ),
    ).toEqual([]);
    expect(guard(stackFile("{acme: {name: A, xima: {}}}"), {})).toEqual([]);
  });

  test("is no error if a customer is renamed from it", () => {
    expect(
      guard(
        stackFile("{acme: {name: A, xima: {}}, baker: {name: B, renamedFrom: bakery, xima: {}}}"),
        last,
      ),
    ).toEqual([]);
    expect(
      guard(
        stackFile("{acme: {name: A, xima: {}}, baker: {name: B, renamedFrom: bakery, xima: {}}}"),
        {
          acme: "acme",
          baker: "bakery",
        },
      ),
    ).toEqual([]);
  });
});

describe("what the files of another stack declare", () => {
  const own = (removed: string, customers = "{}") =>
    stackFile(customers, `  ucaas:removed: [${removed}]\n`);
  const inB = (section: string) => ({
    "Pulumi.b.yaml": "config: {}\n",
    "customers/b/acme.yaml": `name: A\n${section}\n`,
  });
  const tenant = { ccId: { resellerId: "voicehouse", tenantId: "acme" } };
  const licence = child("XimaLicense", "acme", tenant);
  const xima = "xima: {ccId: {resellerId: voicehouse}}";
  const last = { acme: "acme" };

  test("a removed customer that another stack declares is an error: it would be deleted there", () => {
    expect(guard({ ...own("acme"), ...inB(xima) }, last, licence)).toEqual([
      `stacks/Pulumi.acme.yaml customer acme of the last update would be deleted: stack b declares it (stacks/customers/b/acme.yaml:2:1) [MOVED_TO_OTHER_STACK]
    What to do: 1. Take acme out of ucaas:removed.
    2. Run: pulumi state move --source acme --dest b 'urn:pulumi:acme::test::ucaas:index:Customer::acme'
    3. Run pulumi up for b, then for acme.
    If stack b is at another server: write xima:baseUrl into its stack file.
    If b has customers already: see docs/stack-files.md, Moving a customer to another stack.
    To delete instead: take it out of stack b.`,
    ]);
  });

  test("is never offered for deletion, nor as a rename of this stack", () => {
    const [error, ...others] = guard({ ...stackFile("{}"), ...inB(xima) }, last, licence);
    expect(others).toEqual([]);
    expect(error).toContain("[MOVED_TO_OTHER_STACK]");
    expect(error).not.toMatch(/ucaas:removed|renamedFrom/);
  });

  test("under another slug is an error too, which says that renamedFrom is needed there", () => {
    const renamed = "xima: {ccId: {resellerId: voicehouse, tenantId: acme}}";
    const files = {
      "Pulumi.b.yaml": "config: {}\n",
      "customers/b/north.yaml": `name: N\n${renamed}\n`,
    };
    const [error] = guard({ ...own("acme"), ...files }, last, licence);
    expect(error).toContain("2. Write renamedFrom: acme in the section north.");
    files["customers/b/north.yaml"] += "renamedFrom: acme\n";
    expect(guard({ ...own("acme"), ...files }, last, licence)[0]).not.toContain(
      "Write renamedFrom",
    );
  });

  test.each([
    [
      "XelionTenantProvision",
      { serverUrl: "https://pbx.example/", tenantName: "acme" },
      "xelion: {serverUrl: https://pbx.example}",
    ],
    ["EnableXCustomer", { customerId: "1001", customerCode: "acme" }, "enablex: {}"],
    [
      "EnableXCustomer",
      { customerId: "1001", contactEmail: "IT@acme.example" },
      "enablex: {customerCode: null, contactEmail: it@acme.example}",
    ],
    [
      "NetsapiensOAuthClient",
      { apiUrl: "https://a.example", clientId: "x" },
      "netsapiens: {apiUrl: https://a.example, clientId: x}",
    ],
  ])("is compared for a %s", (type, outputs, section) => {
    const found = guard({ ...own("acme"), ...inB(section) }, last, child(type, "acme", outputs));
    expect(found).toEqual([expect.stringContaining("[MOVED_TO_OTHER_STACK]")]);
  });

  test("a removed system that another stack declares is an error, and cannot be moved alone", () => {
    const more = { ...licence, ...child("EnableXCustomer", "acme", { customerCode: "acme" }) };
    const files = { ...own("acme.enablex", `{acme: {name: A, ${xima}}}`), ...inB("enablex: {}") };
    expect(guard(files, last, more)).toEqual([
      `stacks/Pulumi.acme.yaml acme.enablex of the last update would be deleted: stack b declares it (stacks/customers/b/acme.yaml:2:1) [MOVED_TO_OTHER_STACK]
    What to do: 1. Restore the section here: only a whole customer can be moved.
    2. Take it out of stack b.
    If stack b is at another server: write enablex:baseUrl into its stack file.
    To delete it here: take it out of stack b first.`,
    ]);
  });

  test("is no obstacle at another server, for another tenant, or for a DID, which stays", () => {
    const other = "xima: {ccId: {resellerId: voicehouse, tenantId: other}}";
    expect(guard({ ...own("acme"), ...inB(other) }, last, licence)).toEqual([]);
    const sandbox = {
      ...inB(xima),
      "Pulumi.b.yaml": "config: {xima:baseUrl: https://x.example}\n",
    };
    expect(guard({ ...own("acme"), ...sandbox }, last, licence)).toEqual([]);
    const client = { apiUrl: "https://a.example", clientId: "x", did: "3125550100" };
    const did = "netsapiens: {apiUrl: https://a.example, clientId: y, did: '3125550100'}";
    const had = child("NetsapiensOAuthClient", "acme", client);
    expect(guard({ ...own("acme"), ...inB(did) }, last, had)).toEqual([]);
  });

  test("a customer found in the files of another stack is named with that stack", () => {
    const [error] = guard({ ...stackFile("{}"), ...inB("") }, last);
    expect(error).toContain("no file declares it now [CUSTOMER_MISSING]");
    expect(error).toContain("declared in stack b: stacks/customers/b/acme.yaml:1:1");
    expect(error).not.toContain("found, but not read");
  });
});

describe("a section of the last update that no file declares", () => {
  const last = { acme: "acme" };
  const enablex = {
    ...child("EnableXCustomer", "acme", { customerId: "1001" }),
    ...child("EnableXUser", "acme-ada", { customerId: "1001" }),
    ...child("EnableXSubscription", "acme-meetings", { customerId: "1001" }),
  };
  const both = "{acme: {name: A, xima: {}, enablex: {users: {ada: {}}, subscriptions: {m: {}}}}}";
  const ximaAlone = stackFile("{acme: {name: A, xima: {}}}");
  const lost = (what: string) =>
    expect.stringMatching(`${what} of the last update: no file .* \\[SECTION_MISSING\\]`);

  test("is an error: the customer's own file, which had the section, was not committed", () => {
    const files = { ...ximaAlone, "customers/acme.old/acme.yaml": "enablex: {}\n" };
    expect(guard(files, last, enablex)).toEqual([
      `stacks/Pulumi.acme.yaml acme.enablex of the last update: no file declares it now [SECTION_MISSING]
    searched: stacks/Pulumi.acme.yaml (ucaas:customers), stacks/customers/acme/<slug>.yaml
    found, but not read: stacks/customers/acme.old/acme.yaml
    What to do: restore the section or the file.
      To delete what a customer has in a system: list it under ucaas:removed, such as ucaas:removed: [acme.enablex]`,
    ]);
  });

  test("names no file as unread that is read", () => {
    const files = { ...stackFile("{}"), "customers/acme/acme.yaml": "name: A\nxima: {}\n" };
    expect(guard(files, last, enablex)).toEqual([lost("acme.enablex")]);
    expect(guard(files, last, enablex)[0]).not.toContain("found, but not read");
  });

  test.each([
    [
      "one of two systems",
      "{acme: {name: A, enablex: {users: {}, subscriptions: {}}}}",
      "acme.xima",
    ],
    ["both systems", "{acme: {name: A}}", "acme.xima, acme.enablex"],
    [
      "all users",
      "{acme: {name: A, xima: {}, enablex: {subscriptions: {}}}}",
      "acme.enablex.users",
    ],
    [
      "all subscriptions",
      "{acme: {name: A, xima: {}, enablex: {users: {}}}}",
      "acme.enablex.subscriptions",
    ],
    [
      "a system, with a change of the slug",
      "{new: {name: A, renamedFrom: acme, xima: {}}}",
      "new.enablex",
    ],
  ])("is an error: %s", (_, customers, what) =>
    expect(guard(stackFile(customers), last, enablex)).toEqual([lost(what)]),
  );

  test("is no error if it is under ucaas:removed, nor after it is gone", () => {
    const files = stackFile("{acme: {name: A, xima: {}}}", "  ucaas:removed: [acme.enablex]\n");
    expect(guard(files, last, enablex)).toEqual([]);
    expect(guard(files, last)).toEqual([]);
  });

  test("under ucaas:removed, of another system or the former slug, is an error", () => {
    const of = (customers: string, entry: string) =>
      guard(stackFile(customers, `  ucaas:removed: [${entry}]\n`), last, enablex);
    expect(of("{acme: {name: A, xima: {}}}", "acme.xelion")).toEqual([lost("acme.enablex")]);
    expect(of("{new: {name: A, renamedFrom: acme, xima: {}}}", "acme.enablex")).toEqual([
      lost("new.enablex"),
    ]);
    expect(of("{}", "acme.enablex")).toEqual([missing("customer acme")]);
  });

  test("is no error if single users go, if a list says it is empty, or on a first update", () => {
    expect(guard(stackFile(both), last, enablex)).toEqual([]);
    const more = { ...enablex, ...child("EnableXUser", "acme-bob", { customerId: "1001" }) };
    expect(guard(stackFile(both), last, more)).toEqual([]);
    const none = "{acme: {name: A, xima: {}, enablex: {users: {}, subscriptions: {}}}}";
    expect(guard(stackFile(none), last, enablex)).toEqual([]);
    expect(guard(stackFile("{acme: {name: A}}"), {})).toEqual([]);
  });

  test("says how all users are deleted on purpose", () => {
    const files = stackFile("{acme: {name: A, xima: {}, enablex: {subscriptions: {}}}}");
    const [error] = guard(files, last, enablex);
    expect(error).toContain(
      "To delete all users of a customer: write users: {} in its section enablex.",
    );
    expect(error).not.toContain("ucaas:removed");
  });

  test("counts no user of another customer, and no resource that is not part of a customer", () => {
    const others = {
      ...child("EnableXCustomer", "acme", { customerId: "1001" }),
      ...child("EnableXCustomer", "acme-north", { customerId: "1002" }),
      ...child("EnableXUser", "acme-north-ada", { customerId: "1002" }),
      [urn("pulumi-nodejs:dynamic/ucaas:NetsapiensOAuthClient", "acme")]: { outputs: {} },
    };
    const files = stackFile(
      "{acme: {name: A, xima: {}, enablex: {}}, acme-north: {name: N, xima: {}, enablex: {}}}",
    );
    expect(guard(files, last, others)).toEqual([lost("acme-north.enablex.users")]);
  });

  test("is not reported of a file that cannot be read, which is an error by itself", () => {
    const files = { ...stackFile("{}"), "customers/acme/acme.yaml": "name: [A\n" };
    expect(guard(files, last, enablex)).toEqual([]);
  });
});

describe("a contradiction is an error:", () => {
  test("a customer that is declared and listed as removed", () => {
    expect(guard(stackFile("{acme: {name: A}}", "  ucaas:removed: [old, acme]\n"), {})).toEqual([
      "stacks/Pulumi.acme.yaml:3:24 ucaas:removed lists acme, which is declared (stacks/Pulumi.acme.yaml:2:21): keep one of the two",
    ]);
  });

  test("a customer that is listed as removed, and whose own file cannot be read", () => {
    const files = {
      ...stackFile("{}", "  ucaas:defaults: {name: A}\n  ucaas:removed: [acme]\n"),
      "customers/acme/acme.yaml": new Uint8Array([0xff]),
    };
    expect(guard(files, {})).toEqual([
      "stacks/Pulumi.acme.yaml:4:19 ucaas:removed lists acme, which is declared (stacks/customers/acme/acme.yaml:1:1): keep one of the two",
    ]);
  });

  test("a section that is declared and listed as removed", () => {
    const files = stackFile("{acme: {name: A, xima: {}}}", "  ucaas:removed: [acme.xima]\n");
    expect(guard(files, {})).toEqual([
      "stacks/Pulumi.acme.yaml:3:19 ucaas:removed lists acme.xima, which is declared (stacks/Pulumi.acme.yaml:2:37): keep one of the two",
    ]);
  });

  test("a customer that is renamed and listed as removed", () => {
    expect(
      guard(stackFile("{new: {name: A, renamedFrom: old, xima: {}}}", "  ucaas:removed: [old]\n"), {
        old: "old",
      }),
    ).toEqual([
      "stacks/Pulumi.acme.yaml:3:19 ucaas:removed lists old, which new is renamed from: keep one of the two",
    ]);
  });

  test("a rename to an existing customer", () => {
    expect(
      guard(stackFile("{new: {name: A, renamedFrom: old, xima: {ccId: {tenantId: new}}}}"), {
        old: "old",
        new: "new",
      }),
    ).toEqual([
      expect.stringMatching(
        /^stacks\/Pulumi\.acme\.yaml:2:49 new\.renamedFrom: the last update has new and old, and only one of them can be new\./,
      ),
    ]);
  });
});

describe("an id that followed from another slug", () => {
  const lost = expect.stringMatching(
    /^stacks\/Pulumi\.acme\.yaml:2:\d+ new\.xima\.ccId\.tenantId would become \S+: the last update has another one.* \[ID_LOST\]/,
  );

  test.each([
    [
      "renamedFrom is taken out after the rename",
      "{new: {name: A, xima: {}}}",
      { new: "old" },
      [lost],
    ],
    [
      "a second rename names the last slug only",
      "{new: {name: A, renamedFrom: mid, xima: {}}}",
      { mid: "old" },
      [lost],
    ],
    ["a written id is lost", "{new: {name: A, xima: {}}}", { new: "written" }, [lost]],
    [
      "a second rename names all slugs, the oldest first",
      "{new: {name: A, renamedFrom: [old, mid], xima: {}}}",
      { mid: "old" },
      [],
    ],
    [
      "renamedFrom is replaced by the id",
      "{new: {name: A, xima: {ccId: {tenantId: old}}}}",
      { new: "old" },
      [],
    ],
    [
      "another id is written, which is meant",
      "{new: {name: A, xima: {ccId: {tenantId: other}}}}",
      { new: "old" },
      [],
    ],
  ])("%s", (_, customers, last, faults) =>
    expect(guard(stackFile(customers), last)).toEqual(faults),
  );
});

describe("the engine's config", () => {
  const read = (values: Record<string, string>) =>
    engineConfig({ get: (key) => values[key], isSecret: (key) => key === "ucaas:customers" });

  test("is a map, empty, or the text that it is, and never an error without a place", () => {
    expect(read({ "ucaas:customers": '{"a":{}}', "ucaas:removed": '["b"]' })).toMatchObject({
      customers: { a: {} },
      defaults: undefined,
      removed: ["b"],
    });
    expect(read({ "ucaas:customers": "", "ucaas:defaults": "null" })).toMatchObject({
      customers: null,
      defaults: null,
    });
    expect(read({ "ucaas:customers": "{not json", "ucaas:defaults": "[1]" })).toMatchObject({
      customers: "{not json",
      defaults: [1],
    });
    expect([read({}).isSecret("customers"), read({}).isSecret("defaults")]).toEqual([true, false]);
  });
});
