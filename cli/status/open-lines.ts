import { customerLines } from "../drift/customers.ts";
import { visible } from "../redact.ts";
import { ageOfCheck, type TakenCount } from "./drift-history.ts";
import { minute } from "./minute.ts";
import type { OpenOrder, StatusReport } from "./model.ts";

/** A certificate with fewer days left is named. As for `ucaas doctor`. */
const minDays = 30;

/** What needs a person, one line each. */
export function openLines(report: StatusReport): string[] {
  const { customers, pending, certificates, lastChecks, stacks, atVendors } = report;
  return [
    ...report.unreadStacks.map(
      ({ stack, reason }) => `${stack}: its state could not be read, so it is not shown: ${reason}`,
    ),
    ...customers.flatMap(({ stack, customer, openOrders }) =>
      openOrders.map(
        (order) =>
          `${stack}: the order of ${customer || "no customer"} for ${order.tenant} is ${order.status}${historyOf(order)}`,
      ),
    ),
    ...pending.map(({ stack, operation }) => `${stack}: pending operation ${operation}`),
    ...certificates
      .filter(({ daysLeft }) => daysLeft < minDays)
      .map(({ stack, account, endsAt, daysLeft }) => {
        const whose = account === undefined ? "xima" : `xima (${account})`;
        const ends = daysLeft < 0 ? "ended" : "ends";
        return `${stack}: the certificate of ${whose} ${ends} on ${endsAt.slice(0, 10)}`;
      }),
    ...lastChecks
      .filter(({ status }) => status !== "none")
      .map(
        ({ stack, status, checkedAt }) =>
          `${stack}: ${status === "drift" ? "drift" : "drift is unknown"} (${minute(checkedAt)})`,
      ),
    ...lastChecks
      .filter((check) => ageOfCheck(check, report.takenAt) === "old")
      .map(({ stack, checkedAt }) => `${stack}: no drift check since ${minute(checkedAt)}`),
    ...futureChecks(report),
    ...stacks
      .filter((name) => lastChecks.length > 0 && !lastChecks.some(({ stack }) => stack === name))
      .map((name) => `${name}: no drift report has this stack`),
    ...atVendors.filter((count) => !isAllDeclared(count)).map(countLine),
  ];
}

function futureChecks({ driftChecks, takenAt }: StatusReport): string[] {
  const times = driftChecks
    .filter((check) => ageOfCheck(check, takenAt) === "future")
    .map(({ checkedAt }) => minute(checkedAt));
  if (times.length === 0) return [];
  return [`drift reports of the future count only where there is no other: ${times.join(", ")}`];
}

/** When the stacks were checked last, a line for those that were checked together. */
export function checkLines({ lastChecks }: StatusReport): string[] {
  const byTime = Map.groupBy(lastChecks, ({ checkedAt }) => minute(checkedAt));
  return [...byTime].map(([time, checks]) => {
    const names = checks.map(({ stack }) => stack).join(", ");
    return visible(`Drift of ${names} was last checked ${time}.`);
  });
}

/** Whether a stack declares each customer that exists. */
export function isAllDeclared(count: TakenCount): boolean {
  return count.status === "counted" && count.undeclared === 0;
}

/** The line of the drift report, with its time. */
export function countLine(count: TakenCount): string {
  return `${customerLines([count]).join("")} Counted ${minute(count.checkedAt)}.`;
}

function historyOf({ orderId, history }: OpenOrder): string {
  const past = history.map(({ time, status }) => `${status} ${minute(time)}`).join(", ");
  const details = [...(orderId === undefined ? [] : [`order ${orderId}`]), ...(past ? [past] : [])];
  return details.length > 0 ? ` (${details.join(": ")})` : "";
}
