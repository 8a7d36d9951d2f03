import { expect, test } from "vitest";
import type { z } from "zod";
import { startSandbox } from "../../sandbox/start.ts";
import { vendorConfigs } from "../../stacks/config.ts";
import { argumentCases } from "../../trials/fuzz/cases.ts";
import { scenariosOf } from "../../trials/fuzz/scenarios.ts";
import { argumentSchemas } from "../../trials/schema-paths.ts";

test("the fuzz has a case for each argument and each config key", async () => {
  const sandbox = await startSandbox();
  const names = scenariosOf(sandbox)
    .flatMap((scenario) => argumentCases(scenario, []))
    .map(({ name }) => name);
  await sandbox.stop();
  const tried = new Set(names.map((name) => name.slice(0, name.indexOf(" is "))));

  const ofArguments = Object.entries(argumentSchemas).flatMap(([type, schema]) =>
    Object.keys((schema as z.ZodObject).shape).map((name) => `${type}, argument ${name}`),
  );
  expect(ofArguments.filter((each) => !tried.has(each))).toEqual([]);
  const configs = new Set([...tried].map((each) => each.replace(/^.*, config /, "")));
  const ofConfig = Object.values(vendorConfigs).flatMap(({ namespace, keys }) => [
    `${namespace}:accounts`,
    ...Object.keys(keys).flatMap((key) => [
      `${namespace}:${key}`,
      `${namespace}:accounts.one.${key}`,
    ]),
  ]);
  expect(ofConfig.filter((each) => !configs.has(each))).toEqual([]);
});
