import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { messageOf } from "../../cli/notify/message.ts";
import { platformOf, toPayload } from "../../cli/notify/platforms.ts";
import { onTerminal } from "../cli/on-terminal.ts";
import { ucaas } from "../cli/ucaas.ts";

let folder: string;
let received: { path: string; body: string }[];
let statuses: number[];
let server: ReturnType<typeof createServer>;
let url: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-notify-"));
  received = [];
  statuses = [];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      received.push({ path: request.url ?? "", body });
      response.writeHead(statuses.shift() ?? 200).end(`no such hook: ${request.url}`);
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${hook}`;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const hook = "/services/T0SECRET/B0SECRET/hooksecretpath?sig=S1gnature-of-the-hook&sv=1.0";
const secretParts = ["hooksecretpath", "S1gnature-of-the-hook"];

/** A customer who tries to mention all, to link, to format and to reverse the line. */
const hostile =
  "<!channel> <https://evil.example|click> **bold** [x](https://evil) @here \u202ecod\u001b[31m &amp;";

const drift = {
  version: 1,
  checkedAt: "2026-11-28T03:17:00.000Z",
  status: "drift",
  stacks: [
    {
      stack: "prod",
      status: "drift",
      checked: 2,
      differences: [
        {
          customer: "acme",
          resource: "EnableXCustomer",
          name: "acme",
          urn: "urn",
          kind: "changed",
          property: "customerName",
          declared: "Acme Ltd",
          actual: hostile,
        },
      ],
      unknown: [],
    },
  ],
};
const doctor = (status: "ok" | "action") => ({
  version: 1,
  kind: "doctor",
  checkedAt: "2026-11-28T03:17:00.000Z",
  stack: "prod",
  status,
  findings: [
    {
      system: "xima",
      check: "certificate",
      status,
      found: hostile,
      remedy: "renew it",
      milliseconds: 3,
    },
  ],
});
const preview = {
  version: 1,
  stack: "prod",
  status: "ok",
  text: "",
  summary: {
    changes: [
      {
        urn: "urn",
        action: "update",
        customer: hostile,
        resource: "XimaLicense",
        name: "acme",
        quantities: [
          {
            sku: "xima.professional",
            before: 12,
            after: 15,
            difference: 3,
            cost: "135.00",
            notes: [],
          },
        ],
        properties: [],
        notes: [],
      },
    ],
    counts: { update: 1, same: 8 },
    cost: {
      currency: "EUR",
      period: "month",
      before: "540.00",
      after: "675.00",
      difference: "135.00",
      unpriced: [],
      incomplete: false,
    },
    limited: true,
    violations: [
      {
        limit: "maxSeatsMore",
        kind: "exceeded",
        reason: "3 more",
        customers: ["acme"],
        remedy: "ask",
      },
    ],
    warnings: [],
    errors: [],
  },
};

const file = (report: unknown, name = "report.json") => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(report));
  return path;
};
const run = (args: string[], env: Record<string, string> = { UCAAS_WEBHOOK_URL: url }) =>
  ucaas(["notify", ...args], { cwd: folder, env: { ...process.env, ...env } });

test("a report reaches a webhook, and its URL is nowhere shown", async () => {
  const { exitCode, stdout, stderr } = await run([file(drift)]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/sent to 127\.0\.0\.1:\d+ \(json\): Drift: prod: drift was found/);
  expect(received).toHaveLength(1);
  expect(received[0]?.path).toBe(hook);
  expect(JSON.parse(received[0]!.body)).toMatchObject({
    version: 1,
    kind: "drift",
    stacks: ["prod"],
    status: "action",
    lines: [expect.stringContaining("declared")],
  });
  for (const part of secretParts) expect(stdout + stderr).not.toContain(part);
});

test.each([404, 400, 500])(
  "a webhook that answers %i is an error without its URL",
  async (status) => {
    statuses = [status, status, status, status, status, status, status];
    const { exitCode, stdout, stderr } = await run([file(doctor("action"))]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("WEBHOOK_REFUSED");
    for (const part of secretParts) expect(stdout + stderr).not.toContain(part);
  },
);

test("a webhook that cannot be reached, or is no URL, is an error without its URL", async () => {
  server.close();
  const gone = await run([file(drift)], {
    UCAAS_WEBHOOK_URL: "https://127.0.0.1:1/services/hooksecretpath",
    NODE_DEBUG: "ucaas",
  });
  expect(gone).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("NOT_REACHED") });
  const plain = await run([file(drift)], {
    UCAAS_WEBHOOK_URL: "http://chat.example/hooksecretpath",
  });
  expect(plain).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("WEBHOOK_INVALID") });
  const shown = await run([file(drift), "--webhook", url]);
  expect(shown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("WEBHOOK_SHOWN") });
  for (const part of secretParts)
    expect(gone.stderr + plain.stderr + shown.stderr).not.toContain(part);
});

test("the URL comes from a file, or is asked for without being shown", async () => {
  writeFileSync(join(folder, "url"), `${url}\n`);
  const { UCAAS_WEBHOOK_URL: _, ...env } = process.env;
  expect((await run([file(drift), "--webhook", "url"], {})).exitCode).toBe(0);
  const shown = await onTerminal(["notify", file(drift)], [url], { cwd: folder, env });
  expect(shown).toContain("sent to");
  for (const part of secretParts) expect(shown).not.toContain(part);
  expect(received.map(({ path }) => path)).toEqual([hook, hook]);
});

test("each message is tried when one fails, and the command says which were sent", async () => {
  const files = [file(doctor("action")), file(drift, "drift.json"), file(preview, "preview.json")];
  const outcomes = [
    { title: "Doctor of prod: 1 needs action", sent: false, error: /did not take.* \[WEBHOOK_REF/ },
    { title: "Drift: prod: drift was found", sent: true },
    { title: "Preview of prod: beyond the limits: 1 to update", sent: true },
  ];
  statuses = [404];
  const shown = await run(files);
  expect(received).toHaveLength(3);
  expect(shown).toMatchObject({ exitCode: 1 });
  for (const { title, sent } of outcomes)
    expect(sent ? shown.stdout : shown.stderr).toContain(title);
  expect(shown.stderr).toMatch(/: 127\S+ did not take the message \[WEBHOOK_REFUSED, HTTP 404\]/);
  statuses = [404];
  const { exitCode, stdout, stderr } = await run([...files, "--json"]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("WEBHOOK_REFUSED");
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ sent: 2, failed: 1 },
    messages: outcomes.map(({ error, ...each }) => ({
      ...each,
      ...(error && { error: expect.stringMatching(error) }),
    })),
  });
  for (const part of secretParts) expect(stdout + stderr + shown.stderr).not.toContain(part);
});

test("a limit that is only unknown is no change beyond the limits", () => {
  const [violation] = preview.summary.violations;
  const of = (...kinds: string[]) =>
    messageOf(
      {
        ...preview,
        summary: { ...preview.summary, violations: kinds.map((kind) => ({ ...violation, kind })) },
      },
      "preview.json",
    );
  expect(of("unknown")).toMatchObject({
    status: "unknown",
    title: "Preview of prod: not known to keep to the limits: 1 to update",
  });
  expect(of("unknown", "exceeded")).toMatchObject({
    status: "action",
    title: "Preview of prod: beyond the limits: 1 to update",
  });
  expect(of()).toMatchObject({ status: "ok", title: "Preview of prod: 1 to update" });
});

test("with --only-problems nothing is sent when all is in order", async () => {
  const ok = await run([file(doctor("ok")), "--only-problems"], {});
  expect(ok).toMatchObject({ exitCode: 0, stdout: "Nothing to tell: all is in order.\n" });
  const both = [file(doctor("ok")), file(doctor("action"), "second.json"), "--only-problems"];
  const { stdout } = await run([...both, "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ version: 1, sent: 1 });
  expect(received).toHaveLength(1);
});

/** A check without drift, which found a customer that no stack declares. */
const unmanaged = {
  ...drift,
  status: "none",
  stacks: [{ stack: "prod", status: "none", checked: 6, differences: [], unknown: [] }],
  customers: [
    {
      vendor: "enablex",
      server: "https://api.enablex.example/v1",
      stacks: ["prod"],
      status: "counted",
      existing: 7,
      declared: 6,
      undeclared: 1,
      named: [{ id: "7", name: hostile }],
    },
  ],
};

test("a message tells of customers that no stack declares, before what may be hundreds", () => {
  const differences = Array.from({ length: 100 }, () => drift.stacks[0]!.differences[0]);
  const report = {
    ...unmanaged,
    status: "drift",
    stacks: [{ ...drift.stacks[0], differences }],
  };
  const { title, lines } = messageOf(report, "drift.json");
  expect(title).toBe("Drift: prod: drift was found, 1 customer is not declared");
  expect(lines[0]).toMatch(
    /^EnableX \(api\.enablex\.example\): 7 customers exist, 6 are declared in prod, 1 is not: /,
  );
  expect(lines[1]).toContain("ucaas adopt enablex");
  const refused = [
    { ...{ vendor: "enablex", stacks: ["prod"] }, ...{ status: "unknown", reason: hostile } },
  ];
  const unknown = messageOf({ ...unmanaged, customers: refused }, "drift.json");
  expect(unknown.title).toBe("Drift: prod: none, customers could not be counted");
  expect(unknown.lines[0]).toContain("could not tell which customers no stack declares");
  for (const line of [...lines, ...unknown.lines])
    for (const character of ["\u202e", "\u001b"]) expect(line).not.toContain(character);
});

test("customers that no stack declares are a problem with --fail-on-unmanaged alone", async () => {
  const args = [file(unmanaged), "--only-problems"];
  const quiet = await run(args);
  expect(quiet).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Nothing to tell/) });
  expect(received).toEqual([]);
  const { exitCode, stderr } = await run([...args, "--fail-on-unmanaged"]);
  expect(exitCode, stderr).toBe(0);
  expect(JSON.parse(received[0]!.body)).toMatchObject({
    status: "action",
    title: "Drift: prod: none, 1 customer is not declared",
  });
});

test("a file without a report is an error, and what the other reports say is sent", async () => {
  const missing = join(folder, "nothing.json");
  const other = file({ version: 1, resources: [] }, "other.json");
  const { exitCode, stdout, stderr } = await run([missing, file(drift), other, "--json"]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("REPORT_UNREADABLE");
  expect(stderr).toContain("REPORT_UNKNOWN");
  expect(received).toHaveLength(1);
  expect(JSON.parse(stdout)).toMatchObject({
    sent: 1,
    failed: 0,
    unread: [
      { file: missing, error: expect.stringContaining("[REPORT_UNREADABLE]") },
      { file: other, error: expect.stringContaining("[REPORT_UNKNOWN]") },
    ],
  });
  const alone = await run([missing, "--only-problems"]);
  expect(alone).toMatchObject({ exitCode: 1, stdout: "" });
  expect(received).toHaveLength(1);
});

test.each([
  { report: drift, title: "Drift: prod: drift was found" },
  { report: unmanaged, title: "Drift: prod: none, 1 customer is not declared" },
  { report: doctor("action"), title: "Doctor of prod: 1 needs action" },
  { report: preview, title: "Preview of prod: beyond the limits: 1 to update" },
])("Slack gets $title as plain text that mentions no user", ({ report, title }) => {
  const payload = toPayload("slack", messageOf(report, "report.json"));
  const text = JSON.stringify(payload);
  expect(payload).toMatchObject({ text: title, mrkdwn: false, parse: "none" });
  expect(text).not.toContain('mrkdwn":true');
  expect(text).not.toMatch(/"type":"mrkdwn"/);
  expect(text).not.toMatch(/<!channel>|<https|\u202e|(?<!\\)\\u001b/);
  expect(text).toContain("&lt;!channel&gt;");
});

test.each([drift, unmanaged, doctor("action"), preview])(
  "Teams gets text runs, which know no Markdown",
  (report) => {
    const text = JSON.stringify(toPayload("teams", messageOf(report, "report.json")));
    expect(text).toContain("application/vnd.microsoft.card.adaptive");
    // A text block would format what a customer is called.
    expect(text).not.toContain('TextBlock","text');
    expect(text.match(/"type":"(\w+)"/g)).not.toContain('"type":"TextBlock"');
    expect(text).not.toMatch(/\u202e|msteams.*entities/);
  },
);

test("a long report is cut to what Slack takes", () => {
  const findings = Array.from({ length: 300 }, (_, index) => ({
    ...doctor("action").findings[0],
    check: `certificate ${index}`,
    found: "<".repeat(2_000),
  }));
  const message = messageOf({ ...doctor("action"), findings }, "report.json");
  const { blocks } = toPayload("slack", message) as { blocks: { text: { text: string } }[] };
  expect(blocks.length).toBeLessThan(50);
  for (const block of blocks) expect(block.text.text.length).toBeLessThanOrEqual(3_000);
  expect(JSON.stringify(blocks)).toContain("and 270 more");
});

test.each([
  ["hooks.slack.com", "slack"],
  ["voice.webhook.office.com", "teams"],
  ["prod-1.westeurope.logic.azure.com", "teams"],
  ["slack.com.evil.example", "json"],
  ["chat.example", "json"],
])("%s takes the form of %s", (host, platform) => {
  expect(platformOf(host)).toBe(platform);
});
