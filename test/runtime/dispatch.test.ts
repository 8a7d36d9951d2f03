import { describe, expect, test } from "vitest";
import { createDispatcher, type ProviderFactory } from "../../provider/runtime/dispatch.ts";
import { PartialFailure, UcaasError, vendorCodeOf } from "../../provider/runtime/errors.ts";
import { rememberSecret } from "../../provider/runtime/secrets.ts";

type Provider = Awaited<ReturnType<ProviderFactory>>;

const line = "let c;exports.handler=…";
const config = { get: (key: string) => `value of ${key}`, require: (key: string) => key };
const table = (provider: Partial<Provider>) =>
  createDispatcher({ Thing: async () => provider as Provider });
async function thrown(
  call: Promise<unknown>,
): Promise<Error & { id?: string; properties?: object; reasons?: string[] }> {
  return call.then(
    () => {
      throw new Error("It did not fail.");
    },
    (error) => error,
  );
}

describe("the table of providers", () => {
  test("creates a provider once, with the stack's config, for its first resource", async () => {
    const seen: unknown[] = [];
    const call = createDispatcher({
      Thing: async (source) => {
        seen.push(source.get("acme:key"));
        return { create: async () => ({ id: "1" }) } as unknown as Provider;
      },
    });
    expect(seen).toEqual([]);
    await Promise.all([
      call("Thing", "create", [{}], config),
      call("Thing", "create", [{}], config),
    ]);
    await call("Thing", "create", [{}], config);
    expect(seen).toEqual(["value of acme:key"]);
  });

  test("hides the loader line from providers, and turns their replies into plain JSON", async () => {
    let received: unknown[] = [];
    const call = table({
      update: async (...args: unknown[]) => {
        received = args;
        return { outs: { a: undefined, at: new Date(0), list: [undefined] } };
      },
    });
    const result = await call(
      "Thing",
      "update",
      ["1", { a: 1, __provider: line }, { a: 2, __provider: line }],
      config,
    );
    expect(received.slice(0, -1)).toEqual(["1", { a: 1 }, { a: 2 }]);
    expect(Object.entries((result as { outs: object }).outs)).toEqual([
      ["at", "1970-01-01T00:00:00.000Z"],
      ["list", [null]],
    ]);
  });

  test("hands each call the signal that ends its waits, and each provider that of the process", async () => {
    const { signal } = new AbortController();
    const seen: unknown[] = [];
    const call = createDispatcher(
      {
        Thing: async (_config, context) => {
          seen.push(context.signal);
          return {
            create: async (...args: unknown[]) => void seen.push(args.at(-1)),
          } as unknown as Provider;
        },
      },
      { signal },
    );
    await call("Thing", "create", [{}], config);
    expect(seen).toEqual([signal, { signal: expect.any(AbortSignal) }]);
  });

  test("knows its own resources only, and says what to do about another", async () => {
    const error = await thrown(table({})("Elsewhere", "create", [{}], config));
    expect(error.message).toBe(
      "the installed pulumi-ucaas has no resource Elsewhere [UNKNOWN_RESOURCE]\n  What to do: install the version of pulumi-ucaas that wrote this state, or a newer one",
    );
  });

  test("masks every secret in an error, a reason, or a check's failure", async () => {
    rememberSecret("a-canary-in-errors");
    const failing = table({
      create: async () => {
        throw new PartialFailure(
          "7",
          { password: "a-canary-in-errors" },
          new Error("refused a-canary-in-errors"),
        );
      },
      delete: async () => {
        throw new Error("no a-canary-in-errors");
      },
      check: async (_olds, news) => ({
        inputs: news,
        failures: [{ property: "password", reason: "is not a-canary-in-errors" }],
      }),
    });
    const partial = await thrown(
      failing("Thing", "create", [{ password: "a-canary-in-errors" }], config),
    );
    expect(`${partial.message} ${partial.reasons} ${partial.stack}`).not.toContain("canary");
    // The state is where it belongs: the engine encrypts it there.
    expect(partial.properties).toMatchObject({ password: "a-canary-in-errors" });
    const raw = await thrown(failing("Thing", "delete", ["1", {}], config));
    expect(`${raw.message} ${raw.stack}`).not.toContain("canary");
    expect(
      await failing("Thing", "check", [{}, { password: "a-canary-in-errors" }], config),
    ).toEqual({
      inputs: { password: "a-canary-in-errors" },
      failures: [{ property: "", reason: "password: is not [secret]" }],
    });
  });

  test("shows no stack trace for what a user can mend, and one for a fault of its own", async () => {
    const call = table({
      create: async () => {
        throw new UcaasError("no seats", { code: vendorCodeOf("NO_SEATS"), hint: "add seats" });
      },
      delete: async () => {
        throw new TypeError("x is not a function");
      },
    });
    expect((await thrown(call("Thing", "create", [{}], config))).stack).toBe("");
    expect((await thrown(call("Thing", "delete", ["1", {}], config))).stack).toContain(
      "dispatch.test.ts",
    );
  });

  test("gives a partial failure the line back, without which the state could not be refreshed", async () => {
    const call = table({
      update: async (id) => {
        throw new PartialFailure(
          id,
          { seats: 5, never: undefined },
          new UcaasError("half done", { code: vendorCodeOf("HALF"), hint: "again" }),
        );
      },
    });
    const error = await thrown(
      call("Thing", "update", ["7", { __provider: "an older line" }, { __provider: line }], config),
    );
    expect(error).toMatchObject({
      id: "7",
      properties: { seats: 5, __provider: line },
      reasons: ["half done [HALF]\n  What to do: again"],
    });
    expect(error.properties).not.toHaveProperty("never");
  });
});

test("an error says what failed, the reason, the codes, and what to do", () => {
  const details = {
    code: vendorCodeOf("REFUSED"),
    vendor: "xima",
    operation: "create licence a/b",
    status: 400,
    vendorCode: "E17",
    hint: "ask again",
  };
  expect(new UcaasError("it was refused", details).message).toBe(
    "xima create licence a/b: it was refused [REFUSED, E17, HTTP 400]\n  What to do: ask again",
  );
  expect(
    new UcaasError("it was refused", {
      code: vendorCodeOf("E17"),
      vendorCode: "E17",
      hint: "ask again",
    }).message,
  ).toBe("it was refused [E17]\n  What to do: ask again");
});
