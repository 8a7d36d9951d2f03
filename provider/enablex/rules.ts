import type { dynamic } from "@pulumi/pulumi";
import { valueAt } from "../runtime/own-property.ts";
import { isUnknown } from "../runtime/unknown.ts";
import { wrongCountryCode } from "./countries.ts";
import { leaves, type Properties } from "./fields.ts";
import type { ResourceType } from "./resource-types.ts";

const addresses = ["officeAddress", "billingAddress"] as const;

/**
 * Rules across the fields of a declaration, as far as its values are known; each is a
 * failure of `check`.
 */
export function ruleFailures(kind: ResourceType, inputs: Properties): dynamic.CheckFailure[] {
  return kind.name === "customer"
    ? [...identityFailures(inputs), ...countryFailures(inputs)]
    : furtherFieldFailures(kind, inputs);
}

function identityFailures(inputs: Properties): dynamic.CheckFailure[] {
  if (inputs.customerCode !== undefined || inputs.contactEmail !== undefined) return [];
  return [
    {
      property: "customerCode",
      reason: "is missing: declare customerCode or contactEmail to identify the customer",
    },
  ];
}

function countryFailures(inputs: Properties): dynamic.CheckFailure[] {
  return addresses.flatMap((address) => {
    const [country, countryId] = [
      valueAt(inputs, `${address}.country`),
      valueAt(inputs, `${address}.countryId`),
    ];
    if (country !== undefined && countryId !== undefined)
      return [
        {
          property: `${address}.countryId`,
          reason: "says the same as country: declare one of the two",
        },
      ];
    const wrong =
      typeof country === "string" && !isUnknown(country) ? wrongCountryCode(country) : undefined;
    return wrong ? [{ property: `${address}.country`, reason: wrong }] : [];
  });
}

/**
 * What 0.1.0 knew as `fields` alone. Its programs go on, so either way of declaring it is
 * taken.
 */
const formerFields = ["middleName", "password", "department", "designation", "sendWelcomeMail"];

/**
 * A field that this provider knows must be declared by its own name, or it would be
 * managed twice.
 */
function furtherFieldFailures(kind: ResourceType, inputs: Properties): dynamic.CheckFailure[] {
  const snakeCase = (property: string) =>
    property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const known = new Map(
    Object.keys(kind.formats).map((property) => [snakeCase(property), property]),
  );
  return leaves(inputs.fields).flatMap(([path]) => {
    // A subscription's own values stand within an object of that name.
    const name = path.startsWith(`${kind.name}.`) ? path.slice(kind.name.length + 1) : path;
    const property = known.get(name);
    if (property && inputs[property] === undefined && formerFields.includes(property)) return [];
    if (property)
      return [
        { property: `fields.${path}`, reason: `is a property of its own: declare ${property}` },
      ];
    if (name === `${kind.name}_id` || name.endsWith("_ex"))
      return [{ property: `fields.${path}`, reason: "is assigned by the server" }];
    return [];
  });
}

/**
 * The country codes that a declaration has and the earlier one had not: what the server's
 * list has to be asked for.
 */
export function newCountries(
  olds: Properties,
  news: Properties,
): { property: string; code: string }[] {
  return addresses.flatMap((address) => {
    const property = `${address}.country`;
    const code = valueAt(news, property);
    if (
      typeof code !== "string" ||
      isUnknown(code) ||
      code === valueAt(olds, property) ||
      wrongCountryCode(code)
    )
      return [];
    return [{ property, code }];
  });
}
