import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { root } from "../../tools/engine/paths.mjs";
import { secret, workspace } from "../engine/workspace.ts";
import { type Packed, packed } from "./packed.ts";

let sandbox: Sandbox;
let project: Packed;

beforeAll(async () => {
  sandbox = await startSandbox();
  sandbox.xelion.server.setOptions({ orderRoute: true });
  project = await packed();
}, 240_000);
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await sandbox.stop();
});

/** One resource of each kind, without its first lines. */
const declarations = () => `
new XimaLicense("acme", { ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "acme", tenantName: "Acme" }, professionalSeats: 12 });
new NetsapiensOAuthClient("acme", { driver: "existing", domain: "${sandbox.netsapiens.domain}", clientId: "${sandbox.netsapiens.clientId}", clientSecret: config.requireSecret("clientSecret"), did: "${sandbox.netsapiens.did}" });
const customer = new EnableXCustomer("acme", { customerName: "Acme", customerCode: "acme", contactEmail: "it@acme.test" });
new EnableXSubscription("acme", { customerId: customer.customerId, planId: 7 });
new EnableXUser("acme", { customerId: customer.customerId, userType: "moderator", firstName: "Ada", email: "ada@acme.test" });
new XelionTenantProvision("acme", { serverUrl: "${sandbox.xelion.tenant.baseUrl}", tenantName: "${sandbox.xelion.tenantName}", tenantLogin: { userName: "${sandbox.xelion.userName}", password: config.requireSecret("tenantPassword") }, configuration: { version: 1, organization: { name: "Acme" } }, timeout: "1m" });
`;
const classes =
  "Customer, EnableXCustomer, EnableXSubscription, EnableXUser, NetsapiensOAuthClient, XelionTenantProvision, XimaLicense";

const languages = [
  {
    language: "TypeScript",
    main: "index.ts",
    head: `import * as pulumi from "@pulumi/pulumi";\nimport { ${classes}, type XimaLicenseArgs } from "pulumi-ucaas";\nconst config: pulumi.Config = new pulumi.Config();\n`,
  },
  {
    language: "JavaScript as an ES module",
    main: "index.mjs",
    head: `import * as pulumi from "@pulumi/pulumi";\nimport { ${classes} } from "pulumi-ucaas";\nconst config = new pulumi.Config();\n`,
  },
  {
    language: "JavaScript as CommonJS",
    main: "index.cjs",
    head: `const pulumi = require("@pulumi/pulumi");\nconst { ${classes} } = require("pulumi-ucaas");\nconst config = new pulumi.Config();\n`,
  },
];

describe("the package that npm packs, installed in a new project", () => {
  test.for(languages)(
    "has all resources, made, unchanged, refreshed and destroyed by the real engine from a program in $language",
    { timeout: 240_000 },
    async ({ main, head }) => {
      await using stack = await workspace({
        main,
        program: head + declarations(),
        modules: join(project.project, "node_modules"),
        env: sandbox.environment,
        config: {
          "xelion:orderPath": "/api/v1/orders/{id}",
          "xelion:pollSeconds": 0.2,
          clientSecret: secret(sandbox.netsapiens.clientSecret),
          tenantPassword: secret(sandbox.xelion.password),
        },
      });
      (await stack.up()).ok();
      expect(sandbox.xima.server.state.customers["voicehouse/acme"]?.licence).toMatchObject({
        professionalSeats: 12,
      });
      expect(Object.keys(sandbox.enablex.server.state.users)).toHaveLength(1);
      expect((await stack.preview("--expect-no-changes")).ok().output).toContain("7 unchanged");
      (await stack.refresh("--expect-no-changes")).ok();
      (await stack.destroy()).ok();
      expect(sandbox.xima.server.state.customers["voicehouse/acme"]?.deletion).toBeDefined();
      expect(sandbox.enablex.server.state.customers).toEqual({});
    },
  );

  test("has types that a strict TypeScript takes, from an ES module and from CommonJS", {
    timeout: 120_000,
  }, async () => {
    const typed = (resource: string) =>
      `${resource}\nexport const licence: XimaLicenseArgs = { ccId: { resellerId: "a", tenantId: "b" }, professionalSeats: 12 };\nexport const made = () => new XimaLicense("acme", licence).lastAssertedAt;\n// @ts-expect-error a text is no number of seats\nexport const wrong: XimaLicenseArgs = { ccId: { resellerId: "a", tenantId: "b" }, professionalSeats: "12" };\n`;
    await writeFile(
      join(project.project, "module.mts"),
      typed(`import { XimaLicense, type XimaLicenseArgs } from "pulumi-ucaas";`),
    );
    await writeFile(
      join(project.project, "common.cts"),
      typed(`import { XimaLicense, type XimaLicenseArgs } from "pulumi-ucaas";`),
    );
    const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
    await project.run(process.execPath, [
      compiler,
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--skipLibCheck",
      "false",
      "module.mts",
      "common.cts",
    ]);
  });

  test("has types for a program with moduleResolution node, without zod's", async () => {
    await writeFile(
      join(project.project, "old.ts"),
      `import { ${classes} } from "pulumi-ucaas";\nexport const all = [${classes}];\n`,
    );
    const { stdout } = await project.run(process.execPath, [
      join(root, "node_modules", "typescript", "bin", "tsc"),
      ..."--noEmit --strict --target es2020 --module commonjs".split(" "),
      ..."--moduleResolution node10 --ignoreDeprecations 6.0 --esModuleInterop false".split(" "),
      ..."--skipLibCheck false --listFiles old.ts".split(" "),
    ]);
    expect(stdout).toContain("pulumi-ucaas/dist/provider/index.d.ts");
    expect(stdout).not.toContain("node_modules/zod/");
  });

  test("passes publint, and are-the-types-wrong for a package of ES modules", {
    timeout: 120_000,
  }, async () => {
    const lint = await project.run(join(root, "node_modules", ".bin", "publint"), [
      "run",
      "--strict",
      "--pack",
      "false",
      project.content,
    ]);
    expect(lint.stdout).toContain("All good!");
    await project.run(join(root, "node_modules", ".bin", "attw"), [
      "--profile",
      "esm-only",
      project.tarball,
    ]);
  });

  test("brings the command ucaas", { timeout: 60_000 }, async () => {
    expect((await project.run("npx", ["ucaas", "--help"])).stdout).toContain("drift");
  });
});
