import { dirname } from "node:path";
import { expect, test } from "vitest";
import { canary, leaksBelow, leaksIn } from "../../trials/secrets/leaks.ts";
import { licenceServer } from "../xima/licence-server.ts";
import { enablexPlanted, netsapiensPlanted, xelionPlanted, ximaPlanted } from "./canary-vendors.ts";
import { workspace } from "./workspace.ts";

test("no secret of any vendor is in any output, log, error, diff, file or exported state", async () => {
  const vendors = await Promise.all([
    ximaPlanted(),
    enablexPlanted(),
    netsapiensPlanted(),
    xelionPlanted(),
  ]);
  const program = (which: 0 | 1) => `
    import * as pulumi from "@pulumi/pulumi";
    import * as ucaas from "pulumi-ucaas";
    const config = new pulumi.Config();
    export const outputs: Record<string, unknown> = {};
    ${vendors.map(({ programs }) => `{${programs[which]}\n}`).join("\n")}`;
  const config = Object.assign({}, ...vendors.map((vendor) => vendor.config));
  await using stack = await workspace({
    program: program(0),
    config,
    env: { NODE_DEBUG: "ucaas" },
  });
  const printed: string[] = [];
  const run = async (args: string[]) => {
    const { output, exitCode } = await stack.pulumi([...args, "--logtostderr", "-v=3"]);
    printed.push(output);
    return { output, exitCode };
  };
  const up = ["up", "--yes", "--skip-preview", "--continue-on-error"];
  const succeeds = async (args: string[]) => {
    const { output, exitCode } = await run(args);
    expect(exitCode, output).toBe(0);
  };
  const isRefusedByAll = async (which: 0 | 1) => {
    for (const { refuse } of vendors) refuse(which);
    const { output, exitCode } = await run(up);
    expect(exitCode).not.toBe(0);
    for (const { refusal } of vendors) expect(output).toContain(refusal);
  };

  await succeeds(["preview", "--diff"]);
  await isRefusedByAll(0);
  for (const { breakOff } of vendors) breakOff();
  expect((await run(up)).exitCode).not.toBe(0);
  await succeeds(up);
  for (const { changeElsewhere } of vendors) await changeElsewhere();
  await succeeds(["refresh", "--yes", "--diff"]);
  await stack.writeProgram(program(1));
  await succeeds(["preview", "--diff"]);
  await isRefusedByAll(1);
  await succeeds([...up, "--diff"]);
  printed.push(JSON.stringify(await stack.export()), JSON.stringify(await stack.outputs()));
  const secrets = () => vendors.flatMap((vendor) => vendor.secrets());
  const keptFiles = await leaksBelow(dirname(stack.folder), secrets());
  await succeeds(["destroy", "--yes"]);
  for (const { stop } of vendors) await stop();

  const all = printed.join("\n");
  for (const { vendor } of vendors)
    expect(all).toMatch(new RegExp(`UCAAS \\d+: ${vendor} POST \\S+ -> 200`));
  expect(all).toContain("[secret]");
  expect(keptFiles).toEqual([]);
  expect(await leaksBelow(dirname(stack.folder), secrets())).toEqual([]);
  expect(leaksIn(all, secrets())).toEqual([]);
});

const sip = `{ username: "acme", password, sipServer: "sip.acme.example", outboundProxy: "proxy.acme.example", sipPort: 5060 }`;
const licence = `ccId: { resellerId: "voicehouse", tenantId: "acme" }, eliteSeats: 5`;
const tenant = `serverUrl: "https://xelion.example", tenantName: "acme", configuration: { version: 1 }`;
const broken = [
  [
    "sipCredentials: sipPort and transport",
    `new XimaLicense("acme", { ${licence}, sipCredentials: ${sip} })`,
  ],
  ["sipCredentials", `new XimaLicense("acme", { ${licence}, sipCredentials: password })`],
  ["sipCredential", `new XimaLicense("acme", { ${licence}, sipCredential: ${sip} })`],
  ["eliteSeats", `new XimaLicense("acme", { ${licence}, eliteSeats: password })`],
  [
    "fields",
    `new EnableXUser("acme", { customerId: "1", userType: "moderator", fields: password })`,
  ],
  [
    "clientSecret",
    `new NetsapiensOAuthClient("acme", { driver: "existing", clientId: "acme", clientSecret: { password } })`,
  ],
  [
    "tenantLogin.passwort",
    `new XelionTenantProvision("acme", { ${tenant}, tenantLogin: { userName: "acme", passwort: password } })`,
  ],
] as const;

test("no secret within a declaration that breaks a rule is shown, only the property and the rule", async () => {
  const word = canary("argument");
  const { server, config } = await licenceServer();
  await using stack = await workspace({ program: "", config, env: { CANARY: word } });
  const all: string[] = [];
  const plain = broken.map((row) => ["process.env.CANARY", ...row] as const);
  for (const [given, property, declaration] of [
    ...plain,
    ["pulumi.secret(process.env.CANARY)", ...broken[0]],
  ] as const) {
    await stack.writeProgram(`import * as pulumi from "@pulumi/pulumi";
      import { EnableXUser, NetsapiensOAuthClient, XelionTenantProvision, XimaLicense } from "pulumi-ucaas";
      const password = ${given};
      ${declaration};`);
    const { output, exitCode } = await stack.preview("--diff");
    expect(exitCode, output).not.toBe(0);
    expect(output).toContain(`resource 'acme' has a problem: ${property}`);
    all.push(output);
  }
  await server.stop();
  expect(leaksIn(all.join("\n"), [word])).toEqual([]);
});

test("the search would find a secret in each of its spellings", () => {
  const word = canary("word");
  for (const seen of [
    word,
    JSON.stringify({ word }),
    JSON.stringify(JSON.stringify({ word })),
    `?q=${encodeURIComponent(word)}`,
    new URLSearchParams({ word }).toString(),
    ...["", "a", "ab", "abc"].flatMap((user) => [
      `Basic ${Buffer.from(`${user}:${word}`).toString("base64")}`,
      Buffer.from(`${user}:${word}, and more`).toString("base64url"),
    ]),
  ]) {
    expect(leaksIn(`some ${seen} text`, [word]), seen).not.toEqual([]);
    expect(leaksIn(`some ${seen} text`, [canary("other")]), seen).toEqual([]);
  }
});
