import { afterAll, beforeAll, expect, test } from "vitest";
import { type DynamicHost, dynamicHost, type HostFailure } from "./dynamic-host.ts";

let host: DynamicHost;
beforeAll(async () => {
  host = await dynamicHost();
});
afterAll(() => host.stop());

test.each([
  "XimaLicense",
  "EnableXCustomer",
  "EnableXSubscription",
  "EnableXUser",
  "NetsapiensOAuthClient",
  "XelionTenantProvision",
])("the state of a newer release is refused, and nothing is sent: %s", async (type) => {
  const state = { schemaVersion: 99, account: "north" };
  const failures: HostFailure[] = await Promise.all([
    host.failure(host.diff(type, "its-id", state, {})),
    host.failure(host.read(type, "its-id", state)),
    host.failure(host.update(type, "its-id", state, {})),
    host.failure(host.delete(type, "its-id", state)),
  ]);
  for (const { message, partial } of failures) {
    expect(message).toContain("[STATE_NEWER]");
    expect(message).toContain("its-id: the state has schemaVersion 99");
    expect(partial).toBeUndefined();
  }
});
