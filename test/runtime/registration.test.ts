import { expect, test } from "vitest";
import { requireOptions } from "../../provider/runtime/registration.ts";

test.each([
  [{ create: 5 }, /customTimeouts.create must be a duration in quotes/],
  [{ delete: "" }, /customTimeouts.delete must be a duration in quotes/],
  [{ update: null }, /customTimeouts.update must be a duration/],
  [{ read: "5m" }, /customTimeouts.read is not a timeout. Known: create, update, delete/],
  ["5m", /customTimeouts must be an object/],
])("a timeout that the SDK would pass over is refused: %j", (customTimeouts, reason) => {
  expect(() => requireOptions({ customTimeouts }, "XimaLicense", "acme")).toThrow(reason);
});

test.each([undefined, null, {}, { create: "5m", delete: undefined }])(
  "timeouts that the engine understands pass: %j",
  (customTimeouts) => {
    requireOptions({ customTimeouts }, "XimaLicense", "acme");
  },
);
