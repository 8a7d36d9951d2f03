import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Answer } from "../../provider/netsapiens/client.ts";
import {
  evaluateApiUrl,
  evaluateDid,
  evaluateDomain,
  evaluateGrant,
  evaluatePermissions,
  evaluateUsers,
} from "../../provider/netsapiens/evaluate.ts";
import { chosenSteps, type Step, steps } from "../../provider/netsapiens/steps.ts";
import { rememberSecret } from "../../provider/runtime/secrets.ts";

const reply = (json: unknown, status = 200): Answer => ({ kind: "api", status, json });
const expected = { clientId: "xima", domain: "acme" };
const granted = { access_token: "t", scope: "Office Manager" };
const permissions = (user: object, grant: object = granted) =>
  evaluatePermissions({ route: "v2", answer: reply(grant) }, reply(user), "Office Manager");

/** All judgements of one answer. */
const outcomes = (answer: Answer) => [
  evaluateApiUrl(answer),
  evaluateGrant({ route: "v2", answer }, expected),
  evaluatePermissions({ route: "v1", answer }, answer, "Office Manager"),
  evaluateDomain(answer, "acme"),
  evaluateUsers(answer, true),
  evaluateDid(answer, ["13125550100", "3125550100"]),
];

const anyAnswer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({
    kind: fc.constant("api" as const),
    status: fc.integer({ min: 200, max: 599 }),
    json: fc.oneof(fc.object(), fc.array(fc.jsonValue())),
  }),
  fc.record({ kind: fc.constant("foreign" as const), status: fc.integer({ min: 200, max: 599 }) }),
  fc.constant({ kind: "blocked" as const }),
  fc.record({ kind: fc.constant("none" as const), code: fc.string(), reason: fc.string() }),
);

describe("an evaluation", () => {
  test("exists for every reply, and a failure always has a code, evidence and a remedy", () => {
    fc.assert(
      fc.property(anyAnswer, (answer) => {
        for (const outcome of outcomes(answer)) {
          expect(outcome.evidence).not.toBe("");
          if (outcome.status === "failed") {
            expect(outcome.code).toMatch(/^[A-Z_0-9]+$/);
            expect(outcome.remedy).not.toBe("");
          }
        }
      }),
    );
  });

  test("is never passed when the API refused, failed or was not there", () => {
    const bad = anyAnswer.filter((answer) => answer.kind !== "api" || answer.status >= 300);
    fc.assert(
      fc.property(bad, (answer) => {
        for (const { status } of outcomes(answer)) expect(status).toBe("failed");
      }),
    );
  });

  test("masks a secret that the system quotes in its message, and keeps the message short", () => {
    rememberSecret("hunter2-hunter2");
    for (const { evidence } of outcomes(
      reply({ code: 401, message: `no: hunter2-hunter2 ${"x".repeat(5000)}` }, 401),
    )) {
      expect(evidence).not.toContain("hunter2");
      expect(evidence.length).toBeLessThan(300);
    }
  });

  test.each(["office manager", "OFFICE MANAGER", "OfficeManager", " Office  Manager "])(
    "takes the scope %j without regard to case and blanks",
    (scope) => {
      expect(permissions({ "user-scope": scope, "account-status": "standard" }).status).toBe(
        "passed",
      );
    },
  );

  test.each(["Site Manager", "No Portal", "Office", "Managers", ""])(
    "refuses the scope %j",
    (scope) => {
      expect(permissions({ "user-scope": scope, "account-status": "standard" })).toMatchObject({
        code: "SCOPE_TOO_LOW",
      });
    },
  );

  test("uses the grant's scope when the user's own entry lacks it", () => {
    expect(permissions({ "account-status": "standard" }).status).toBe("passed");
  });

  test("believes the grant of a legacy password more than the user's entry", () => {
    expect(
      permissions(
        { "user-scope": "Super User", "account-status": "standard" },
        { ...granted, scope: null },
      ),
    ).toMatchObject({
      code: "PASSWORD_NOT_SECURE",
    });
  });

  test("does not know the user's scope, but sees the domain: left to the step of the domain", () => {
    const answer = reply({ access_token: "t", domain: "elsewhere", scope: "Territory Boss" });
    expect(evaluateGrant({ route: "v2", answer }, expected).status).toBe("passed");
  });

  test.each([
    ["no", "DID_DISABLED"],
    [false, "DID_DISABLED"],
    [0, "DID_DISABLED"],
    ["yes", undefined],
    [true, undefined],
    [undefined, undefined],
  ])("reads enabled: %j of a number", (enabled, code) => {
    const routed = {
      "dial-rule-application": "to-callqueue",
      "dial-rule-translation-destination-user": "4000",
    };
    const outcome = evaluateDid(reply({ enabled, ...routed }), ["1"]);
    expect("code" in outcome ? outcome.code : undefined).toBe(code);
  });

  test.each([
    ["globex", "DID_NOT_FOUND"],
    ["ACME", undefined],
    ["*", undefined],
    [undefined, undefined],
  ])("of a number whose reply has the domain %s has the code %s", (domain, code) => {
    const number = {
      phonenumber: "13125550100",
      domain,
      "dial-rule-application": "to-user",
      "dial-rule-translation-destination-user": "1000",
    };
    const outcome = evaluateDid(reply(number), ["13125550100"], { domain: "acme" });
    expect("code" in outcome ? outcome.code : undefined).toBe(code);
  });
});

describe("the chosen steps", () => {
  test("run in the guide's order, for any order of selection, with the grant that reads need", () => {
    fc.assert(
      fc.property(fc.subarray([...steps]), (choice) => {
        const shuffled = [...choice].reverse();
        const chosen = chosenSteps(shuffled);
        expect(chosen).toEqual(steps.filter((step) => chosen.includes(step)));
        for (const step of choice) expect(chosen).toContain(step);
        const reads: Step[] = ["permissions", "domain", "users", "did"];
        expect(chosen.includes("credentials")).toBe(
          choice.includes("credentials") || choice.some((step) => reads.includes(step)),
        );
      }),
    );
  });
});
