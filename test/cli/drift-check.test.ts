import { describe, expect, test } from "vitest";
import type { StackDrift } from "../../cli/drift/report.ts";
import { FleetProject } from "../fleet/fleet-project.ts";
import { ucaas } from "./ucaas.ts";

const type = "pulumi-nodejs:dynamic/ucaas:XimaLicense";
const licence = (name: string, more: object = {}) => ({
  urn: `urn:pulumi:prod::ucaas::${type}::${name}`,
  ...{ type, custom: true, id: name, inputs: {} },
  ...more,
});
type Licence = ReturnType<typeof licence>;

/** What the engine says of a resource whose refresh has ended. */
const refreshed = (op: string, old: Licence, now: Licence | null = old) => ({
  resOutputsEvent: { metadata: { op, urn: old.urn, old, new: now } },
});

/** What `ucaas drift` finds out where the state has these, and the refresh ends so. */
async function check(
  resources: readonly Licence[],
  events: readonly object[],
  { refreshEnds = 0, env = {} }: { refreshEnds?: number; env?: NodeJS.ProcessEnv } = {},
) {
  const project = new FleetProject({
    answers: {
      stack: JSON.stringify({ deployment: { resources } }),
      refresh: [...events, { summaryEvent: {} }].map((each) => JSON.stringify(each)).join("\n"),
    },
    refreshEnds,
    env,
  });
  const options = { cwd: project.folder, env: project.environment };
  const { exitCode, stdout, stderr } = await ucaas(["drift", "--stack", "a", "--json"], options);
  expect(stderr).toBe("");
  const [drift] = (JSON.parse(stdout) as { stacks: StackDrift[] }).stacks;
  return { exitCode, drift: drift!, project };
}

describe("the drift of a stack", () => {
  test("does not depend on what the environment sets for a refresh", async () => {
    const acme = licence("acme");
    const { exitCode, project } = await check([acme], [refreshed("same", acme)], {
      env: { PULUMI_RUN_PROGRAM: "true", PULUMI_ENABLE_LEGACY_REFRESH_DIFF: "true" },
    });
    expect(exitCode).toBe(0);
    expect(project.read("legacy-diff")).toBe("false\n");
    // The flag also outranks PULUMI_OPTION_RUN_PROGRAM.
    expect(project.read("calls")).toMatch(
      /^refresh .*--run-program=false --yes=false --skip-preview=false/m,
    );
  });

  test("is none where the engine has only begun what is not applied yet", async () => {
    const acme = licence("acme");
    const customer = { urn: "urn:pulumi:prod::ucaas::ucaas:index:Customer::new", id: "" };
    const create = { op: "create", urn: customer.urn, old: null };
    const created = { ...create, new: { ...customer, type: "ucaas:index:Customer" } };
    const { exitCode, drift } = await check(
      [acme],
      [refreshed("same", acme), { resOutputsEvent: { metadata: created } }],
      { refreshEnds: 7 },
    );
    expect(drift).toMatchObject({ status: "none", checked: 1, differences: [] });
    expect(exitCode).toBe(0);
  });

  test("is not known where a part of the resources was checked, and what differs is shown", async () => {
    const [acme, bakery] = [licence("acme"), licence("bakery")];
    const partial = await check([acme, bakery], [refreshed("delete", acme, null)]);
    expect(partial.drift).toMatchObject({
      status: "unknown",
      checked: 1,
      differences: [{ kind: "gone", name: "acme" }],
      unknown: [
        { reason: expect.stringMatching(/^1 of 2 resources were checked.*PULUMI_OPTION_TARGET/s) },
      ],
    });
    expect(partial.exitCode).toBe(1);
  });

  test("is not known where a replacement has deleted a resource and not created it again", async () => {
    const [acme, bakery] = [licence("acme"), licence("bakery", { pendingReplacement: true })];
    const unknown = [
      {
        resource: "XimaLicense",
        name: "bakery",
        reason: "deleted, and its replacement is not in the state. What to do: pulumi up --stack a",
      },
    ];
    const beside = await check(
      [acme, bakery],
      [refreshed("same", acme), refreshed("same", licence("bakery"))],
    );
    expect(beside.drift).toMatchObject({ status: "unknown", checked: 1, differences: [] });
    expect(beside.drift.unknown).toEqual(unknown);
    expect(beside.exitCode).toBe(1);

    const alone = await check([bakery], [refreshed("same", licence("bakery"))]);
    expect(alone.drift).toMatchObject({ status: "unknown", checked: 0 });
    expect(alone.drift.unknown).toEqual(unknown);
  });

  test("is none where the vendor no longer has what is still to be deleted", async () => {
    const [acme, leftover] = [licence("acme"), licence("acme", { delete: true, id: "old" })];
    const { exitCode, drift } = await check(
      [acme, leftover],
      [refreshed("same", acme), refreshed("delete", leftover, null)],
      { refreshEnds: 7 },
    );
    expect(drift).toMatchObject({ status: "none", checked: 1, differences: [], unknown: [] });
    expect(exitCode).toBe(0);
  });

  test("is known where the engine refreshes all that a refresh has", async () => {
    const [acme, other] = [licence("acme"), licence("other", { external: true })];
    const view = licence("view", { viewOf: acme.urn });
    const component = licence("group", { custom: false });
    const { drift } = await check(
      [acme, other, view, component],
      [refreshed("same", acme), refreshed("same", other), refreshed("same", component)],
    );
    expect(drift).toMatchObject({ status: "none", checked: 2, unknown: [] });
  });
});
