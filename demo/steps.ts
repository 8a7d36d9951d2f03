import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import type { Sandbox } from "../sandbox/start.ts";
import type { Webhook } from "./webhook.ts";
import type { Outcome } from "./workspace.ts";

/** One step of the tour. */
export interface Step {
  /** What happens, for the reader. */
  readonly title: string;
  /** Something that happens behind Pulumi's back, before the command. */
  readonly before?: (sandbox: Sandbox, project: string) => void | Promise<void>;
  /** The command as typed. */
  readonly command: Command;
  /** Commands that are typed after it. */
  readonly further?: readonly Command[];
  /** What is typed when the command asks for it: a secret never stands on a command line. */
  readonly input?: (sandbox: Sandbox) => string;
  /** Throws unless the command, and the vendors' servers, did what the title says. */
  readonly proof: (
    outcome: Outcome,
    sandbox: Sandbox,
    project: string,
    webhook: Webhook,
  ) => void | Promise<void>;
}

type Command = readonly [program: string, ...args: string[]];

/** The licence of a customer as the licence server has it. */
function licence(sandbox: Sandbox, tenant: string): Record<string, unknown> | undefined {
  return sandbox.xima.server.state.customers[`voicehouse/${tenant}`]?.licence as
    | Record<string, unknown>
    | undefined;
}

/** The hotel as EnableX has it. */
function hotelAtEnableX(sandbox: Sandbox): Record<string, unknown> {
  const hotel = Object.values(sandbox.enablex.server.state.customers).find(
    ({ fields }) => fields.customer_code === "hotel",
  );
  assert.ok(hotel, "EnableX has no customer with the code hotel");
  return hotel.fields;
}

/** A customer with all four systems, as it would be written by hand. */
const hotel = (sandbox: Sandbox) => ({
  name: "Hotel am See",
  netsapiens: {
    driver: "portal",
    domain: sandbox.netsapiens.domain,
    clientId: "xima-hotel",
    did: sandbox.netsapiens.did,
  },
  xima: { ccId: { resellerId: "voicehouse", resellerName: "Voicehouse" }, eliteSeats: 5 },
  xelion: {
    serverUrl: sandbox.xelion.tenant.baseUrl,
    tenantName: sandbox.xelion.tenantName,
    tenantLogin: { userName: sandbox.xelion.userName },
    configuration: {
      version: 1,
      organization: { name: "Hotel am See" },
      departments: [{ name: "Reception", internalNumbers: ["200", "201"] }],
    },
    timeout: "2m",
  },
  enablex: {
    customerName: "Hotel am See",
    customerCode: "hotel",
    contactName: "Front desk",
    contactEmail: "desk@hotel.example",
  },
});

/** The tour: what a platform engineer does in a week. */
export const steps: readonly Step[] = [
  {
    title: "Three customers are declared in stacks/Pulumi.sandbox.yaml; one command makes them",
    command: ["pulumi", "up", "--yes", "--skip-preview"],
    proof({ exitCode }, sandbox) {
      assert.equal(exitCode, 0);
      assert.equal(licence(sandbox, "acme")?.professionalSeats, 12);
      assert.equal(licence(sandbox, "clinic")?.eliteSeats, 20);
    },
  },
  {
    title:
      "Before a run, the doctor checks this machine, the stack and each account, and says what to do",
    command: ["ucaas", "doctor", "--stack", "sandbox"],
    proof({ exitCode, output }) {
      assert.equal(exitCode, 0);
      assert.match(output, /xima: key at the server .* ok/);
      assert.match(output, /enablex: login and role .* ok/);
    },
  },
  {
    title: "Said again, it changes nothing",
    command: ["pulumi", "preview", "--expect-no-changes"],
    proof: ({ exitCode }) => assert.equal(exitCode, 0),
  },
  {
    title: "Acme hires three people: its seats go from 12 to 15 in the stack file …",
    command: [
      "pulumi",
      "config",
      "set",
      "--path",
      "ucaas:customers.acme.xima.professionalSeats",
      "15",
    ],
    proof: ({ exitCode }) => assert.equal(exitCode, 0),
  },
  {
    title: "… the preview shows just that, and what it costs a month …",
    command: ["ucaas", "preview", "--stack", "sandbox"],
    proof({ exitCode, output }, sandbox) {
      assert.equal(exitCode, 0);
      assert.match(output, /professionalSeats.*12 → 15.*\+3.*\+€135\.00/);
      assert.equal(licence(sandbox, "acme")?.professionalSeats, 12, "a preview changes nothing");
    },
  },
  {
    title: "… and up makes it so",
    command: ["pulumi", "up", "--yes", "--skip-preview"],
    proof({ exitCode }, sandbox) {
      assert.equal(exitCode, 0);
      assert.equal(licence(sandbox, "acme")?.professionalSeats, 15);
    },
  },
  {
    title: "What the whole estate costs a month, by customer, SKU and reseller",
    command: ["ucaas", "cost", "--stack", "sandbox"],
    proof({ exitCode, output }) {
      assert.equal(exitCode, 0);
      assert.match(output, /In all €2,612\.90 a month\./);
    },
  },
  {
    title: [
      "A person deletes the bakery's licence at the vendor; the nightly drift preview finds it",
      "(an exit status that is not 0 fails the pipeline)",
    ].join(" "),
    before(sandbox) {
      delete sandbox.xima.server.state.customers["voicehouse/bakery"];
    },
    command: ["pulumi", "refresh", "--preview-only", "--expect-no-changes"],
    proof({ exitCode, output }) {
      assert.notEqual(exitCode, 0, "the loss was not noticed");
      assert.match(output, /bakery/);
    },
  },
  {
    title: "refresh takes what is gone out of the state, and up makes it again",
    command: ["pulumi", "up", "--refresh", "--yes", "--skip-preview"],
    proof({ exitCode }, sandbox) {
      assert.equal(exitCode, 0);
      assert.equal(licence(sandbox, "bakery")?.essentialSeats, 5);
    },
  },
  {
    title:
      "A customer with all four systems arrives, in a file of its own; its one secret is encrypted in the stack file",
    before(sandbox, project) {
      const file = join(project, "stacks", "customers", "sandbox", "hotel.yaml");
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, stringify(hotel(sandbox)));
    },
    command: [
      "pulumi",
      "config",
      "set",
      "--secret",
      "--path",
      "ucaas:customers.hotel.xelion.tenantLogin.password",
    ],
    input: (sandbox) => sandbox.xelion.password,
    proof: ({ exitCode }) => assert.equal(exitCode, 0),
  },
  {
    title:
      "up: a real browser makes the OAuth client in the admin portal, six checks verify it, the order at Xelion is followed to its end",
    command: ["pulumi", "up", "--yes", "--skip-preview"],
    proof({ exitCode, output }, sandbox) {
      assert.equal(exitCode, 0);
      const clients = Object.values(sandbox.netsapiens.server.state.clients);
      assert.ok(
        clients.some(({ clientId }) => clientId === "xima-hotel"),
        "the portal has no such client",
      );
      assert.match(output, /6 of 6 steps verified/);
      assert.match(output, /IN_PROGRESS[\s\S]*COMPLETED/);
      assert.equal(
        Object.keys(sandbox.xelion.server.state.orders).length,
        1,
        "one order, never two",
      );
      assert.equal(hotelAtEnableX(sandbox).contact_name, "Front desk");
    },
  },
  {
    title: "The six checks of every client in the stack, as tables, at any time",
    command: ["ucaas", "netsapiens", "verify", "--stack", "sandbox", "--did", "+13125550100"],
    proof({ exitCode, output }) {
      assert.equal(exitCode, 0);
      assert.match(output, /xima-hotel/);
      assert.doesNotMatch(output, /failed|skipped/);
    },
  },
  {
    title:
      "A person changes the hotel's contact by hand at EnableX; the nightly preview names the field, and its value before",
    before(sandbox) {
      hotelAtEnableX(sandbox).contact_name = "Night desk";
      sandbox.enablex.server.save();
    },
    command: ["pulumi", "refresh", "--preview-only", "--expect-no-changes", "--diff"],
    proof({ exitCode, output }) {
      assert.notEqual(exitCode, 0, "the drift was not noticed");
      assert.match(output, /contactName *: "Front desk" => "Night desk"/);
    },
  },
  {
    title: [
      "The same for all stacks at once, as a table: 2 says that there is drift.",
      "A customer that was made by hand at EnableX is counted as not declared",
    ].join(" "),
    async before({ enablex }) {
      const created = await fetch(`${enablex.baseUrl}/customers`, {
        method: "POST",
        headers: {
          authorization: `Basic ${btoa(`${enablex.accessId}:${enablex.accessKey}`)}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({
          customer_name: "Old Mill",
          customer_code: "old-mill",
          contact_email: "mill@old-mill.example",
        }),
      });
      assert.ok(created.ok, "the customer could not be made by hand");
    },
    command: [
      ...(["ucaas", "drift", "--stack", "sandbox", "--report-dir", "reports"] as const),
      ...["--json", "--out", "drift.json"],
    ],
    proof({ exitCode, output }) {
      assert.equal(exitCode, 2);
      assert.match(output, /contactName/);
      assert.match(output, /3 customers exist, 2 are declared in sandbox, 1 is not: Old Mill/);
    },
  },
  {
    title:
      "The report reaches a chat: the same text for Slack, Teams and any other webhook. The URL is a secret, in UCAAS_WEBHOOK_URL",
    command: ["ucaas", "notify", "drift.json", "--format", "slack"],
    further: [
      ["ucaas", "notify", "drift.json", "--format", "teams"],
      ["ucaas", "notify", "drift.json"],
    ],
    proof({ exitCode, output }, _, __, { path, received }) {
      assert.equal(exitCode, 0);
      assert.deepEqual(
        received.map(({ platform }) => platform),
        ["Slack", "Teams", "JSON"],
      );
      for (const { text } of received) {
        assert.match(text, /^Drift: sandbox: drift was found, 1 customer is not declared\n/);
        assert.match(text, /3 customers exist, 2 are declared in sandbox, 1 is not: Old Mill/);
        assert.match(text, /contactName: declared "Front desk", actual "Night desk"/);
      }
      assert.ok(!output.includes(path), "the URL of the webhook was printed");
    },
  },
  {
    title: "The estate at a glance, on the terminal and as one HTML file with charts",
    command: ["ucaas", "status", "--report-dir", "reports", "--html", "status.html"],
    proof({ exitCode, output }, _, project) {
      assert.equal(exitCode, 0);
      assert.match(output, /€3,042\.90 a month/);
      assert.match(readFileSync(join(project, "status.html"), "utf8"), /1 differ, 0 unknown/);
    },
  },
  {
    title: "up --refresh puts it right",
    command: ["pulumi", "up", "--refresh", "--yes", "--skip-preview"],
    proof({ exitCode }, sandbox) {
      assert.equal(exitCode, 0);
      assert.equal(hotelAtEnableX(sandbox).contact_name, "Front desk");
    },
  },
  {
    title:
      "The customer that was made by hand is adopted: declared in a file, imported, and proved by an empty preview",
    command: ["ucaas", "adopt", "enablex", "--yes"],
    proof({ exitCode, output }) {
      assert.equal(exitCode, 0);
      assert.match(output, /Old Mill/);
    },
  },
  {
    title:
      "All of it is taken down; the deletion ids stay on the screen, for support can restore a licence for a week",
    command: ["pulumi", "destroy", "--yes", "--skip-preview"],
    proof({ exitCode, output }, sandbox) {
      assert.equal(exitCode, 0);
      assert.match(output, /deletionId/);
      for (const customer of Object.values(sandbox.xima.server.state.customers))
        assert.ok(customer.deletion, "a licence was left");
    },
  },
];
