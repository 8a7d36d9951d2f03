import { readdir, readFile, stat, writeFile } from "node:fs/promises";
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
  project = await packed("pulumi-ucaas");
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await sandbox.stop();
});

/** One resource of each kind, without its first lines. */
const declarations = () => `
new XimaLicense("acme", {
  ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "acme", tenantName: "Acme" },
  professionalSeats: 12,
});
new NetsapiensOAuthClient("acme", {
  driver: "existing", domain: "${sandbox.netsapiens.domain}", did: "${sandbox.netsapiens.did}",
  clientId: "${sandbox.netsapiens.clientId}", clientSecret: config.requireSecret("clientSecret"),
});
const customer = new EnableXCustomer("acme", {
  customerName: "Acme", customerCode: "acme", contactEmail: "it@acme.test",
});
new EnableXSubscription("acme", { customerId: customer.customerId, planId: 7 });
new EnableXUser("acme", {
  customerId: customer.customerId, userType: "moderator", firstName: "Ada", email: "ada@acme.test",
});
new XelionTenantProvision("acme", {
  serverUrl: "${sandbox.xelion.tenant.baseUrl}", tenantName: "${sandbox.xelion.tenantName}", timeout: "1m",
  tenantLogin: { userName: "${sandbox.xelion.userName}", password: config.requireSecret("tenantPassword") },
  configuration: { version: 1, organization: { name: "Acme" } },
});
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
    "creates, refreshes and destroys all resources with the real engine from $language",
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

  test("has types that a strict TypeScript takes, from an ES module and from CommonJS", async () => {
    const typed = (resource: string) => `${resource}
const ccId = { resellerId: "a", tenantId: "b" };
export const licence: XimaLicenseArgs = { ccId, professionalSeats: 12 };
export const made = () => new XimaLicense("acme", licence).lastAssertedAt;
// @ts-expect-error a text is no number of seats
export const wrong: XimaLicenseArgs = { ccId, professionalSeats: "12" };
`;
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

  test("has types for a program with moduleResolution node, and zod's only where it needs them", async () => {
    const filesFor = async (text: string) => {
      await writeFile(join(project.project, "old.ts"), text);
      const { stdout } = await project.run(process.execPath, [
        join(root, "node_modules", "typescript", "bin", "tsc"),
        ..."--noEmit --strict --target es2020 --module commonjs --types node".split(" "),
        ..."--moduleResolution node10 --ignoreDeprecations 6.0 --esModuleInterop false".split(" "),
        ..."--skipLibCheck true --listFiles old.ts".split(" "),
      ]);
      return stdout;
    };
    const main = await filesFor(
      `import { ${classes} } from "pulumi-ucaas";\nexport const all = [${classes}];\n`,
    );
    expect(main).toContain("pulumi-ucaas/dist/provider/index.d.ts");
    expect(main).not.toContain("node_modules/zod/");
    const parts = await filesFor(
      `export * as a from "pulumi-ucaas/schemas";\nexport * as b from "pulumi-ucaas/host";\n`,
    );
    expect(parts).toContain("pulumi-ucaas/dist/provider/schemas.d.ts");
    expect(parts).toContain("pulumi-ucaas/dist/provider/host.d.ts");
  });

  test("passes publint, and are-the-types-wrong for a package of ES modules", async () => {
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
      ...project.tarballs("pulumi-ucaas"),
    ]);
  });

  test("is packed into a folder that npm pack has to make, and package.json stays as it is", async () => {
    const { repository } = project;
    const manifest = (folder: string) => readFile(join(folder, "package.json"), "utf8");
    expect(await manifest(repository)).toBe(await manifest(root));
    expect(await readdir(repository)).not.toContain("package.json.backup");
  });

  test("needs at most 30 packages and 15 MB besides Pulumi's SDK", async () => {
    const packages = await neededBy("node_modules/pulumi-ucaas");
    expect(packages.length, packages.join("\n")).toBeLessThanOrEqual(30);
    const sizes = await Promise.all(packages.map((path) => sizeOf(join(project.project, path))));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(
      total / 1e6,
      packages.map((path, index) => `${path} ${sizes[index]}`).join("\n"),
    ).toBeLessThanOrEqual(15);
  });

  test("installs nothing of the receiver, the command and the stack files", async () => {
    const names = (await neededBy("node_modules/pulumi-ucaas")).map((path) =>
      path.replace(/.*node_modules\//, ""),
    );
    expect(names).toContain("undici");
    for (const other of ["fastify", "kysely", "pg", "commander", "yaml", "ucaas"])
      expect(names).not.toContain(other);
  });
});

type Lock = Record<string, { dependencies?: Record<string, string> }>;

/** A package and what it needs, as paths below the project; Pulumi's SDK is a peer and left out. */
async function neededBy(path: string): Promise<string[]> {
  const file = await readFile(join(project.project, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(file) as { packages: Lock };
  const found = new Set<string>();
  const visit = (each: string) => {
    if (!packages[each] || found.has(each)) return;
    found.add(each);
    for (const name of Object.keys(packages[each].dependencies ?? {})) {
      const inner = `${each}/node_modules/${name}`;
      visit(packages[inner] ? inner : `node_modules/${name}`);
    }
  };
  visit(path);
  return [...found];
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
