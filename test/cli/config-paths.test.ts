import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { CustomerSurvey } from "../../cli/drift/customer-survey.ts";
import { workInProgramFolder } from "../../cli/pulumi/project.ts";
import { configIn } from "../../cli/pulumi/stack.ts";
import { enablexReseller } from "../enablex/enablex-server.ts";
import { system, there } from "../netsapiens/system.ts";
import { certificateFor } from "../xima/certificate.ts";
import { licenceServer } from "../xima/licence-server.ts";
import { makeProgramProject, projectFolders, runInProject } from "./program-project.ts";

describe("a relative path of the config is the provider's, from any folder of the project", () => {
  let folder: string;
  /** Writes a file where the engine starts the provider. */
  const write = (file: string, text: string) => writeFileSync(join(folder, "program", file), text);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ucaas-paths-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    makeProgramProject(folder);
  });

  /** A config as the Pulumi CLI prints it. */
  const printed = (config: Record<string, string>) => {
    const values = Object.entries(config).map(([key, value]) => [key, { value }]);
    return JSON.stringify(Object.fromEntries(values));
  };
  const from = (
    inner: string,
    args: readonly string[],
    config: Record<string, string>,
    env: NodeJS.ProcessEnv = {},
  ) =>
    runInProject(folder, inner, [...args, "--stack", "live", "--json"], {
      CONFIG: printed(config),
      ...env,
    });

  test("status shows when the certificate ends that the config names", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    write("xima.crt.pem", await certificateFor(privateKey, { to: 12 }));
    for (const inner of projectFolders) {
      const { stdout } = await from(inner, ["status"], { "xima:certificate": "xima.crt.pem" });
      const { certificates, notes } = JSON.parse(stdout);
      expect(certificates, inner).toMatchObject([{ stack: "live", daysLeft: 11 }]);
      expect(notes, inner).toEqual([]);
    }
  });

  test("netsapiens verify takes the password of the stack's API user", async () => {
    const ns = await system();
    onTestFinished(ns.stop);
    write("password", there.apiPassword);
    const config = { "netsapiens:apiUrl": ns.server.url, "netsapiens:apiUsername": "api@acme" };
    const env = {
      NETSAPIENS_API_PASSWORD_FILE: "password",
      NETSAPIENS_CLIENT_SECRET: there.clientSecret,
    };
    const args = ["netsapiens", "verify", "--client-id", there.clientId, "--domain", "acme"];
    for (const inner of projectFolders) {
      const run = await from(inner, [...args, "--did", there.did], config, env);
      expect(run, inner).toMatchObject({ exitCode: 0, stderr: "" });
    }
  });

  test("adopt asks Xima with the key that the config names", async () => {
    await using licences = await licenceServer();
    const { "xima:privateKey": key = "", ...address } = licences.plainConfig;
    write("key.pem", key);
    const config = { ...address, "xima:privateKey": "key.pem" };
    for (const inner of projectFolders) {
      const run = await from(inner, ["adopt", "xima", "--tenant", "voicehouse/acme"], config);
      expect(run.stderr, inner).toContain("the licensing API does not know voicehouse/acme");
    }
  });

  test("adopt compares with the provider there, and goes on in its own folder", async () => {
    const own = process.cwd();
    onTestFinished(() => process.chdir(own));
    for (const inner of projectFolders) {
      process.chdir(join(folder, inner));
      const begun = process.cwd();
      const seen = workInProgramFolder(async () => {
        await Promise.resolve();
        return Promise.reject(process.cwd());
      });
      await expect(seen).rejects.toBe(realpathSync(join(folder, "program")));
      expect(process.cwd()).toBe(begun);
    }
  });

  test("drift lists the customers of the account whose key a file has", async () => {
    await using enablex = await enablexReseller();
    const { "enablex:accessKey": accessKey = "", ...address } = enablex.basic;
    write("key", accessKey);
    vi.stubEnv("ENABLEX_ACCESS_KEY_FILE", "key");
    const own = process.cwd();
    onTestFinished(() => {
      process.chdir(own);
      vi.unstubAllEnvs();
    });
    for (const inner of projectFolders) {
      process.chdir(join(folder, inner));
      const config = configIn(printed(address));
      const survey = new CustomerSurvey(async () => config);
      survey.visit("live", []);
      expect(await survey.counts(), inner).toMatchObject([{ status: "counted", existing: 0 }]);
      expect(process.cwd()).toBe(realpathSync(join(folder, inner)));
    }
  });
});
