import { newClaim } from "../runtime/ownership.ts";
import { flatChanges } from "./changes.ts";
import type { LicenseChange } from "./license-change.ts";
import { type LicenseInputs, type LicenseOutputs, schemaVersion } from "./schema.ts";

/**
 * What the state keeps of a licence that was sent at this time.
 *
 * @param mark of the server that has it
 */
export function toOutputs(
  inputs: LicenseInputs,
  changes: Record<string, unknown>,
  lastDrift: readonly LicenseChange[],
  lastAssertedAt: string,
  mark: string,
): LicenseOutputs {
  return {
    ...inputs,
    schemaVersion,
    lastChanges: flatChanges(changes),
    lastDrift,
    lastAssertedAt,
    __seenBy: mark,
  };
}

/**
 * The state of a licence when it is unknown whether the last request arrived. The server
 * may have the former or the new declaration, so the outputs have both: what the next
 * request leaves out is sent as 0.
 */
export function unconfirmedOutputs(
  news: LicenseInputs,
  time: string,
  olds?: Partial<LicenseOutputs>,
): LicenseOutputs {
  const { lastChanges = [], lastDrift = [], lastAssertedAt = time } = olds ?? {};
  return {
    ...olds,
    ...news,
    aiMessaging: both(olds?.aiMessaging, news.aiMessaging),
    aiAudioServices: both(olds?.aiAudioServices, news.aiAudioServices),
    adopt: news.adopt,
    reassertAfter: news.reassertAfter,
    account: news.account,
    schemaVersion,
    lastChanges,
    lastDrift,
    lastAssertedAt,
    unconfirmed: true,
  };
}

function both<Group extends object>(
  before: Group | undefined,
  now: Group | undefined,
): Group | undefined {
  return before && now ? { ...before, ...now } : (now ?? before);
}

/**
 * What the state keeps of a licence that comes into it without a request: nothing was
 * changed, nothing was sent. Where it is to be sent again after some time, that time
 * begins now.
 */
export function adoptedOutputs<Inputs extends { readonly reassertAfter?: unknown }>(
  inputs: Inputs,
) {
  const lastAssertedAt = inputs.reassertAfter === undefined ? undefined : new Date().toISOString();
  return {
    ...inputs,
    schemaVersion,
    lastChanges: [],
    lastDrift: [],
    lastAssertedAt,
    __claim: newClaim(),
  };
}
