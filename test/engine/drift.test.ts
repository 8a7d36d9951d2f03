import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import PQueue from "p-queue";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parse, stringify } from "yaml";
import type { DriftReport } from "../../cli/drift/report.ts";
import { reservePort } from "../../sandbox/reserve-port.ts";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { ximaServer } from "../../sandbox/xima/server.ts";
import { onTerminal, terminalSession } from "../cli/on-terminal.ts";
import { ucaas } from "../cli/ucaas.ts";
import { eventually } from "../eventually.ts";
import { type StackProject, stackProject } from "./stack-project.ts";

const canary = "Contact-Canary-4711";
const otherCanary = "Somebody-Else-4712";

/** One kind of drift a stack, so that each can be compared with the engine's own answer. */
const customers = {
  same: { xima: { essentialSeats: 5 } },
  changed: { enablex: { contactEmail: "office@changed.example" } },
  gone: { xima: { eliteSeats: 20 } },
  unverified: { netsapiens: { driver: "existing", domain: "acme" } },
  unreachable: { xima: { professionalSeats: 5 } },
};
const stacks = Object.keys(customers);

/** The processes that inherited a variable with this value. */
function processesWith(mark: string): string {
  const all = execFileSync("ps", ["axeww", "-o", "command"], { encoding: "utf8", maxBuffer: 64e6 });
  return all
    .split("\n")
    .filter((line) => line.includes(mark))
    .join("\n");
}

describe("drift on the real engine", () => {
  let sandbox: Sandbox;
  /** The licence server of the stack `unreachable`. */
  const elsewhere = ximaServer();
  let project: StackProject;
  const file = (stack: string) => join(project.folder, "stacks", `Pulumi.${stack}.yaml`);

  beforeAll(async () => {
    const port = await reservePort();
    [sandbox] = await Promise.all([startSandbox(), elsewhere.start({ port })]);
    elsewhere.state.keys = { ...sandbox.xima.server.state.keys };
    project = await stackProject({}, sandbox.environment);
    await project.pulumi(["stack", "rm", "test", "--yes"]);
    const { clientId, did } = sandbox.netsapiens;
    for (const [slug, systems] of Object.entries(customers)) {
      writeFileSync(
        file(slug),
        stringify({
          config: {
            ...(slug === "unreachable" && {
              "xima:baseUrl": elsewhere.baseUrl,
            }),
            "ucaas:defaults": {
              xima: { ccId: { resellerId: "voicehouse", resellerName: "Voicehouse" } },
              netsapiens: { clientId, did },
            },
            "ucaas:customers": { [slug]: { name: `Customer ${slug}`, ...systems } },
          },
        }),
      );
      (await project.pulumi(["stack", "init", slug, "--no-select"])).ok();
    }
    const secrets = [
      ["changed", "ucaas:customers.changed.enablex.contactName", canary],
      [
        "unverified",
        "ucaas:customers.unverified.netsapiens.clientSecret",
        sandbox.netsapiens.clientSecret,
      ],
    ] as const;
    for (const [stack, path, value] of secrets) {
      (
        await project.pulumi([
          "config",
          "set-all",
          "--stack",
          stack,
          "--path",
          "--secret",
          `${path}=${value}`,
        ])
      ).ok();
    }
    const ups = new PQueue({ concurrency: 2 });
    await ups.addAll(
      stacks.map(
        (stack) => async () =>
          (await project.pulumi(["up", "--yes", "--skip-preview", "--stack", stack])).ok(),
      ),
    );
  });
  afterAll(async () => {
    await project.remove();
    await Promise.all([sandbox.stop(), elsewhere.stop()]);
  });

  /** The exit status that means the same as the engine's. */
  async function plainRefresh(stack: string): Promise<number> {
    const { exitCode } = await project.refresh(
      "--preview-only",
      "--expect-no-changes",
      "--stack",
      stack,
    );
    return { 0: 0, 7: 2 }[exitCode] ?? 1;
  }
  const drift = (...args: string[]) =>
    ucaas(["drift", ...args], { cwd: project.folder, env: project.env });

  test("stacks without drift exit with 0, and the report counts the comparisons", async () => {
    const run = await drift(
      "--all",
      "--except",
      "gone",
      "unverified",
      "unreachable",
      "--json",
      "--out",
      "none.json",
    );
    expect(run, run.stderr).toMatchObject({
      exitCode: 0,
      stdout: `2 stacks: 2 without drift. 2 resources: 1 compared, 1 only known to exist (licences).
EnableX (${new URL(sandbox.enablex.baseUrl).host}): 1 customer exists, 1 is declared in 2 stacks.
`,
    });
    const report = JSON.parse(
      readFileSync(join(project.folder, "none.json"), "utf8"),
    ) as DriftReport;
    expect(report).toMatchObject({ version: 1, status: "none" });
    expect(report.stacks).toContainEqual({
      stack: "same",
      status: "none",
      checked: 1,
      compared: 0,
      existenceOnly: 1,
      notReadable: 0,
      differences: [],
      unknown: [],
    });
  });

  test("a customer that is declared and not applied is no drift, whatever the environment sets", async () => {
    const text = readFileSync(file("same"), "utf8");
    const { config } = parse(text);
    config["ucaas:customers"].later = { name: "Later", xima: { essentialSeats: 5 } };
    writeFileSync(file("same"), stringify({ ...parse(text), config }));
    try {
      const set = {
        PULUMI_RUN_PROGRAM: "true",
        PULUMI_SKIP_CONFIRMATIONS: "true",
        PULUMI_OPTION_RUN_PROGRAM: "true",
      };
      const run = await ucaas(["drift", "--stack", "same"], {
        cwd: project.folder,
        env: { ...project.env, ...set },
      });
      expect(run.exitCode, run.stdout + run.stderr).toBe(0);
      expect(run.stdout).toContain("1 resource: 0 compared, 1 only known to exist");
    } finally {
      writeFileSync(file("same"), text);
    }
  });

  test("customers that the stack does not declare fail the check with a flag alone", async () => {
    const [counted, failed] = await Promise.all([
      drift("--stack", "same"),
      drift("--stack", "same", "--fail-on-unmanaged", "--json"),
    ]);
    expect(counted.exitCode, counted.stderr).toBe(0);
    expect(counted.stdout).toContain(
      "1 customer exists, 0 are declared in same, 1 is not: Customer changed (",
    );
    expect(failed.exitCode).toBe(2);
    expect(JSON.parse(failed.stdout)).toMatchObject({
      status: "none",
      customers: [{ vendor: "enablex", status: "counted", stacks: ["same"], undeclared: 1 }],
    });
  });

  /** The state of the stack `same`, which a test may change; it is as before after the test. */
  const editableState = () => {
    const path = join(project.stateFolder, ".pulumi/stacks/ucaas/same.json");
    const text = readFileSync(path, "utf8");
    onTestFinished(() => writeFileSync(path, text));
    const state = JSON.parse(text);
    const { resources } = state.checkpoint.latest;
    const licence = resources.find(({ type }: { type: string }) => type.endsWith("XimaLicense"));
    return { resources, licence, write: () => writeFileSync(path, JSON.stringify(state)) };
  };

  test("a refresh of a part of the stack is no check, and one of an external resource is", async () => {
    const { licence, write } = editableState();
    const excluded = { ...project.env, PULUMI_OPTION_EXCLUDE: licence.urn };
    const partial = await ucaas(["drift", "--stack", "same"], {
      cwd: project.folder,
      env: excluded,
    });
    expect(partial.exitCode, partial.stdout).toBe(1);
    expect(partial.stdout).toContain("same: could not tell: 0 of 1 resources were checked.");
    licence.external = true;
    write();
    const run = await drift("--stack", "same");
    expect(run.exitCode, run.stdout).toBe(0);
    expect(run.stdout).toContain("1 resource: 0 compared, 1 only known to exist");
  });

  test("what a cut-off replacement left is no drift, and what it did not create is unknown", async () => {
    const { resources, licence, write } = editableState();
    const ccId = { ...licence.inputs.ccId, tenantId: "before" };
    const bags = { inputs: { ...licence.inputs, ccId }, outputs: { ...licence.outputs, ccId } };
    const leftover = { ...licence, ...bags, id: licence.id.replace("same", "before") };
    resources.push({ ...leftover, delete: true });
    write();
    expect(await plainRefresh("same")).toBe(2);
    const left = await drift("--stack", "same");
    expect(left.exitCode, left.stdout).toBe(0);
    expect(left.stdout).toContain("1 resource: 0 compared, 1 only known to exist");

    resources.pop();
    licence.pendingReplacement = true;
    write();
    expect(await plainRefresh("same")).toBe(0);
    const missing = await drift("--stack", "same");
    expect(missing.exitCode, missing.stdout).toBe(1);
    expect(missing.stdout).toContain("XimaLicense same: deleted, and its replacement is not");
  });

  test("a terminal shows how far it is, a pipeline's log does not", async () => {
    const terminal = await onTerminal(["drift", "--stack", "same"], [], {
      cwd: project.folder,
      env: project.env,
    });
    expect(terminal).toContain("1 of 1 resources");
    expect(terminal).toContain("1 stack: 1 without drift.");
    expect((await drift("--stack", "nowhere")).stderr).toBe("");
  });

  test("each kind of drift equals that of a plain refresh, and an unknown result outranks none", async () => {
    const customer = Object.values(sandbox.enablex.server.state.customers)[0]!;
    Object.assign(customer.fields, {
      contact_email: "eve@elsewhere.example",
      contact_name: otherCanary,
    });
    delete sandbox.xima.server.state.customers["voicehouse/gone"];
    sandbox.netsapiens.server.state.phonenumbers = {};
    await elsewhere.stop();

    const state = readFileSync(
      join(project.stateFolder, ".pulumi/stacks/ucaas/changed.json"),
      "utf8",
    );
    const out = join(project.folder, "reports", "drift.json");
    const [metrics, kept] = ["drift.prom", "kept"].map((name) => join(project.folder, name)) as [
      string,
      string,
    ];
    const [run, ...plain] = [
      await drift("--all", "--json", "--out", out, "--metrics", metrics, "--report-dir", kept),
      ...(await Promise.all(stacks.map(plainRefresh))),
    ];
    const report = JSON.parse(readFileSync(out, "utf8")) as DriftReport;
    const statuses = Object.fromEntries(report.stacks.map(({ stack, status }) => [stack, status]));

    expect(readFileSync(metrics, "utf8")).toContain('ucaas_drift_status{stack="changed"} 2');
    const [dated = ""] = readdirSync(kept);
    expect(dated).toMatch(/^drift-\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-\d+\.json$/);
    expect(JSON.parse(readFileSync(join(kept, dated), "utf8"))).toEqual(report);

    expect(statuses).toEqual({
      same: "none",
      changed: "drift",
      gone: "drift",
      unverified: "drift",
      unreachable: "unknown",
    });
    const status = { none: 0, drift: 2, unknown: 1 };
    expect(Object.fromEntries(stacks.map((stack, index) => [stack, plain[index]]))).toEqual(
      Object.fromEntries(Object.entries(statuses).map(([stack, of]) => [stack, status[of]])),
    );
    expect(run.exitCode).toBe(1);

    const of = (stack: string) => report.stacks.find((each) => each.stack === stack)!;
    expect(of("changed").differences).toEqual([
      expect.objectContaining({
        customer: "changed",
        resource: "EnableXCustomer",
        kind: "changed",
        property: "contactEmail",
        declared: "office@changed.example",
        actual: "eve@elsewhere.example",
      }),
    ]);
    expect(of("gone").differences).toEqual([
      expect.objectContaining({ customer: "gone", resource: "XimaLicense", kind: "gone" }),
    ]);
    expect(of("unverified").differences).toContainEqual(
      expect.objectContaining({
        property: "verification[5].status",
        declared: "passed",
        actual: "failed",
      }),
    );
    expect(of("unreachable").unknown).toEqual([
      expect.objectContaining({
        customer: "unreachable",
        resource: "XimaLicense",
        reason: expect.stringContaining("could not be reached"),
      }),
    ]);

    expect(run.stdout).toMatch(
      /changed .* EnableXCustomer .* contactEmail .* "office@changed\.example" .* "eve@elsewhere\.example"/,
    );
    expect(run.stdout).toContain("unreachable: could not tell: XimaLicense unreachable: xima");
    expect(run.stdout).toContain(
      "5 stacks: 1 without drift, 3 with drift, 1 that could not be told.",
    );
    for (const secret of [canary, otherCanary])
      expect(run.stdout + run.stderr + JSON.stringify(report)).not.toContain(secret);
    expect(
      readFileSync(join(project.stateFolder, ".pulumi/stacks/ucaas/changed.json"), "utf8"),
    ).toBe(state);
  });

  test("notify sends the reports of drift, doctor and preview, and shows no part of the URL", async () => {
    const path = `/services/${randomUUID()}`;
    const messages: { kind: string; title: string; lines: string[] }[] = [];
    const hook = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      if (request.url === path) messages.push(JSON.parse(body));
      response.writeHead(request.url === path ? 200 : 404).end();
    }).listen(0, "127.0.0.1");
    await once(hook, "listening");
    try {
      const port = (hook.address() as AddressInfo).port;
      const env = { ...project.env, UCAAS_WEBHOOK_URL: `http://127.0.0.1:${port}${path}` };
      const run = (...args: string[]) => ucaas(args, { cwd: project.folder, env });
      const [doctor, preview] = await Promise.all([
        run("doctor", "--stack", "gone", "--out", "doctor.json"),
        run("preview", "--stack", "unreachable", "--out", "preview.json"),
      ]);
      const report = join("reports", "drift.json");
      const sent = await run("notify", report, "doctor.json", "preview.json");
      expect(sent.exitCode, sent.stderr).toBe(0);
      expect(messages.map(({ kind }) => kind)).toEqual(["drift", "doctor", "preview"]);
      const [ofDrift, ofDoctor, ofPreview] = messages;
      expect(ofDrift).toMatchObject({
        title: "Drift: 5 stacks: 1 without drift, 3 with drift, 1 that could not be told",
      });
      expect(ofDrift?.lines).toEqual(
        expect.arrayContaining([
          'changed changed EnableXCustomer contactEmail: declared "office@changed.example", actual "eve@elsewhere.example"',
          "gone gone XimaLicense: declared exists, actual gone",
          expect.stringMatching(/^unreachable: could not tell: XimaLicense unreachable: xima/),
          expect.stringContaining("1 customer exists, 1 is declared in 5 stacks."),
        ]),
      );
      expect(ofDoctor?.title, doctor.stdout).toMatch(/^Doctor of gone: /);
      expect(ofPreview?.title, preview.stdout).toMatch(/^Preview of unreachable: /);
      const shown = [doctor, preview, sent].map((each) => each.stdout + each.stderr).join("");
      expect(shown).not.toContain(path.slice(-36));
      for (const secret of [canary, otherCanary])
        expect(shown + JSON.stringify(messages)).not.toContain(secret);
    } finally {
      hook.close();
    }
  });

  test("Ctrl-C gives the terminal back and ends with 130, and no process of the run lives on", async () => {
    let isAsked = false;
    const silent = createServer(() => {
      isAsked = true;
    });
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const baseUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/v1`;
    const mark = `ctrl-c-${randomUUID()}`;
    try {
      const session = terminalSession(["drift", "--stack", "same"], {
        cwd: project.folder,
        env: { ...project.env, XIMA_BASE_URL: baseUrl, UCAAS_TEST_MARK: mark },
      });
      await eventually(() => expect(isAsked).toBe(true), session.ended());
      expect(processesWith(mark)).toContain("dynamic-provider");
      session.type("\u0003");
      const { output, exitCode } = await session.ended();
      expect(exitCode, output).toBe(130);
      expect(output.lastIndexOf("\u001b[?25h")).toBeGreaterThan(output.lastIndexOf("\u001b[?25l"));
      expect(output).toContain("Interrupted");
      await eventually(() => expect(processesWith(mark)).toBe(""));
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });

  test("a stack without resources, or a backend without the stack, is never one without drift", async () => {
    (await project.pulumi(["stack", "init", "empty", "--no-select"])).ok();
    writeFileSync(file("empty"), "config: {}\n");
    const run = await drift("--stack", "empty", "nowhere");
    expect(run).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("empty: could not tell: the state has no resource"),
    });
    expect(run.stdout).toContain(
      "nowhere: could not tell: no stack named 'nowhere' found. What to do:",
    );
    expect(run.stdout).toContain("2 stacks: 2 that could not be told. 0 resources: 0 compared.");
  });

  test("a report that cannot be written is an error before anything is checked", async () => {
    writeFileSync(join(project.folder, "occupied"), "");
    const run = await drift("--stack", "same", "--out", "occupied/drift.json");
    expect(run).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringContaining("[FILE_NOT_WRITTEN]"),
    });
  });

  test("a database that is down is named, and its password is in no form of the report", async () => {
    const url =
      "postgres://ucaas:canary-of-the-backend@127.0.0.1:1/state?sslmode=disable&sslpassword=canary-of-the-key";
    const env = { ...project.env, PULUMI_BACKEND_URL: url };
    for (const form of [[], ["--json"], ["--markdown"]]) {
      const run = await ucaas(["drift", "--stack", "same", ...form, "--out", "down.txt"], {
        cwd: project.folder,
        env,
      });
      const report = readFileSync(join(project.folder, "down.txt"), "utf8");
      expect(run.exitCode).toBe(1);
      expect(report).toContain("connection refused");
      expect(run.stdout + run.stderr + report).not.toContain("canary-of");
    }
    const selected = await ucaas(["drift"], { cwd: project.folder, env });
    expect(selected.stderr).toMatch(/ucaas:\[secret\]@127\.0\.0\.1.*\[BACKEND_FAILED\]/s);
    expect(selected.stderr).not.toContain("canary-of");
  });

  test("drift alone ends with 2, and a secret that differs is drift without its value", async () => {
    const customer = Object.values(sandbox.enablex.server.state.customers)[0]!;
    customer.fields.contact_email = "office@changed.example";
    expect(await plainRefresh("changed")).toBe(2);
    const run = await drift("--stack", "changed", "--markdown");
    expect(run.exitCode).toBe(2);
    expect(run.stdout).toMatch(
      /\| `changed` \| `changed` \| `EnableXCustomer` \| `\(not shown\)` \| {2}\| `differs in a secret or internal value` \|/,
    );
    expect(run.stdout).not.toContain(otherCanary);
  });

  test("a stack that cannot be opened, or that is being updated, has an unknown result", async () => {
    const [passphrase, missing, none] = await Promise.all([
      ucaas(["drift", "--stack", "same"], {
        cwd: project.folder,
        env: { ...project.env, PULUMI_CONFIG_PASSPHRASE: "another" },
      }),
      drift("--stack", "nowhere"),
      ucaas(["drift"], { cwd: project.folder, env: project.env }),
    ]);
    expect(passphrase).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("same: could not tell"),
    });
    expect(passphrase.stdout).toContain("incorrect passphrase");
    expect(missing.exitCode).toBe(1);
    expect(missing.stdout).toContain("nowhere: could not tell: no stack named 'nowhere' found");
    expect(none).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/no stack.* selected/),
    });

    // What a kill -9 in the middle of a create leaves behind. `pulumi stack import` would drop it.
    const path = join(project.stateFolder, ".pulumi/stacks/ucaas/same.json");
    const state = JSON.parse(readFileSync(path, "utf8"));
    const licence = state.checkpoint.latest.resources.find(({ type }: { type: string }) =>
      type.endsWith("XimaLicense"),
    );
    const ccId = { ...licence.inputs.ccId, tenantId: "same-2" };
    const inputs = { ...licence.inputs, ccId };
    state.checkpoint.latest.pending_operations = [
      { type: "creating", resource: { ...licence, urn: `${licence.urn}-2`, id: "", inputs } },
    ];
    writeFileSync(path, JSON.stringify(state));
    const run = await drift("--stack", "same");
    expect(run.exitCode, run.stdout).toBe(1);
    expect(run.stdout).toContain(
      'same: could not tell: same XimaLicense same-2: pending operation "creating"',
    );
  });
});
