import { expect, test } from "vitest";
import { isSecretName } from "../../provider/enablex/secret-names.ts";
import { vendorConfigs } from "../../stacks/config.ts";
import { argumentSchemas, pathsOfSchema } from "../../trials/schema-paths.ts";
import { notPlanted, planted } from "../../trials/secrets/planted.ts";

/** What the config's definitions mark as secret, or has a secret's name at any depth. */
const inConfig = Object.values(vendorConfigs).flatMap(({ namespace, keys }) =>
  Object.entries(keys).flatMap(([key, { value, ...about }]) => [
    ...("secret" in about || isSecretName(key) ? [`${namespace}:${key}`] : []),
    ...pathsOfSchema(value)
      .filter((path) => isSecretName(path.at(-1) ?? ""))
      .map((path) => `${namespace}:${[key, ...path].join(".")}`),
  ]),
);

const inArguments = Object.entries(argumentSchemas).flatMap(([type, schema]) =>
  pathsOfSchema(schema)
    .filter((path) => isSecretName(path.at(-1) ?? ""))
    .map((path) => `${type}.${path.join(".")}`),
);

test("the hunt plants a text in each secret that a config or an argument can hold", () => {
  const known = [...Object.keys(planted), ...Object.keys(notPlanted)];
  const isKnown = (name: string) =>
    known.some((each) => (each.endsWith("*") ? name.startsWith(each.slice(0, -1)) : each === name));
  const all = [...inConfig, ...inArguments, "ucaas:journal"];
  expect(all).toContain("xelion:callback.relayKey");
  expect(all).toContain("NetsapiensOAuthClient.portal.password");
  expect(all.filter((name) => !isKnown(name))).toEqual([]);
});
