import type { Witness } from "../runtime/earlier-runs.ts";
import { endOf } from "../runtime/failed-updates.ts";
import { isRecord } from "../runtime/is-record.ts";
import { tryParseJson } from "../runtime/parse-json.ts";
import type { RecordedResource, StackUpdate } from "../runtime/stack-record.ts";
import { xelionConfig } from "./config.ts";
import { type Relay, relayMark } from "./relay.ts";

const { namespace } = xelionConfig;

/**
 * Tells which earlier runs had the account's relay. It knows their orders; of another run
 * it knows nothing.
 */
export class RelayWitness implements Witness {
  readonly mark: string;
  readonly #account: string | undefined;

  constructor({ mark }: Relay, account: string | undefined) {
    this.mark = mark;
    this.#account = account;
  }

  servedUpdate(update: StackUpdate, resources: readonly RecordedResource[]): boolean {
    const key = `${namespace}:${this.#account === undefined ? "callback" : "accounts"}`;
    const setting = update.config?.[key];
    // It may have been in the environment of that machine, or not.
    if (setting === undefined) return false;
    if (setting.value !== undefined) return this.#isIn(tryParseJson(setting.value));
    // The engine's record hides the relay with its key. Orders tell which one it was: those
    // of the update itself, else earlier ones.
    const [start, end] = [Date.parse(update.startedAt), endOf(update)];
    const orders = resources.flatMap((each) => this.#orderByRelay(each));
    const own = orders.filter(
      ({ sentAt, mark }) => mark !== undefined && sentAt >= start && sentAt < end,
    );
    // One of them may be of the update before, which ended in the second in which this began.
    if (own.length > 0) return own.every(({ mark }) => mark === this.mark);
    const earlier = orders.filter(({ sentAt }) => sentAt < start);
    if (earlier.length === 0) return this.#account === undefined;
    return earlier.some(({ mark = this.mark }) => mark === this.mark);
  }

  #isIn(setting: unknown): boolean {
    const callback =
      this.#account === undefined ? setting : inside(inside(setting, this.#account), "callback");
    const url = inside(callback, "relayUrl");
    return typeof url === "string" && URL.canParse(url) && relayMark(url) === this.mark;
  }

  /** The account's last order for a tenant, with the relay's mark; earlier releases set none. */
  #orderByRelay({ inputs, outputs }: RecordedResource) {
    const { account, intent } = outputs ?? {};
    if (account !== this.#account || !isRecord(intent) || intent.callback !== "relay") return [];
    const mark = typeof inputs?.__relay === "string" ? inputs.__relay : undefined;
    return [{ sentAt: Date.parse(String(intent.submittedAt)), mark }];
  }
}

function inside(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}
