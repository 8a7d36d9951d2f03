/**
 * `npm run schema`: what a stack file and a customer's own file may say, as JSON Schemas
 * for editors, from the same source as the checks of the program.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { customerSchema, ucaasKeys, vendorConfigs } from "./config.ts";

type JsonSchema = Record<string, unknown>;

/** A map whose keys are all known. */
const closed = (properties: object) => ({
  type: "object",
  properties,
  additionalProperties: false,
});

/** How Pulumi writes an encrypted value. */
const secure = closed({ secure: { type: "string" } });

/**
 * A file may leave anything to the defaults, or to the other file of the customer; what
 * is missing in the end the program says.
 */
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

/** `pulumi config set` writes numbers and booleans as text. */
function orText(schema: JsonSchema): JsonSchema {
  return /^(number|integer|boolean)$/.test(String(schema.type))
    ? { ...schema, type: [schema.type, "string"] }
    : schema;
}

const { properties: ofCustomers, definitions } = nothingRequired(z.object(ucaasKeys), true) as {
  properties: Record<string, JsonSchema>;
  definitions: Record<string, JsonSchema>;
};
definitions.secure = secure;

/** The keys of the config, by namespace. */
const namespaces: Record<string, Record<string, JsonSchema>> = {
  ucaas: Object.fromEntries(
    Object.entries(ofCustomers).map(([name, schema]) => [name, orText(schema)]),
  ),
};
for (const { namespace, keys } of Object.values(vendorConfigs)) {
  // An account has the same keys.
  const own: Record<string, JsonSchema> = {};
  for (const [name, { value, about }] of Object.entries(keys)) {
    definitions[`${namespace}:${name}`] = {
      description: about,
      ...orText(nothingRequired(value, true)),
    };
    own[name] = { $ref: `#/definitions/${namespace}:${name}` };
  }
  const accounts = {
    description: "Further accounts, by name",
    type: "object",
    additionalProperties: closed(own),
  };
  namespaces[namespace] = { ...own, accounts };
}

const draft = "http://json-schema.org/draft-07/schema#";
const text = { type: "string" };

const stackFile = {
  $schema: draft,
  title: "A stack of customers",
  ...closed({
    config: {
      type: "object",
      properties: Object.fromEntries(
        Object.entries(namespaces).flatMap(([namespace, keys]) =>
          Object.entries(keys).map(([name, schema]) => [`${namespace}:${name}`, schema]),
        ),
      ),
      // Other namespaces are other people's; in these an unknown key is a misspelt one.
      patternProperties: Object.fromEntries(
        Object.entries(namespaces).map(([namespace, keys]) => [
          `^${namespace}:(?!(?:${Object.keys(keys).join("|")})$)`,
          false,
        ]),
      ),
    },
    encryptionsalt: text,
    encryptedkey: text,
    secretsprovider: text,
    environment: {},
  }),
  definitions,
};

const customerFile = {
  $schema: draft,
  title: "A customer",
  ...nothingRequired(customerSchema, false),
};

/** The files, by name, as they should be. */
export const schemaFiles: Readonly<Record<string, string>> = {
  "schema.json": `${JSON.stringify(stackFile, undefined, 2)}\n`,
  "customer.schema.json": `${JSON.stringify(customerFile, undefined, 2)}\n`,
};

if (import.meta.main)
  for (const [name, content] of Object.entries(schemaFiles))
    writeFileSync(join(import.meta.dirname, name), content);
