import { isIgnored, withoutIgnored } from "../runtime/ignored-changes.ts";
import type { ApiRevision } from "./config.ts";
import type { CcId } from "./resource-id.ts";
import { type LicenseInputs, managedProperties } from "./schema.ts";

type Body = Record<string, unknown>;

/** Removed from the API (OpenAPI 1.4): a server of that revision refuses it, even as a 0. */
const guideOnly = "additionalAiMessages";

/**
 * The body that makes the licence what is declared. Every declared field is sent, so that
 * the server also reports what it had otherwise. A count that was declared before and is
 * no longer is sent as an explicit 0: left out, it would stay as it is and be billed on.
 */
export function updateBody(
  news: LicenseInputs,
  revision: ApiRevision,
  olds?: Partial<LicenseInputs>,
): Body {
  const body: Body = {};
  for (const property of managedProperties) {
    if (property === "account" || (property === guideOnly && revision !== "guide")) continue;
    const value = withDropped(news[property], olds?.[property], property);
    if (value !== undefined)
      body[property] = property === "aiMessaging" ? withoutOtherBundle(value as Body) : value;
  }
  return body;
}

/**
 * Only one kind of bundle may be above 0 (OpenAPI 1.4), so the other is none, also where
 * the state does not know that it is there.
 */
function withoutOtherBundle(bundles: Body): Body {
  if (Number(bundles.standardBundles) > 0) return { advancedBundles: 0, ...bundles };
  return Number(bundles.advancedBundles) > 0 ? { standardBundles: 0, ...bundles } : bundles;
}

/**
 * The body of an update: a field that is left out stays as it is (OpenAPI 1.4). The ids
 * are always sent, and credentials are sent whole.
 */
export function withoutIgnoredFields(body: Body, news: LicenseInputs): Body {
  const { sipCredentials, ...others } = body;
  const { resellerId, tenantId } = news.ccId;
  const { ccId, ...counts } = withoutIgnored(others, news);
  return {
    ...{ ccId: { ...(ccId as Partial<CcId>), resellerId, tenantId } },
    ...counts,
    ...(sipCredentials !== undefined && !isIgnored(news, "sipCredentials") && { sipCredentials }),
  };
}

/** A part that is ignored alone is sent with the others. */
export function ignoresPartOfCredentials(news: LicenseInputs): boolean {
  const { sipCredentials = {} } = news;
  const isWhole = isIgnored(news, "sipCredentials");
  return (
    !isWhole && Object.keys(sipCredentials).some((key) => isIgnored(news, `sipCredentials.${key}`))
  );
}

function withDropped(declared: unknown, before: unknown, property: string): unknown {
  if (property === "ccId" || property === "sipCredentials") return declared;
  if (typeof before === "number") return declared ?? 0;
  if (typeof before !== "object" || before === null) return declared;
  const kept = (declared ?? {}) as Body;
  return { ...Object.fromEntries(Object.keys(before).map((key) => [key, 0])), ...kept };
}

const counted = managedProperties.filter(
  (property) => property !== "ccId" && property !== "sipCredentials" && property !== "account",
);

/** The paths of the counts in a declaration: `eliteSeats`, `aiMessaging.standardBundles`. */
export function countPaths(inputs: Partial<LicenseInputs>): string[] {
  return counted.flatMap((property) => {
    const value: unknown = inputs[property];
    if (typeof value === "number") return [property];
    return typeof value === "object" && value !== null
      ? Object.keys(value).map((key) => `${property}.${key}`)
      : [];
  });
}

/**
 * The declaration with a count at each of the paths, so that those that are not declared
 * any more are sent as 0.
 */
export function withFields<Inputs extends Partial<LicenseInputs>>(
  inputs: Inputs,
  paths: readonly string[],
): Inputs {
  const all: Record<string, unknown> = { ...inputs };
  for (const path of paths) {
    const [property = "", key] = path.split(".");
    if (!counted.some((each) => each === property)) continue;
    all[property] =
      key === undefined
        ? (all[property] ?? 0)
        : { [key]: 0, ...(all[property] as Body | undefined) };
  }
  return all as Inputs;
}
