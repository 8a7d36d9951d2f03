import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import { afterAll } from "vitest";
import { enablexProviders } from "../../provider/enablex/provider.ts";
import type { CallContext } from "../../provider/runtime/cancellation.ts";
import { PartialFailure, UcaasError } from "../../provider/runtime/errors.ts";
import type { StackState } from "../../provider/runtime/stack-record.ts";
import { type EnablexOptions, enablexServer } from "../../sandbox/enablex/server.ts";
import { secret } from "../engine/workspace.ts";
import { control } from "../xima/licence-server.ts";

/** A customer as most tests declare it. */
export const customer = {
  customerName: "Acme",
  customerCode: "ACME",
  contactEmail: "it@acme.test",
};

/** One of the sandbox's accounts. */
interface Account {
  readonly accessId: string;
  readonly accessKey: string;
  readonly email: string;
  readonly password: string;
}

/**
 * An EnableX server with a reseller's account, and the config that leads to it. Waits are
 * short, so that what never comes is not waited for long.
 */
export async function enablexReseller(options: Partial<EnablexOptions> = {}) {
  const server = enablexServer();
  await server.start({ options });
  const reseller = (await control(server.control, "accounts", { role: "reseller" })) as Account;
  const address = {
    "enablex:baseUrl": server.baseUrl,
    "enablex:accessId": reseller.accessId,
    "enablex:consistencySeconds": "2",
    "enablex:settleSeconds": "2",
  };
  return {
    server,
    reseller,
    /** HTTP Basic, in plain text, as the dynamic host hands it over. */
    basic: { ...address, "enablex:accessKey": reseller.accessKey },
    /** The other credentials. */
    login: { ...address, "enablex:email": reseller.email, "enablex:password": reseller.password },
    /** For a workspace: HTTP Basic, the key as a secret. */
    config: { ...address, "enablex:accessKey": secret(reseller.accessKey) },
    /** The config of another reseller at this server, in plain text. */
    async another() {
      const { accessId, accessKey } = (await control(server.control, "accounts", {
        role: "reseller",
      })) as Account;
      return { ...address, "enablex:accessId": accessId, "enablex:accessKey": accessKey };
    },
    customers: () =>
      Object.entries(server.state.customers).map(([id, { fields }]) => ({ id, ...fields })),
    /** Requests that arrived, as `POST /customers`. */
    calls: (wanted = /./) =>
      server.received
        .map(({ method, path }) => `${method} ${path.slice("/ucaas/v1".length)}`)
        .filter((call) => wanted.test(call)),
    async change(
      what: "customers" | "subscriptions" | "users",
      id: string,
      fields: Record<string, unknown>,
    ) {
      await control(server.control, "state", { [what]: { [id]: { fields } } }, "PATCH");
    },
    /** Makes many customers that were not made by a stack. */
    async seed(customers: number, fields: Record<string, unknown> = {}): Promise<string[]> {
      return (
        (await control(server.control, "seed", {
          customers,
          fields,
          accessId: reseller.accessId,
        })) as { customer_ids: string[] }
      ).customer_ids;
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

export type EnablexReseller = Awaited<ReturnType<typeof enablexReseller>>;

const journals = mkdtempSync(join(tmpdir(), "ucaas-journals-"));
afterAll(() => rmSync(journals, { recursive: true, force: true }));

/** An intent journal of its own, gone with the test's file. */
export const journalFolder = () => mkdtempSync(join(journals, "journal-"));

/** The three providers as the provider process makes them, in this process. */
export function providersOf(
  config: Record<string, string>,
  journal = journalFolder(),
  context?: CallContext,
  state: StackState = { resources: [], pending: [] },
) {
  const all: Record<string, string> = { "ucaas:journalDir": journal, ...config };
  const source = {
    get: (key: string) => all[key],
    require: (key: string) => all[key] ?? "",
  } as dynamic.Config;
  return enablexProviders(source, context, async () => state);
}

/** The failure of a call, for a look at all of it. */
export async function catchError(running: Promise<unknown>): Promise<UcaasError> {
  try {
    await running;
  } catch (error) {
    if (error instanceof PartialFailure) return error.cause as UcaasError;
    if (error instanceof UcaasError) return error;
    throw error;
  }
  throw new Error("It did not fail.");
}
