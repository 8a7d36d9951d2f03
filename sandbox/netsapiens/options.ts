/**
 * The switches of the NetSapiens sandbox: what differs between real systems, and what
 * goes wrong on them.
 */
import { z } from "zod";
import { commonOptions, type SandboxServer } from "../server.ts";
import type { NetsapiensState } from "./state.ts";

/** Every text of the portal that a visitor has to find. */
export const portalLabels = [
  "Login Name",
  "Password",
  "Log In",
  "System",
  "Settings",
  "Advanced",
  "OAuth Clients",
  "Add",
  "Client ID",
  "Client Secret",
  "Redirect URL",
  "Create",
  "Cancel",
  "Show",
  "Delete",
  "Yes",
  "No",
  "Log Out",
] as const;

/** Pages and actions of the portal at which a session can be made to end. */
const portalSteps = [
  "home",
  "system",
  "settings",
  "clients",
  "create",
  "secret",
  "delete",
] as const;

const route = z.enum(["served", "404", "html"]).default("served");

export const netsapiensOptions = z.strictObject({
  ...commonOptions,

  apiversion: z.string().default("45.1.0").describe("what /version and the grant call the version"),
  v2: route.describe("whether API v2 is there: served, a 404, or the portal's HTML page with 200"),
  tokensV2: route.describe("the same for POST /ns-api/v2/tokens alone"),
  tokensV1: route.describe("the same for POST /ns-api/oauth2/token/"),
  jsonAsHtml: z.boolean().default(false).describe("JSON is sent under text/html"),
  blocked: z
    .enum(["no", "json", "html"])
    .default("no")
    .describe("a rate-limit block: 403 for all of /ns-api/, as JSON or as a page"),
  refusedStatus: z
    .literal([400, 401, 403])
    .default(401)
    .describe("how a wrong client, secret, user or password is answered, all alike"),
  grantWithoutToken: z
    .boolean()
    .default(false)
    .describe("a right grant is answered 200 without an access_token"),
  legacyPasswordShows: z
    .enum(["scope", "recover"])
    .default("scope")
    .describe("how a legacy password shows in a grant: scope null, or recover true"),
  mfaShows: z
    .enum(["scope", "scope mfa_required", "flag"])
    .default("scope")
    .describe(
      "how MFA shows in a grant: scope MFA, scope mfa_required, or a flag mfa_required without a token",
    ),
  scopeSpelling: z
    .enum(["blanks", "hyphens"])
    .default("blanks")
    .describe("how scopes are shown: Super User, or super-user"),
  echoedClientId: z
    .string()
    .optional()
    .describe("the client_id that grants echo instead of the one that was sent"),
  usersForbidden: z.boolean().default(false).describe("no user may list users: 403"),

  portal: z
    .enum(["open", "closed"])
    .default("open")
    .describe("closed: 403 for all of /SiPbx/ while /ns-api/ is open"),
  labels: z
    .partialRecord(z.enum(portalLabels), z.string())
    .default({})
    .describe("other texts for some of the portal's labels"),
  slowListMs: z.number().min(0).default(0).describe("how long the list of clients takes"),
  rowsByScript: z
    .boolean()
    .default(false)
    .describe("the page of the list comes without rows, and its script fetches them"),
  rowUnseenFor: z
    .int()
    .min(0)
    .default(0)
    .describe("how many displays of the list leave a new client out"),
  rowsPerPage: z
    .int()
    .min(0)
    .default(0)
    .describe("how many clients a page of the list has, the oldest first; 0: all of them"),
  pager: z
    .enum(["script", "numbers", "none"])
    .default("script")
    .describe(
      "how such a list is turned: in place by Previous and Next, by links with numbers alone, or by nothing that the page shows",
    ),
  secrets: z
    .enum(["shown", "masked", "absent"])
    .default("shown")
    .describe("what the list says of secrets; masked ones have a control that shows them"),
  confirmation: z
    .enum(["dialog", "page", "none"])
    .default("dialog")
    .describe("how the portal asks before it deletes"),
  duplicateNames: z.boolean().default(false).describe("two clients may have the same Client ID"),
  logOutOnceAt: z.enum(portalSteps).optional().describe("the session ends at this step, once"),
});

export type NetsapiensOptions = z.output<typeof netsapiensOptions>;
export type NetsapiensServer = SandboxServer<NetsapiensState, NetsapiensOptions>;
export type PortalLabel = (typeof portalLabels)[number];
export type PortalStep = (typeof portalSteps)[number];
