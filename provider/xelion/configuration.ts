import countries from "i18n-iso-countries";
import { z } from "zod";
import { type Failure, failuresIn } from "../dynamic/check.ts";
import { UcaasError } from "../dynamic/errors.ts";
import { hashOf } from "../dynamic/journal.ts";
import { readText, UnreadableTextError } from "../dynamic/read-text.ts";
import { rememberSecret } from "../dynamic/secrets.ts";
import { hasUnknown, isUnknown } from "../dynamic/unknown.ts";
import type { ProvisionInputs } from "./schema.ts";

/** A Configurator configuration as it is sent. */
export interface Configuration {
  /** The argument that it came from, for failures. */
  readonly property: "configuration" | "configurationFile";
  /** What is sent: the text as it was given, or the object as JSON with its keys in the program's order. */
  readonly text: string;
  readonly value: Record<string, unknown>;
  /** Of the meaning: the order of keys and white space do not count. */
  readonly hash: string;
}

/** A file larger than this is none. */
const largest = 5 * 1024 * 1024;

/**
 * The configuration that the inputs declare, or undefined while not all of it is known.
 *
 * @throws {UcaasError} `CONFIGURATION_UNREADABLE`
 */
export async function configurationOf(inputs: ProvisionInputs): Promise<Configuration | undefined> {
  const { configuration, configurationFile } = inputs;
  if (configurationFile !== undefined) {
    if (isUnknown(configurationFile)) return undefined;
    return fromText("configurationFile", contentOf(configurationFile));
  }
  if (configuration === undefined || hasUnknown(configuration)) return undefined;
  rememberSecrets(configuration, inputs.__secretPaths);
  if (typeof configuration === "string") return fromText("configuration", configuration);
  const value = inOrder(configuration, inputs.__keyOrder);
  return { property: "configuration", text: JSON.stringify(value), value, hash: hashOf(value) };
}

function contentOf(file: string): string {
  try {
    return readText(file, { maxBytes: largest });
  } catch (error) {
    if (!(error instanceof UnreadableTextError)) throw error;
    throw unreadable("configurationFile", `${file} ${error.message}`);
  }
}

function fromText(property: Configuration["property"], given: string): Configuration {
  const text = given.replace(/^\uFEFF/, "");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw unreadable(property, "is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unreadable(property, "must be a JSON object");
  return { property, text, value: value as Record<string, unknown>, hash: hashOf(value) };
}

function unreadable(property: Configuration["property"], reason: string): UcaasError {
  return new UcaasError(`${property}: ${reason}`, { code: "CONFIGURATION_UNREADABLE", vendor: "xelion", operation: "configuration" });
}

/** The object with its keys in the order that the program gave them. The engine keeps properties sorted by name. */
export function inOrder<T>(value: T, keyOrder: string | undefined): T {
  if (keyOrder === undefined) return value;
  const lists = (JSON.parse(keyOrder) as string[][])[Symbol.iterator]();
  const visit = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(visit);
    if (typeof item !== "object" || item === null) return item;
    const source = item as Record<string, unknown>;
    const keys = new Set([...(lists.next().value ?? []), ...Object.keys(source)]);
    return Object.fromEntries([...keys].filter((key) => Object.hasOwn(source, key)).map((key) => [key, visit(source[key])]));
  };
  return visit(value) as T;
}

/** What the program marked as secret arrives here as it is; the service's words about a configuration may quote it. */
function rememberSecrets(configuration: unknown, secretPaths: string | undefined): void {
  for (const path of JSON.parse(secretPaths ?? "[]") as (string | number)[][]) {
    rememberLeaves(path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], configuration));
  }
}

function rememberLeaves(value: unknown): void {
  if (typeof value === "object" && value !== null) for (const item of Object.values(value)) rememberLeaves(item);
  else if (typeof value === "string" || typeof value === "number") rememberSecret(String(value));
}

const text = z.string().min(1, "must not be empty");
const country = z
  .string()
  .refine((code) => /^[A-Z]{2}$/.test(code) && countries.isValid(code), "must be a country's two letters by ISO 3166-1, such as NL");
const phoneNumber = z.looseObject({ new: z.boolean(), value: text });

/** Version 1, as far as its fields are public (configurator reference). Every other key passes. */
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
        fallback: z.looseObject({ type: z.enum(["voicemail", "dept", "user"]), value: z.string().optional() }).optional(),
        internalNumbers: z.array(z.string().regex(/^[2-9]\d{0,3}$/, "must be 1 to 4 digits and must not start with 0 or 1")).optional(),
        externalNumbers: z.array(phoneNumber.extend({ country: country.optional(), area: z.string().optional() })).optional(),
      }),
    )
    .optional(),
});

type PhoneNumber = z.output<typeof phoneNumber> & { readonly country?: string; readonly area?: string };
type Department = NonNullable<z.output<typeof configurationSchema>["departments"]>[number];

/** The fields that rules look at together. */
interface Known {
  readonly organization?: { readonly centralPhoneNumber?: PhoneNumber };
  readonly departments?: Department[];
}

/** Every rule of version 1 that a configuration breaks, with the path below the configuration. What is unknown yet passes. */
export function findings(configuration: Record<string, unknown>): Failure[] {
  const found = failuresIn(configurationSchema, configuration);
  // Rules that look at several fields make sense only where each of them is well-formed.
  const isSound = (property: string) => !found.some(({ path }) => path[0] === property);
  const known = configuration as Known;
  if (isSound("departments")) found.push(...repeatedNumbers(known), ...incompleteNumbers(known), ...fallbackFindings(known));
  if (isSound("departments") && isSound("organization")) found.push(...centralNumberFindings(known));
  return found;
}

function departmentsOf({ departments }: Known): Department[] {
  return isUnknown(departments) ? [] : (departments ?? []).map((department) => (isUnknown(department) ? { name: "" } : department));
}

function repeatedNumbers(configuration: Known): Failure[] {
  const seen = new Set<string>();
  return departmentsOf(configuration).flatMap(({ internalNumbers }, at) =>
    listOf(internalNumbers).flatMap((number, place) => {
      if (isUnknown(number)) return [];
      if (seen.has(number))
        return [
          { path: ["departments", at, "internalNumbers", place], reason: `${number} is used twice; internal numbers must be unique` },
        ];
      seen.add(number);
      return [];
    }),
  );
}

function incompleteNumbers(configuration: Known): Failure[] {
  return departmentsOf(configuration).flatMap(({ externalNumbers }, at) =>
    listOf(externalNumbers).flatMap((number, place) =>
      isUnknown(number) || number.new !== true
        ? []
        : (["country", "area"] as const)
            .filter((key) => number[key] === undefined)
            .map((key) => ({ path: ["departments", at, "externalNumbers", place, key], reason: "is missing: a new number needs it" })),
    ),
  );
}

function fallbackFindings(configuration: Known): Failure[] {
  return departmentsOf(configuration).flatMap(({ fallback }, at) =>
    isUnknown(fallback) || !fallback || isUnknown(fallback.type) || fallback.type === "voicemail" || fallback.value
      ? []
      : [{ path: ["departments", at, "fallback", "value"], reason: `is missing: it says which ${fallback.type}` }],
  );
}

function centralNumberFindings(configuration: Known): Failure[] {
  const { organization } = configuration;
  const external = departmentsOf(configuration).flatMap(({ externalNumbers }) => listOf(externalNumbers));
  const central = organization?.centralPhoneNumber;
  const path = ["organization", "centralPhoneNumber"];
  if (isUnknown(configuration.departments) || isUnknown(organization) || isUnknown(central)) return [];
  if (!central) return external.length > 0 ? [{ path, reason: "is missing: it is required once an external number is defined" }] : [];
  if (hasUnknown(central) || hasUnknown(configuration.departments)) return [];
  if (external.some((number) => number.new === central.new && number.value === central.value)) return [];
  return [{ path, reason: "must equal one of the external numbers of the departments, in both new and value" }];
}

function listOf<T>(list: T[] | undefined): T[] {
  return isUnknown(list) ? [] : (list ?? []);
}
