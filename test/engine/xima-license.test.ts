import { createPrivateKey } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { writeImportFile } from "../../cli/xima/import-file.ts";
import { leaksBelow } from "../../trials/secrets/leaks.ts";
import { eventually } from "../eventually.ts";
import { licenceServer } from "../xima/licence-server.ts";
import { type Deployment, type Workspace, workspace } from "./workspace.ts";

const password = "sip-canary-password";
const sip = `sipCredentials: {
  username: "acme-trunk", password: "${password}",
  sipServer: "sip.acme.example", outboundProxy: "proxy.acme.example"
}`;

/** A program with a licence for each name, and what is in its arguments. */
const program = (licences: Record<string, string>) => `
  import { XimaLicense } from "pulumi-ucaas";
  const licence = (name, args) => new XimaLicense(name, {
    ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: name, tenantName: "Café Zürich 📞" }, ...args,
  });
  ${Object.entries(licences)
    .map(([name, args]) => `export const ${name} = licence("${name}", { ${args} });`)
    .join("\n")}
`;

let licences: Awaited<ReturnType<typeof licenceServer>>;
let stack: Workspace;
beforeAll(async () => {
  licences = await licenceServer();
  stack = await workspace({
    program: program({
      acme: `professionalSeats: 12, aiMessaging: { standardBundles: 2 }, ${sip}`,
    }),
    config: licences.config,
  });
});
afterAll(async () => {
  await stack?.remove();
  await licences.server.stop();
});
afterEach(() => licences.server.faults.clear());

const customer = (tenant: string) => licences.server.state.customers[`voicehouse/${tenant}`];
const inState = async (name: string) =>
  (await stack.export()).deployment.resources?.find(({ urn }) => urn.endsWith(`::${name}`));

describe("a licence on the real engine", () => {
  test("up creates it with encrypted secrets in the state, and the next preview is empty", async () => {
    (await stack.up()).ok();
    expect(customer("acme")?.licence).toMatchObject({
      professionalSeats: 12,
      aiMessaging: { standardBundles: 2 },
      sipCredentials: { password },
    });
    const kept = await inState("acme");
    expect(kept).toMatchObject({
      id: "voicehouse/acme",
      outputs: { schemaVersion: 1, professionalSeats: 12 },
    });
    for (const bag of [kept?.inputs, kept?.outputs])
      expect(bag?.sipCredentials).toMatchObject({ ciphertext: expect.any(String) });
    expect(JSON.stringify(kept)).not.toContain(password);
    expect(await leaksBelow(stack.stateFolder, [password])).toEqual([]);
    expect((await stack.preview("--expect-no-changes")).ok().output).toContain("2 unchanged");
  });

  test("a broken rule is reported in the preview, with the property", async () => {
    await stack.writeProgram(program({ acme: `professionalSeats: 3, eliteSeat: 5` }));
    const refused = await stack.preview();
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain("must be 0 or at least 5, not 3 (OpenAPI 1.4)");
    expect(refused.output).toContain("Did you mean eliteSeats?");
    expect(refused.output).toContain("cannot be removed: the licensing API only sets them");
  });

  test("a change of seats is a diff that up applies, and a removed one becomes 0", async () => {
    await stack.writeProgram(program({ acme: `professionalSeats: 15, ${sip}` }));
    const preview = (await stack.preview("--diff")).ok().output;
    expect(preview).toMatch(/~ professionalSeats: 12 => 15/);
    expect(preview).toMatch(/- aiMessaging/);
    expect(preview).not.toContain("__stack");
    expect(preview).not.toContain(password);
    (await stack.up()).ok();
    expect(customer("acme")?.licence).toMatchObject({
      professionalSeats: 15,
      aiMessaging: { standardBundles: 0 },
    });
    expect((await inState("acme"))?.outputs?.lastChanges).toEqual([
      { property: "professionalSeats", oldValue: 12, newValue: 15 },
      { property: "aiMessaging.standardBundles", oldValue: 2, newValue: 0 },
    ]);
  });

  test("an out-of-band change is found and undone when reassertAfter has passed", async () => {
    Object.assign(customer("acme")!.licence, { professionalSeats: 99 });
    await stack.writeProgram(
      program({ acme: `professionalSeats: 15, reassertAfter: "1s", ${sip}` }),
    );
    const age = async () =>
      Date.now() - Date.parse(String((await inState("acme"))?.outputs?.lastAssertedAt));
    await expect.poll(age).toBeGreaterThan(1_000);
    const up = (await stack.up()).ok();
    expect(up.output).toContain(
      "voicehouse/acme: professionalSeats had been changed elsewhere: 15 was declared, the server had 99",
    );
    expect(customer("acme")?.licence).toMatchObject({ professionalSeats: 15 });
    expect((await inState("acme"))?.outputs?.lastDrift).toEqual([
      { property: "professionalSeats", oldValue: 15, newValue: 99 },
    ]);
    // Being due is a task for up; a drift check at night does not ring for it.
    (await stack.refresh("--preview-only", "--expect-no-changes")).ok();
    await stack.writeProgram(program({ acme: `professionalSeats: 15, ${sip}` }));
    (await stack.preview("--expect-no-changes")).ok();
  });

  test("an out-of-band loss is drift to a refresh, and up creates it again", async () => {
    delete licences.server.state.customers["voicehouse/acme"];
    const drift = await stack.refresh("--preview-only", "--expect-no-changes");
    expect(drift.exitCode, drift.output).not.toBe(0);
    (await stack.up("--refresh")).ok();
    expect(customer("acme")?.licence).toMatchObject({ professionalSeats: 15 });
    (await stack.refresh("--preview-only", "--expect-no-changes")).ok();
  });

  test("a changed tenant creates a new licence, then deletes the old one and shows its deletionId", async () => {
    await stack.writeProgram(
      program({
        acme: `ccId: {
          resellerId: "voicehouse", resellerName: "Voicehouse",
          tenantId: "acme-2", tenantName: "Acme"
        }, professionalSeats: 15`,
      }),
    );
    expect((await stack.preview("--diff")).ok().output).toMatch(/tenantId *: "acme" => "acme-2"/);
    const up = (await stack.up()).ok();
    expect(customer("acme-2")?.licence).toMatchObject({ professionalSeats: 15 });
    expect(up.output).toContain(`deletionId ${customer("acme")?.deletion?.deletionId}`);
  });

  test("a renamed licence is not deleted, adopted or not, until no resource declares it", async () => {
    // To the engine, a renamed resource is a new one. It creates that before it deletes the
    // old one. With --continue-on-error it deletes the old one even after a failed create,
    // unless another resource depends on the new one.
    await stack.writeProgram(`
      import { XimaLicense } from "pulumi-ucaas";
      const ccId = { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "acme-2", tenantName: "Acme" };
      new XimaLicense("renamed", { ccId, professionalSeats: 15 });`);
    expect((await stack.up("--continue-on-error")).output).toMatch(
      /ALREADY_EXISTS[\s\S]*TAKE_OVER_OPEN|TAKE_OVER_OPEN[\s\S]*ALREADY_EXISTS/,
    );
    expect(customer("acme-2")?.deletion).toBeUndefined();
    await stack.writeProgram(
      program({
        renamed: `ccId: { resellerId: "voicehouse", tenantId: "acme-2" }, professionalSeats: 15, adopt: true`,
      }),
    );
    expect((await stack.up()).ok().output).toContain(
      "voicehouse/acme-2: is kept: another resource of this stack has it now",
    );
    expect(customer("acme-2")?.deletion).toBeUndefined();
    await stack.writeProgram(program({}));
    (await stack.up()).ok();
    expect(customer("acme-2")?.deletion).toBeDefined();
  });

  test("one whose answer broke off is kept in the state, and the next up completes it", async () => {
    await stack.writeProgram(program({ broken: "eliteSeats: 5" }));
    licences.server.fault({ kind: "malformed", bodyMatches: "eliteSeats" });
    const failed = await stack.up();
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("MALFORMED_REPLY");
    expect(await inState("broken")).toMatchObject({
      id: "voicehouse/broken",
      initErrors: [expect.stringContaining("MALFORMED_REPLY")],
    });
    (await stack.up()).ok();
    expect(await inState("broken")).not.toHaveProperty("initErrors");
    (await stack.preview("--expect-no-changes")).ok();
  });

  test("a licence whose create a power failure cut off is completed by the next up", async () => {
    await stack.writeProgram(program({ broken: "eliteSeats: 5", cut: "eliteSeats: 7" }));
    licences.server.fault({ kind: "hangAfter", bodyMatches: '"cut"[\\s\\S]*eliteSeats' });
    const doomed = stack.start(["up", "--yes", "--skip-preview"]);
    await eventually(() => expect(licences.unanswered()).toHaveLength(1), doomed.done);
    await doomed.crash();
    await doomed.done;
    (await stack.pulumi(["cancel", "--yes"])).ok();
    expect(await inState("cut")).toBeUndefined();
    (await stack.up()).ok();
    expect(await inState("cut")).toMatchObject({
      id: "voicehouse/cut",
      outputs: { eliteSeats: 7 },
    });
    (await stack.preview("--expect-no-changes")).ok();
  });

  test("an update without a reply is undone by the next up when its declaration is taken back", async () => {
    const declared = (seats: number) =>
      program({ broken: "eliteSeats: 5", cut: `eliteSeats: ${seats}` });
    await stack.setConfig("xima:deadlineSeconds", 5);
    licences.server.fault({ kind: "cut", bodyMatches: "eliteSeats", times: 99 });
    await stack.writeProgram(declared(20));
    const { exitCode, output } = await stack.up();
    expect(exitCode, output).not.toBe(0);
    expect(customer("cut")?.licence).toMatchObject({ eliteSeats: 20 });
    licences.server.faults.clear();
    await stack.removeConfig("xima:deadlineSeconds");
    await stack.writeProgram(declared(7));
    (await stack.up()).ok();
    expect(customer("cut")?.licence).toMatchObject({ eliteSeats: 7 });
    (await stack.preview("--expect-no-changes")).ok();
  });

  test("an import file imports a customer with an encrypted secret, without any request", async () => {
    const ccId = {
      resellerId: "voicehouse",
      resellerName: "Voicehouse",
      tenantId: "old",
      tenantName: "Café Zürich 📞",
    };
    const sipCredentials = {
      username: "acme-trunk",
      password,
      sipServer: "sip.acme.example",
      outboundProxy: "proxy.acme.example",
    };
    licences.server.state.customers["voicehouse/old"] = {
      ccId,
      licence: { eliteSeats: 8, sipCredentials },
    };
    const declared = join(stack.folder, "licences.yaml");
    const file = join(stack.folder, "import.json");
    await writeFile(
      declared,
      JSON.stringify({ old: { ccId, eliteSeats: 8, sipCredentials, reassertAfter: "7d" } }),
    );
    await writeImportFile(declared, file);
    await stack.writeProgram(
      program({
        broken: "eliteSeats: 5",
        cut: "eliteSeats: 7",
        old: `eliteSeats: 8, reassertAfter: "7d", ${sip}`,
      }),
    );
    const before = licences.writes().length;
    (
      await stack.pulumi([
        "import",
        "--file",
        file,
        "--generate-code=false",
        "--yes",
        "--protect=false",
        "--skip-preview",
      ])
    ).ok();
    expect((await stack.preview("--expect-no-changes")).ok().output).toContain("4 unchanged");
    expect(licences.writes()).toHaveLength(before);
    expect(JSON.stringify(await inState("old"))).not.toContain(password);
  });

  test("destroy schedules all for deletion", async () => {
    const destroyed = (await stack.destroy()).ok();
    for (const name of ["broken", "cut", "old"]) {
      expect(destroyed.output).toContain(`deletionId ${customer(name)?.deletion?.deletionId}`);
    }
    expect((await stack.export()).deployment.resources ?? []).toEqual([]);
  });
});

describe("a stack with accounts", () => {
  test("licenses each customer by its own account, and warns of every secret in plain text", async () => {
    const {
      "xima:baseUrl": baseUrl,
      "xima:privateKey": privateKey,
      "xima:keyId": keyId,
    } = licences.plainConfig;
    await using other = await licenceServer();
    await using two = await workspace({
      program: program({ home: "eliteSeats: 5", north: `eliteSeats: 6, account: "north"` }),
      config: {
        "xima:baseUrl": baseUrl,
        "xima:keyId": keyId,
        "xima:privateKey": privateKey,
        "xima:accounts": {
          north: {
            baseUrl: other.server.baseUrl,
            privateKey: other.pem,
            keyId: other.plainConfig["xima:keyId"],
          },
        },
      },
    });
    const up = (await two.up()).ok();
    expect(customer("home")?.licence).toMatchObject({ eliteSeats: 5 });
    expect(other.server.state.customers["voicehouse/north"]?.licence).toMatchObject({
      eliteSeats: 6,
    });
    expect(up.output).toContain(
      "xima:privateKey is a secret but is in plain text in the stack's config. Run: pulumi config set --secret xima:privateKey",
    );
    expect(up.output).toContain(
      "Run: pulumi config set --secret --path xima:accounts.north.privateKey",
    );

    // An account at another server: the licence is made there, then given back here.
    await two.writeProgram(
      program({
        home: `eliteSeats: 5, account: "north"`,
        north: `eliteSeats: 6, account: "north"`,
      }),
    );
    const moved = (await two.up()).ok();
    expect(other.server.state.customers["voicehouse/home"]).toMatchObject({
      licence: { eliteSeats: 5 },
    });
    expect(moved.output).toContain(`deletionId ${customer("home")?.deletion?.deletionId}`);
    expect(other.server.state.customers["voicehouse/home"]?.deletion).toBeUndefined();

    // A path is no secret, and one in a section is encrypted by the command that the warning gives.
    const passphrase = "open-sesame-canary";
    const file = join(two.folder, "key.pem");
    await writeFile(
      file,
      createPrivateKey(other.pem).export({
        type: "pkcs8",
        format: "pem",
        cipher: "aes-256-cbc",
        passphrase,
      }),
    );
    await two.removeConfig("xima:privateKey");
    await two.setConfig("xima:accounts", {
      north: {
        baseUrl: other.server.baseUrl,
        privateKey: file,
        keyId: other.plainConfig["xima:keyId"],
      },
    });
    (
      await two.pulumi([
        "config",
        "set",
        "--secret",
        "--path",
        "xima:accounts.north.privateKeyPassphrase",
        passphrase,
      ])
    ).ok();
    await two.writeProgram(program({ north: `eliteSeats: 7, account: "north"` }));
    const quiet = (await two.up("--target", "**XimaLicense::north")).ok();
    expect(quiet.output).not.toContain("in plain text");
    expect(other.server.state.customers["voicehouse/north"]?.licence).toMatchObject({
      eliteSeats: 7,
    });
    expect(await leaksBelow(two.stateFolder, [passphrase])).toEqual([]);
  });
});

describe("a state that an earlier release wrote", () => {
  test("is previewed, refreshed, updated and destroyed by this one", async () => {
    const folder = join(import.meta.dirname, "../fixtures/xima-license");
    for (const name of await readdir(folder)) {
      const deployment = JSON.parse(await readFile(join(folder, name), "utf8")) as Deployment;
      const ccId = {
        resellerId: "voicehouse",
        resellerName: "Voicehouse",
        tenantId: "kept",
        tenantName: "Café Zürich 📞",
      };
      licences.server.state.customers["voicehouse/kept"] = { ccId, licence: { eliteSeats: 5 } };
      await using old = await workspace({
        program: program({ kept: `eliteSeats: 5, ${sip}` }),
        config: licences.config,
      });
      (await old.import(deployment)).ok();
      expect((await old.preview("--expect-no-changes")).ok().output, name).toContain("2 unchanged");
      // Without a program a refresh takes the config from the state, and with it the
      // server of those days.
      (await old.refresh("--run-program")).ok();
      await old.writeProgram(program({ kept: `eliteSeats: 6, ${sip}` }));
      (await old.up()).ok();
      expect(customer("kept")?.licence).toMatchObject({ eliteSeats: 6 });
      (await old.destroy()).ok();
      expect(customer("kept")?.deletion).toBeDefined();
    }
  });
});
