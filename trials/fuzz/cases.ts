/** All cases of a resource: each a name and what is spoiled in it. */
import { vendorConfigs } from "../../stacks/config.ts";
import { argumentSchemas, pathsOfSchema } from "../schema-paths.ts";
import { faultsOf } from "./judge.ts";
import { live } from "./life.ts";
import { Player, type RecordedReply, type Spoiled } from "./recording.ts";
import type { Scenario } from "./scenarios.ts";
import { transportFaults } from "./transport-faults.ts";
import { hostileTexts, hostileValues, jsonWithAt, pathsIn, withValueAt } from "./values.ts";

export interface Case {
  readonly name: string;
  /** @returns what is wrong; empty when nothing is */
  run(): Promise<string[]>;
}

/** The replies of an undisturbed life. */
export async function recordingOf(scenario: Scenario): Promise<readonly RecordedReply[]> {
  const player = await Player.record(scenario.upstreams);
  try {
    // The short deadlines are for the cases: a busy machine may need longer to load the code.
    const config = Object.fromEntries(
      Object.entries(scenario.config(player.urls)).map(([key, value]) => [
        key,
        key.endsWith("Seconds") && !key.endsWith("pollSeconds") ? "60" : value,
      ]),
    );
    const inputs = scenario.inputs(player.urls);
    const { calls } = await live(
      scenario.type,
      config,
      { ...inputs, ...("timeout" in inputs && { timeout: "60s" }) },
      scenario.changes,
    );
    const bad = calls.find(({ error }) => error);
    if (bad)
      throw new Error(`${scenario.type} ${bad.method} fails undisturbed: ${bad.error?.message}`);
    if (calls.at(-1)?.method !== "delete")
      throw new Error(`${scenario.type}: ${JSON.stringify(calls.at(-1)?.result)}`);
    return player.recorded;
  } finally {
    await player.stop();
  }
}

/** Each field of each reply with each value, and each fault of the transport at each call. */
export function replyCases(scenario: Scenario, recording: readonly RecordedReply[]): Case[] {
  // Made when it is run: all of them together would take gigabytes.
  const spoiled: [string, () => Spoiled][] = [];
  const values = hostileValues(scenario.secrets);
  for (const [at, reply] of recording.entries()) {
    const call = `${reply.method} ${reply.path} (reply ${at})`;
    for (const [name, answer] of transportFaults)
      spoiled.push([`${call}: ${name}`, () => ({ at, answer })]);
    const value = jsonOf(reply.body);
    if (value === undefined) continue;
    for (const path of pathsIn(value)) {
      for (const { name, json } of values) {
        spoiled.push([
          `${call}: ${path.join(".") || "the whole"} is ${name}`,
          () => ({ at, body: jsonWithAt(value, path, json) }),
        ]);
      }
    }
  }
  return spoiled.map(([name, spoil]) => ({
    name: `${scenario.title ?? scenario.type}, ${name}`,
    async run() {
      const player = await Player.play(Object.keys(scenario.upstreams), recording, spoil());
      try {
        const inputs = scenario.inputs(player.urls);
        const life = await live(
          scenario.type,
          scenario.config(player.urls),
          inputs,
          scenario.changes,
        );
        return faultsOf(life, scenario, inputs);
      } finally {
        await player.stop();
      }
    },
  }));
}

type Inputs = Record<string, unknown>;
type Config = Record<string, string>;

const account = "one";

/** Each argument and each config key with each value, and each key of an account. */
export function argumentCases(scenario: Scenario, recording: readonly RecordedReply[]): Case[] {
  const { type, title = type } = scenario;
  const names = Object.keys(scenario.upstreams);
  const sample = Object.fromEntries(names.map((name) => [name, "http://127.0.0.1:9"]));
  const caseOf = (
    what: string,
    spoil: (inputs: Inputs, config: Config) => [Inputs, Config],
  ): Case => ({
    name: `${title}, ${what}`,
    async run() {
      const player = await Player.play(names, recording);
      try {
        const [inputs, config] = spoil(scenario.inputs(player.urls), scenario.config(player.urls));
        return faultsOf(await live(type, config, inputs, scenario.changes), scenario, inputs);
      } finally {
        await player.stop();
      }
    },
  });
  // The engine's protocol carries no more than a hundred levels.
  const values = hostileValues([], 90);
  const paths = argumentPaths(type, scenario.inputs(sample)).flatMap((path) =>
    values.map(({ name, json }) =>
      caseOf(`argument ${path.join(".")} is ${name}`, (inputs, config) => [
        withValueAt(inputs, path, JSON.parse(json)) as Inputs,
        config,
      ]),
    ),
  );
  const { namespace, keys } = configOf(scenario.config(sample));
  const texts = [...hostileTexts, "{", "[]", "-1", "1e400", "x".repeat(100_000)];
  const configs = texts.flatMap((text) => {
    const is = `is ${JSON.stringify(text.slice(0, 60))}`;
    return [
      ...[...keys, "accounts"].map((key) =>
        caseOf(`config ${namespace}:${key} ${is}`, (inputs, config) => [
          { ...inputs, ...(key === "accounts" && { account }) },
          { ...config, [`${namespace}:${key}`]: text },
        ]),
      ),
      ...keys.map((key) =>
        caseOf(`config ${namespace}:accounts.${account}.${key} ${is}`, (inputs, config) => [
          { ...inputs, account },
          asAccount({ ...config, [`${namespace}:${key}`]: text }, namespace),
        ]),
      ),
    ];
  });
  return [...paths, ...configs];
}

/** What the scenario gives and what the schema knows; not what the resource class adds. */
function argumentPaths(type: string, inputs: Inputs): (readonly (string | number)[])[] {
  const schema = argumentSchemas[type];
  const all = [...pathsIn(inputs), ...(schema ? pathsOfSchema(schema) : [])];
  const own = all.filter(([first = "__"]) => !String(first).startsWith("__"));
  return [...new Map(own.map((path) => [path.join("\n"), path])).values()];
}

/** The vendor whose config it is, with all of its keys. */
function configOf(config: Config) {
  const [namespace = ""] = Object.keys(config)[0]?.split(":") ?? [];
  const vendor = Object.values(vendorConfigs).find((each) => each.namespace === namespace);
  return { namespace, keys: Object.keys(vendor?.keys ?? {}) };
}

/** The same config, as a section of its own. */
function asAccount(config: Config, namespace: string): Config {
  const section = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.slice(namespace.length + 1), value]),
  );
  return { [`${namespace}:accounts`]: JSON.stringify({ [account]: section }) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
