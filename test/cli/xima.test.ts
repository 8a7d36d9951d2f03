import "reflect-metadata";
import { execFile } from "node:child_process";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeDeletion } from "../../provider/xima/deletions.ts";
import { root } from "../../tools/engine/paths.mjs";
import { testHome } from "../host/dynamic-host.ts";
import { certificateFor } from "../xima/certificate.ts";
import { control, licenceServer } from "../xima/licence-server.ts";
import { onTerminal as typed } from "./on-terminal.ts";
import { ucaas as command } from "./ucaas.ts";

const start = join(root, "cli", "start.mjs");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const clean = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("XIMA_"))),
  PULUMI_HOME: testHome,
};
const ucaas = (args: string[], env: Record<string, string> = {}) =>
  command(["xima", ...args], { cwd: folder, env: { ...clean, ...env } });
const onTerminal = (args: string[], lines: string[]) =>
  typed(["xima", ...args], lines, { cwd: folder, env: clean });
const at = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(at(name), "utf8");
function write(name: string, text: string): string {
  writeFileSync(at(name), text);
  return name;
}

describe("ucaas xima keys new", () => {
  test("creates a key that only its owner can read, and a request that the licence server signs", async () => {
    const { exitCode, stdout } = await ucaas([
      "keys",
      "new",
      "--common-name",
      "Voicehouse, GmbH",
      "--organization",
      "Café Zürich",
      "--country",
      "ch",
    ]);
    expect(exitCode, stdout).toBe(0);
    expect(statSync(at("xima.key.pem")).mode & 0o777).toBe(0o600);
    const key = createPrivateKey(read("xima.key.pem"));
    expect([key.asymmetricKeyType, key.asymmetricKeyDetails?.modulusLength]).toEqual(["rsa", 2048]);

    const request = new Pkcs10CertificateRequest(read("xima.csr.pem"));
    expect(await request.verify()).toBe(true);
    expect(request.subjectName.toJSON()).toEqual([
      { CN: ["Voicehouse, GmbH"] },
      { O: ["Café Zürich"] },
      { C: ["CH"] },
    ]);
    const spki = (half: ReturnType<typeof createPublicKey>) =>
      half.export({ type: "spki", format: "der" }).toString("hex");
    expect(Buffer.from(request.publicKey.rawData).toString("hex")).toBe(spki(createPublicKey(key)));

    await using licences = await licenceServer();
    const signed = (await control(licences.server.control, "sign", {
      csr: read("xima.csr.pem"),
    })) as { kid: string; certificate: string };
    write("xima.crt.pem", signed.certificate);
    expect((await ucaas(["keys", "fingerprint", "xima.crt.pem"])).stdout).toBe(`${signed.kid}\n`);
    const kid = await ucaas(["keys", "fingerprint", "xima.crt.pem", "--json"]);
    expect(JSON.parse(kid.stdout)).toEqual({ version: 1, file: "xima.crt.pem", kid: signed.kid });
    const checked = await ucaas([
      "keys",
      "check",
      "--key",
      "xima.key.pem",
      "--certificate",
      "xima.crt.pem",
    ]);
    expect(checked, checked.stderr).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`kid          ${signed.kid}`),
    });
    expect(stdout).toContain("npx ucaas xima keys check --key xima.key.pem");
    expect(stdout).toContain("pulumi config set --secret xima:privateKey < xima.key.pem");
    expect(stdout).not.toContain("PRIVATE KEY");
  });

  test.each([
    ['Say "Hello" Ltd'],
    ["\\backslash"],
    ["#1 Telecom"],
    ["a+b=c, d; <e>"],
    [" Voice house "],
  ])("puts the name %j into the request as it was typed", async (commonName) => {
    const { exitCode, stderr } = await ucaas([
      "keys",
      "new",
      "--common-name",
      commonName,
      "--organization",
      commonName,
    ]);
    expect(exitCode, stderr).toBe(0);
    const { subjectName } = new Pkcs10CertificateRequest(read("xima.csr.pem"));
    expect([subjectName.getField("CN"), subjectName.getField("O")]).toEqual([
      [commonName],
      [commonName],
    ]);
  });

  test("refuses an empty name or a wrong country, and says what to write", async () => {
    for (const names of [
      ["--common-name", " "],
      ["--common-name", "Voicehouse", "--organization", ""],
      ["--common-name", "Voicehouse", "--country", "GBR"],
    ]) {
      const { exitCode, stderr } = await ucaas(["keys", "new", ...names]);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/\[INVALID_ARGUMENT\]\n {2}What to do: write /),
      });
    }
    expect(existsSync(at("xima.key.pem"))).toBe(false);
  });

  test.each([["xima.key.pem"], ["xima.csr.pem"]])(
    "never overwrites %s, and creates nothing then",
    async (existing) => {
      write(existing, "precious");
      const { exitCode, stderr } = await ucaas(["keys", "new", "--common-name", "Voicehouse"]);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(
          `${existing} exists already and is left as it is [FILE_EXISTS]`,
        ),
      });
      expect(read(existing)).toBe("precious");
      const other = existing === "xima.key.pem" ? "xima.csr.pem" : "xima.key.pem";
      expect(existsSync(at(other))).toBe(false);
    },
  );

  test("removes its key when the request cannot be written, so that you can try again", async () => {
    const { exitCode, stderr } = await ucaas([
      "keys",
      "new",
      "--common-name",
      "Voicehouse",
      "--csr",
      "no/such/folder.pem",
    ]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("FILE_NOT_WRITTEN"),
    });
    expect(existsSync(at("xima.key.pem"))).toBe(false);
  });

  test("encrypts with the passphrase of the environment, which is in no argument and no output", async () => {
    const env = { XIMA_PRIVATE_KEY_PASSPHRASE: "open sesame canary" };
    const created = await ucaas(
      ["keys", "new", "--common-name", "Voicehouse", "--bits", "3072"],
      env,
    );
    expect(created).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("RSA 3072, mode 0600, encrypted"),
    });
    expect(read("xima.key.pem")).toContain("BEGIN ENCRYPTED PRIVATE KEY");
    expect(
      createPrivateKey({ key: read("xima.key.pem"), passphrase: "open sesame canary" })
        .asymmetricKeyDetails?.modulusLength,
    ).toBe(3072);
    expect(`${created.stdout}${created.stderr}`).not.toContain("canary");
  });

  test("asks for a passphrase on a terminal, twice, without showing it", async () => {
    const typed = await onTerminal(
      ["keys", "new", "--common-name", "Voicehouse", "--encrypt"],
      ["new canary", "new canary"],
    );
    expect(typed).toContain("A passphrase for the new key: ");
    expect(typed).not.toContain("canary");
    expect(
      createPrivateKey({ key: read("xima.key.pem"), passphrase: "new canary" }).asymmetricKeyType,
    ).toBe("rsa");
    rmSync(at("xima.key.pem"));
    rmSync(at("xima.csr.pem"));
    expect(
      await onTerminal(
        ["keys", "new", "--common-name", "V", "--encrypt"],
        ["one canary", "another"],
      ),
    ).toContain("SECRET_DIFFERS");
    expect(existsSync(at("xima.key.pem"))).toBe(false);
  });

  test("ends at Ctrl-C without creating anything", async () => {
    expect(
      await onTerminal(["keys", "new", "--common-name", "Voicehouse", "--encrypt"], ["\u0003"]),
    ).not.toContain("What to do next");
    expect(existsSync(at("xima.key.pem"))).toBe(false);
  });

  test("says how to hand over a passphrase where there is no terminal", async () => {
    const { exitCode, stderr } = await ucaas([
      "keys",
      "new",
      "--common-name",
      "Voicehouse",
      "--encrypt",
    ]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("XIMA_PRIVATE_KEY_PASSPHRASE_FILE"),
    });
  });
});

describe("ucaas xima keys check", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

  test("shows key, certificate, dates and kid, and says when the certificate ends soon", async () => {
    const certificate = await certificateFor(privateKey, { to: 10.5 });
    const env = { XIMA_PRIVATE_KEY: pem, XIMA_CERTIFICATE_FILE: at(write("c.pem", certificate)) };
    const { exitCode, stdout } = await ucaas(["keys", "check"], env);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("key          RSA, 2048 bits");
    expect(stdout).toContain("certificate  CN=Voicehouse");
    expect(stdout).toContain("issuer       CN=Authority of the tests");
    expect(stdout).toMatch(/valid {8}20\S+Z to 20\S+Z \(10 days left\)/);
    expect(stdout).toContain(
      `kid          ${createHash("sha1").update(new X509Certificate(certificate).raw).digest("hex")}`,
    );
    expect(stdout).toContain("It ends soon");
  });

  test("reports all errors, and exits with 1", async () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    write("k.pem", pem);
    write("c.pem", await certificateFor(other, { from: -30, to: -1 }));
    const { exitCode, stdout, stderr } = await ucaas([
      "keys",
      "check",
      "--key",
      "k.pem",
      "--certificate",
      "c.pem",
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("KEY_MISMATCH");
    expect(stderr).toContain("CERTIFICATE_EXPIRED");
    expect(stdout).not.toContain("valid now");
  });

  test("as JSON has the dates, the kid and all problems", async () => {
    write("k.pem", pem);
    write("c.pem", await certificateFor(privateKey, { from: -30, to: -1 }));
    const args = ["keys", "check", "--json", "--key", "k.pem", "--certificate", "c.pem"];
    const { exitCode, stdout } = await ucaas(args);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      key: { type: "RSA", bits: 2048 },
      certificate: { subject: "CN=Voicehouse", kid: expect.stringMatching(/^[0-9a-f]{40}$/) },
      problems: [{ code: "CERTIFICATE_EXPIRED", hint: expect.any(String) }],
    });
  });

  test("reports on the certificate even if the key cannot be opened", async () => {
    write(
      "k.pem",
      privateKey
        .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "right" })
        .toString(),
    );
    write("c.pem", await certificateFor(privateKey));
    const args = ["keys", "check", "--key", "k.pem", "--certificate", "c.pem"];
    const wrong = await ucaas(args, { XIMA_PRIVATE_KEY_PASSPHRASE: "wrong canary" });
    expect(wrong).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("certificate  CN=Voicehouse"),
      stderr: expect.stringContaining("KEY_PASSPHRASE"),
    });
    expect(wrong.stderr).not.toContain("canary");
    expect(
      await ucaas(args, { XIMA_PRIVATE_KEY_PASSPHRASE_FILE: at(write("p", "right\n")) }),
    ).toMatchObject({ exitCode: 0 });
    const typed = await onTerminal(args, ["right"]);
    expect(typed).toContain(
      "The key belongs to the certificate, and the certificate is valid now.",
    );
  });

  test("without a file or a variable says which it wants", async () => {
    const { exitCode, stderr } = await ucaas(["keys", "check"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("name its file with --key, or set XIMA_PRIVATE_KEY_FILE");
    expect(stderr).toContain("name its file with --certificate, or set XIMA_CERTIFICATE_FILE");
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe("ucaas xima keys check --online", () => {
  test("finds the kid in the server's list of keys, and exits with 1 when it is missing", async () => {
    await using licences = await licenceServer();
    expect(await ucaas(["keys", "new", "--common-name", "Voicehouse"])).toMatchObject({
      exitCode: 0,
    });
    const { certificate } = (await control(licences.server.control, "sign", {
      csr: read("xima.csr.pem"),
    })) as { certificate: string };
    write("c.pem", certificate);
    const args = ["keys", "check", "--key", "xima.key.pem", "--certificate", "c.pem", "--online"];
    const online = (env: object = {}) =>
      ucaas(args, { XIMA_BASE_URL: licences.server.baseUrl, ...env });
    const address = `${licences.server.baseUrl}/licensing/.well-known/jwks.json`;
    expect(await online()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`server       lists this kid: ${address}`),
    });
    expect(await online({ XIMA_UPDATE_PATH: "/other/licensing/update" })).toMatchObject({
      exitCode: 0,
    });
    expect(licences.server.received.every(({ method }) => method === "GET")).toBe(true);

    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    write("k2.pem", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    write("c2.pem", await certificateFor(privateKey));
    const unknown = await ucaas([
      "keys",
      "check",
      "--key",
      "k2.pem",
      "--certificate",
      "c2.pem",
      // It implies --online.
      "--base-url",
      licences.server.baseUrl,
    ]);
    expect(unknown).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(
        "the server does not list this kid (2 listed) [KEY_NOT_REGISTERED]",
      ),
    });

    const kid = createHash("sha1").update(new X509Certificate(certificate).raw).digest("hex");
    licences.server.state.keys = { [kid]: licences.server.state.keys["key-of-the-tests"]! };
    expect(await online()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("KEY_REGISTERED_OTHERWISE"),
    });
    licences.server.state.keys = {};
    expect(await online()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("KEY_LIST_UNUSABLE"),
    });
    licences.server.fault({ kind: "status", status: 404, times: 3 });
    expect(await online()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("serves no list of keys"),
    });
  });

  test("without a server says which variable names it", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    write("k.pem", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    write("c.pem", await certificateFor(privateKey));
    const { exitCode, stderr } = await ucaas([
      "keys",
      "check",
      "--key",
      "k.pem",
      "--certificate",
      "c.pem",
      "--online",
    ]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("XIMA_BASE_URL"),
    });
  });
});

describe("ucaas xima keys", () => {
  test("names a file that cannot be read, and says nothing of the stack's config", async () => {
    for (const args of [
      ["fingerprint", "nofile"],
      ["check", "--key", "nofile", "--certificate", "nofile"],
    ]) {
      const { exitCode, stderr } = await ucaas(["keys", ...args]);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("nofile cannot be read (ENOENT)"),
      });
      expect(stderr).not.toContain("pulumi config");
    }
  });
});

describe("ucaas xima deletions", () => {
  const line = (more: object) =>
    JSON.stringify({
      ...{
        stack: "telephony/prod",
        resource: "acme",
        baseUrl: "https://licensing.example/v1",
        resellerId: "voicehouse",
        tenantId: "acme",
      },
      ...{
        deletionId: "del_1",
        scheduledAt: "2025-07-28T21:10:05Z",
        estimatedDeletionTime: "1 week",
        recordedAt: "2025-07-28T21:10:06Z",
      },
      ...more,
    });

  test("lists deletions, newest first, with the date until which support can restore them", async () => {
    const later = new Date(Date.now() - 3_600_000).toISOString();
    write(
      "xima-deletions.jsonl",
      `${line({})}\n${line({ tenantId: "zoe", deletionId: null, scheduledAt: later })}\n`,
    );
    const { exitCode, stdout, stderr } = await ucaas(["deletions"], { UCAAS_JOURNAL_DIR: folder });
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(
      /voicehouse\/zoe .*lost: ask Xima support.*\(6 days left\)[\s\S]*voicehouse\/acme /,
    );
    expect(stdout).toMatch(
      /voicehouse\/acme +│ del_1 +│ 2025-07-28 21:10 UTC +│ no longer \(until 2025-08-04 21:10 UTC\) +│ acme in telephony\/prod/,
    );

    const report = JSON.parse(
      (await ucaas(["deletions", "--json"], { UCAAS_JOURNAL_DIR: folder })).stdout,
    ) as { deletions: object[] };
    expect(report).toMatchObject({
      version: 1,
      deletions: [{ tenantId: "zoe" }, { restorableUntil: "2025-08-04T21:10:05.000Z" }],
      unreadable: [],
    });
  });

  test("names a record that it cannot read, and does not end as if the list were whole", async () => {
    write("xima-deletions.jsonl", `${line({})}\n${line({}).slice(0, 80)}\n`);
    const text = await ucaas(["deletions"], { UCAAS_JOURNAL_DIR: folder });
    expect(text).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("del_1") });
    expect(text.stderr).toContain("xima-deletions.jsonl:2 is no record of a deletion");
    const json = await ucaas(["deletions", "--json"], { UCAAS_JOURNAL_DIR: folder });
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      deletions: [{ deletionId: "del_1" }],
      unreadable: [2],
    });
  });

  test("names the searched places when it finds nothing", async () => {
    const { exitCode, stdout } = await ucaas(["deletions"], { UCAAS_JOURNAL_DIR: folder });
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `No deletion is recorded in ${at("xima-deletions.jsonl")}.
A run with UCAAS_JOURNAL keeps them in that database: set it here too.
With --stack, the stack's config names the place.
`,
    });
  });

  test("the command that a deletion names finds it where the stack's config keeps it", async () => {
    write("Pulumi.yaml", "name: telephony\nruntime: nodejs\n");
    write("xima-deletions.jsonl", `${line({})}\n`);
    const config = JSON.stringify({ "ucaas:journalDir": { value: folder } });
    const script = `#!/bin/sh\n[ "$*" = "\${*#*--stack prod}" ] || printf '%s' '${config}'\n`;
    writeFileSync(at("pulumi"), script, { mode: 0o755 });
    const shown = describeDeletion({ status: "deleted" }, "telephony/prod@s3://state");
    const named = /[(]ucaas xima (.*) lists it[)]/.exec(shown)?.[1] ?? "";
    const PATH = `${folder}:${process.env.PATH}`;
    const { stdout, stderr } = await ucaas(named.split(" "), { PATH });
    expect(stdout, stderr).toContain("del_1");
  });
});

describe("ucaas xima import-file", () => {
  test("writes a file for pulumi import, with the password marked secret and mode 0600", async () => {
    write(
      "licences.yaml",
      `acme:
  ccId: { resellerId: voicehouse, tenantId: acme }
  eliteSeats: 8
  sipCredentials: { username: u, password: p4ssw0rd, sipServer: s, outboundProxy: o }
`,
    );
    const { exitCode, stdout, stderr } = await ucaas(["import-file", "licences.yaml"]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain("pulumi import --file import.json --generate-code=false");
    expect(statSync(at("import.json")).mode & 0o777).toBe(0o600);
    const { resources } = JSON.parse(read("import.json")) as {
      resources: { inputs: object; outputs: object }[];
    };
    expect(resources).toMatchObject([
      { type: "pulumi-nodejs:dynamic/ucaas:XimaLicense", name: "acme", id: "voicehouse/acme" },
    ]);
    for (const bag of [resources[0]!.inputs, resources[0]!.outputs])
      expect(bag).toMatchObject({
        eliteSeats: 8,
        __provider: expect.stringContaining("pulumi-ucaas/host"),
        sipCredentials: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" },
      });
    expect(resources[0]!.outputs).toMatchObject({ schemaVersion: 1 });
    expect((await ucaas(["import-file", "licences.yaml"])).stderr).toContain("FILE_EXISTS");
    const other = ["--out", "other.json", "--json"];
    expect(JSON.parse((await ucaas(["import-file", "licences.yaml", ...other])).stdout)).toEqual({
      ...{ version: 1, file: "other.json", licences: 1 },
    });
  });

  test("refuses a duplicate customer: removing one would delete the licences of the other", async () => {
    write(
      "licences.yaml",
      "acme: { ccId: { resellerId: r, tenantId: t } }\ncopy: { ccId: { resellerId: r, tenantId: t } }\n",
    );
    expect((await ucaas(["import-file", "licences.yaml"])).stderr).toContain(
      "copy: ccId is declared by acme too",
    );
  });

  test("refuses a duplicate customer whose id has another Unicode spelling", async () => {
    const [one, other] = ["\u00e4", "a\u0308"].map(
      (a) => `{ ccId: { resellerId: r, tenantId: ${a} } }`,
    );
    write("licences.yaml", `acme: ${one}\ncopy: ${other}\n`);
    expect((await ucaas(["import-file", "licences.yaml"])).stderr).toContain(
      "copy: ccId is declared by acme too",
    );
  });

  test("reports all errors by licence and property, and never quotes a line", async () => {
    write(
      "licences.yaml",
      "acme: { ccId: { resellerId: r }, eliteSeat: 8 }\nother: { ccId: { resellerId: r, tenantId: t }, dialerSeats: -1 }\n",
    );
    const faults = (await ucaas(["import-file", "licences.yaml"])).stderr;
    expect(faults).toContain("acme: ccId.tenantId is missing");
    expect(faults).toContain("acme: eliteSeat is not a property here. Did you mean eliteSeats?");
    expect(faults).toContain("other: dialerSeats must not be negative");
    write("broken.yaml", 'acme:\n  sipCredentials: { password: "canary, }\n');
    const broken = await ucaas(["import-file", "broken.yaml"]);
    expect(broken).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/broken\.yaml:\d+:\d+ Missing closing/),
    });
    expect(broken.stderr).not.toContain("canary");
    expect((await ucaas(["import-file", "none.yaml"])).stderr).toContain("cannot be read (ENOENT)");
    write(
      "other.yaml",
      "acme:\n  ccId: { resellerId: r, tenantId: 007 }\n  eliteSeats: 012\n  sipCredentials: { password: 0123456 }\n",
    );
    const ambiguous = (await ucaas(["import-file", "other.yaml"])).stderr;
    expect(ambiguous).toContain(
      'other.yaml:2:36 acme.ccId.tenantId is ambiguous: write it in quotes ("007"), or as a plain decimal number',
    );
    expect(ambiguous).toContain(
      'other.yaml:3:15 acme.eliteSeats is ambiguous: write it in quotes ("012"), or as a plain decimal number',
    );
    expect(ambiguous).toContain(
      "other.yaml:4:31 acme.sipCredentials.password is ambiguous: write it in quotes ([secret])",
    );
    writeFileSync(at("latin.yaml"), Buffer.from("Bäckerei: {}", "latin1"));
    expect((await ucaas(["import-file", "latin.yaml"])).stderr).toContain(
      "latin.yaml is not UTF-8 (line 1)",
    );
    write("list.yaml", "- acme\n");
    expect((await ucaas(["import-file", "list.yaml"])).stderr).toContain(
      "is no map of licences by name",
    );
    expect(existsSync(at("import.json"))).toBe(false);
  });
});

test("an error says in one sentence that Node is too old", async () => {
  const old = `Object.defineProperty(process.versions, "node", { value: "20.20.2" }); await import(${JSON.stringify(start)});`;
  const output = await new Promise<string>((resolve) =>
    execFile(process.execPath, ["--input-type=module", "-e", old], (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    ),
  );
  expect(output).toMatch(
    /^This is Node 20\.20\.2; ucaas needs Node 22\.19 or newer\. .*npx ucaas.*\n$/,
  );
});
