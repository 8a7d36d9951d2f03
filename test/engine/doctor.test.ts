import { expect, test } from "vitest";
import { startSandbox } from "../../sandbox/start.ts";
import { ucaas } from "../cli/ucaas.ts";
import { secret, workspace } from "./workspace.ts";

const program = `
import { XimaLicense } from "pulumi-ucaas";
new XimaLicense("acme", {
  ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "acme", tenantName: "Acme" },
  professionalSeats: 12,
});
`;

test("ucaas doctor finds a stack at the sandbox in order, and says what an expiry needs", async () => {
  const sandbox = await startSandbox();
  try {
    await using ws = await workspace({
      program,
      env: sandbox.environment,
      config: { "ucaas:note": secret("a secret of the stack") },
    });
    (await ws.up()).ok();
    const received = sandbox.xima.server.received.length;
    const doctor = (...args: string[]) =>
      ucaas(["doctor", "--json", "--timeout", "300", ...args], {
        cwd: ws.folder,
        env: { ...ws.env, CI: "" },
      });
    const { exitCode, stdout, stderr } = await doctor();
    const report = JSON.parse(stdout);
    const troubled = report.findings.filter((each: { status: string }) =>
      ["unknown", "action"].includes(each.status),
    );
    expect(troubled).toEqual([]);
    expect(exitCode, stderr).toBe(0);
    const status = Object.fromEntries(
      report.findings.map((each: Record<string, string>) => [
        `${each.system}: ${each.check}`,
        each.status,
      ]),
    );
    expect(status).toMatchObject({
      "node: version": "ok",
      "pulumi: version": "ok",
      "pulumi: SDK": "ok",
      "pulumi: backend": "ok",
      "pulumi: config": "ok",
      "pulumi: state": "ok",
      "journal: place": "ok",
      "journal: open entries": "ok",
      "xima: clock": "ok",
      "xima: certificate": "ok",
      "xima: key at the server": "ok",
      "xima: signed probe": "ok",
      "enablex: login and role": "ok",
      "netsapiens: API": "ok",
      "xelion: test route": "ok",
    });
    for (const [name, value] of Object.entries(sandbox.environment))
      if (/PASSWORD|KEY$/.test(name)) expect(stdout + stderr).not.toContain(value);
    // The key list, two reads of addresses, one probe that changes nothing.
    expect(sandbox.xima.server.received.slice(received).map(({ method }) => method)).not.toContain(
      "DELETE",
    );

    const later = await doctor("--min-days", "999999");
    expect(later.exitCode).toBe(2);
    expect(later.stdout).toContain("CERTIFICATE_ENDS_SOON");
    const closed = await ucaas(["doctor"], {
      cwd: ws.folder,
      env: { ...ws.env, PULUMI_CONFIG_PASSPHRASE: "another passphrase" },
    });
    expect(closed.exitCode).toBe(2);
    expect(closed.stdout).toMatch(/pulumi: stack +│ ACTION +│ incorrect passphrase/);
  } finally {
    await sandbox.stop();
  }
});
