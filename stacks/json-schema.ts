/**
 * `npm run schema`: what a stack file and a customer's own file may say, as JSON Schemas for editors, from the same source as the checks of
 * the program.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { customerSchema, ucaasKeys, vendorConfigs } from "./config.ts";

type JsonSchema = Record<string, unknown>;

/** How Pulumi writes an encrypted value. */
const secure = closed({ secure: { type: "string" } });

/** A file may leave anything to the defaults, or to the other file of the customer; what is missing in the end the program says. */
function nothingRequired(schema: z.ZodType, inStackFile: boolean): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
    override({ jsonSchema }) {
      delete jsonSchema.required;
      if (!inStackFile || jsonSchema.type !== "string" || jsonSchema.enum) return;
      const { description, ...text } = jsonSchema;
      for (const key of Object.keys(text)) delete (jsonSchema as JsonSchema)[key];
      Object.assign(jsonSchema, { anyOf: [text, { $ref: "#/definitions/secure" }] });
    },
  });
  return json;
}

/** A key of the config: `pulumi config set` writes numbers and booleans as text. */
function configKey(schema: z.ZodType, description?: string): JsonSchema {
  const json = nothingRequired(schema, true);
  const type = /^(number|integer|boolean)$/.test(String(json.type)) && { type: [json.type, "string"] };
  return { ...(description && { description }), ...json, ...type };
}

/** A map whose keys are all known. */
function closed(properties: JsonSchema): JsonSchema {
  return { type: "object", properties, additionalProperties: false };
}

function configKeys(): JsonSchema {
  const namespaces: Record<string, JsonSchema> = {
    ucaas: Object.fromEntries(Object.entries(ucaasKeys).map(([name, value]) => [name, configKey(value)])),
  };
  for (const { namespace, keys } of Object.values(vendorConfigs)) {
    const own = Object.fromEntries(Object.entries(keys).map(([name, { value, about }]) => [name, configKey(value, about)]));
    const accounts = { description: "Further accounts, by name", type: "object", additionalProperties: closed(own) };
    namespaces[namespace] = { ...own, accounts };
  }
  const all = Object.entries(namespaces);
  return {
    type: "object",
    properties: Object.fromEntries(
      all.flatMap(([namespace, keys]) => Object.entries(keys).map(([name, schema]) => [`${namespace}:${name}`, schema])),
    ),
    // Other namespaces are other people's; in these an unknown key is a misspelt one.
    patternProperties: Object.fromEntries(all.map(([namespace, keys]) => [`^${namespace}:(?!(?:${Object.keys(keys).join("|")})$)`, false])),
  };
}

const draft = "http://json-schema.org/draft-07/schema#";
const text = { type: "string" };

const stackFile = {
  $schema: draft,
  title: "A stack of customers",
  ...closed({ config: configKeys(), encryptionsalt: text, encryptedkey: text, secretsprovider: text, environment: {} }),
  definitions: { secure },
};

const customerFile = { $schema: draft, title: "A customer", ...nothingRequired(customerSchema, false) };

/** The files, by name, as they should be. */
export const schemaFiles: Readonly<Record<string, string>> = {
  "schema.json": `${JSON.stringify(stackFile, undefined, 2)}\n`,
  "customer.schema.json": `${JSON.stringify(customerFile, undefined, 2)}\n`,
};

if (import.meta.main) for (const [name, content] of Object.entries(schemaFiles)) writeFileSync(join(import.meta.dirname, name), content);
