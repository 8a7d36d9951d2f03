/** What arguments and config can hold, by the schemas that check them. */
import { z } from "zod";
import * as enablex from "../provider/enablex/schema.ts";
import { oauthClientSchema } from "../provider/netsapiens/schema.ts";
import { provisionSchema } from "../provider/xelion/schema.ts";
import { licenseSchema } from "../provider/xima/schema.ts";

export const argumentSchemas: Readonly<Record<string, z.ZodType>> = {
  XimaLicense: licenseSchema,
  EnableXCustomer: enablex.customerSchema,
  EnableXSubscription: enablex.subscriptionSchema,
  EnableXUser: enablex.userSchema,
  XelionTenantProvision: provisionSchema,
  NetsapiensOAuthClient: oauthClientSchema,
};

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
}

/** Each property of a schema, and of the objects within it. */
export function pathsOfSchema(schema: z.ZodType): string[][] {
  return pathsBelow(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node);
}

function pathsBelow({ properties = {}, anyOf = [] }: Node): string[][] {
  const own = Object.entries(properties).flatMap(([name, inner]) => [
    [name],
    ...pathsBelow(inner).map((path) => [name, ...path]),
  ]);
  return [...own, ...anyOf.flatMap(pathsBelow)];
}
