/**
 * One difference that the server reported, by the property's path:
 * `aiMessaging.standardBundles`. The values of secrets are masked.
 */
export interface LicenseChange {
  readonly property: string;
  readonly oldValue?: unknown;
  readonly newValue?: unknown;
}
