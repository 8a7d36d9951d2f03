import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { identityOf, openWrites } from "../../cli/open-writes.ts";
import type { State } from "../../cli/pulumi/stack.ts";
import { Journal } from "../../provider/runtime/journal.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-open-writes-"));
  vi.stubEnv("PULUMI_BACKEND_URL", "https://api.pulumi.com");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});
const config = { get: (key: string) => (key === "ucaas:journalDir" ? folder : undefined) as never };
vi.mock("../../cli/pulumi/stack.ts", () => ({ stackConfig: async () => config }));

const type = "pulumi-nodejs:dynamic/ucaas:XimaLicense";
const resources = (organization: string): State[] => [
  { urn: "urn:pulumi:main::ucaas::pulumi:pulumi:Stack::main", type: "pulumi:pulumi:Stack" },
  {
    ...{ urn: `urn:pulumi:main::ucaas::${type}::known`, type },
    inputs: { __organization: organization },
  },
];

test("reports the creates of the stack's own organization, as its name or its state says", async () => {
  for (const organization of ["prod-org", "test-org"])
    await new Journal(config).intend(
      {
        ...{ vendor: "xima", stack: `ucaas/main@https://api.pulumi.com/${organization}` },
        thing: `https://licensing.example/v1 acme/${organization}`,
      },
      ...([{}, null, null] as const),
      { write: { operation: "create", type: "XimaLicense", resource: organization } },
    );
  const reported = async (stack: string, state: readonly State[]) =>
    (await openWrites(stack, state)).map((line) => /acme\/(\S+)\)/.exec(line)?.[1]);
  expect(await reported("main", resources("prod-org"))).toEqual(["prod-org"]);
  expect(await reported("test-org/ucaas/main", resources("prod-org"))).toEqual(["test-org"]);
  expect(await reported("main", resources("prod-org").slice(0, 1))).toHaveLength(2);
});

test("a stack without resources is of the project that its name says, else of this one", () => {
  expect(identityOf("acme/other/main", [])).toBe("other/main@https://api.pulumi.com/acme");
  expect(identityOf("acme/main", [])).toBe("ucaas/main@https://api.pulumi.com/acme");
});

test("reports a killed create of the stack's old name until a stack has that name again", async () => {
  const before = "ucaas/before@https://api.pulumi.com/prod-org";
  await new Journal(config).intend(
    { vendor: "xima", stack: before, thing: "https://licensing.example/v1 acme/lost" },
    ...([{}, null, null] as const),
    { write: { operation: "create", type: "XimaLicense", resource: "lost" } },
  );
  const state = resources("prod-org").map((each) => ({ ...each, outputs: { __stack: before } }));
  const reported = (...names: string[]) =>
    openWrites("main", state, { readNames: async () => names });
  // The file Pulumi.before.yaml may be there still: another branch has it.
  expect(await reported("main")).toEqual([expect.stringContaining("acme/lost")]);
  expect(await reported("main", "before")).toEqual([]);
});

test("an entry that cannot be read is reported, since it may be a write of the stack", async () => {
  writeFileSync(join(folder, "xima-broken.json"), "{");
  expect(await openWrites("main", resources("prod-org"))).toEqual([
    expect.stringMatching(/entry that cannot be read: .*xima-broken\.json/),
  ]);
});
