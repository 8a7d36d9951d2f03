import { baseUrlOf } from "../http/pool.ts";
import type { OAuthClientInputs } from "./schema.ts";

/**
 * The origin that a URL leads to, in its normal form: the guide wants the portal's URL
 * without a path.
 */
export function originOf(apiUrl: string): string {
  return baseUrlOf("netsapiens", apiUrl);
}

/** A client's id: `<host>/<clientId>`. */
export function resourceId({
  apiUrl,
  clientId,
}: Required<Pick<OAuthClientInputs, "apiUrl" | "clientId">>): string {
  return `${new URL(originOf(apiUrl)).host}/${clientId}`;
}
