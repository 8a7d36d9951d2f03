import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { control, licenceServer } from "../xima/licence-server.ts";
import { type Workspace, workspace } from "./workspace.ts";

const password = "sip-Passw0rd-canary";

/** A program with one licence and what stands in its arguments. */
const program = (args: string, options = "{}") => `
  import { XimaLicense } from "pulumi-ucaas";
  const licence = new XimaLicense("acme", { ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "acme", tenantName: "Café Zürich 📞" }, ${args} }, ${options});
  export const id = licence.id;
  export const lastChanges = licence.lastChanges;
  export const lastDrift = licence.lastDrift;
`;

describe("a licence on the real engine", { timeout: 120_000 }, () => {
  let licences: Awaited<ReturnType<typeof licenceServer>>;
  let stack: Workspace;

  beforeAll(async () => {
    licences = await licenceServer();
    stack = await workspace({ program: program(`professionalSeats: 12, aiMessaging: { standardBundles: 2 }`), config: licences.config });
  }, 60_000);
  afterAll(async () => {
    await stack.remove();
    await licences.server.stop();
  });

  const licence = () => Object.values(licences.server.state.customers)[0]?.licence as Record<string, unknown>;

  test("up creates it on the server, and the next preview is empty", async () => {
    (await stack.up()).ok();
    expect(licence()).toMatchObject({ professionalSeats: 12, aiMessaging: { standardBundles: 2 } });
    expect((await stack.preview("--expect-no-changes")).ok().output).toContain("2 unchanged");
  });

  test("a change of seats is shown as a diff and made by up, with nothing else touched", async () => {
    stack.writeProgram(program(`professionalSeats: 15, aiMessaging: { standardBundles: 2 }`));
    expect((await stack.preview("--diff")).ok().output).toMatch(/~ professionalSeats: 12 => 15/);
    (await stack.up()).ok();
    expect(licence()).toMatchObject({ professionalSeats: 15, aiMessaging: { standardBundles: 2 } });
    expect(await stack.outputs()).toMatchObject({ lastChanges: [{ property: "professionalSeats", oldValue: 12, newValue: 15 }] });
  });
});
