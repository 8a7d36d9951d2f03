import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import { maskSecrets } from "../../provider/runtime/secrets.ts";
import {
  catchError,
  type EnablexReseller,
  enablexReseller,
  journalFolder,
  providersOf,
} from "./enablex-server.ts";

let enablex: EnablexReseller;
let printed: string[];
let customerId: string;
beforeEach(async () => {
  printed = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  enablex = await enablexReseller();
  [customerId = ""] = await enablex.seed(1);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await enablex.server.stop();
});

type Kind = "customer" | "user";
/** No process that has heard of one has heard of the other. */
const emailOf = (kind: Kind) => `Canary.${kind}@acme.test`;
const common = { __stack: "ucaas/test", __resource: "ada" };
/** What the program declares with `pulumi.secret(email)`. */
const declarations: Record<Kind, () => EnableXInputs> = {
  customer: () => ({
    ...{ customerName: "Acme", contactEmail: emailOf("customer"), ...common },
    __secretPaths: '[["contactEmail"]]',
  }),
  user: () => ({
    ...{ customerId, userType: "moderator", firstName: "Ada", email: emailOf("user") },
    ...{ __secretPaths: '[["email"]]', ...common },
  }),
};
const entries = (journal: string) =>
  readdirSync(journal).map((name) => readFileSync(join(journal, name), "utf8"));

test.each<Kind>(["user", "customer"])(
  "an email that is declared as a secret is in no journal entry and in no line of a run: %s",
  async (kind) => {
    const journal = journalFolder();
    const run = () => providersOf(enablex.basic, journal)[kind];
    const declared = declarations[kind]();
    const errors: string[] = [];
    const fail = async (running: Promise<unknown>) =>
      void errors.push(maskSecrets((await catchError(running)).message));

    enablex.server.fault({ kind: "cut", method: "POST" });
    const { id, outs } = await run().create(declared);
    const state = outs as EnableXOutputs;
    expect(entries(journal).length).toBeGreaterThan(0);
    const texts = entries(journal);

    // The server has it in lower case.
    await enablex.change(`${kind}s`, id, {
      [kind === "user" ? "email" : "contact_email"]: emailOf(kind).toLowerCase(),
    });
    await run().create(declared);
    await fail(run().create({ ...declared, adopt: "never", __resource: "other" }));
    await fail(providersOf(enablex.basic)[kind].create({ ...declared, adopt: "never" }));
    const changed = { ...declared, status: "suspended" } as const;
    enablex.server.fault({ kind: "cutBefore", method: "PATCH", times: 20 });
    const hasty = providersOf({ ...enablex.basic, "enablex:deadlineSeconds": "5" }, journal)[kind];
    await fail(hasty.update(id, state, changed));
    enablex.server.faults.clear();
    expect(await run().diff(id, state, declared)).toMatchObject({ changes: true });
    texts.push(...entries(journal));
    const keeping = { ...enablex.basic, "enablex:routes": '{"customerDelete": "none"}' };
    await providersOf(keeping, journal)[kind].delete(id, state);
    texts.push(...entries(journal));

    expect(printed.join("\n")).toContain("took over");
    expect(printed.join("\n")).toContain("is applied again");
    expect(printed.join("\n")).toContain("stays at EnableX");
    const all = [...printed, ...errors, ...texts].join("\n").toLowerCase();
    expect(all).not.toContain("canary");
  },
);

test("a create that an earlier release noted by a secret email is taken up", async () => {
  const journal = journalFolder();
  const { __secretPaths: _, ...plain } = declarations.user();
  const { id } = await providersOf(enablex.basic, journal).user.create(plain);
  const never = { ...declarations.user(), adopt: "never" } as const;
  const taken = await providersOf(enablex.basic, journal).user.create(never);
  expect(taken.id).toBe(id);
  await providersOf(enablex.basic, journal).user.diff(id, taken.outs as EnableXOutputs, never);
  expect(entries(journal).join()).not.toContain("Canary");
});
