/**
 * The Configurator's JSON, version 1, as far as its rules are published (JSON Reference
 * Guide of the Configurator). Keys that are not known here are allowed everywhere.
 */
import { parsePhoneNumber } from "awesome-phonenumber";
import countries from "i18n-iso-countries";
import { z } from "zod";

const text = z.string().trim().min(1, "must not be empty");
const country = z
  .string()
  .refine(
    (code) => /^[A-Z]{2}$/.test(code) && countries.isValid(code),
    "expected a country by ISO 3166-1 alpha-2",
  );
const phoneNumber = z.looseObject({ new: z.boolean().default(false), value: text });
const reserved = ["600", "7000"];

const externalNumber = phoneNumber
  .extend({ country: country.optional(), area: text.optional() })
  .superRefine((number, context) => {
    if (!number.new) return;
    for (const key of ["country", "area"] as const) {
      if (number[key] === undefined)
        context.addIssue({
          code: "custom",
          path: [key],
          message: "is required when the number is new",
        });
    }
  });

const fallback = z
  .looseObject({ type: z.enum(["voicemail", "dept", "user"]), value: z.string().optional() })
  .refine(({ type, value }) => type === "voicemail" || value, {
    path: ["value"],
    message: "says which department or user",
  });

const internalNumber = z
  .string()
  .regex(/^[2-9]\d{0,3}$/, "expected 1 to 4 digits that do not start with 0 or 1")
  .refine((number) => !reserved.includes(number), "is reserved");

const department = z.looseObject({
  name: text,
  users: z.array(z.email()).optional(),
  enableCallRecording: z.boolean().optional(),
  fallback: fallback.optional(),
  internalNumbers: z.array(internalNumber).optional(),
  externalNumbers: z.array(externalNumber).optional(),
});

const organization = z.looseObject({
  name: text,
  email: z.email().optional(),
  street: z.string().optional(),
  number: z.union([z.string(), z.int()]).optional(),
  numberAddition: z.string().optional(),
  zipCode: z.string().optional(),
  city: z.string().optional(),
  country: country.optional(),
  centralPhoneNumber: phoneNumber.optional(),
});

const configuration = z
  .looseObject({ version: z.literal(1), organization, departments: z.array(department).optional() })
  .superRefine(
    ({ organization: { centralPhoneNumber: central, country }, departments = [] }, context) => {
      const seen = new Set<string>();
      const seenOutside = new Set<string>();
      const names = departments.map(({ name }) => name);
      for (const [at, { fallback, externalNumbers = [] }] of departments.entries()) {
        if (fallback?.type === "dept" && fallback.value && !names.includes(fallback.value)) {
          context.addIssue({
            code: "custom",
            path: ["departments", at, "fallback", "value"],
            message: "there is no such department",
          });
        }
        for (const [place, { new: isNew, value }] of externalNumbers.entries()) {
          const path = ["departments", at, "externalNumbers", place, "value"];
          const parsed = parsePhoneNumber(value, { regionCode: country });
          if (!isNew && !parsed.valid)
            context.addIssue({ code: "custom", path, message: "is no valid external number" });
          const spelling = (!isNew && parsed.number?.e164) || value;
          if (seenOutside.has(spelling))
            context.addIssue({ code: "custom", path, message: `${value} is used twice` });
          seenOutside.add(spelling);
        }
      }
      for (const [at, { internalNumbers = [] }] of departments.entries()) {
        for (const [place, number] of internalNumbers.entries()) {
          if (seen.has(number)) {
            context.addIssue({
              code: "custom",
              path: ["departments", at, "internalNumbers", place],
              message: `${number} is used twice`,
            });
          }
          seen.add(number);
        }
      }
      const path = ["organization", "centralPhoneNumber"];
      const external = departments.flatMap(({ externalNumbers = [] }) => externalNumbers);
      if (central === undefined) {
        if (external.length > 0)
          context.addIssue({
            code: "custom",
            path,
            message: "is required once there is an external number",
          });
      } else if (
        !external.some((number) => number.new === central.new && number.value === central.value)
      ) {
        context.addIssue({
          code: "custom",
          path,
          message: "must equal one of the external numbers",
        });
      }
    },
  );

/** What is wrong with a configuration as it was posted, in words; undefined when nothing is. */
export function wrongConfiguration(body: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return `not JSON: ${(error as Error).message}`;
  }
  const checked = configuration.safeParse(value);
  if (checked.success) return undefined;
  return checked.error.issues
    .map(({ path, message }) => `${z.core.toDotPath(path) || "configuration"}: ${message}`)
    .join("\n");
}
