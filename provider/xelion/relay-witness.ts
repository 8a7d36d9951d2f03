import type { Witness } from "../runtime/earlier-runs.ts";
import { isRecord } from "../runtime/is-record.ts";
import { tryParseJson } from "../runtime/parse-json.ts";
import type { FailedUpdate, RecordedResource } from "../runtime/stack-record.ts";
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

  servedUpdate(
    { startedAt, config = {} }: FailedUpdate,
    resources: readonly RecordedResource[],
  ): boolean {
    const key = `${namespace}:${this.#account === undefined ? "callback" : "accounts"}`;
    const setting = config[key];
    // It may have been in the environment of that machine, or not.
    if (setting === undefined) return false;
    if (setting.value !== undefined) return this.#isIn(tryParseJson(setting.value));
    const before = resources.filter((each) => this.#hasOrderByRelay(each, startedAt));
    // The engine's record hides the relay with its key. Earlier orders tell which one it was.
    if (before.length === 0) return this.#account === undefined;
    return before.some(({ inputs }) => (inputs?.__relay ?? this.mark) === this.mark);
  }

  #isIn(setting: unknown): boolean {
    const callback =
      this.#account === undefined ? setting : inside(inside(setting, this.#account), "callback");
    const url = inside(callback, "relayUrl");
    return typeof url === "string" && URL.canParse(url) && relayMark(url) === this.mark;
  }

  #hasOrderByRelay({ outputs }: RecordedResource, before: string): boolean {
    const { account, intent } = outputs ?? {};
    return (
      account === this.#account &&
      isRecord(intent) &&
      intent.callback === "relay" &&
      String(intent.submittedAt) < before
    );
  }
}

function inside(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}
