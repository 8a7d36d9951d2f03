import { randomBytes } from "node:crypto";
import { isSameUrl, normalUrl } from "../runtime/equality.ts";
import { UcaasError } from "../runtime/errors.ts";
import { isIgnored } from "../runtime/ignored-changes.ts";
import { mask } from "../runtime/secrets.ts";
import { describeOrder, orderAtOtherService, orderFailed, outcomeUnknown } from "./errors.ts";
import {
  type Order,
  orderSchema,
  type ProvisionInputs,
  type StatusEvent,
  type StatusOrigin,
} from "./schema.ts";

/** What the program declares, as far as it matters to whether an order is sent. */
export interface DesiredOrder {
  /** The base URL of the service that a new order goes to. */
  readonly service?: string;
  readonly configurationHash: string;
  /** Another configuration is no reason for another order, once there is one. */
  readonly ignoresConfiguration?: boolean;
  readonly retryFailed: Order["retryFailed"];
  /** An order of which the operator says that it is this one. */
  readonly givenOrderId: number | null;
  readonly wait: "completed" | "submitted";
}

/** The order that a resource's arguments ask for. */
export function toDesiredOrder(
  inputs: Pick<ProvisionInputs, "retryFailed" | "orderId" | "wait" | "__ignoreChanges">,
  configurationHash: string,
  service: string,
): DesiredOrder {
  const { retryFailed = null, orderId: givenOrderId = null, wait = "completed" } = inputs;
  const ignoresConfiguration =
    isIgnored(inputs, "configuration") || isIgnored(inputs, "configurationFile");
  return {
    service: normalUrl(service),
    configurationHash,
    ignoresConfiguration,
    retryFailed,
    givenOrderId,
    wait,
  };
}

/**
 * Whether an order went to another service than this one, which has other orders of the
 * same numbers. Of an order of an earlier release, that is not known.
 */
export function isElsewhere(
  { service }: Pick<Order, "service">,
  here: string | undefined,
): boolean {
  return service !== undefined && here !== undefined && !isSameUrl(service, here);
}

/** In words, with the service where that is not this one. */
export function describePlace(order: Order, here: string | undefined): string {
  return isElsewhere(order, here)
    ? `${describeOrder(order)} at ${order.service}`
    : describeOrder(order);
}

/** What can be done about an order that is on its way. */
export interface Capabilities {
  /** There is a source that tells how this order goes on. */
  readonly canFollow: boolean;
  /** There is one that can still tell whether the order exists: callbacks name it. */
  readonly canConfirm: boolean;
}

/** What to do next. */
export type Next =
  /** Nothing: the order is where it is wanted. */
  | { readonly do: "done" }
  /** Send one order. A warning is shown by the preview too. */
  | { readonly do: "submit"; readonly note?: string; readonly warning?: string }
  /** Wait for the end of the order there is, then decide again. */
  | { readonly do: "follow"; readonly why: string }
  /** Wait for a callback that tells whether the order there may be exists, then decide again. */
  | { readonly do: "awaitConfirmation" }
  /**
   * Write down a `retryFailed` that had nothing to allow, so that it will not allow
   * anything later either, then decide again.
   */
  | { readonly do: "recordRetryToken" }
  /** Take up the order that the operator names, then decide again. */
  | { readonly do: "adopt"; readonly orderId: number }
  | { readonly do: "refuse"; readonly failure: UcaasError };

/**
 * Decides, from what is declared and what is known of the last order for the tenant. An
 * order is sent only
 * - when there was none,
 * - when the configuration is another than that of the last order, and that one has ended
 *   (or nothing can tell whether it has),
 * - when `retryFailed` differs from that of the last order, and either that order has not
 *   completed, or the resource is new and has no `orderId`.
 *
 * An order of another service counts as the tenant's last one, whichever service sent it.
 * Where nothing can tell whether it has ended, nothing is sent unless `retryFailed` says so.
 *
 * @param isNew whether the resource is created: then the order is not the state's, but
 *   one that journal or relay remember
 */
export function decide(
  declared: DesiredOrder,
  order: Order | undefined,
  { canFollow, canConfirm }: Capabilities,
  isNew = false,
): Next {
  const given = declared.givenOrderId;
  // One of this service may have the number of a completed one of another service.
  const isOther = order?.status === "COMPLETED" && isElsewhere(order, declared.service);
  const isKnown = given === order?.givenOrderId || (given === order?.orderId && !isOther);
  if (given !== null && !isKnown) return { do: "adopt", orderId: given };
  if (!order) return { do: "submit" };

  const changed = isChanged(declared, order, isNew);
  const allowed = allowsRetry(declared, order);
  const allowsAnother = allowed && isNew && given === null;
  if (order.status === "COMPLETED" && changed) return { do: "submit" };
  if (order.status === "COMPLETED" && !allowsAnother)
    return { do: allowed ? "recordRetryToken" : "done" };
  if (order.status === "FAILED" && allowed) return { do: "submit" };
  if (order.status === "FAILED")
    return changed
      ? { do: "submit", warning: failedBeforeMessage(order, declared.service) }
      : { do: "refuse", failure: orderFailed(order, describePlace(order, declared.service)) };
  if (allowed)
    return {
      do: "submit",
      note: `${describeOrder(order)} was last seen as ${order.status}; retryFailed allows another one`,
    };
  if (order.orderId === null)
    return canConfirm
      ? { do: "awaitConfirmation" }
      : { do: "refuse", failure: unconfirmed(declared, order) };
  const mayFollow = canFollow && (changed || declared.wait === "completed");
  // What nothing has ever told of stays SUBMITTED for good, also when its service is renamed.
  const isAllKnown = declared.wait === "submitted" || (!canFollow && order.status === "SUBMITTED");
  const isEnough = !isNew && !changed && isAllKnown;
  if (isElsewhere(order, declared.service) && !mayFollow && !isEnough) {
    const situation = { isNew, changed, canFollow };
    return { do: "refuse", failure: orderAtOtherService(order, declared.service, situation) };
  }
  if (canFollow && changed)
    return {
      do: "follow",
      why: "the configuration has changed since; a new order is sent when this one has ended",
    };
  if (changed)
    return {
      do: "submit",
      note: `it is not known whether ${describeOrder(order)} has ended; the changed configuration is ordered now`,
    };
  return canFollow && declared.wait === "completed"
    ? { do: "follow", why: "waiting for its end" }
    : { do: "done" };
}

/** No callback has named an order whose reply was lost. */
export function unconfirmed({ service }: DesiredOrder, order: Order): UcaasError {
  return isElsewhere(order, service) ? orderAtOtherService(order, service) : outcomeUnknown(order);
}

/** What an update may have to do about the last order: `follow` sends none. */
export function workLeft(
  declared: DesiredOrder,
  order: Order | undefined,
): "nothing" | "follow" | "order" {
  if (!order || isChanged(declared, order) || allowsRetry(declared, order)) return "order";
  return order.status === "COMPLETED" ? "nothing" : "follow";
}

function isChanged(declared: DesiredOrder, order: Order, isNew = false): boolean {
  const ignores = declared.ignoresConfiguration === true && !isNew;
  return !ignores && !isSameConfiguration(order.configurationHash, declared.configurationHash);
}

function allowsRetry({ retryFailed }: DesiredOrder, order: Order): boolean {
  return order.retryFailed !== retryFailed && retryFailed !== null;
}

/**
 * Whether a hash is that of the declared configuration. A state of an earlier release may
 * have it with a part masked, where a short secret was the same as that part.
 */
export function isSameConfiguration(hash: string, declared: string): boolean {
  if (!hash.includes(mask)) return hash === declared;
  const parts = hash.replaceAll(mask, " ").split(/ +/);
  if (!parts.every((part) => /^[0-9a-f]*$/.test(part))) return false;
  return new RegExp(`^${parts.join(".+")}$`).test(declared);
}

/**
 * An order that is about to be sent. Its outcome is unknown from here on, until a reply
 * or a callback is read.
 *
 * @param before the last order that is known. The new one counts as later, also where
 *   another machine's clock, which sent that one, is ahead.
 */
export function newOrder(
  declared: DesiredOrder,
  callback: Order["callback"],
  now: string,
  before?: Order,
): Order {
  return {
    intentId: randomBytes(16).toString("hex"),
    ...(declared.service !== undefined && { service: declared.service }),
    configurationHash: declared.configurationHash,
    retryFailed: declared.retryFailed,
    givenOrderId: declared.givenOrderId,
    callback,
    submittedAt:
      before && before.submittedAt >= now
        ? new Date(Date.parse(before.submittedAt) + 1).toISOString()
        : now,
    finishedAt: null,
    orderId: null,
    status: "UNKNOWN",
    lastMid: null,
    endMid: null,
    statusHistory: [],
    heard: [],
  };
}

/**
 * A completed order that was never sent, for an adopted tenant. The user vouches that the
 * tenant is configured as declared.
 */
export function adoptedOrder(declared: DesiredOrder, now: string): Order {
  return {
    ...newOrder(declared, null, now),
    orderId: declared.givenOrderId,
    status: "COMPLETED",
    finishedAt: now,
    statusHistory: [{ time: now, status: "COMPLETED", source: "operator" }],
  };
}

/**
 * The order once its id is read from the reply or named by the operator, with what had
 * been heard about it before.
 */
export function accepted(order: Order, orderId: number, source: StatusOrigin, time: string): Order {
  const known: Order = {
    ...order,
    orderId,
    status: "SUBMITTED",
    statusHistory: appendHistory(order, { time, status: "SUBMITTED", source }),
    heard: [],
  };
  return applyEvents(known, order.heard);
}

/**
 * The order after some news of it, in whatever order and how often they come: the highest
 * `mid` wins, a terminal status (`FAILED`, `COMPLETED`) is left only for a later terminal
 * one, and what is about another order is no news. Without an id yet, the first message
 * names it: each order has a callback address of its own.
 */
export function applyEvents(order: Order, news: readonly StatusEvent[]): Order {
  return [...news].sort((a, b) => (a.mid ?? 0) - (b.mid ?? 0)).reduce(applyEvent, order);
}

/** More would be no news of one order. */
const mostHeard = 100;

/** The order with news that is taken for its own once the POST is answered. */
export function heard(order: Order, news: readonly StatusEvent[]): Order {
  return { ...order, heard: [...order.heard, ...news].slice(-mostHeard) };
}

/**
 * The order with what was heard while its POST was under way; used when the POST's reply
 * was never read.
 */
export function applyBuffered(order: Order): Order {
  return order.heard.length === 0 ? order : applyEvents({ ...order, heard: [] }, order.heard);
}

function applyEvent(order: Order, { orderId, status, mid, time, source }: StatusEvent): Order {
  if (order.orderId !== null && order.orderId !== orderId) return order;
  const known = {
    ...order,
    orderId,
    lastMid: mid === undefined ? order.lastMid : Math.max(mid, order.lastMid ?? mid),
  };
  if (isTerminal(status)) {
    const isLate = mid !== undefined && order.endMid !== null && mid <= order.endMid;
    if (isLate) return order;
    const endMid = mid ?? order.endMid;
    if (status === order.status) return { ...known, endMid };
    return {
      ...known,
      endMid,
      status,
      finishedAt: time,
      statusHistory: appendHistory(order, { time, status, source }),
    };
  }
  const isLate = mid !== undefined && order.lastMid !== null && mid <= order.lastMid;
  if (isLate) return order;
  if (isTerminal(order.status) || status === order.status) return known;
  return { ...known, status, statusHistory: appendHistory(order, { time, status, source }) };
}

const longestHistory = 50;

function appendHistory(
  order: Order,
  entry: Order["statusHistory"][number],
): Order["statusHistory"] {
  return [...order.statusHistory, entry].slice(-longestHistory);
}

/**
 * `FAILED` and `COMPLETED` end an order (inferred); any other word, one that is not known
 * too, means that it is still running.
 */
export function isTerminal(status: string): boolean {
  return status === "FAILED" || status === "COMPLETED";
}

/**
 * The last order, of two records: the one that knows more when both are of the same
 * order, else the later one. The state, the journal and the relay each have one, and a
 * killed run leaves them apart. Of one order, the `retryFailed` that was written down last
 * counts, and a service that one of them names.
 */
export function mostRecent(a: Order | undefined, b: Order | undefined): Order | undefined {
  if (!a || !b) return a ?? b;
  if (a.intentId !== b.intentId) return a.submittedAt >= b.submittedAt ? a : b;
  const difference =
    recencyKey(a)
      .map((step, index) => step - (recencyKey(b)[index] ?? 0))
      .find((step) => step !== 0) ?? 0;
  const [last, other] = difference >= 0 ? [a, b] : [b, a];
  const { retryFailed, retryNotes = 0, service } = other;
  const isNotedLater = retryNotes > (last.retryNotes ?? 0);
  const isPlaced = last.service === undefined && service !== undefined;
  if (!isNotedLater && !isPlaced) return last;
  return {
    ...last,
    ...(isNotedLater && { retryFailed, retryNotes }),
    ...(isPlaced && { service }),
  };
}

/** What grows during an order's life, the weightiest first. */
function recencyKey(order: Order): number[] {
  const settled = order.orderId === null ? 0 : 1;
  const ended = isTerminal(order.status) ? 1 : 0;
  return [
    settled,
    ended,
    order.endMid ?? -1,
    order.lastMid ?? -1,
    order.statusHistory.length,
    order.heard.length,
  ];
}

/**
 * The order that a note of the journal or the relay holds.
 *
 * @throws {UcaasError} `NOTE_UNREADABLE`
 */
export function parseOrder(note: unknown, where: string): Order {
  const result = orderSchema.safeParse(note);
  if (result.success) return result.data;
  throw new UcaasError(`the ${where}'s note of the last order cannot be read`, {
    vendor: "xelion",
    code: "NOTE_UNREADABLE",
    hint: "nothing was sent. A newer version of pulumi-ucaas may have written it: use that one",
  });
}

/** What to know before a changed configuration is sent to a tenant whose order has failed. */
function failedBeforeMessage(order: Order, here: string | undefined): string {
  return [
    `${describePlace(order, here)} FAILED at ${order.finishedAt ?? order.submittedAt}: parts of it may be at the tenant.`,
    "`pulumi up` sends the changed configuration as a new order.",
    "See in the Admin UI why that order failed, and which departments, users, phones and numbers the tenant has",
  ].join(" ");
}

/** Why a create or an update sends no order. */
export function nothingSentMessage(order: Order, here: string | undefined): string {
  const known = `${describePlace(order, here)} (${order.status}, submitted at ${order.submittedAt})`;
  return `nothing sent: ${known} already has this configuration. To order again, change retryFailed and run \`pulumi up --replace <urn>\``;
}
