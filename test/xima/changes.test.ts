import { describe, expect, test } from "vitest";
import { toOutputs } from "../../provider/runtime/outputs.ts";
import {
  detectDrift,
  flatChanges,
  replacedValues,
  unlikeSent,
} from "../../provider/xima/changes.ts";

const sip = { username: "u", password: "canary", sipServer: "s", outboundProxy: "o" };

describe("what a reply says has changed", () => {
  test("is one list, by property, from any depth", () => {
    expect(
      flatChanges({
        eliteSeats: { oldValue: 0, newValue: 5 },
        aiMessaging: {
          standardBundles: { oldValue: 2, newValue: 0 },
          advancedBundles: { oldValue: 0, newValue: 3 },
        },
      }),
    ).toEqual([
      { property: "eliteSeats", oldValue: 0, newValue: 5 },
      { property: "aiMessaging.standardBundles", oldValue: 2, newValue: 0 },
      { property: "aiMessaging.advancedBundles", oldValue: 0, newValue: 3 },
    ]);
    expect(flatChanges({})).toEqual([]);
    expect(flatChanges({ surprise: 5, other: null })).toEqual([]);
  });

  test("says the same when the server reports a group as a whole", () => {
    expect(
      flatChanges({ aiMessaging: { oldValue: null, newValue: { standardBundles: 2 } } }),
    ).toEqual([{ property: "aiMessaging.standardBundles", oldValue: undefined, newValue: 2 }]);
  });

  test("is the same when counts are written as texts, as the document allows", () => {
    const changes = {
      eliteSeats: { oldValue: "0", newValue: "5" },
      aiMessaging: { standardBundles: { oldValue: "2", newValue: 3 } },
    };
    expect(flatChanges(changes)).toEqual([
      { property: "eliteSeats", oldValue: 0, newValue: 5 },
      { property: "aiMessaging.standardBundles", oldValue: 2, newValue: 3 },
    ]);
    expect(detectDrift(changes, { eliteSeats: 0, aiMessaging: { standardBundles: 2 } })).toEqual(
      [],
    );
    expect(replacedValues({ eliteSeats: changes.eliteSeats })).toEqual([]);
    const port = { sipCredentials: { sipPort: { oldValue: "5061", newValue: "5062" } } };
    const declared = { ...sip, sipPort: 5061, transport: "tls" as const };
    expect(detectDrift(port, { sipCredentials: declared })).toEqual([]);
  });

  test("is no longer than a person reads, and says how much more there was", () => {
    const changes = Object.fromEntries(
      Array.from({ length: 30_000 }, (_, at) => [`k${at}`, { newValue: 1 }]),
    );
    const flat = flatChanges(changes);
    expect(flat).toHaveLength(100);
    expect(flat[98]).toMatchObject({ property: "k98", newValue: 1 });
    expect(flat[99]).toEqual({ property: "… 29901 more" });
    expect(JSON.stringify(toOutputs({ lastChanges: flat }, {})).length).toBeLessThan(10_000);
  });

  test("is compared with the counts that were sent", () => {
    const sent = { professionalSeats: 12, dialerSeats: 10, sipCredentials: sip };
    const changes = {
      professionalSeats: { oldValue: 0, newValue: 15 },
      dialerSeats: { oldValue: 0, newValue: "10" },
      // Elite seats include it.
      aiMessaging: { standardBundles: { oldValue: 0, newValue: 1 } },
      sipCredentials: {
        password: { oldValue: "", newValue: "canary-2" },
        username: { oldValue: "", newValue: "u" },
        register: { oldValue: false, newValue: true },
      },
    };
    expect(unlikeSent(changes, sent)).toEqual([
      "professionalSeats (12 was sent, the server has 15)",
    ]);
  });

  test.each([
    [
      "field by field",
      {
        sipCredentials: {
          password: { oldValue: null, newValue: "canary" },
          username: { oldValue: "canary", newValue: "u" },
        },
      },
    ],
    [
      "as a whole",
      { sipCredentials: { oldValue: sip, newValue: { ...sip, password: "canary-2" } } },
    ],
    ["as one text", { sipCredentials: { oldValue: null, newValue: "sip:u:canary@sip.example" } }],
    ["as a list", { sipCredentials: { oldValue: ["canary"], newValue: ["u", "canary-2"] } }],
  ])("never has a SIP credential in it, reported %s", (_, changes) => {
    const flat = flatChanges(changes);
    expect(flat.map(({ property }) => property.split(".")[0])).toContain("sipCredentials");
    expect(
      JSON.stringify([
        flat,
        detectDrift(changes, { sipCredentials: { ...sip, password: "canary-3" } }),
      ]),
    ).not.toContain("canary");
  });
});

describe("drift", () => {
  test("is a server value that differs from the state", () => {
    const changes = {
      eliteSeats: { oldValue: 9, newValue: 6 },
      professionalSeats: { oldValue: 12, newValue: 15 },
    };
    expect(detectDrift(changes, { eliteSeats: 5, professionalSeats: 12 })).toEqual([
      { property: "eliteSeats", oldValue: 5, newValue: 9 },
    ]);
  });

  test("is not reported for undeclared values, for a 0 that the server omits, or for names", () => {
    const changes = {
      eliteSeats: { oldValue: 9, newValue: 6 },
      dialerSeats: { oldValue: null, newValue: 10 },
      ccId: { tenantName: { oldValue: "Old", newValue: "New" } },
    };
    const ccId = { resellerId: "r", tenantId: "t", tenantName: "Other" };
    expect(detectDrift(changes, { ccId, dialerSeats: 0 })).toEqual([]);
  });

  test("is a licence that was taken away elsewhere", () => {
    expect(
      detectDrift({ dialerSeats: { oldValue: null, newValue: 10 } }, { dialerSeats: 10 }),
    ).toEqual([{ property: "dialerSeats", oldValue: 10, newValue: null }]);
  });
});
