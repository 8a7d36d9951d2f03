import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countriesOf } from "../../provider/enablex/countries.ts";
import {
  asText,
  changedFields,
  createBody,
  declaredFields,
  differences,
  formatDifferences,
  removedFields,
  set,
  updateBody,
  withActual,
} from "../../provider/enablex/fields.ts";
import { customerType, subscriptionType, userType } from "../../provider/enablex/resource-types.ts";
import { lookupResultCode } from "../../provider/enablex/result-codes.ts";
import { routesSchema } from "../../provider/enablex/routes.ts";
import { valueAt } from "../../provider/runtime/own-property.ts";

const routes = routesSchema.parse(undefined);
const countries = countriesOf([
  { country_id: 81, country: "Germany", country_code: "DE" },
  { country_id: "235", country: "United Kingdom", country_code: "GB" },
]);
const wording = { routes, countries };
const found = (
  inputs: Record<string, unknown>,
  row: Record<string, unknown>,
  kind = customerType,
) => differences(declaredFields(kind, inputs, routes), inputs, row, wording);
const properties = (fields: readonly { field?: { property: string }; property?: string }[]) =>
  fields.map((one) => one.field?.property ?? one.property);

describe("a declaration and what the server shows", () => {
  const declared = {
    customerName: "Acme",
    contactEmail: "IT@acme.test",
    customerType: 2,
    individual: false,
    status: "active",
    officeAddress: { city: "Leeds", country: "GB", countryId: undefined },
  };
  const row = {
    customer_id: 7,
    customer_name: " Acme ",
    contact_email: "it@ACME.test ",
    customer_type: "2",
    status: "A",
    office_address: { city: "Leeds", country_id: 235, country: "United Kingdom", zipcode: "LS1" },
    contact_name: "Eve",
    status_ex: "Something else",
  };

  test("are equal if only blanks, an email's case, an id's type or a hidden unset flag differs", () => {
    expect(found(declared, row)).toEqual([]);
  });

  test("are equal if only the Unicode spelling of what looks the same differs", () => {
    expect(found({ customerName: "Ba\u0308cker" }, { customer_name: "B\u00e4cker" })).toEqual([]);
  });

  test("differ in each field that is declared and in none that is not", () => {
    const others = {
      customer_name: "B",
      contact_email: "x@y.test",
      customer_type: 3,
      individual: true,
      status: "S",
      office_address: { city: "York", country_id: 81 },
    };
    expect(properties(found(declared, { ...row, ...others }))).toEqual([
      "customerName",
      "customerType",
      "individual",
      "contactEmail",
      "status",
      "officeAddress.city",
      "officeAddress.country",
    ]);
    expect(
      found(declared, {
        ...row,
        contact_name: "Mallory",
        customer_id: 8,
        status_ex: "?",
        office_address: { ...row.office_address, zipcode: "X" },
      }),
    ).toEqual([]);
  });

  test("is empty and absent alike: as nothing, null or an empty text", () => {
    for (const empty of ["", " ", null, undefined])
      expect(found({ contactName: "" }, { contact_name: empty })).toEqual([]);
    expect(properties(found({ contactName: "Ada" }, { contact_name: null }))).toEqual([
      "contactName",
    ]);
  });

  test("show drift in the form of the declaration: a country by its code, a status by its word", () => {
    const drifted = found(declared, {
      ...row,
      status: "S",
      office_address: { city: "Leeds", country_id: "81" },
    });
    expect(withActual(declared, drifted)).toEqual({
      ...declared,
      status: "suspended",
      officeAddress: { ...declared.officeAddress, country: "DE" },
    });
    expect(formatDifferences(drifted)).toBe(
      'status: declared "active", on the server "suspended"\n  officeAddress.country: declared "GB", on the server "DE"',
    );
  });

  test("a country that the list does not have is shown by its id rather than passed for the same", () => {
    expect(
      found({ officeAddress: { country: "GB" } }, { office_address: { country_id: 9 } }),
    ).toMatchObject([{ actual: "country_id 9" }]);
  });

  test("an undocumented status is shown as it is", () => {
    expect(found({ status: "active" }, { status: "D" })).toMatchObject([{ actual: "D" }]);
  });

  test("a further field that the server hides is no difference, and its value is not shown", () => {
    const inputs = { email: "a@b.test", fields: { password: "s3cret", start_date: "2026-01-01" } };
    expect(found(inputs, { email: "a@b.test" }, userType)).toEqual([]);
    const differing = found(
      inputs,
      { email: "a@b.test", password: "other", start_date: "2026-01-01" },
      userType,
    );
    expect(formatDifferences(differing)).toBe("fields.password is another on the server");
  });

  test("any declaration has no difference from itself once written", () => {
    const address = fc.record(
      {
        address1: fc.string(),
        city: fc.string(),
        zipcode: fc.string(),
        country: fc.constantFrom("DE", "gb", " GB "),
      },
      { requiredKeys: [] },
    );
    const customer = fc.record(
      {
        customerName: fc.string(),
        customerCode: fc.string(),
        customerType: fc.oneof(fc.integer(), fc.string()),
        individual: fc.boolean(),
        contactEmail: fc.emailAddress(),
        status: fc.constantFrom("active", "suspended"),
        officeAddress: address,
        billingAddress: address,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(customer, (inputs) => {
        const fields = declaredFields(customerType, inputs, routes);
        const body = JSON.parse(JSON.stringify(createBody(fields, inputs, wording))) as Record<
          string,
          unknown
        >;
        expect(differences(fields, inputs, body, wording)).toEqual([]);
        expect(changedFields(customerType, inputs, inputs, routes)).toEqual([]);
      }),
    );
  });

  test("a declaration with the values of any server record has no drift", () => {
    const text = fc.oneof(fc.string(), fc.constant(null));
    const row = fc.record({
      customer_name: text,
      contact_email: text,
      customer_type: fc.oneof(fc.integer(), text),
      individual: fc.boolean(),
      status: fc.constantFrom("A", "S", "X"),
    });
    const inputs = {
      customerName: "Acme",
      contactEmail: "it@acme.test",
      customerType: 1,
      individual: true,
      status: "active",
    };
    fc.assert(
      fc.property(row, (shown) => {
        expect(found(withActual(inputs, found(inputs, shown)), shown)).toEqual([]);
      }),
    );
  });
});

describe("a changed declaration", () => {
  test("has changes in values that differ in meaning, and in fields newly or no longer managed", () => {
    const olds = {
      customerName: "Acme",
      contactEmail: "it@acme.test",
      contactName: "Ada",
      customerId: "7",
      statusText: "Active",
    };
    const news = { customerName: " Acme", contactEmail: "IT@acme.test", customerCode: "ACME" };
    expect(properties(changedFields(customerType, olds, news, routes)).sort()).toEqual([
      "contactName",
      "customerCode",
    ]);
  });

  test("is changed where a field begins to be managed, even with a value that means nothing", () => {
    expect(
      properties(changedFields(customerType, {}, { individual: false, contactName: "" }, routes)),
    ).toEqual(["individual", "contactName"]);
  });

  test("with an unknown value has a change there, even if it could be the same", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(
      properties(
        changedFields(customerType, { individual: false }, { individual: unknown }, routes),
      ),
    ).toEqual(["individual"]);
  });

  test("with an id that is not known yet is changed there", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(
      properties(
        changedFields(
          subscriptionType,
          { customerId: "7", planId: 1 },
          { customerId: unknown, planId: "1" },
          routes,
        ),
      ),
    ).toEqual(["customerId"]);
  });

  test("empties a text that is declared no longer, and leaves choices as they are", () => {
    const olds = {
      customerName: "Acme",
      contactName: "Ada",
      status: "suspended",
      officeAddress: { city: "Leeds", country: "GB" },
    };
    const { cleared: emptied, unmanaged: left } = removedFields(
      customerType,
      olds,
      { customerName: "Acme" },
      routes,
    );
    expect(properties(emptied)).toEqual(["contactName", "officeAddress.city"]);
    expect(properties(left)).toEqual(["status", "officeAddress.country"]);
  });

  test("that gives the country by its id removes nothing", () => {
    const { cleared: emptied, unmanaged: left } = removedFields(
      customerType,
      { officeAddress: { country: "GB" } },
      { officeAddress: { countryId: 235 } },
      routes,
    );
    expect([...emptied, ...left]).toEqual([]);
  });

  test("sends only changed fields, and the whole address with the server's undeclared parts", () => {
    const news = { customerName: "Acme", contactName: "Ada", officeAddress: { city: "York" } };
    const row = {
      customer_name: "Acme",
      office_address: {
        city: "Leeds",
        zipcode: "LS1",
        address_2: "",
        country_id: 235,
        country: "United Kingdom",
      },
    };
    const changed = declaredFields(customerType, news, routes).filter(
      ({ property }) => property !== "customerName",
    );
    expect(updateBody(customerType, changed, news, row, wording)).toEqual({
      contact_name: "Ada",
      office_address: { city: "York", zipcode: "LS1", country_id: 235 },
    });
  });

  test("empties with what the config says", () => {
    const [field] = declaredFields(customerType, { contactName: "Ada" }, routes);
    const body = (emptied: "null" | "empty text") =>
      updateBody(customerType, [field!], {}, {}, { routes: { ...routes, emptied } });
    expect([body("empty text"), body("null")]).toEqual([
      { contact_name: "" },
      { contact_name: null },
    ]);
  });

  test("is written by the field names that the config corrects", () => {
    const corrected = routesSchema.parse({
      customerFields: { contactEmail: "mail", "officeAddress.city": "office.town" },
    });
    const inputs = {
      contactEmail: "a@b.test",
      contactName: "Ada",
      officeAddress: { city: "Leeds" },
    };
    expect(
      createBody(declaredFields(customerType, inputs, corrected), inputs, { routes: corrected }),
    ).toEqual({
      mail: "a@b.test",
      contact_name: "Ada",
      office: { town: "Leeds" },
    });
  });
});

test("a dotted path leads into objects and makes them", () => {
  expect(set({ a: { b: 1 } }, "a.c", 2)).toEqual({ a: { b: 1, c: 2 } });
  expect(set({}, "a.c", 2)).toEqual({ a: { c: 2 } });
  expect([
    valueAt({ a: { c: 2 } }, "a.c"),
    valueAt({ a: "text" }, "a.length"),
    valueAt(undefined, "a"),
  ]).toEqual([2, undefined, undefined]);
});

test("an object instead of a published text is shown as JSON, with any content", () => {
  expect(asText({ toString: 1, a: "b" })).toBe('{"toString":1,"a":"b"}');
  expect(lookupResultCode("__proto__").code).toBe("UNLISTED_CODE");
  expect(lookupResultCode("toString").code).toBe("UNLISTED_CODE");
});
