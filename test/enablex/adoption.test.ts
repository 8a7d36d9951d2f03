import { describe, expect, test } from "vitest";
import { type Adoption, adoption, type Origin } from "../../provider/enablex/adoption.ts";
import { describeRecord } from "../../provider/enablex/errors.ts";
import type { Difference } from "../../provider/enablex/fields.ts";
import { toOutputs } from "../../provider/enablex/outputs.ts";
import { customerType } from "../../provider/enablex/resource-types.ts";
import type { Adopt } from "../../provider/enablex/schema.ts";

const difference = (property: string): Difference => ({
  field: {
    property,
    apiName: property,
    format: "text",
    optionalInReply: false,
    writeOnly: false,
    secret: false,
  },
  declared: "a",
  actual: "b",
});

describe("an object that exists before its create", () => {
  test.each<[Adopt, Origin, string, Adoption]>([
    ["never", "foreign", "the same", "exists"],
    ["never", "foreign", "another", "exists"],
    ["never", "perhaps ours", "the same", "take"],
    ["never", "perhaps ours", "another", "exists"],
    ["never", "ours", "the same", "take"],
    ["never", "ours", "another", "overwrite"],
    ["if-same", "foreign", "the same", "take"],
    ["if-same", "foreign", "another", "differs"],
    ["if-same", "perhaps ours", "the same", "take"],
    ["if-same", "perhaps ours", "another", "differs"],
    ["if-same", "ours", "another", "overwrite"],
    ["always", "foreign", "the same", "take"],
    ["always", "foreign", "another", "overwrite"],
    ["always", "perhaps ours", "another", "overwrite"],
  ])("with adopt %s, %s and %s as declared: %s", (mode, origin, how, decision) => {
    expect(adoption(mode, origin, how === "the same" ? [] : [difference("contactName")], [])).toBe(
      decision,
    );
  });

  test("is described without a secret in a value of another shape than published", () => {
    const row = {
      customer_name: { name: "Acme", sip_password: "canary-1" },
      customer_code: { toString: 1, api_key: "canary-2" },
      contact_email: "it@acme.example",
    };
    const text = describeRecord(customerType, row, "7", {});
    expect(text).toContain("contact_email it@acme.example");
    expect(text).not.toContain("canary");
    const { statusText } = toOutputs(customerType, "7", {}, { status_ex: row }, [], "");
    expect(statusText).not.toContain("canary");
  });

  test("is never overwritten in what the API cannot change", () => {
    expect(
      adoption(
        "always",
        "ours",
        [difference("contactName"), difference("customerId")],
        ["customerId"],
      ),
    ).toBe("differs");
  });
});
