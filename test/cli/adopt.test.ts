import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { parse } from "yaml";
import { adopt } from "../../cli/adopt/adoption.ts";
import { newFile, withSection, writeCustomerFiles } from "../../cli/adopt/customer-files.ts";
import { declaredAs } from "../../cli/adopt/enablex-section.ts";
import { importFile, unrelatedSteps } from "../../cli/adopt/import-file.ts";
import { findPlaintextSecrets } from "../../cli/adopt/plaintext-secrets.ts";
import { type PlannedCandidate, plan } from "../../cli/adopt/plan.ts";
import { asJson, asTable } from "../../cli/adopt/plan-table.ts";
import { toPlannedResource } from "../../cli/adopt/planned-resource.ts";
import type { Section } from "../../cli/adopt/section.ts";
import { slugOf } from "../../cli/adopt/slug.ts";
import type { Candidate } from "../../cli/adopt/source.ts";
import { withCustomers } from "../../cli/adopt/stack.ts";
import type { Step } from "../../cli/pulumi/preview.ts";
import { configIn, type State } from "../../cli/pulumi/stack.ts";
import { customerType, subscriptionType } from "../../provider/enablex/resource-types.ts";
import { routesSchema } from "../../provider/enablex/routes.ts";
import { slugSchema } from "../../stacks/config.ts";
import { StackFiles } from "../../stacks/stack-files.ts";
import { YamlFile } from "../../stacks/yaml-file.ts";

describe("a customer's slug", () => {
  test("is built from the first name with letters or digits, readably", () => {
    const slug = (...names: string[]) => slugOf(names, () => false);
    const long = "voice ".repeat(40);
    expect(slug(long)).toMatch(/^(voice-)+voi?c?e?$/);
    expect(slug(long).length).toBeLessThanOrEqual(63);
    expect(slugOf([long], (each) => each === slug(long))).toMatch(/^.{1,61}-2$/);
    expect(slug("ACME_01", "Acme Ltd")).toBe("acme-01");
    expect(slug("Bäckerei Zürich")).toBe("baeckerei-zuerich");
    expect(slug("株式会社", "contact 7")).toBe("contact-7");
    expect(slug("--")).toBe("customer");
  });

  test("is a valid and unique slug for any names", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme" }), { maxLength: 3 }),
        fc.integer({ min: 0, max: 2 }),
        (names, others) => {
          const taken = new Set<string>();
          for (let number = 0; number <= others; number++) {
            const slug = slugOf(names, (each) => taken.has(each));
            expect(slugSchema.safeParse(slug).success).toBe(true);
            expect(taken).not.toContain(slug);
            taken.add(slug);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("a customer's file", () => {
  const part = {
    vendor: "xima",
    section: { ccId: { tenantId: "t: 1" }, eliteSeats: "<fill in: seats>" },
    comment: "one\ntwo",
  };

  /** A project with this file, and where its customers' files go. */
  const projectWith = (schema: string) => {
    const project = mkdtempSync(join(tmpdir(), "ucaas-schema-"));
    onTestFinished(() => rmSync(project, { recursive: true }));
    mkdirSync(dirname(join(project, schema)), { recursive: true });
    writeFileSync(join(project, schema), "{}");
    return join(project, "stacks", "customers", "prod");
  };

  test("has the customer's name, the comment and the section, in this order", () => {
    const text = newFile(projectWith("unrelated.json"), "Acme: Ltd", part);
    expect(text).toMatch(/^name: .*\n# one\n# two\nxima:\n/);
    expect(parse(text)).toEqual({ name: "Acme: Ltd", xima: part.section });
  });

  test.each([
    "node_modules/pulumi-ucaas-stacks/customer.schema.json",
    "stacks/customer.schema.json",
  ])("leads editors to the schema where it is: %s", (schema) => {
    const folder = projectWith(schema);
    const [, path = ""] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(
      newFile(folder, "Acme", part),
    )!;
    expect(path).toMatch(/^(\.\.\/){2,3}[^.]/);
    expect(join(folder, path)).toBe(join(folder, "..", "..", "..", schema));
  });

  test("has text in quotes that the program would refuse without them", () => {
    const section = {
      ccId: { tenantId: "yes", tenantName: "2026-01-01" },
      users: { "007": { pin: "1:30" }, on: { mac: "012" } },
    };
    const text = newFile(tmpdir(), "off", { vendor: "xima", section });
    expect(new YamlFile("acme.yaml", text).faults).toEqual([]);
    expect(new YamlFile("acme.yaml", text).value([])).toEqual({ name: "off", xima: section });
  });

  test("gets a further section at its end, and keeps every byte that it has", () => {
    const existing =
      "# ours\nname:   'Acme'  # as on the bill\n\nenablex:\n    customerCode:   ACME\n    # to be asked\n    contactEmail: a@b.example";
    const text = withSection(existing, part);
    expect(text?.startsWith(`${existing}\n`)).toBe(true);
    expect(parse(text ?? "")).toEqual({
      name: "Acme",
      enablex: { customerCode: "ACME", contactEmail: "a@b.example" },
      xima: part.section,
    });
    expect(parse(withSection("", part) ?? "")).toEqual({ xima: part.section });
  });

  test.each([
    ["a map in braces", "{name: Acme}\n"],
    ["a document that is ended", "name: Acme\n...\n"],
    ["a text that goes on to the end", "name: Acme\nnote: |+\n  text\n\nxima:\n"],
    ["what is no map", "- Acme\n"],
    ["what is no YAML", "name: 'Acme\n"],
  ])("is left as it is when nothing can be added at its end: %s", (_, existing) => {
    expect(withSection(existing, part)).toBeUndefined();
  });

  test("is replaced as a whole: who reads it meanwhile has the old text, and its mode stays", () => {
    const base = mkdtempSync(join(tmpdir(), "ucaas-customer-file-"));
    onTestFinished(() => rmSync(base, { recursive: true }));
    const folder = join(base, "customers", "prod");
    const path = join(folder, "acme.yaml");
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, "name: Acme\n", { mode: 0o600 });
    const reader = openSync(path, "r");
    onTestFinished(() => closeSync(reader));
    const planned = (slug: string) =>
      ({
        candidate: { id: slug, section: part.section },
        action: { kind: "joins", slug },
      }) as unknown as PlannedCandidate;
    const files = new StackFiles(base, "prod");
    expect(writeCustomerFiles({ name: "xima" }, files, [planned("acme"), planned("beta")])).toBe(2);
    expect(readFileSync(reader, "utf8")).toBe("name: Acme\n");
    expect(readFileSync(path, "utf8")).toContain("xima:");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["acme.yaml", "beta.yaml"]);
  });
});

describe("the outcome for an existing object", () => {
  const created: string[] = [];
  afterEach(() => {
    for (const folder of created.splice(0)) rmSync(folder, { recursive: true });
  });

  function filesOf(texts: Record<string, string>): StackFiles {
    const base = mkdtempSync(join(tmpdir(), "ucaas-adopt-"));
    created.push(base);
    writeFileSync(join(base, "Pulumi.yaml"), "name: p\nruntime: nodejs\nstackConfigDir: stacks\n");
    for (const [name, text] of Object.entries(texts)) {
      const path = join(base, "stacks", name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    return new StackFiles(join(base, "stacks"), "prod");
  }

  const customer = (id: string, code: string, more: Partial<Candidate> = {}): Candidate => ({
    id,
    cells: [id],
    names: [code, `customer ${id}`],
    name: `Customer ${id}`,
    section: { customerCode: code, customerName: `Customer ${id}` },
    isDeclaredBy: (declared: Section) => declared.customerCode === code,
    match: () => undefined,
    ...more,
  });
  const fates = (
    candidates: Candidate[],
    texts: Record<string, string>,
    {
      state = [] as State[],
      chosen = {} as Record<string, string>,
      account = undefined as string | undefined,
    } = {},
  ) =>
    plan(candidates, {
      vendor: { name: "enablex", type: "EnableXCustomer", account },
      files: filesOf(texts),
      state,
      chosen: new Map(Object.entries(chosen)),
    }).map(({ action }) => action);

  test("it gets a customer of its own, with a free slug", () => {
    expect(fates([customer("1", "ACME"), customer("2", "acme"), customer("3", "%")], {})).toEqual([
      { kind: "new", slug: "acme" },
      { kind: "new", slug: "acme-2" },
      { kind: "new", slug: "customer-3" },
    ]);
  });

  test("it joins the customer of that slug, unless that one has such a section already", () => {
    const texts = {
      "Pulumi.prod.yaml": [
        "config:",
        "  ucaas:customers:",
        "    acme: {name: Acme, xima: {ccId: {resellerId: r}}}",
        "    bakery: {name: B, enablex: {customerCode: OTHER}}",
        "",
      ].join("\n"),
      "customers/prod/clinic.yaml": "name: Clinic\n",
    };
    expect(
      fates([customer("1", "ACME"), customer("2", "Bakery"), customer("3", "Clinic")], texts),
    ).toEqual([
      { kind: "joins", slug: "acme" },
      { kind: "new", slug: "bakery-2" },
      { kind: "joins", slug: "clinic" },
    ]);
  });

  test("the user's choice of a slug counts, where it can", () => {
    const texts = {
      "Pulumi.prod.yaml":
        "config:\n  ucaas:customers:\n    bakery: {name: B, enablex: {customerCode: OTHER}}\n",
    };
    const chosen = { 1: "first", 2: "bakery", 3: "Not one" };
    expect(
      fates([customer("1", "ACME"), customer("2", "X"), customer("3", "Y")], texts, { chosen }),
    ).toEqual([
      { kind: "new", slug: "first" },
      {
        kind: "left out",
        reason: "customer bakery has another enablex already: choose another slug",
      },
      {
        kind: "left out",
        reason:
          '"Not one" is no slug: it must be lower-case letters, digits and hyphens, with a letter or digit at both ends',
      },
    ]);
  });

  test("a declared object is found with its location, under any slug", () => {
    const texts = { "customers/prod/zoo.yaml": "name: Zoo\nenablex: {customerCode: ACME}\n" };
    expect(fates([customer("1", "ACME")], texts)).toEqual([
      { kind: "declared", slug: "zoo", place: "stacks/customers/prod/zoo.yaml:2:1" },
    ]);
  });

  test("an object in the state is skipped, but the same id in another account is not", () => {
    const state = [
      {
        urn: "urn:pulumi:prod::ucaas::ucaas:index:Customer$pulumi-nodejs:dynamic/ucaas:EnableXCustomer::zoo",
        type: "pulumi-nodejs:dynamic/ucaas:EnableXCustomer",
        id: "1",
        inputs: {},
      },
    ];
    expect(fates([customer("1", "ACME")], {}, { state })).toEqual([
      { kind: "managed", slug: "zoo" },
    ]);
    expect(fates([customer("1", "ACME")], {}, { state, account: "north" })).toEqual([
      { kind: "new", slug: "acme" },
    ]);
  });

  test("a resource that the user's own program names is reported by its whole name", () => {
    const type = "pulumi-nodejs:dynamic/ucaas:EnableXCustomer";
    const state = [{ urn: `urn:pulumi:prod::ucaas::${type}::north::acme`, type, id: "1" }];
    expect(fates([customer("1", "ACME")], {}, { state })).toEqual([
      { kind: "managed", slug: "north::acme" },
    ]);
  });

  test("what another stack of the folder declares is left out, with the place where it does", () => {
    const texts = {
      "Pulumi.staging.yaml":
        "config:\n  ucaas:customers:\n    acme: {name: Acme, enablex: {customerCode: ACME}}\n",
    };
    expect(fates([customer("1", "ACME"), customer("2", "B")], texts)).toEqual([
      {
        kind: "left out",
        reason:
          "the EnableX customer code ACME is declared already, for customer acme of stack staging (stacks/Pulumi.staging.yaml:3:48)",
      },
      { kind: "new", slug: "b" },
    ]);
  });

  test("an object with an obstacle is skipped, unless it is declared already", () => {
    const texts = { "customers/prod/zoo.yaml": "name: Zoo\nenablex: {customerCode: ACME}\n" };
    const candidates = [
      customer("1", "ACME", { blockedReason: "no" }),
      customer("2", "B", { blockedReason: "no" }),
    ];
    expect(fates(candidates, texts).map(({ kind }) => kind)).toEqual(["declared", "left out"]);
  });
});

test("config that is no map or cannot be read is refused without showing its content", () => {
  const plain = { "ucaas:customers": { value: "hunter2-canary", secret: true } };
  expect(() => withCustomers(configIn(JSON.stringify(plain)))).toThrow(
    /^ucaas:customers is plain text, not a map \[CONFIG_INVALID\]/,
  );
  expect(() => configIn('warning: {"hunter2-canary"}')).toThrow(
    /^read the stack's config: pulumi printed other JSON than expected \(at the top\) \[PULUMI_FAILED\]/,
  );
});

describe("an adoption that cannot be proved", () => {
  const urn =
    "urn:pulumi:prod::ucaas::ucaas:index:Customer$pulumi-nodejs:dynamic/ucaas:XimaLicense::acme";
  const inputs = { ccId: { resellerId: "r", tenantId: "acme" }, sipCredentials: "[secret]" };
  const secrets = { username: "2000", password: "s1p-canary", sipServer: "s", outboundProxy: "o" };
  const config = {
    get: (key: string) =>
      ({ "xima:baseUrl": "https://x.example/v1", "xima:privateKey": "pem", "xima:keyId": "kid" })[
        key
      ],
    require: String,
    defaults: undefined,
    customers: { acme: { name: "Acme", xima: { ...inputs, sipCredentials: secrets } } },
    isSecret: () => true,
  };

  /** The engine's part played, since it cannot be brought to go wrong just then. */
  async function adoptWith(
    proof: { noChanges: boolean; state: State[] },
    chosen = new Map<string, string>(),
  ) {
    const folder = mkdtempSync(join(tmpdir(), "ucaas-proof-"));
    let imported = false;
    const stack = {
      name: "prod",
      filesFolder: folder,
      resources: async () => (imported ? proof.state : []),
      preview: async () => [
        {
          op: "create",
          urn,
          newState: {
            urn,
            type: "pulumi-nodejs:dynamic/ucaas:XimaLicense",
            inputs,
            additionalSecretOutputs: ["sipCredentials"],
          },
        },
      ],
      import: async () => {
        imported = true;
      },
      readsStackFiles: async () => true,
      hasNoChanges: async () => ({ yes: proof.noChanges, words: "~ update acme" }),
    };
    const candidate: Candidate = {
      id: "r/acme",
      cells: [],
      names: ["acme"],
      section: {},
      isDeclaredBy: () => true,
      match: ({ inputs: given }) => ({
        id: "r/acme",
        inputs: given,
        outputs: async () => ({ ...given }),
      }),
    };
    const vendor = {
      name: "xima",
      type: "XimaLicense",
      account: undefined,
      columns: [],
      candidates: async () => [candidate],
    } as const;
    writeFileSync(
      join(folder, "Pulumi.prod.yaml"),
      "config: {ucaas:customers: {acme: {name: Acme, xima: {ccId: {resellerId: r}}}}}\n",
    );
    try {
      await adopt(vendor, stack, config, { chosen, yes: true, command: "" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** An adoption where the preview is empty, and the state has the licence of acme. */
  async function adoptOf(
    candidates: readonly Candidate[],
    { chosen = new Map<string, string>(), yes = false, json = false },
  ) {
    const folder = mkdtempSync(join(tmpdir(), "ucaas-adopt-of-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(
      join(folder, "Pulumi.prod.yaml"),
      "config: {ucaas:customers: {acme: {name: Acme, xima: {ccId: {resellerId: r}}}, bakery: {name: B, xima: {ccId: {resellerId: r}}}}}\n",
    );
    const stack = {
      name: "prod",
      filesFolder: folder,
      resources: async () => [
        { urn, type: "pulumi-nodejs:dynamic/ucaas:XimaLicense", id: "r/acme" },
      ],
      preview: async () => [],
      import: async () => expect.unreachable(),
      readsStackFiles: async () => true,
      hasNoChanges: async () => ({ yes: true, words: "" }),
    };
    const vendor = {
      name: "xima",
      type: "XimaLicense",
      account: undefined,
      columns: [],
      candidates: async () => [...candidates],
    } as const;
    const output = vi.spyOn(console, "log").mockImplementation(() => {});
    const failure = await adopt(vendor, stack, config, { chosen, yes, json, command: "" }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    const printed = output.mock.calls.flat().join("\n");
    output.mockRestore();
    return { printed, failure, files: readdirSync(folder) };
  }

  test("since the preview is not empty, says what the preview says", async () => {
    await expect(adoptWith({ noChanges: false, state: [] })).rejects.toThrow(
      /the preview after the import is not empty:\n~ update acme \[NOT_PROVED\]/,
    );
  });

  test("does not start when a slug is chosen for an object that does not exist", async () => {
    const run = adoptWith({ noChanges: true, state: [] }, new Map([["r/acne", "acme"]]));
    await expect(run).rejects.toThrow(
      /--as names r\/acne, and nothing that is listed has this id \[NOT_FOUND\]/,
    );
  });

  test("does not start when a chosen slug cannot be, since a script would go on", async () => {
    const chosen = new Map([
      ["1001", "Acme_Ltd"],
      ["1002", "bakery"],
      ["1003", "nobody"],
      ["1004", "fine"],
      ["r/acme", "north"],
      ["1006", "north"],
    ]);
    const candidates = [...chosen.keys()].map((id) => ({
      ...{ id, cells: [], names: [id], section: {} },
      blockedReason: id === "1003" ? "it has no code" : undefined,
      isDeclaredBy: () => id === "1006",
      match: () => undefined,
    }));
    for (const options of [{ yes: true }, { yes: false }, { yes: false, json: true }]) {
      const run = await adoptOf(candidates, { chosen, ...options });
      expect(run.printed).toBe("");
      expect(run.files).toEqual(["Pulumi.prod.yaml"]);
      expect(run.failure).toBe(`adopt: --as cannot be followed for 5 objects:
  1001: "Acme_Ltd" is no slug: it must be lower-case letters, digits and hyphens, with a letter or digit at both ends
  1002: customer bakery has another xima already: choose another slug
  1003: it has no code
  r/acme: it is customer acme already
  1006: it is customer acme already [INVALID_ARGUMENT]
  What to do: nothing was written or imported.
    1. Choose another slug, or take the object out of --as.
    2. Run the same command again.`);
    }
  });

  test.each([
    [["managed"], "There is nothing to import: the state has all of it, and the preview is empty."],
    [
      ["managed", "left out", "left out"],
      "There is nothing to import: of 3 at the vendor, the state has 1, and 2 are left out. The preview is empty.",
    ],
    [
      ["left out"],
      "There is nothing to import: of 1 at the vendor, the state has 0, and 1 is left out. The preview is empty.",
    ],
    [[], "There is nothing to import: the vendor lists nothing, and the preview is empty."],
  ])("says what the state has when there is nothing to import: %j", async (kinds, sentence) => {
    const candidates = kinds.map((kind, index) => ({
      ...{ id: `r/${kind === "managed" ? "acme" : index}`, cells: [], names: ["x"], section: {} },
      blockedReason: kind === "left out" ? "it has no code" : undefined,
      isDeclaredBy: () => false,
      match: () => undefined,
    }));
    const { printed, failure } = await adoptOf(candidates, { yes: true });
    expect(failure).toBeUndefined();
    expect(printed.split("\n").at(-1)).toBe(sentence);
  });

  test("since a secret is readable, says where, and not what", async () => {
    const state = [{ urn, type: "t", inputs: { note: "it is s1p-canary" } }];
    const failure = await adoptWith({ noChanges: true, state }).catch(
      (error: Error) => error.message,
    );
    expect(failure).toMatch(
      /secrets are readable in the exported state:\n {2}\S+XimaLicense::acme inputs\.note \[SECRETS_READABLE\]/,
    );
    expect(failure).not.toContain("canary");
    await expect(adoptWith({ noChanges: true, state: [] })).resolves.toBeUndefined();
  });
});

test("the table has a line for each resource with its outcome, then notes, then counts", () => {
  const candidate = (id: string, notes: string[] = []) => ({
    id,
    cells: ["Acme"],
    names: [],
    section: {},
    notes,
    isDeclaredBy: () => false,
    match: () => undefined,
  });
  const text = asTable(
    { columns: ["name"] },
    [
      { candidate: candidate("1", ["a note"]), action: { kind: "new", slug: "harbour" } },
      { candidate: candidate("2"), action: { kind: "joins", slug: "b" } },
      { candidate: candidate("3"), action: { kind: "declared", slug: "c", place: "file:1:2" } },
      { candidate: candidate("4"), action: { kind: "managed", slug: "d" } },
      { candidate: candidate("5"), action: { kind: "left out", reason: "why" } },
    ],
    (slug) => `${slug}.yaml`,
  );
  const rows = text.split("\n").filter((line) => line.startsWith("│"));
  expect(
    rows.map((row) =>
      row
        .split("│")
        .map((cell) => cell.trim())
        .slice(1, -1),
    ),
  ).toEqual([
    ["id", "name", "customer", "what happens"],
    ["1", "Acme", "harbour", "new: harbour.yaml"],
    ["2", "Acme", "b", "joins that customer: b.yaml"],
    ["3", "Acme", "c", "declared: file:1:2"],
    ["4", "Acme", "d", "in the state already"],
    ["5", "Acme", "", "LEFT OUT: why"],
  ]);
  expect(text).toMatch(
    /\n1: a note\n5 at the vendor: 2 to declare and import, 1 declared already and to import, 1 in the state already, 1 left out\.$/,
  );
  expect(asTable({ columns: [] }, [], String)).toMatch(/^0 at the vendor/);
  const left = { kind: "left out", reason: "why" } as const;
  const json = asJson("prod", { name: "xima", columns: ["name"] }, [
    { candidate: candidate("5", ["a note"]), action: left },
  ]);
  expect(JSON.parse(json)).toEqual({
    version: 1,
    stack: "prod",
    vendor: "xima",
    candidates: [{ id: "5", name: "Acme", action: left, notes: ["a note"] }],
  });
});

describe("a customer of EnableX as it would be declared", () => {
  const routes = routesSchema.parse(undefined);
  const countries = {
    idOf: () => undefined,
    codeOf: (id: string) => (id === "77" ? "GB" : undefined),
    codes: ["GB"],
  };
  const declared = (row: Record<string, unknown>) =>
    declaredAs(customerType, row, { routes, countries });

  test("has every field that the server shows, in the words of the declaration", () => {
    const row = {
      customer_id: 7,
      customer_name: " Acme ",
      customer_legal_name: "",
      customer_code: "ACME",
      customer_type: 3,
      customer_type_ex: "Gold",
      individual: "N",
      contact_email: "IT@acme.example",
      status: "S",
      status_ex: "Suspended",
      office_address: { city: "Leeds", country_id: 77, country: "United Kingdom", address_2: null },
      billing_address: { country_id: "78", country: "Atlantis" },
    };
    expect(declared(row)).toEqual({
      section: {
        customerName: "Acme",
        customerCode: "ACME",
        customerType: "3",
        individual: false,
        contactEmail: "IT@acme.example",
        status: "suspended",
        officeAddress: { city: "Leeds", country: "GB" },
        billingAddress: { countryId: "78" },
      },
      notes: [],
    });
  });

  test("omits fields that cannot be declared, with a note; a customer without a name is blocked", () => {
    const odd = declared({ customer_name: "Acme", contact_email: "none", status: "X" });
    expect(odd.section).toEqual({ customerName: "Acme" });
    expect(odd.notes).toEqual([
      'contactEmail is not managed: on the server it is "none", and it must be an email address',
      'status is not managed: on the server it is "X", and it expected one of "active"|"suspended"',
    ]);
    expect(declared({ customer_code: "ACME" }).blockedReason).toMatch(/^customerName: /);
  });

  test("the billed licences of a subscription are declared, or named where they are no number", () => {
    const of = (user_license: unknown) =>
      declaredAs(
        subscriptionType,
        { customer_id: 7, plan_id: "12", user_license, features: { whiteboard: true } },
        { routes, countries },
      );
    const section = { customerId: "7", planId: "12" };
    for (const qty of [500, "500", 0])
      expect(of({ qty, qty_ex: "label" })).toEqual({
        section: { ...section, fields: { user_license: { qty } } },
        notes: [],
      });
    expect(of(undefined)).toEqual({ section, notes: [] });
    for (const qty of ["unlimited", -1, [5]])
      expect(of({ qty })).toEqual({
        section,
        notes: [
          `fields.user_license.qty is not managed: on the server it is ${JSON.stringify(qty)}, and it must be a whole number`,
        ],
      });
  });
});

describe("the import file", () => {
  const customerType = "ucaas:index:Customer";
  const userType = "pulumi-nodejs:dynamic/ucaas:EnableXUser";
  const component = `urn:pulumi:prod::ucaas::${customerType}::acme`;
  const urn = `urn:pulumi:prod::ucaas::${customerType}$${userType}::acme-ada`;
  const stackUrn = "urn:pulumi:prod::ucaas::pulumi:pulumi:Stack::ucaas-prod";
  const create = (state: Partial<State> & { urn: string; type: string }): Step => ({
    op: "create",
    urn: state.urn,
    newState: state,
  });
  const steps = [
    create({ urn: stackUrn, type: "pulumi:pulumi:Stack" }),
    create({ urn: component, type: customerType, custom: false, parent: stackUrn }),
    create({
      urn,
      type: userType,
      custom: true,
      parent: component,
      inputs: {
        __provider: "…",
        email: "a@b.example",
        fields: { pin: "[secret]", list: ["[secret]", "b"] },
      },
      additionalSecretOutputs: ["bundle"],
    }),
  ];
  const section = {
    users: {
      ada: { email: "a@b.example", fields: { pin: "p1n-canary", list: ["l1st-canary", "b"] } },
    },
  };

  test("lists parent components, and refers to resources by URN, since several share a name", () => {
    const pending = steps
      .map((step) => toPlannedResource(step, new Map([["acme", section]])))
      .filter((each) => each !== undefined);
    expect(pending).toHaveLength(1);
    const file = importFile(
      [
        {
          pending: pending[0]!,
          id: "9",
          inputs: pending[0]!.inputs,
          outputs: { bundle: { a: 1 } },
        },
      ],
      steps,
    );
    expect(file.nameTable).toEqual({});
    expect(file.resources).toMatchObject([
      { type: customerType, name: component, logicalName: "acme", component: true },
      { type: userType, name: urn, logicalName: "acme-ada", parent: component, id: "9" },
    ]);
    expect(unrelatedSteps(steps, file)).toEqual([]);
  });

  test("a component that the state has is named, not imported", () => {
    const [, , step] = steps as [Step, Step, Step];
    const pending = toPlannedResource(step, new Map([["acme", section]]))!;
    const file = importFile([{ pending, id: "9", inputs: {}, outputs: { a: 1 } }], [step]);
    expect(file.nameTable).toEqual({ [component]: component });
    expect(file.resources.map(({ name }) => name)).toEqual([urn]);
  });

  test("secrets come from the declaration and are all marked, in a list the whole list", () => {
    const pending = toPlannedResource(steps[2]!, new Map([["acme", section]]))!;
    expect(pending.inputs).toEqual(section.users.ada);
    const file = importFile(
      [
        {
          pending,
          id: "9",
          inputs: pending.inputs,
          outputs: { ...pending.inputs, bundle: { s: "b-canary" } },
        },
      ],
      steps,
    );
    const shown = JSON.stringify(file, (key, value) => (key === "plaintext" ? undefined : value));
    expect(JSON.stringify(file)).toContain("p1n-canary");
    expect(shown).not.toContain("canary");
  });

  test("a secret that no declaration has is named", () => {
    expect(toPlannedResource(steps[2]!, new Map())).toMatchObject({
      unresolvedSecrets: ["fields.pin", "fields.list"],
    });
  });

  test("other changes of the preview are not covered", () => {
    const others = [
      { op: "update", urn: "urn:pulumi:prod::ucaas::a:b:C::x" },
      { op: "delete", urn: "urn:pulumi:prod::ucaas::a:b:C::y" },
      create({ urn: component, type: customerType, custom: false }),
    ];
    expect(unrelatedSteps(others, importFile([], others))).toEqual(others);
    expect(
      unrelatedSteps(
        [{ op: "create", urn: "urn:pulumi:prod::ucaas::pulumi:providers:pulumi-nodejs::default" }],
        importFile([], []),
      ),
    ).toEqual([]);
  });

  test("plain secrets in the state are found, whether marked or only known", () => {
    const pending = {
      urn,
      type: "EnableXUser",
      name: "acme-ada",
      parent: component,
      inputs: {},
      secretPaths: ["fields.pin"],
      unresolvedSecrets: [],
      protect: false,
    };
    const encrypted = {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      ciphertext: "v1:x",
    };
    const adopted = [{ pending, id: "9", inputs: {}, outputs: {} }];
    const found = (fields: unknown, note = "") =>
      findPlaintextSecrets([{ urn, type: userType, inputs: { fields, note } }], adopted, (text) =>
        text.includes("canary"),
      );
    expect(found({ pin: encrypted })).toEqual([]);
    expect(found(encrypted)).toEqual([]);
    expect(found({ pin: "1" })).toEqual([`${urn} inputs.fields.pin`]);
    expect(found({ pin: encrypted }, "a canary")).toEqual([`${urn} inputs.note`]);
  });
});
