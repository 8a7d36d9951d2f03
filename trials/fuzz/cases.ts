/** All cases of a resource: each a name and what is spoiled in it. */

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
    name: `${scenario.type}, ${name}`,
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
        return faultsOf(life, scenario.secrets, [inputs, scenario.changes]);
      } finally {
        await player.stop();
      }
    },
  }));
}

/** Each argument and each config key with each value. */
export function argumentCases(scenario: Scenario, recording: readonly RecordedReply[]): Case[] {
  const names = Object.keys(scenario.upstreams);
  const run = async (
    spoil: (
      inputs: Record<string, unknown>,
      config: Record<string, string>,
    ) => [Record<string, unknown>, Record<string, string>],
  ) => {
    const player = await Player.play(names, recording);
    try {
      const [inputs, config] = spoil(scenario.inputs(player.urls), scenario.config(player.urls));
      const life = await live(scenario.type, config, inputs, scenario.changes);
      return faultsOf(life, scenario.secrets, [inputs, scenario.changes]);
    } finally {
      await player.stop();
    }
  };
  const sample = Object.fromEntries(names.map((name) => [name, "http://127.0.0.1:9"]));
  // The engine's protocol carries no more than a hundred levels.
  const values = hostileValues([], 90);
  const cases: Case[] = [];
  for (const path of pathsIn(scenario.inputs(sample))) {
    if (path.length === 0 || String(path[0]).startsWith("__")) continue;
    for (const { name, json } of values) {
      cases.push({
        name: `${scenario.type}, argument ${path.join(".")} is ${name}`,
        run: () =>
          run((inputs, config) => [
            withValueAt(inputs, path, JSON.parse(json)) as Record<string, unknown>,
            config,
          ]),
      });
    }
  }
  for (const key of Object.keys(scenario.config(sample))) {
    for (const text of [...hostileTexts, "{", "[]", "-1", "1e400", "x".repeat(100_000)]) {
      cases.push({
        name: `${scenario.type}, config ${key} is ${JSON.stringify(text.slice(0, 60))}`,
        run: () => run((inputs, config) => [inputs, { ...config, [key]: text }]),
      });
    }
  }
  return cases;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
