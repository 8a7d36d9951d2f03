import { describe, expect, test } from "vitest";
import type { ApiRevision, SeatRules } from "../../provider/xima/config.ts";
import { ruleFindings } from "../../provider/xima/rules.ts";
import type { LicenseInputs } from "../../provider/xima/schema.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const ccId = { resellerId: "r", tenantId: "t" };
const found = (inputs: object, revision: ApiRevision, notes = false) =>
  ruleFindings({ ccId, ...inputs } as Partial<LicenseInputs>, revision)
    .filter(({ note }) => (note ?? false) === notes)
    .map(({ property, reason }) => `${property} ${reason}`);

describe.each<[ApiRevision, string]>([
  ["guide", "licensing guide"],
  ["1.4", "OpenAPI 1.4"],
])("by the revision %s", (revision, named) => {
  const minimum = {
    digitalOnlySeats: { guide: 0, "1.4": 5 },
    essentialSeats: { guide: 0, "1.4": 5 },
    professionalSeats: { guide: 0, "1.4": 5 },
    eliteSeats: { guide: 0, "1.4": 5 },
    workforceOptimizationSeats: { guide: 10, "1.4": 10 },
    workforceManagementSeats: { guide: 10, "1.4": 10 },
    speechAnalyticsSeats: { guide: 5, "1.4": 5 },
    dialerSeats: { guide: 5, "1.4": 10 },
    ehrEmrIntegrationSeats: { guide: 0, "1.4": 0 },
  };

  test.each(Object.entries(minimum).map(([field, least]) => [field, least[revision]] as const))(
    "%s may be 0 or at least %i",
    (field, least) => {
      expect(found({ [field]: 0 }, revision)).toEqual([]);
      expect(found({ [field]: Math.max(least, 1) }, revision)).toEqual([]);
      expect(found({ [field]: unknown }, revision)).toEqual([]);
      if (least > 1)
        expect(found({ [field]: least - 1 }, revision)).toEqual([
          expect.stringMatching(
            `^${field} must be 0 or at least ${least}, not ${least - 1} \\(${named}[;)]`,
          ),
        ]);
    },
  );

  test("SIP port and transport come together or not at all", () => {
    const sip = { username: "u", password: "p", sipServer: "s", outboundProxy: "o" };
    expect(found({ sipCredentials: sip }, revision)).toEqual([]);
    expect(
      found({ sipCredentials: { ...sip, sipPort: 5060, transport: "udp" } }, revision),
    ).toEqual([]);
    expect(found({ sipCredentials: unknown }, revision)).toEqual([]);
    for (const half of [{ sipPort: 5060 }, { transport: "tls" }])
      expect(found({ sipCredentials: { ...sip, ...half } }, revision)).toEqual([
        expect.stringMatching(/^sipCredentials sipPort and transport/),
      ]);
  });
});

describe("by OpenAPI 1.4", () => {
  test("additionalAiMessages is gone", () => {
    expect(found({ additionalAiMessages: 100, eliteSeats: 5 }, "1.4")).toEqual([
      expect.stringContaining("was removed from the API (OpenAPI 1.4)"),
    ]);
  });

  test("only one of the two bundles may be above 0", () => {
    expect(
      found({ eliteSeats: 5, aiMessaging: { standardBundles: 1, advancedBundles: 1 } }, "1.4"),
    ).toEqual([
      "aiMessaging only one of standardBundles and advancedBundles may be above 0 (OpenAPI 1.4)",
    ]);
    expect(
      found({ eliteSeats: 5, aiMessaging: { standardBundles: 0, advancedBundles: 1 } }, "1.4"),
    ).toEqual([]);
    expect(
      found(
        { eliteSeats: 5, aiMessaging: { standardBundles: 1, advancedBundles: unknown } },
        "1.4",
      ),
    ).toEqual([]);
  });

  test.each([
    [{}, true],
    [{ essentialSeats: 5 }, true],
    [{ professionalSeats: 0, eliteSeats: 0 }, true],
    [{ professionalSeats: 5 }, false],
    [{ eliteSeats: 5 }, false],
    [{ eliteSeats: unknown }, false],
    [{ adopt: true }, false],
    [{ adopt: unknown }, false],
    [{ adopt: true, professionalSeats: 0, eliteSeats: 0 }, true],
  ])("a bundle beside %j is refused: %s", (seats, refused) => {
    const all = found({ ...seats, aiMessaging: { advancedBundles: 2 } }, "1.4");
    expect(all).toEqual(
      refused
        ? [
            expect.stringMatching(
              /^aiMessaging any bundle needs .*\(licensing page;.*xima:seatRules/,
            ),
          ]
        : [],
    );
  });

  test.each([
    [{}, true],
    [{ digitalOnlySeats: 5 }, true],
    [{ essentialSeats: 5 }, false],
    [{ professionalSeats: 5 }, false],
    [{ eliteSeats: 5 }, false],
  ])("hours of transcription beside %j are refused: %s", (seats, refused) => {
    const all = found({ ...seats, aiAudioServices: { additionalHours: 10 } }, "1.4");
    expect(all).toEqual(
      refused
        ? [
            expect.stringMatching(
              /^aiAudioServices transcription needs .*\(licensing page;.*xima:seatRules/,
            ),
          ]
        : [],
    );
    expect(found({ ...seats, aiAudioServices: { additionalHours: 0 } }, "1.4")).toEqual([]);
  });

  test("a standard bundle beside Elite seats is noted, since one is included; a note stops nothing", () => {
    const inputs = { eliteSeats: 5, aiMessaging: { standardBundles: 2 } };
    expect(found(inputs, "1.4")).toEqual([]);
    expect(found(inputs, "1.4", true)).toEqual([
      "aiMessaging.standardBundles Elite already includes one standard bundle; this buys 2 more (OpenAPI 1.4)",
    ]);
    expect(
      found({ professionalSeats: 5, aiMessaging: { standardBundles: 2 } }, "1.4", true),
    ).toEqual([]);
  });
});

describe("by the guide", () => {
  test.each([
    [{}, true],
    [{ eliteSeats: 0 }, true],
    [{ eliteSeats: 1 }, false],
    [{ eliteSeats: unknown }, false],
    [{ adopt: true }, false],
  ])("additionalAiMessages beside %j are refused: %s", (seats, refused) => {
    const all = found({ ...seats, additionalAiMessages: 100 }, "guide");
    expect(all).toEqual(
      refused
        ? [
            expect.stringMatching(
              /^additionalAiMessages needs at least one of eliteSeats \(licensing guide\)/,
            ),
          ]
        : [],
    );
    expect(found({ ...seats, additionalAiMessages: 0 }, "guide")).toEqual([]);
  });

  test("the later revision's rules for bundles and hours do not hold", () => {
    expect(
      found(
        {
          aiMessaging: { standardBundles: 1, advancedBundles: 1 },
          aiAudioServices: { additionalHours: 1 },
        },
        "guide",
      ),
    ).toEqual([]);
  });
});

describe("xima:seatRules", () => {
  const by = (inputs: object, rules: SeatRules) =>
    ruleFindings({ ccId, ...inputs } as Partial<LicenseInputs>, "1.4", rules);

  test.each([
    ["dialerSeats", 5, "the authentication page shows 5"],
    ["workforceOptimizationSeats", 5, "the licensing page says 5"],
    ["workforceManagementSeats", 5, "the licensing page says 5"],
  ])(
    "gives %s the minimum that another page of the vendor says, and the error names it",
    (field, least, words) => {
      expect(by({ [field]: least }, {})).toEqual([
        {
          property: field,
          reason: expect.stringContaining(`${words}, see xima:seatRules.${field}`),
        },
      ]);
      expect(by({ [field]: least }, { [field]: least })).toEqual([]);
      expect(by({ [field]: least - 1 }, { [field]: least })).toEqual([
        {
          property: field,
          reason: `must be 0 or at least ${least}, not ${least - 1} (xima:seatRules.${field})`,
        },
      ]);
    },
  );

  test.each<[keyof SeatRules, object]>([
    ["aiMessaging", { essentialSeats: 5, aiMessaging: { standardBundles: 1 } }],
    ["aiAudioServices", { digitalOnlySeats: 5, aiAudioServices: { additionalHours: 1 } }],
    ["eliteSeats", { eliteSeats: 3 }],
  ])("turns the rule of %s into a note, or off", (rule, inputs) => {
    const [error] = by(inputs, {});
    expect(error).toEqual({ property: rule, reason: expect.any(String) });
    expect(by(inputs, { [rule]: "warn" })).toEqual([{ ...error, note: true }]);
    expect(by(inputs, { [rule]: "off" })).toEqual([]);
  });

  test("leaves what the server refuses in any case: two kinds of bundle, half of a SIP port", () => {
    const inputs = {
      eliteSeats: 5,
      aiMessaging: { standardBundles: 1, advancedBundles: 1 },
      sipCredentials: { sipPort: 5060 },
    };
    const properties = by(inputs, { aiMessaging: "off" }).flatMap(({ property, note }) =>
      note ? [] : [property],
    );
    expect(properties).toEqual(["aiMessaging", "sipCredentials"]);
  });
});
