import type { ConfigOf } from "../runtime/config.ts";
import { logInfo } from "../runtime/log.ts";
import { CallbackListener } from "./callback.ts";
import { type ValidationResult, XelionClient } from "./client.ts";
import type { xelionConfig } from "./config.ts";
import type { Configuration } from "./configuration.ts";
import { isElsewhere } from "./order.ts";
import { OrderPoller } from "./order-poller.ts";
import { Relay } from "./relay.ts";
import { RelayWitness } from "./relay-witness.ts";
import type { Order, ProvisionInputs } from "./schema.ts";
import type { StatusSource } from "./status-source.ts";

/** What one account works with, shared by all its resources. */
export class AccountServices {
  readonly config: ConfigOf<typeof xelionConfig>;
  readonly service: XelionClient;
  readonly callback: CallbackListener | Relay | undefined;
  readonly polling: OrderPoller | undefined;
  readonly #witness: RelayWitness | undefined;
  readonly #verdicts = new Map<string, Promise<ValidationResult>>();

  constructor(config: ConfigOf<typeof xelionConfig>, account?: string, signal?: AbortSignal) {
    const say = (text: string) =>
      logInfo("XelionTenantProvision", new URL(config.baseUrl).host, text);
    this.config = config;
    this.service = new XelionClient(config, signal);
    if (config.callback) {
      this.callback =
        "relayUrl" in config.callback
          ? new Relay(config.callback, say, signal)
          : new CallbackListener(config.callback, config.apiKey);
    }
    if (this.callback?.kind === "relay") this.#witness = new RelayWitness(this.callback, account);
    if (config.orderPath) this.polling = new OrderPoller(this.service, config.pollSeconds, say);
  }

  /**
   * What the service says of a configuration, asked once; an answer that did not come is
   * asked for again.
   */
  async validate(configuration: Configuration): Promise<ValidationResult> {
    const known = this.#verdicts.get(configuration.text) ?? this.service.test(configuration.text);
    this.#verdicts.set(configuration.text, known);
    const validate = await known;
    if (validate.kind === "unreachable") this.#verdicts.delete(configuration.text);
    return validate;
  }

  /** What hears of a resource's orders; undefined where it asks for no callbacks, or elsewhere. */
  callbackOf({
    callback = true,
  }: Pick<ProvisionInputs, "callback">): CallbackListener | Relay | undefined {
    return callback === true ? this.callback : undefined;
  }

  /** What knows of a resource's orders, whichever machine sent them. */
  witnessOf(inputs: Pick<ProvisionInputs, "callback">): RelayWitness | undefined {
    return this.callbackOf(inputs) && this.#witness;
  }

  /** What can tell of an order that was sent before: its callbacks go where they went then. */
  sourceOf(order: Order): StatusSource | undefined {
    const { callback } = order;
    const isTheWay =
      (this.callback?.kind === "callback" && callback === "direct") ||
      (this.callback?.kind === "relay" && callback === "relay");
    return isTheWay ? this.callback : this.#pollingOf(order);
  }

  /** Another service has other orders of the same numbers. */
  #pollingOf(order: Order): OrderPoller | undefined {
    return isElsewhere(order, this.config.baseUrl) ? undefined : this.polling;
  }

  /**
   * What can be asked for an order's status at once. Of one that has completed nothing
   * more is to come, and the relay may have forgotten it; what the operator alone said of
   * its end is still looked after.
   */
  pollableSources(order: Order): StatusSource[] {
    const { status, statusHistory, callback } = order;
    if (status === "COMPLETED" && statusHistory.at(-1)?.source !== "operator") return [];
    return [
      callback === "relay" && this.callback?.kind === "relay" ? this.callback : undefined,
      this.#pollingOf(order),
    ].filter((source) => source !== undefined);
  }
}
