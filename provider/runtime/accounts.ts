import type { dynamic } from "@pulumi/pulumi";
import { accountNames, type ConfigDefinition, type ConfigOf, readConfig } from "./config.ts";
import { UcaasError } from "./errors.ts";
import { isUnknown } from "./unknown.ts";

type Connect<D, Client> = (config: ConfigOf<D>, account: string | undefined) => Client;

/**
 * Config and client of each account of one vendor. They are made when first needed and
 * kept for the life of the provider process. So all resources of an account share its
 * connections, limits and tokens.
 */
export class Accounts<D extends ConfigDefinition, Client> {
  readonly #definition: D;
  readonly #source: dynamic.Config;
  readonly #connect: Connect<D, Client>;
  readonly #configs = new Map<string | undefined, ConfigOf<D>>();
  readonly #clients = new Map<string | undefined, Client>();

  constructor(definition: D, source: dynamic.Config, connect: Connect<D, Client>) {
    this.#definition = definition;
    this.#source = source;
    this.#connect = connect;
  }

  /** @throws {UcaasError} as `readConfig` does */
  config(account: string | undefined): ConfigOf<D> {
    const config =
      this.#configs.get(account) ?? readConfig(this.#definition, this.#source, account);
    this.#configs.set(account, config);
    return config;
  }

  /**
   * The configs of all accounts, that of the namespace itself first. One with a fault is
   * left out: its own resources report it.
   */
  usableConfigs(): ConfigOf<D>[] {
    const accounts = [undefined, ...accountNames(this.#definition, this.#source)];
    return accounts.flatMap((account) => {
      try {
        return [this.config(account)];
      } catch (error) {
        if (!(error instanceof UcaasError)) throw error;
        return [];
      }
    });
  }

  /** @throws {UcaasError} as `readConfig` and the client's constructor do */
  client(account: string | undefined): Client {
    const client = this.#clients.get(account) ?? this.#connect(this.config(account), account);
    this.#clients.set(account, client);
    return client;
  }

  /**
   * Whether two accounts differ in a key of the config, or in what is read from it. Of one
   * that is not known yet, or not configured, nothing can be known: then they do not.
   */
  differsBetween(
    key: keyof ConfigOf<D> | ((config: ConfigOf<D>) => unknown),
    one: string | undefined,
    other: string | undefined,
  ): boolean {
    if (isUnknown(one) || isUnknown(other)) return false;
    const read = typeof key === "function" ? key : (config: ConfigOf<D>) => config[key];
    try {
      return read(this.config(one)) !== read(this.config(other));
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      return false;
    }
  }
}

/**
 * What an account says against a resource, for the engine. The argument `account` is
 * named only where the program gave one: of a config key that is missing, no argument is
 * the cause.
 */
export function accountFailure(
  account: string | undefined,
  error: UcaasError,
): dynamic.CheckFailure {
  return { property: account === undefined ? "" : "account", reason: error.message };
}
