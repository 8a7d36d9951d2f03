import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parse, stringify } from "yaml";
import { reservePort } from "../../sandbox/reserve-port.ts";
import { startSandbox } from "../../sandbox/start.ts";
import { stackProject } from "./stack-project.ts";

test("a customer is moved to another stack without a write at a vendor", async () => {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.stop());
  const { xima, enablex, xelion } = sandbox;
  xelion.tenant.server.state.tenants.pbx2 = xelion.tenant.server.state.tenants.pbx1!;
  const callback = `127.0.0.1:${await reservePort()}`;
  const tenant = (tenantName: string) => ({
    serverUrl: xelion.tenant.baseUrl,
    tenantName,
    tenantLogin: { userName: xelion.userName, password: xelion.password },
    configuration: { version: 1, organization: { name: "Acme" }, departments: [] },
  });
  await using stack = await stackProject(
    {},
    {
      ...sandbox.environment,
      XELION_CALLBACK: JSON.stringify({ listen: callback, url: `http://${callback}` }),
    },
  );
  const at = (...parts: string[]) => join(stack.folder, "stacks", ...parts);
  const declare = (name: string, config: object) => {
    const file = at(`Pulumi.${name}.yaml`);
    const defaults = { xima: { ccId: { resellerId: "voicehouse", resellerName: "Voicehouse" } } };
    const all = { "ucaas:defaults": defaults, "ucaas:production": true, ...config };
    writeFileSync(file, stringify({ ...parse(readFileSync(file, "utf8")), config: all }));
  };
  const write = (name: string, customer: object) => stack.write(name, stringify(customer));
  const up = (name: string) => stack.up("--stack", name);
  /** Without the checks of a configuration, which change nothing. */
  const written = () =>
    [xima, enablex, xelion]
      .flatMap(({ server }) => server.received)
      .filter(({ method, path }) => method !== "GET" && !path.endsWith("/provision/test"))
      .map(({ method, path }) => `${method} ${path}`);

  (await stack.pulumi(["stack", "init", "b"])).ok();
  declare("test", { "ucaas:customers": {} });
  declare("b", { "ucaas:customers": { clinic: { name: "Clinic", xima: { eliteSeats: 20 } } } });
  write("customers/test/acme.yaml", {
    name: "Acme Ltd",
    xima: { professionalSeats: 12 },
    xelion: tenant("pbx1"),
    enablex: {
      contactEmail: "it@acme.example",
      users: { ada: { userType: "moderator", firstName: "Ada", email: "ada@acme.example" } },
    },
  });
  write("customers/test/bakery.yaml", { name: "Bakery", xelion: tenant("pbx2") });
  (await up("test")).ok();
  (await up("b")).ok();
  const before = written();

  mkdirSync(at("customers", "b"));
  renameSync(at("customers/test/acme.yaml"), at("customers/b/acme.yaml"));
  declare("test", { "ucaas:customers": {}, "ucaas:removed": ["acme"] });
  const refused = await up("test");
  expect(refused.exitCode).not.toBe(0);
  expect(refused.output).toContain("[MOVED_TO_OTHER_STACK]");
  const [, words = ""] = /Run: pulumi (state move .*)/.exec(refused.output) ?? [];
  declare("test", { "ucaas:customers": {} });

  const exported = async (name: string) =>
    (await stack.pulumi(["stack", "export", "--stack", name])).ok().stdout;
  const id = (state: string) => /pulumi-nodejs::default::([0-9a-f-]*)/.exec(state)?.[1] ?? "";
  const [ofTest, ofB] = [await exported("test"), await exported("b")];
  writeFileSync(at("b.json"), ofB.replaceAll(id(ofB), id(ofTest)));
  (await stack.pulumi(["stack", "import", "--stack", "b", "--file", at("b.json")])).ok();
  (await stack.pulumi([...words.replaceAll("'", "").split(" "), "--yes"])).ok();

  for (const name of ["b", "test"]) {
    const { output } = (await up(name)).ok();
    expect(output).toMatch(/Resources:\n +\d+ unchanged\n/);
    expect(output).not.toContain("interrupted runs");
  }
  expect(written()).toEqual(before);
  expect(await exported("b")).toContain("::acme-ada");
});
