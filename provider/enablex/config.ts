import { z } from "zod";
import { baseUrlKey, transportKeys } from "../http/pool.ts";
import type { ConfigDefinition } from "../runtime/config.ts";
import { credential, identifier } from "../runtime/identifiers.ts";
import { routesSchema } from "./routes.ts";

const baseUrl = baseUrlKey("base URL of the UCaaS API, with /ucaas/v1; default the guide's");

/** Config of the vendor, namespace `enablex`. */
export const enablexConfig = {
  namespace: "enablex",
  keys: {
    baseUrl: { ...baseUrl, value: baseUrl.value.prefault("https://api.enablex.io/ucaas/v1") },
    accessId: {
      value: identifier(),
      about: "API ACCESS ID, from the portal: Developers / API Access",
    },
    accessKey: {
      value: credential().optional(),
      secret: true,
      about: "API ACCESS KEY; with it every call uses HTTP Basic",
    },
    email: {
      value: identifier().optional(),
      about: "email of a login, where there is no access key",
    },
    password: { value: credential().optional(), secret: true, about: "password of the login" },
    appType: {
      value: z.enum(["vc", "wb"]).optional(),
      about: "header X-App-Type, where the server wants it: vc or wb; default not sent",
    },
    tokenMinutes: {
      value: z.coerce.number().positive().max(1440).default(15),
      about:
        "how long a login's token is good for; the guide says 20 minutes, another page 15; default 15",
    },
    pageSize: {
      value: z.coerce.number().int().min(1).max(1000).default(100),
      about: "rows asked for in a page of a list; default 100",
    },
    consistencySeconds: {
      value: z.coerce.number().min(0).max(600).default(30),
      about: "how long a read is repeated until it shows what was written; default 30",
    },
    settleSeconds: {
      value: z.coerce.number().min(0).max(600).default(30),
      about:
        "how long something is looked for whose create had no clear outcome, before it is sent again; default 30",
    },
    routes: {
      value: routesSchema,
      about: "corrections to inferred routes and bodies, see the docs",
    },
    ...transportKeys,
  },
} satisfies ConfigDefinition;
