import { EnableXClient } from "pulumi-ucaas/internal/enablex/client";
import { enablexConfig } from "pulumi-ucaas/internal/enablex/config";
import { customerType } from "pulumi-ucaas/internal/enablex/resource-types";
import { type ConfigOf, readConfig } from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { list, textIn } from "../adopt/enablex-rows.ts";
import { configuredAccounts } from "../doctor/accounts.ts";
import { inProgramFolder } from "../pulumi/project.ts";
import { type StackConfig, type State, stackConfig } from "../pulumi/stack.ts";
import { countCustomers, type ListedCustomer, type Listing } from "./customers.ts";
import type { CustomerCount } from "./report.ts";

type Settings = ConfigOf<typeof enablexConfig>;

/**
 * Asks the vendors that can list their customers what exists, once an account, however
 * many stacks share it. EnableX is the only one: Xima and Xelion have no list, and an
 * OAuth client of NetSapiens is no customer.
 */
export class CustomerSurvey {
  readonly #abort = new AbortController();
  readonly #visits: Promise<Listing[] | Error>[] = [];
  readonly #lists = new Map<string, Promise<readonly ListedCustomer[] | string>>();
  readonly #unreadable = new Set<string>();
  readonly #configOf: (stack: string) => Promise<StackConfig>;

  constructor(configOf: (stack: string) => Promise<StackConfig> = stackConfig) {
    this.#configOf = configOf;
  }

  /** Begins to list what the stack's accounts reach. */
  visit(stack: string, resources: readonly State[]): void {
    this.#visits.push(this.#visit(stack, resources).catch((error: Error) => error));
  }

  /** A stack of the run whose declarations are not known. */
  skip(stack: string): void {
    this.#unreadable.add(stack);
  }

  /** The counts of all stacks that were visited; undefined once the survey is closed. */
  async counts(): Promise<CustomerCount[] | undefined> {
    const visits = await Promise.all(this.#visits);
    const listings = visits.flatMap((visit) => {
      if (visit instanceof Error) throw visit;
      return visit;
    });
    return this.#abort.signal.aborted ? undefined : countCustomers(listings, this.unread());
  }

  /** The stacks whose declarations are not known; all of them after `counts`. */
  unread(): string[] {
    return [...this.#unreadable].sort();
  }

  /** Ends what still runs. */
  close(): void {
    this.#abort.abort();
  }

  async #visit(stack: string, resources: readonly State[]): Promise<Listing[]> {
    const customers = resources.filter(({ type }) => type.endsWith(":EnableXCustomer"));
    const used = new Set(customers.map(accountOf));
    // Without the server's address, what the stack declares there counts at no server.
    const unknown = (error: unknown, isUsed: boolean): Listing[] => {
      if (isUsed) this.skip(stack);
      const listed = reasonOf(error);
      return [{ stack, vendor: "enablex", server: undefined, declared: [], listed }];
    };
    let config: StackConfig;
    let accounts: (string | undefined)[];
    try {
      config = await this.#configOf(stack);
      accounts = configuredAccounts(enablexConfig, { config, environment: process.env });
    } catch (error) {
      return used.size > 0 ? unknown(error, true) : [];
    }
    const listings = [...new Set([...used, ...accounts])].map(
      async (account): Promise<Listing[]> => {
        const declared = customers
          .filter((customer) => accountOf(customer) === account)
          .flatMap(({ id }) => (id === undefined ? [] : [id]));
        try {
          const settings = inProgramFolder(() => readConfig(enablexConfig, config, account));
          const client = new EnableXClient(settings, { readSignal: this.#abort.signal });
          const listed = await this.#listed(settings, client);
          return [{ stack, vendor: "enablex", server: client.baseUrl, declared, listed }];
        } catch (error) {
          const isUsed = used.has(account);
          // Keys that no resource needs, such as an address alone, are no account.
          if (!isUsed && error instanceof UcaasError && error.code === "CONFIG_MISSING") return [];
          return unknown(error, isUsed);
        }
      },
    );
    return (await Promise.all(listings)).flat();
  }

  /** What an account lists, or why it cannot be known. */
  #listed(settings: Settings, client: EnableXClient) {
    const key = JSON.stringify(settings);
    const listed = this.#lists.get(key) ?? customersAt(client).catch(reasonOf);
    this.#lists.set(key, listed);
    return listed;
  }
}

async function customersAt(client: EnableXClient): Promise<readonly ListedCustomer[]> {
  const rows = await list(client, customerType);
  return [...rows].map(([id, row]) => {
    const name = textIn(client, customerType, row, "customerName");
    return { id, ...(name !== undefined && { name }) };
  });
}

function accountOf({ inputs = {} }: State): string | undefined {
  return typeof inputs.account === "string" ? inputs.account : undefined;
}

function reasonOf(error: unknown): string {
  if (error instanceof UcaasError && error.code !== "PULUMI_MISSING") return error.reason;
  throw error;
}
