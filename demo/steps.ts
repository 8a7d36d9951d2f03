import assert from "node:assert/strict";
import type { Sandbox, Step } from "./demo.ts";

/** The licence of a customer as the licence server has it. */
function licence(sandbox: Sandbox, tenant: string): Record<string, unknown> | undefined {
  return sandbox.xima.server.state.customers[`voicehouse/${tenant}`]?.licence as Record<string, unknown> | undefined;
}

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
    title: "Said again, it changes nothing",
    command: ["pulumi", "preview", "--expect-no-changes"],
    proof: ({ exitCode }) => assert.equal(exitCode, 0),
  },
  {
    title: "Acme hires three people: its seats go from 12 to 15 in the stack file …",
    command: ["pulumi", "config", "set", "--path", "ucaas:customers.acme.xima.professionalSeats", "15"],
    proof: ({ exitCode }) => assert.equal(exitCode, 0),
  },
  {
    title: "… the preview shows just that …",
    command: ["pulumi", "preview", "--diff"],
    proof({ exitCode, output }, sandbox) {
      assert.equal(exitCode, 0);
      assert.match(output, /professionalSeats: 12 => 15/);
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
    title:
      "Somebody deletes the bakery's licence at the vendor; the nightly drift preview finds it (an exit status that is not 0 fails the pipeline)",
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
    title: "All of it is taken down; the deletion ids stay on the screen, for support can restore a licence for a week",
    command: ["pulumi", "destroy", "--yes", "--skip-preview"],
    proof({ exitCode, output }, sandbox) {
      assert.equal(exitCode, 0);
      assert.match(output, /deletionId/);
      for (const customer of Object.values(sandbox.xima.server.state.customers)) assert.ok(customer.deletion, "a licence was left");
    },
  },
];
