import type { ProvisionOutputs } from "./schema.ts";

/**
 * What the state of release 0.1.0 has (`schemaVersion` 1): the public outputs, and in
 * `intent` what they do not say of the order.
 */
interface OutputsVersion1 extends Omit<ProvisionOutputs, "schemaVersion" | "intent"> {
  readonly schemaVersion: 1;
  readonly intent: Record<string, unknown>;
}

/** The order that a state of any release has, in today's shape but not yet checked. */
export function storedOrder(outs: ProvisionOutputs): unknown {
  return isVersion1(outs) ? orderOfVersion1(outs) : outs.intent;
}

function isVersion1(outs: ProvisionOutputs | OutputsVersion1): outs is OutputsVersion1 {
  return outs.schemaVersion === 1;
}

function orderOfVersion1({ intent, ...outs }: OutputsVersion1): unknown {
  const { orderId, status, statusHistory, configurationHash, submittedAt, finishedAt } = outs;
  return { ...intent, orderId, status, statusHistory, configurationHash, submittedAt, finishedAt };
}
