/**
 * The id of a licence, `reseller/tenant`; a slash inside either is written as `%2F`, so
 * that no two customers have one id.
 */
export function resourceId({
  ccId,
}: {
  readonly ccId?: { readonly resellerId: string; readonly tenantId: string };
}): string {
  return [ccId?.resellerId, ccId?.tenantId]
    .map((part) => String(part).replace(/[%/]/g, encodeURIComponent))
    .join("/");
}

export interface CcId {
  readonly resellerId: string;
  readonly tenantId: string;
  readonly resellerName?: string;
  readonly tenantName?: string;
}
