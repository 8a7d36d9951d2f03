import { parsePhoneNumber } from "awesome-phonenumber";
import countries from "i18n-iso-countries";
import { z } from "zod";
import { hasUnknown, isUnknown } from "../runtime/unknown.ts";
import { type ValidationFailure, validationFailures } from "../runtime/validation.ts";

// The rules of the Configurator's JSON, version 1, as far as they are published:
// https://orderconfigurator.xelion.com/reference-json.html. Every key that is not known
// here passes.

const text = z.string().min(1, "must not be empty");
const country = z
  .string()
  .refine(
    (code) => /^[A-Z]{2}$/.test(code) && countries.isValid(code),
    "must be a country's two letters by ISO 3166-1, such as NL",
  );
/** `new` is false unless it is written. */
const phoneNumber = z.looseObject({ new: z.boolean().optional(), value: text });

/**
 * Published as examples. Which other numbers are reserved, and which are emergency
 * numbers, only the service knows.
 */
const reserved = ["600", "7000"];

const internalNumber = z
  .string()
  .regex(/^[2-9]\d{0,3}$/, "must be 1 to 4 digits and must not start with 0 or 1")
  .refine((number) => !reserved.includes(number), "is reserved by Xelion");

/** Each field by itself. */
const configurationSchema = z.looseObject({
  version: z.literal(1, "must be 1, the version whose rules are known here"),
  organization: z.looseObject({
    name: text,
    email: z.email("must be an e-mail address").optional(),
    street: z.string().optional(),
    number: z.union([z.string(), z.number()]).optional(),
    numberAddition: z.string().optional(),
    zipCode: z.string().optional(),
    city: z.string().optional(),
    country: country.optional(),
    centralPhoneNumber: phoneNumber.optional(),
  }),
  departments: z
    .array(
      z.looseObject({
        name: text,
        users: z.array(z.email("must be an e-mail address")).optional(),
        enableCallRecording: z.boolean().optional(),
        fallback: z
          .looseObject({
            type: z.enum(["voicemail", "dept", "user"]),
            value: z.string().optional(),
          })
          .optional(),
        internalNumbers: z.array(internalNumber).optional(),
        externalNumbers: z
          .array(phoneNumber.extend({ country: country.optional(), area: z.string().optional() }))
          .optional(),
      }),
    )
    .optional(),
});

type PhoneNumber = z.output<typeof phoneNumber> & {
  readonly country?: string;
  readonly area?: string;
};
type Department = NonNullable<z.output<typeof configurationSchema>["departments"]>[number];

/** The fields that rules look at together. */
interface Known {
  readonly organization?: { readonly centralPhoneNumber?: PhoneNumber; readonly country?: string };
  readonly departments?: Department[];
  /** Of their fields, only `email` is published. */
  readonly users?: unknown;
}

/**
 * Every rule of version 1 that a configuration breaks, with the path below the
 * configuration. What is unknown yet passes.
 */
export function configurationFailures(configuration: Record<string, unknown>): ValidationFailure[] {
  const failures = validationFailures(configurationSchema, configuration);
  // Rules that look at several fields make sense only where each of them is well-formed.
  const isSound = (property: string) => !failures.some(({ path }) => path[0] === property);
  const known = configuration as Known;
  if (!isSound("departments")) return failures;
  failures.push(
    ...repeatedInternalNumbers(known),
    ...incompleteNumbers(known),
    ...unknownFallbacks(known),
  );
  if (!isSound("organization")) return failures;
  return [
    ...failures,
    ...repeatedExternalNumbers(known),
    ...invalidNumbers(known),
    ...centralNumberFailures(known),
  ];
}

function departmentsOf({ departments }: Known): Department[] {
  return listOf(departments).map((department) =>
    isUnknown(department) ? { name: "" } : department,
  );
}

function listOf<T>(list: T[] | undefined): T[] {
  return isUnknown(list) ? [] : (list ?? []);
}

function repeatedInternalNumbers(configuration: Known): ValidationFailure[] {
  const seen = new Set<string>();
  return departmentsOf(configuration).flatMap(({ internalNumbers }, at) =>
    listOf(internalNumbers).flatMap((number, place) => {
      if (isUnknown(number)) return [];
      const path = ["departments", at, "internalNumbers", place];
      if (seen.has(number))
        return [{ path, reason: `${number} is used twice; internal numbers must be unique` }];
      seen.add(number);
      return [];
    }),
  );
}

interface ExternalNumber {
  readonly number: PhoneNumber;
  readonly path: readonly (string | number)[];
}

function externalNumbersOf(configuration: Known): ExternalNumber[] {
  return departmentsOf(configuration).flatMap(({ externalNumbers }, at) =>
    listOf(externalNumbers).flatMap((number, place) =>
      isUnknown(number) ? [] : [{ number, path: ["departments", at, "externalNumbers", place] }],
    ),
  );
}

function repeatedExternalNumbers(configuration: Known): ValidationFailure[] {
  const seen = new Set<string>();
  const country = countryOf(configuration);
  return externalNumbersOf(configuration).flatMap(({ number, path }) => {
    if (isUnknown(number.value) || isUnknown(number.new)) return [];
    const spellings = [
      number.value,
      (!number.new && parse(number.value, country)?.number?.e164) || number.value,
    ];
    const isRepeated = spellings.some((spelling) => seen.has(spelling));
    for (const spelling of spellings) seen.add(spelling);
    if (!isRepeated) return [];
    return [
      {
        path: [...path, "value"],
        reason: `${number.value} is used twice; external numbers must be unique`,
      },
    ];
  });
}

function incompleteNumbers(configuration: Known): ValidationFailure[] {
  return externalNumbersOf(configuration).flatMap(({ number, path }) =>
    isUnknown(number.new) || !number.new
      ? []
      : (["country", "area"] as const)
          .filter((key) => number[key] === undefined)
          .map((key) => ({ path: [...path, key], reason: "is missing: a new number needs it" })),
  );
}

/**
 * An existing number must be one of the organization's country, or international. A new
 * one may be any text.
 */
function invalidNumbers(configuration: Known): ValidationFailure[] {
  const country = countryOf(configuration);
  if (country === unknownCountry) return [];
  return externalNumbersOf(configuration).flatMap(({ number, path }) => {
    if (isUnknown(number.new) || isUnknown(number.value) || number.new) return [];
    if (isTelephoneNumber(number.value, country)) return [];
    const reason =
      country === undefined
        ? "must be an international number, such as +31151111111, while organization.country is not declared"
        : `must be a telephone number of ${country}, or an international one such as +31151111111`;
    return [{ path: [...path, "value"], reason }];
  });
}

/**
 * An international number may be of a range that this release of libphonenumber does not
 * list: the service knows.
 */
function isTelephoneNumber(value: string, country: string | undefined): boolean {
  const number = parse(value, country);
  return (value.trim().startsWith("+") ? number?.possible : number?.valid) ?? false;
}

const unknownCountry = Symbol("not known yet");

function countryOf({ organization }: Known): string | undefined | typeof unknownCountry {
  if (isUnknown(organization) || isUnknown(organization?.country)) return unknownCountry;
  return organization?.country;
}

function parse(value: string, country: ReturnType<typeof countryOf>) {
  if (!/^\s*\+?[\d\s()./-]+$/.test(value)) return undefined;
  return parsePhoneNumber(value, { regionCode: typeof country === "string" ? country : undefined });
}

/** A fallback names a department of the configuration, or a user by the e-mail address. */
function unknownFallbacks(configuration: Known): ValidationFailure[] {
  const names = departmentsOf(configuration).map(({ name }) => name);
  const emails = emailsOf(configuration);
  return departmentsOf(configuration).flatMap(({ fallback }, at) => {
    if (
      isUnknown(fallback) ||
      !fallback ||
      isUnknown(fallback.type) ||
      fallback.type === "voicemail"
    )
      return [];
    const { type, value } = fallback;
    if (isUnknown(value)) return [];
    const path = ["departments", at, "fallback", "value"];
    if (!value) return [{ path, reason: `is missing: it says which ${type}` }];
    if (type === "user")
      return !emails || emails.has(value.toLowerCase())
        ? []
        : [{ path, reason: "is no user of this configuration" }];
    if (hasUnknown(configuration.departments) && hasUnknown(names)) return [];
    return names.includes(value)
      ? []
      : [{ path, reason: `is no department of this configuration: ${names.join(", ")}` }];
  });
}

/**
 * The e-mail addresses of all users, in lower case; undefined where the configuration
 * does not list them, or not all are known.
 */
function emailsOf({ users, departments }: Known): Set<string> | undefined {
  if (!Array.isArray(users) || hasUnknown(users) || hasUnknown(departments)) return undefined;
  const emails = [
    ...users.map((user: { email?: unknown } | null) => user?.email),
    ...(departments ?? []).flatMap((department) => department.users),
  ];
  return new Set(
    emails.filter((email) => typeof email === "string").map((email) => email.toLowerCase()),
  );
}

function centralNumberFailures(configuration: Known): ValidationFailure[] {
  const { organization } = configuration;
  const external = departmentsOf(configuration).flatMap(({ externalNumbers }) =>
    listOf(externalNumbers),
  );
  const central = organization?.centralPhoneNumber;
  const path = ["organization", "centralPhoneNumber"];
  if (isUnknown(configuration.departments) || isUnknown(organization) || isUnknown(central))
    return [];
  if (!central)
    return external.length > 0
      ? [{ path, reason: "is missing: it is required once an external number is defined" }]
      : [];
  if (hasUnknown(central) || hasUnknown(configuration.departments)) return [];
  const isCentral = (number: PhoneNumber) =>
    (number.new ?? false) === (central.new ?? false) && number.value === central.value;
  if (external.some(isCentral)) return [];
  return [
    {
      path,
      reason: "must equal a department's external number, in both new and value",
    },
  ];
}
