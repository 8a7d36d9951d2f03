import type { HttpResponse } from "../http/client.ts";
import type { Doubt } from "../runtime/earlier-runs.ts";
import { steps, UcaasError } from "../runtime/errors.ts";
import { journalCommand } from "../runtime/intents.ts";
import { printable } from "../runtime/printable.ts";
import { isUnknown } from "../runtime/unknown.ts";
import { resourceId } from "./resource-id.ts";
import type { Order, ProvisionInputs } from "./schema.ts";

/** What the codes of `XelionTenantProvision` mean. */
export const xelionErrors = {
  CALLBACK_NOT_READY: "the callback address cannot be opened",
  CONFIGURATION_REFUSED: "the service refuses the configuration",
  CONFIGURATION_UNREADABLE: "the configuration cannot be read",
  INTERRUPTED: "the run ended before the order",
  JOURNAL_UNKNOWN_RUN: "another machine may have ordered the tenant",
  LOGIN_REFUSED: "the Xelion server refused the login",
  NOTE_UNREADABLE: "the record of the last order cannot be read",
  NOT_FINISHED: "the order still runs after the timeout",
  NO_SESSION: "neither a token nor a login is declared",
  ORDERED_ELSEWHERE: "another machine has registered an order",
  ORDER_AT_OTHER_SERVICE: "the last order is at another service and may still run",
  ORDER_FAILED: "the order ended with FAILED",
  ORDER_OF_ANOTHER_TENANT: "the order belongs to another tenant",
  OUTCOME_UNKNOWN: "the order may or may not exist",
  REDIRECTED: "the service redirects, which is not followed",
  RELAY_FORGOT: "the relay no longer knows the order",
  RELAY_OTHER_STACK: "the relay has the tenant's order as another stack's",
  RELAY_REFUSED: "the relay refused the request",
  SESSION_TOO_SHORT: "the session ends before the timeout",
  STATE_INCOMPLETE: "the state does not say which configuration was ordered",
} as const;

export type XelionErrorCode = keyof typeof xelionErrors;

declare module "../runtime/errors.ts" {
  interface ErrorCatalogues {
    xelion: typeof xelionErrors;
  }
}

/** In words, for people. */
export function describeOrder(order: Order): string {
  return order.orderId === null
    ? `the order sent at ${order.submittedAt}`
    : `order ${order.orderId}`;
}

/** @param name the order in words */
export function orderFailed(order: Order, name = describeOrder(order)): UcaasError {
  return new UcaasError(`${name} FAILED`, {
    vendor: "xelion",
    code: "ORDER_FAILED",
    hint: steps(
      "Look the order up in the Admin UI: parts of it may have been done.",
      "Correct the configuration, or set retryFailed to a value that it did not have, such as today's date.",
      "Run `pulumi up`: it sends one new order.",
    ),
  });
}

/** Why an order elsewhere is not enough for what is declared. */
interface OrderSituation {
  readonly isNew?: boolean;
  /** The order had another configuration than the declared one. */
  readonly changed?: boolean;
  readonly canFollow?: boolean;
}

export function orderAtOtherService(
  order: Order,
  here: string | undefined,
  situation: OrderSituation = {},
): UcaasError {
  return new UcaasError(`${describeOrder(order)} is at ${order.service}, and may still run`, {
    vendor: "xelion",
    code: "ORDER_AT_OTHER_SERVICE",
    hint: [
      `nothing was sent to ${here}, which cannot tell of that order.`,
      steps(
        `Look for that order in the Admin UI of ${order.service}.`,
        ...waysOn(order, here, situation),
      ),
    ].join("\n    "),
  });
}

/** A tenant whose order has completed must not be ordered again. */
function waysOn(
  order: Order,
  here: string | undefined,
  { isNew, changed, canFollow }: OrderSituation,
): string[] {
  const orderHere = `set retryFailed to a value that it did not have. \`pulumi up\` then sends one new order to ${here}.`;
  if (order.orderId === null)
    return [
      "If it exists: set xelion:baseUrl or account back, declare orderId: <its id>, and run `pulumi up`.",
      `If it does not exist: ${orderHere}`,
    ];
  const keep = isNew
    ? "run `ucaas adopt xelion`, after `pulumi state delete <urn>` if the state has the resource."
    : 'declare wait: "submitted".';
  return [
    canFollow
      ? 'If it runs: declare wait: "completed". `pulumi up` then waits for its end.'
      : "If it runs: wait until it has ended there.",
    ...(changed ? [] : [`If it COMPLETED with this configuration: order nothing; ${keep}`]),
    `If it FAILED, or had another configuration: ${orderHere}`,
  ];
}

export function outcomeUnknown(order: Order): UcaasError {
  return new UcaasError(
    `${describeOrder(order)} may or may not exist: no reply and no callback arrived`,
    {
      vendor: "xelion",
      code: "OUTCOME_UNKNOWN",
      hint: [
        "nothing is sent until you say which it is.",
        steps(
          "Look in the Admin UI for an order of this tenant from that time.",
          "If it exists, set orderId: <its id>. If not, set retryFailed to a value that it did not have.",
          "Run `pulumi up`.",
        ),
      ].join("\n    "),
    },
  );
}

export function notFinished(order: Order, timeout: string): UcaasError {
  return new UcaasError(`${describeOrder(order)} is still ${order.status} after ${timeout}`, {
    vendor: "xelion",
    code: "NOT_FINISHED",
    hint: steps(
      "Run `pulumi up` again: it waits for the same order and sends none.",
      'If the Admin UI shows that the order has ended, set wait: "submitted", or change retryFailed to order again.',
    ),
  });
}

export function interrupted(order: Order | undefined): UcaasError {
  return new UcaasError(
    order
      ? `interrupted; ${describeOrder(order)} goes on at the service (${order.status})`
      : "interrupted before an order was sent",
    {
      vendor: "xelion",
      code: "INTERRUPTED",
      hint: "run `pulumi up` again: it continues with the same order, and sends no second one",
    },
  );
}

export function configurationRefused(tenantName: string, reason: string): UcaasError {
  return new UcaasError(
    `the provisioning service refuses the configuration: ${reason || "without a reason"}`,
    {
      vendor: "xelion",
      code: "CONFIGURATION_REFUSED",
      operation: `provision ${tenantName}`,
      status: 400,
      hint: "nothing was sent; correct the configuration",
    },
  );
}
export function orderedElsewhere(
  { tenantName }: ProvisionInputs,
  { reason, stack, isPassing }: Doubt,
  location: string,
): UcaasError {
  if (isPassing)
    return new UcaasError(`not sent: earlier runs are not known (${reason})`, {
      code: "JOURNAL_UNKNOWN_RUN",
      vendor: "xelion",
      operation: `provision ${tenantName}`,
      hint: steps(
        "See that `pulumi stack history` works in this project.",
        "Run `pulumi up` again: nothing was sent.",
      ),
    });
  return new UcaasError(`not sent: another machine may have ordered it (${reason})`, {
    code: "JOURNAL_UNKNOWN_RUN",
    vendor: "xelion",
    operation: `provision ${tenantName}`,
    hint: [
      steps(
        `If the journal of that machine exists: copy its folder to ${location}, and run pulumi up.`,
        "Else look in the Admin UI for the orders of all tenants that this stack declares, or has declared.",
        "Declare orderId for each tenant whose last order has the declared configuration.",
        `When all tenants are looked at: ${journalCommand(`accept ${stack}`, stack)}`,
      ),
      "A relay, or a journal that all machines share (ucaas:journal), avoids this in later runs.",
    ].join("\n    "),
  });
}

/** The order is another stack's, or this one's before it was renamed. */
export function relayOtherStack(
  { tenantName }: ProvisionInputs,
  sender: string,
  stack = "",
): UcaasError {
  return new UcaasError(`not sent: stack ${sender} has ordered this tenant (by the relay)`, {
    code: "RELAY_OTHER_STACK",
    vendor: "xelion",
    operation: `provision ${tenantName}`,
    hint: steps(
      [
        `If this stack was renamed or moved: ${journalCommand(`move ${sender} ${stack}`, stack)}`,
        "       Then run `pulumi up`: it continues with that order.",
      ].join("\n"),
      "If its declaration was moved here: move its state too (docs/stack-files.md).",
      "If the other stack declares the tenant too: remove it from one of them.",
      "If the other stack gave it up: declare the tenant's orderId, as the Admin UI shows it.",
    ),
  });
}

/** How a tenant gets into the state without an order, as one whose server has another name now. */
export function takeOver(tenant: ProvisionInputs): string {
  const { account } = tenant;
  const option = account === undefined || isUnknown(account) ? "" : ` --account ${account}`;
  return `run \`pulumi state delete <urn>\`, then \`ucaas adopt xelion --tenant ${resourceId(tenant)}${option}\``;
}

/** What follows when an `orderId` is only removed. */
export const withoutOrderId = "Without an orderId, `pulumi up` orders the tenant";

/** A resource that has the order that another one declares. */
export interface OrderOwner {
  /** The tenant with its server. */
  readonly thing: string;
  readonly resource?: string | undefined;
  readonly stack?: string | undefined;
}

export function orderOfAnother(
  news: ProvisionInputs,
  { thing, resource = "another resource", stack }: OrderOwner,
): UcaasError {
  const owner = stack ? `${resource} of stack ${stack}` : resource;
  return new UcaasError(`order ${news.orderId} belongs to ${thing}`, {
    code: "ORDER_OF_ANOTHER_TENANT",
    vendor: "xelion",
    operation: `provision ${news.tenantName}`,
    hint: [
      `nothing was sent. ${owner} has this order`,
      steps(
        `If the server only has another name now: ${takeOver(news)}`,
        `Else set orderId to this tenant's own order. ${withoutOrderId}.`,
      ),
    ].join("\n    "),
  });
}

export function declaredTwice({ serverUrl, tenantName }: ProvisionInputs): UcaasError {
  return new UcaasError(
    `another resource of this stack provisions ${tenantName} of ${serverUrl} as well`,
    {
      code: "DECLARED_TWICE",
      vendor: "xelion",
      operation: `provision ${tenantName}`,
      hint: "a tenant takes one order at a time: declare it once",
    },
  );
}

const correctIt = "correct the declared values that the service names";
const hints: Record<number, string> = {
  401: "check xelion:apiKey: pulumi config set --secret xelion:apiKey",
  403: "the organization of xelion:apiKey may not do this; check the key and the account",
  404: "check xelion:baseUrl: the host that Xelion named, without /api/v1",
  429: "the service has had too many requests; wait, or set xelion:requestsPerSecond",
};

export function refusal(reply: HttpResponse, operation: string): UcaasError {
  const isRedirect = reply.status >= 300 && reply.status < 400;
  return new UcaasError(
    reasonIn(reply) ||
      (isRedirect
        ? "the service answered with a redirect, which is not followed"
        : "the service refused without a reason"),
    {
      code: isRedirect
        ? "REDIRECTED"
        : reply.status === 400
          ? "CONFIGURATION_REFUSED"
          : `HTTP_${reply.status}`,
      vendor: "xelion",
      operation,
      status: reply.status,
      hint: isRedirect
        ? "check xelion:baseUrl"
        : (hints[reply.status] ??
          (reply.status >= 500 ? "the service has a fault; see whether it is up" : correctIt)),
    },
  );
}

export function malformed(operation: string, reply: HttpResponse, reason: string): UcaasError {
  return new UcaasError(reason, {
    code: "MALFORMED_REPLY",
    vendor: "xelion",
    operation,
    status: reply.status,
    hint: "check xelion:baseUrl",
  });
}

const longestWords = 2_000;

/**
 * The cause that is in the body, as text or as JSON: which of both is not documented.
 * A page of HTML is no word of the service.
 */
export function reasonIn(reply: HttpResponse): string {
  if (/html/i.test(reply.headers["content-type"] ?? "") || /^\s*</.test(reply.text)) return "";
  const { message, error, cause } = (
    typeof reply.json === "object" && reply.json !== null ? reply.json : {}
  ) as Record<string, unknown>;
  const words =
    [message, error, cause, reply.json].find((value) => typeof value === "string") ?? reply.text;
  return printable(String(words), longestWords).trim();
}
