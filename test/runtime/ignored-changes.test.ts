import { expect, test } from "vitest";
import { isIgnored, withoutIgnored } from "../../provider/runtime/ignored-changes.ts";

test.each([
  ["status", "status", true],
  ["status", "statusText", false],
  ["officeAddress", "officeAddress.city", true],
  ["officeAddress.city", "officeAddress", false],
  ["officeAddress.*", "officeAddress.city", true],
  ["*", "status", true],
  ['fields["tax.id"]', 'fields["tax.id"]', true],
  ["users[0].name", "users[0].name", true],
  ["users[0].name", "users[1].name", false],
])("with %s ignored, %s is ignored: %s", (path, property, ignored) => {
  expect(isIgnored({ __ignoreChanges: [path] }, property)).toBe(ignored);
});

test("what is ignored is left out at any depth, and an emptied group with it", () => {
  const bag = { seats: 12, aiMessaging: { standard: 1 }, ccId: { id: "a", name: "A" }, empty: {} };
  const ignoring = { __ignoreChanges: ["seats", "aiMessaging.standard", "ccId.name"] };
  expect(withoutIgnored(bag, ignoring)).toEqual({ ccId: { id: "a" }, empty: {} });
  expect(withoutIgnored(bag, {})).toBe(bag);
});
