/**
 * What a NetSapiens host holds. Plain JSON, every rare trait absent by default, so that a
 * merge patch can seed it.
 */

export type Scope =
  | "Basic User"
  | "Simple User"
  | "Advanced User"
  | "Call Center Agent"
  | "Site Manager"
  | "Call Center Supervisor"
  | "Office Manager"
  | "Reseller"
  | "Super User"
  | "NDP"
  | "No Portal";

export interface Domain {
  /** The reseller to whom the domain belongs. */
  territory: string;
  /** Answered as if it did not exist, for every caller. */
  hidden?: boolean;
}

export interface User {
  password: string;
  scope: Scope;
  /** Default: standard. */
  accountStatus?: "standard" | "reset" | "new" | "pwd reset";
  /** No "Secure password set": the password is from before the portal kept it hashed. */
  legacyPassword?: boolean;
  /** A second factor is wanted at each login. */
  mfa?: boolean;
}

export interface PhoneNumber {
  domain: string;
  enabled?: "yes" | "no";
  /** Where calls go, such as `to-user`; `available-number` is routed nowhere. */
  application: string;
  destinationUser?: string;
}

export interface Client {
  clientId: string;
  clientSecret: string;
  redirectUrl: string;
  /** ISO 8601. */
  createdAt: string;
  /** How many more displays of the list leave this row out. */
  unseenFor?: number;
}

export interface NetsapiensState {
  domains: Record<string, Domain>;
  /** By login name, `user@domain`. */
  users: Record<string, User>;
  /** By the digits under which the number is stored, with or without country code. */
  phonenumbers: Record<string, PhoneNumber>;
  /** OAuth clients by the number of their row in the portal's list. */
  clients: Record<string, Client>;
  /** Who may log in at the admin portal: login name and password. */
  admins: Record<string, string>;
  /** Tokens that were granted, by access token. */
  tokens: Record<string, { login: string; row: string; expiresAt: number }>;
  /** Browsers that are logged in at the portal, by cookie. */
  sessions: Record<string, { admin: string; formKey: string; notice?: string }>;
  /** What was done in the portal, oldest first. */
  portalLog: PortalEvent[];
  /** Requests for devices, whose answers would hold SIP passwords: there should never be one. */
  deviceReads: { at: string; method: string; path: string }[];
  nextRow: number;
}

export type PortalEvent = { at: string; admin: string } & (
  | { did: "logged in" | "failed to log in" | "logged out" | "lost the session" }
  | { did: "created" | "failed to create"; clientId: string; redirectUrl: string }
  | { did: "looked at the secret of" | "deleted"; clientId: string }
);

/**
 * A small world to begin with: a domain, its API user, a routed number, and a client for
 * those who bring one.
 */
export const initialState = (): NetsapiensState => ({
  domains: { acme: { territory: "northwind" } },
  users: {
    "api@acme": { password: "Sandbox-api-1", scope: "Office Manager" },
    "1000@acme": { password: "Sandbox-user-1", scope: "Basic User" },
  },
  phonenumbers: {
    "13125550100": { domain: "acme", application: "to-user", destinationUser: "1000" },
  },
  clients: {
    "1": {
      clientId: "existing-client",
      clientSecret: "Sandbox-secret-1",
      redirectUrl: "",
      createdAt: "2026-01-05T09:00:00.000Z",
    },
  },
  admins: { superuser: "Sandbox-portal-1" },
  tokens: {},
  sessions: {},
  portalLog: [],
  deviceReads: [],
  nextRow: 2,
});

/** `user@domain` in its two halves. */
export function splitLogin(login: string): { user: string; domain: string } {
  const at = login.lastIndexOf("@");
  return { user: login.slice(0, at), domain: login.slice(at + 1) };
}
