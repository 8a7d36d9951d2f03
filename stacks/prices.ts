import { closestMatches, licenseSchema } from "pulumi-ucaas/schemas";
import { z } from "zod";

/** What Xima bills, by the names of the licence's arguments. */
export const ximaSkus: readonly string[] = [
  ...Object.keys(licenseSchema.shape).filter((name) => /Seats$|Messages$/.test(name)),
  "aiMessaging.standardBundles",
  "aiMessaging.advancedBundles",
  "aiAudioServices.additionalHours",
].map((name) => `xima.${name}`);

const otherSkus = ["xelion.tenants", "netsapiens.oauthClients", "enablex.customers"];

/** They also take a plan's id or a type of user behind a dot: `enablex.subscriptions.7`. */
export const skuGroups: readonly string[] = [
  "enablex.subscriptions",
  "enablex.userLicenses",
  "enablex.users",
];

const skus = [...ximaSkus, ...otherSkus, ...skuGroups];

const escaped = (text: string) => text.replaceAll(".", "[.]");
const skuPattern = `^(${skus.map(escaped).join("|")}|(${skuGroups.map(escaped).join("|")})[.].+)$`;

/**
 * An amount of money: never read as a binary fraction, since its text is what counts.
 * Written as a number it is at most as long as a number is exact.
 */
export const amountSchema = z
  .union([z.number(), z.string()], "must be an amount, such as 45 or 45.90")
  .transform(String)
  .refine(
    (text) => /^\d{1,9}(\.\d{1,6})?$/.test(text),
    "must be an amount from 0 on with at most 6 decimals, such as 45 or 45.90",
  );

/** A price list: in the stack file, or in a file of its own. */
export const priceListSchema = z.strictObject({
  currency: z
    .string()
    .refine(
      (code) => Intl.supportedValuesOf("currency").includes(code),
      "must be a currency code of ISO 4217, such as EUR",
    )
    .describe("Currency code of ISO 4217, such as EUR"),
  period: z.literal("month").optional().describe("What an amount is for; always a month"),
  skus: z
    .record(z.string(), amountSchema)
    .superRefine((prices, context) => {
      for (const name of Object.keys(prices).filter((each) => !new RegExp(skuPattern).test(each))) {
        const near = closestMatches(name, skus)[0];
        context.addIssue({
          code: "custom",
          path: [name],
          message: `is no SKU. ${near ? `Did you mean ${near}?` : `Known: ${skus.join(", ")}.`}`,
        });
      }
    })
    .meta({ propertyNames: { pattern: skuPattern } })
    .describe("Price of one unit for a month, by SKU, such as xima.professionalSeats: 45"),
});
export type PriceList = z.output<typeof priceListSchema>;

/** The key `ucaas:prices`. */
export const pricesSchema = z.union([
  z
    .string()
    .min(1, "must not be empty")
    .describe("A YAML or JSON file with the price list; its path is relative to the project"),
  priceListSchema,
]);
