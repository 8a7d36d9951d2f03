// The facts of a vendor's published OpenAPI document, without its prose: names, types,
// limits, statuses, example messages. node tools/openapi-facts.mjs published.json >
// test/fixtures/openapi/vendor.json
import { readFileSync } from "node:fs";

const prose = [
  "description",
  "summary",
  "externalDocs",
  "tags",
  "info",
  "example",
  "x-codeSamples",
];

/**
 * @param {unknown} node
 * @param {boolean} [areNames] names of properties are kept whatever they are: one may
 *   well be called `description`
 * @returns {unknown}
 */
function facts(node, areNames = false) {
  if (Array.isArray(node)) return node.map((item) => facts(item));
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => areNames || !prose.includes(key))
      .flatMap(([key, value]) =>
        key === "examples" && !areNames
          ? examples(value)
          : [[key, facts(value, key === "properties")]],
      ),
  );
}

/**
 * Whole messages are facts. The examples of a schema, which are a list, only illustrate it.
 *
 * @param {Record<string, {value: unknown}> | unknown[]} given
 * @returns {[string, unknown][]}
 */
function examples(given) {
  if (Array.isArray(given)) return [];
  return [
    [
      "examples",
      Object.fromEntries(Object.entries(given).map(([name, { value }]) => [name, { value }])),
    ],
  ];
}

const published = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const { title, version } = published.info;
process.stdout.write(
  `${JSON.stringify({ .../** @type {object} */ (facts(published)), info: { title, version } }, undefined, 1)}\n`,
);
