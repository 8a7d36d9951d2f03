import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { licenceServer } from "../xima/licence-server.ts";
import { workspace } from "./workspace.ts";

/**
 * JavaScript with other line numbers than its TypeScript. It contains the source map, as
 * compilers write it. It is CommonJS, like Pulumi's own templates: the SDK reads no
 * position from the trace of an ES module.
 */
function compiled(source: string): string {
  const compilerOptions = {
    inlineSourceMap: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS,
  };
  return ts.transpileModule(source, { fileName: "index.ts", compilerOptions }).outputText;
}

const licence = (name: string) => `import { XimaLicense } from "pulumi-ucaas";

interface Tenant {
  readonly resellerName: string;
  readonly tenantName: string;
}

const tenant: Tenant = { resellerName: "Voicehouse", tenantName: "Acme" };
new XimaLicense(${name}, { ccId: { resellerId: "voicehouse", tenantId: "acme", ...tenant }, professionalSeats: 12 });
`;

let licences: Awaited<ReturnType<typeof licenceServer>>;
beforeAll(async () => {
  licences = await licenceServer();
});
afterAll(() => licences.server.stop());

describe("the line of the program's TypeScript on which a licence is declared", () => {
  test("is in the state", async () => {
    await using stack = await workspace({
      main: "index.cjs",
      program: compiled(licence(`"acme"`)),
      config: licences.config,
    });
    (await stack.up()).ok();
    const { resources } = (await stack.export()).deployment;
    expect(resources?.find(({ urn }) => urn.endsWith("::acme"))).toMatchObject({
      sourcePosition: expect.stringMatching(/\/index\.ts#9,1$/),
    });
  });

  test("is in the error when it cannot be declared", async () => {
    await using stack = await workspace({
      main: "index.cjs",
      program: compiled(licence("undefined as never")),
      config: licences.config,
    });
    const { output, exitCode } = await stack.preview();
    expect(exitCode, output).not.toBe(0);
    expect(output).toContain("Missing resource name argument");
    expect(output).toMatch(/index\.ts:9:1\b/);
  });
});
