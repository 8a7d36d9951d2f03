import { z } from "zod";
import { isLoopback } from "../http/pool.ts";
import { credential, identifier } from "../runtime/identifiers.ts";
import type { IntegrationBundle } from "./integration-bundle.ts";
import type { PortalLabel } from "./portal-labels.ts";
import { acceptedScopes } from "./scopes.ts";
import { type StepResult, steps } from "./steps.ts";

/** A text that is not empty. */
export const text = z.string().min(1, "must not be empty");

/** The URL of a management portal, without a path. */
export const apiUrl = identifier().superRefine((value, context) => {
  const fault = urlFault(value);
  if (fault) context.addIssue({ code: "custom", message: fault });
});

function urlFault(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    return "must be a URL such as https://yourcompany.domain.com";
  if (url.username || url.password) return "must not carry a user name or password";
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    return "must be https: plain http would show the credentials to the network";
  if (url.pathname !== "/" || url.search || url.hash)
    return `must not have a path: write ${url.origin}`;
  return undefined;
}

const hostName = z
  .string()
  .refine(
    (value) => [z.hostname(), z.ipv4(), z.ipv6()].some((format) => format.safeParse(value).success),
    "must be a host name or an IP address, without scheme, port and path",
  );
const port = "must be a whole number from 1 to 65535";
const choiceOfSteps = `must be "all", "off", or a list of ${steps.join(", ")}`;
const labels = z.union([text, z.array(text).min(1)], "must be a label, or a list of labels");

/**
 * The texts by which the portal's controls are found; what each is by default is in
 * `portal-labels.ts`.
 */
const portalLabelsSchema = z.strictObject({
  loginName: labels.optional(),
  password: labels.optional(),
  logIn: labels.optional(),
  system: labels.optional(),
  settings: labels.optional(),
  advanced: labels.optional(),
  oauthClients: labels.optional(),
  next: labels.optional(),
  add: labels.optional(),
  clientId: labels.optional(),
  redirectUrl: labels.optional(),
  create: labels.optional(),
  clientSecret: labels.optional(),
  show: labels.optional(),
  delete: labels.optional(),
  confirm: labels.optional(),
} satisfies Record<PortalLabel, z.ZodType>);

/** Settings of the driver `portal`. */
const portalSchema = z.strictObject({
  username: identifier().optional(),
  password: credential().optional(),
  browserPath: text.optional(),
  headless: z.boolean().optional(),
  stepSeconds: z.number("must be a number of seconds").positive().max(600).optional(),
  labels: portalLabelsSchema.optional(),
});

/** The arguments of a `NetsapiensOAuthClient`. */
export const oauthClientSchema = z.strictObject({
  apiUrl: apiUrl.optional(),
  // API reference v45. "~" and "*" would be the API user's own domain, and all domains.
  domain: identifier().regex(
    /^[A-Za-z0-9._-]{1,64}$/,
    "must be the domain's name: at most 64 letters, digits, dots, hyphens and underscores",
  ),
  clientId: identifier(),
  clientSecret: credential().optional(),
  apiUsername: identifier().optional(),
  apiPassword: credential().optional(),
  did: identifier()
    .regex(
      /^\+?[\d\s().-]+$/,
      "is not a telephone number: write it as E.164 (+13125550100), or in national digits",
    )
    .optional(),
  didDestination: identifier().optional(),
  sipProxyServerHost: hostName.optional(),
  sipProxyServerPort: z.int(port).min(1, port).max(65_535, port).optional(),
  driver: z.enum(["existing", "portal"]),
  verify: z
    .union([
      z.enum(["all", "off"], choiceOfSteps),
      z.array(z.enum(steps, choiceOfSteps), choiceOfSteps),
    ])
    .optional(),
  minimumScope: z.enum(acceptedScopes).optional(),
  portal: portalSchema.optional(),
  account: identifier().optional(),
});

export type OAuthClientInputs = z.output<typeof oauthClientSchema> & {
  readonly __stack?: string;
  /** How often another `clientSecret` was declared since the create; absent when never. */
  readonly __secretRevision?: number;
};
export type PortalInputs = z.output<typeof portalSchema>;

/** Of the outputs that this release writes. It reads all earlier ones. */
export const schemaVersion = 1;

/** What the state keeps of a client. */
export interface OAuthClientOutputs extends OAuthClientInputs {
  readonly schemaVersion: typeof schemaVersion;
  readonly bundle: IntegrationBundle;
  /** One entry a step, in the guide's order. */
  readonly verification: readonly StepResult[];
  /** What the system calls the version of its API; empty when it was not asked. */
  readonly apiVersion: string;
  /** ISO time at which the verification last came out otherwise than before. */
  readonly verifiedAt: string;
  /** Tells two resources apart that hold the same client for a moment; see `runtime/ownership.ts`. */
  readonly __claim?: string;
  /** The resource's name in the program. */
  readonly __resource?: string;
}
