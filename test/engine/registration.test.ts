import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { type Workspace, workspace } from "./workspace.ts";

/**
 * Resources that cannot be registered, each of a class of its own where that matters, and
 * what is said of each.
 */
const faults: [name: string, source: string, words: string][] = [
  [
    "timeout",
    `licence(n, { customTimeouts: { create: "5min" } })`,
    "unable to parse customTimeout Value 5min",
  ],
  [
    "timeout-enablex",
    `new u.EnableXCustomer(n, { customerName: "A", customerCode: "a" }, { customTimeouts: { create: "5min" } })`,
    "5min",
  ],
  [
    "timeout-plan",
    `new u.EnableXSubscription(n, { customerId: 1, planId: 1 }, { customTimeouts: { update: "5min" } })`,
    "5min",
  ],
  [
    "timeout-client",
    `new u.NetsapiensOAuthClient(n, { domain: "a", clientId: "a", driver: "existing" }, { version: "x" })`,
    "No Major.Minor.Patch elements found",
  ],
  [
    "timeout-tenant",
    `new u.XelionTenantProvision(n, { serverUrl: "https://x.example", tenantName: "a" }, { protect: "yes" })`,
    "Assertion",
  ],
  [
    "dependsOn",
    `licence(n, { dependsOn: "nothing" })`,
    "'dependsOn' was passed a value that was not a Resource.",
  ],
  [
    "dependsOn-fails",
    `licence(n, { dependsOn: Promise.reject(new Error("a reason of its own")) })`,
    "a reason of its own",
  ],
  [
    "component",
    `new u.Customer(n, { name: "A", enablex: { customerName: "A" } }, { aliases: ["no URN"] })`,
    'invalid URN "no URN"',
  ],
  [
    "rejected",
    `licence(n, {}, { professionalSeats: Promise.reject(new Error("no number today")) })`,
    "no number today",
  ],
  [
    "apply",
    `licence(n, {}, { professionalSeats: p.output(1).apply(() => { throw new Error("apply broke") }) })`,
    "apply broke",
  ],
  ["alias", `licence(n, { aliases: ["no URN"] })`, 'invalid URN "no URN"'],
  [
    "transform",
    `licence(n, { transforms: [() => { throw new Error("transform broke") }] })`,
    "transform broke",
  ],
];

/** What ends the program at once. */
const immediate: [name: string, source: string, words: string][] = [
  [
    "timeout-user",
    `new u.EnableXUser(n, { userType: "1", firstName: "A", email: "a@b.example" }, { customTimeouts: { read: "x" } })`,
    "customTimeouts.read is not a timeout",
  ],
  ["parent", `licence(n, { parent: {} })`, "Resource parent is not a valid Resource"],
  ["provider", `licence(n, { provider: "nothing" })`, "could not be registered"],
  ["option", `licence(n, { protekt: true })`, "protekt is not an option. Did you mean protect?"],
  ["alias", `licence(n, { aliases: [null] })`, "aliases[0] must be a URN, or an object"],
  ["deletedWith", `licence(n, { deletedWith: "nothing" })`, "deletedWith must be a resource"],
  [
    "function",
    `licence(n, {}, { professionalSeats: () => 1 })`,
    "professionalSeats must not be a function",
  ],
  [
    "symbol",
    `licence(n, {}, { professionalSeats: Symbol("1") })`,
    "professionalSeats must not be a symbol",
  ],
  [
    "cycle",
    `const own = {}; own.self = own; licence(n, {}, { aiMessaging: own })`,
    "aiMessaging.self contains itself",
  ],
  [
    "section",
    `new u.Customer(n, { name: "A", ximma: {} })`,
    "ximma is not a property here. Did you mean xima?",
  ],
  [
    "nested",
    `new u.Customer(n, { name: "A", enablex: { customerName: "A", user: {} } })`,
    "enablex.user is not a property here. Did you mean",
  ],
  ["null", `new u.Customer(n, { name: "A", xima: null })`, "xima must be an object, not null"],
  [
    "later",
    `new u.Customer(n, { name: "A", xima: p.output({}) })`,
    "xima must be an object, not a value that is known later",
  ],
  ["component", `new u.Customer(n, { name: "A" }, { aliases: "text" })`, "aliases must be a list"],
  ["duplicate", `licence("kept")`, "Duplicate resource URN"],
];

describe("a resource that could not be registered", () => {
  let sandbox: Sandbox;
  let stack: Workspace;
  const program = (lines: string[]) => `
    import * as p from "@pulumi/pulumi";
    import * as u from "pulumi-ucaas";
    const ccId = (tenantId) => ({ resellerId: "voicehouse", resellerName: "V", tenantId, tenantName: tenantId });
    const licence = (name, options, more) => new u.XimaLicense(name, { ccId: ccId(name), essentialSeats: 5, ...more }, options);
    ${lines.join("\n    ")}
  `;
  const declared = [
    `licence("kept");`,
    `new u.Customer("acme", { name: "Acme", xima: { ccId: ccId("acme"), essentialSeats: 5 } });`,
  ];
  const deletions = () => sandbox.xima.server.received.filter(({ method }) => method === "DELETE");
  /** Nothing was deleted, and no stack trace was shown. */
  const harmless = async (output: string) => {
    expect(deletions()).toEqual([]);
    expect(output).not.toMatch(/^\s+at .*:\d+:\d+/m);
    const { resources = [] } = (await stack.export()).deployment;
    expect(resources.filter(({ type }) => type.endsWith("XimaLicense"))).toHaveLength(2);
  };

  beforeAll(async () => {
    sandbox = await startSandbox();
    stack = await workspace({
      main: "index.mjs",
      program: program(declared),
      env: sandbox.environment,
    });
    (await stack.up()).ok();
  });
  afterAll(async () => {
    await stack?.remove();
    await sandbox?.stop();
  });

  test.each([
    ["by default", []],
    ["with --continue-on-error", ["--continue-on-error"]],
  ])("ends the run with its cause, and deletes nothing: %s", async (_, flags) => {
    // What was declared before is gone from the program, so a run that ended well would delete it.
    await stack.writeProgram(
      program(faults.map(([name, source]) => `{ const n = "${name}"; ${source}; }`)),
    );
    const run = await stack.up(...flags);
    expect(run.exitCode, run.output).not.toBe(0);
    for (const [name, , words] of faults) {
      expect(run.output).toMatch(
        new RegExp(
          `"${name}" could not be registered[^\\n]*${words.replace(/[.*+?^$()[\]{}|\\]/g, "\\$&")}`,
        ),
      );
    }
    await harmless(run.output);
  });

  test.each(immediate)(
    "ends the run at once for what the program alone can see: %s",
    async (name, source, words) => {
      await stack.writeProgram(program([declared[0]!, `{ const n = "${name}"; ${source}; }`]));
      const run = await stack.up("--continue-on-error");
      expect(run.exitCode, run.output).not.toBe(0);
      expect(run.output).toContain(words);
      await harmless(run.output);
    },
  );

  test("leaves alone what depends on a resource that failed at the vendor", async () => {
    await stack.writeProgram(
      program([
        ...declared,
        `licence("next", { dependsOn: licence("failing", {}, { essentialSeats: 5 }) });`,
      ]),
    );
    sandbox.xima.server.fault({ kind: "status", status: 403, bodyMatches: "failing", times: 99 });
    const run = await stack.up("--continue-on-error");
    expect(run.exitCode, run.output).not.toBe(0);
    expect(run.output).toContain(
      'what depends on XimaLicense "failing" is left as it is, since that failed',
    );
    await harmless(run.output);
  });
});
