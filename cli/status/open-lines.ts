import { customerLines } from "../drift/customers.ts";
import { minute } from "./minute.ts";
import type { OpenOrder, StatusReport } from "./model.ts";

/** A certificate with fewer days left is named. As for `ucaas doctor`. */
const minDays = 30;

/** What needs a person, one line each. */
export function openLines({ customers, pending, certificates, driftChecks }: StatusReport) {
  const last = driftChecks.at(-1);
  return [
    ...customers.flatMap(({ stack, customer, openOrders }) =>
      openOrders.map(
        (order) =>
          `${stack}: the order of ${customer || "no customer"} for ${order.tenant} is ${order.status}${historyOf(order)}`,
      ),
    ),
    ...pending.map(({ stack, operation }) => `${stack}: pending operation ${operation}`),
    ...certificates
      .filter(({ daysLeft }) => daysLeft < minDays)
      .map(
        ({ stack, account, endsAt, daysLeft }) =>
          `${stack}: the certificate of xima${account === undefined ? "" : ` (${account})`} ${daysLeft < 0 ? "ended" : "ends"} on ${endsAt.slice(0, 10)}`,
      ),
    ...(last?.stacks ?? [])
      .filter(({ status }) => status !== "none")
      .map(
        ({ stack, status }) =>
          `${stack}: ${status === "drift" ? "drift" : "drift is unknown"} (${minute(last?.checkedAt ?? "")})`,
      ),
    ...customerLines(
      (last?.customers ?? []).filter((each) => each.status === "unknown" || each.undeclared > 0),
    ),
  ];
}

function historyOf({ orderId, history }: OpenOrder): string {
  const past = history.map(({ time, status }) => `${status} ${minute(time)}`).join(", ");
  const details = [...(orderId === undefined ? [] : [`order ${orderId}`]), ...(past ? [past] : [])];
  return details.length > 0 ? ` (${details.join(": ")})` : "";
}
