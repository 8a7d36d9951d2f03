import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";
import { type System, system, there } from "../netsapiens/system.ts";
import { onTerminal } from "./on-terminal.ts";
import { ucaas } from "./ucaas.ts";

let ns: System;
let folder: string;
beforeEach(async () => {
  ns = await system();
  folder = mkdtempSync(join(tmpdir(), "ucaas-cli-"));
});
afterEach(async () => {
  await ns.stop();
  rmSync(folder, { recursive: true });
});

const without = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("NETSAPIENS_")),
);
const secrets = {
  NETSAPIENS_CLIENT_SECRET: there.clientSecret,
  NETSAPIENS_API_PASSWORD: there.apiPassword,
};
const flags = () => [
  "--client-id",
  there.clientId,
  "--domain",
  "acme",
  "--api-url",
  ns.server.url,
  "--api-username",
  "api@acme",
  "--did",
  there.did,
];
const verify = (args: string[], env: Record<string, string> = secrets) =>
  ucaas(["netsapiens", "verify", ...args], { cwd: folder, env: { ...without, ...env } });
const unseen = (text: string) => {
  for (const secret of [
    there.clientSecret,
    there.apiPassword,
    ...Object.keys(ns.server.state.tokens),
  ])
    expect(text).not.toContain(secret);
};

describe("ucaas netsapiens verify", () => {
  test("shows the six steps as a table and ends with 0 when all passed", async () => {
    const { exitCode, stdout, stderr } = await verify(flags());
    expect(exitCode, stderr).toBe(0);
    for (const step of ["apiUrl", "credentials", "permissions", "domain", "users", "did"])
      expect(stdout).toMatch(new RegExp(`│ ${step} +│ passed`));
    expect(stdout).toContain("All steps that were asked for passed.");
    unseen(stdout + stderr);
  });

  test("exits with 1 when a step fails, and shows the remedy in the table and as JSON", async () => {
    ns.server.state.users["api@acme"]!.accountStatus = "new";
    const table = await verify(flags());
    expect(table.exitCode).toBe(1);
    expect(table.stdout.replace(/\s*│\s*│[\s│]*/g, " ")).toContain(
      "create a new Portal/API password in the Admin Portal",
    );
    const json = await verify([...flags(), "--json"]);
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject([
      {
        id: `${new URL(ns.server.url).host}/${there.clientId}`,
        passed: false,
        apiVersion: "45.1.0",
        results: [{}, {}, { step: "permissions", code: "PASSWORD_NOT_SET" }, {}, {}, {}],
      },
    ]);
    unseen(table.stdout + json.stdout);
  });

  test("does not pass without a DID, unless the step is left out", async () => {
    const noDid = flags().slice(0, -2);
    const skipped = await verify(noDid);
    expect(skipped.exitCode).toBe(1);
    expect(skipped.stdout).toContain(
      "to leave it out: --steps apiUrl,credentials,permissions,domain,users",
    );
    expect(
      (await verify([...noDid, "--steps", "apiUrl,credentials,permissions,domain,users"])).exitCode,
    ).toBe(0);
    expect((await verify([...noDid, "--steps", "user"])).stderr).toContain(
      '"user" is no step: apiUrl, credentials',
    );
  });

  test("reads secrets from files, stdin and the terminal, never from the command line", async () => {
    writeFileSync(join(folder, "secret"), `${there.clientSecret}\n`);
    writeFileSync(join(folder, "password"), there.apiPassword);
    const files = {
      NETSAPIENS_CLIENT_SECRET_FILE: join(folder, "secret"),
      NETSAPIENS_API_PASSWORD_FILE: join(folder, "password"),
    };
    expect((await verify(flags(), files)).exitCode).toBe(0);

    const child = spawn(
      process.execPath,
      [join(root, "cli", "start.mjs"), "netsapiens", "verify", ...flags(), "--stdin"],
      {
        env: without,
        stdio: ["pipe", "ignore", "inherit"],
      },
    );
    child.stdin.end(`${there.clientSecret}\n${there.apiPassword}\n`);
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);

    const shown = await onTerminal(
      ["netsapiens", "verify", ...flags()],
      [there.clientSecret, there.apiPassword],
      {
        cwd: folder,
        env: without,
      },
    );
    expect(shown).toContain("All steps that were asked for passed.");
    unseen(shown);

    const missing = await verify(flags(), {});
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toContain(
      `Secret of the client ${there.clientId}: not given, and there is no terminal to ask on [SECRET_MISSING]`,
    );
    expect(missing.stderr).toContain(
      "- set NETSAPIENS_CLIENT_SECRET_FILE to a file that holds it\n    - use --stdin",
    );
    expect((await verify(["--help"])).stdout).not.toMatch(/--\S*(password|secret)\b/);
  });

  test("names what is missing, and refuses a URL that cannot be an API", async () => {
    const nothing = await verify([]);
    expect(nothing.exitCode).toBe(1);
    expect(nothing.stderr).toContain("--client-id, --domain, --api-url, --api-username missing");
    expect(
      (await verify([...flags(), "--api-url", "https://pbx.example.com/portal"])).stderr,
    ).toContain("must not have a path: write https://pbx.example.com");
  });
});

test.each([["--domain", "acme"], ["--api-url", "https://portal.example"], ["--stdin"]])(
  "with --stack alone, %s is refused: it would choose none of the state's clients",
  async (...option) => {
    const { exitCode, stderr } = await verify(["--stack", "prod", ...option]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${option[0]} without --client-id would be passed over`);
  },
);
