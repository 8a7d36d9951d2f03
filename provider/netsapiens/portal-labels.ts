/**
 * The portal's labels in English. The guide names System, Settings, Advanced, OAuth
 * Clients, Add, Client ID, Redirect URL, Create and Client Secret; those of the login
 * page, of a hidden secret, of deleting and of further pages are not public, so usual ones are tried in
 * turn (inferred).
 */
const english = {
  loginName: ["Login Name", "Username", "User Name", "Login"],
  password: ["Password"],
  logIn: ["Log In", "Login", "Sign In"],
  system: ["System"],
  settings: ["Settings"],
  advanced: ["Advanced"],
  oauthClients: ["OAuth Clients"],
  next: ["Next", "Next Page"],
  add: ["Add"],
  clientId: ["Client ID"],
  redirectUrl: ["Redirect URL", "Redirect URI"],
  create: ["Create"],
  clientSecret: ["Client Secret", "Secret"],
  show: ["Show", "Reveal", "View"],
  delete: ["Delete", "Remove", "Revoke"],
  confirm: ["Yes", "OK", "Confirm"],
};

/** A control of the portal. */
export type PortalLabel = keyof typeof english;

/** Each control's label, or several that are looked for in turn. */
export type PortalLabels = Record<PortalLabel, readonly string[]>;

/** What a stack says otherwise. */
type OwnLabels = { readonly [Label in PortalLabel]?: string | readonly string[] };

/** The labels with what a stack says otherwise. */
export function portalLabels(overrides: OwnLabels = {}): PortalLabels {
  const own = Object.entries(overrides).map(([name, label]) => [
    name,
    typeof label === "string" ? [label] : label,
  ]);
  return { ...english, ...Object.fromEntries(own) };
}

/** Where a person finds the list of clients (guide). */
export const portalPath = "System → Settings → Advanced → OAuth Clients";

/** Where a person logs in (guide: `https://{FQDN}/SiPbx/adminlogin.php`). */
export function portalUrl(apiUrl: string): string {
  return `${apiUrl}/SiPbx/adminlogin.php`;
}
