import { z } from "zod";
import { transportKeys } from "../http/pool.ts";
import type { ConfigDefinition } from "../runtime/config.ts";
import { credential, identifier } from "../runtime/identifiers.ts";
import { defaultHomeCountry } from "./did.ts";
import { apiUrl, text } from "./schema.ts";

/**
 * Config of the vendor, namespace `netsapiens`: defaults of the arguments of the same
 * name, and what only this machine can know.
 */
export const netsapiensConfig = {
  namespace: "netsapiens",
  keys: {
    apiUrl: {
      value: apiUrl.optional(),
      about: "full URL of the management portal, without a path",
    },
    apiUsername: { value: identifier().optional(), about: "login name of the API user" },
    apiPassword: {
      value: credential().optional(),
      secret: true,
      about: "password of the API user",
    },
    portalUsername: { value: identifier().optional(), about: "login name at the admin portal" },
    portalPassword: {
      value: credential().optional(),
      secret: true,
      about: "password at the admin portal",
    },
    homeCountry: {
      value: z
        .string()
        .regex(
          /^[A-Z]{2}$/,
          "must be a country in two capital letters (ISO 3166-1), such as US or NL",
        )
        .default(defaultHomeCountry),
      about: "country of a DID in national digits, as two letters",
    },
    browserPath: { value: text.optional(), about: "executable of a Chromium or Chrome" },
    browserSandbox: {
      value: z.stringbool().optional(),
      about:
        "whether Chromium's own sandbox is on; default true, but false for root and for the Chromium of npm",
    },
    evidenceDir: {
      value: text.optional(),
      about:
        "folder for what is kept when a walk through the portal fails; default the one for temporary files",
    },
    ...transportKeys,
  },
} satisfies ConfigDefinition;
