import { visible } from "../redact.ts";
import { renderTable } from "../table.ts";
import { type CustomerStatus, type StatusReport, systems } from "./model.ts";

/** The report for a terminal: a row for each customer, then what is open. */
export function asText({ customers, pending }: StatusReport): string {
  if (customers.length === 0 && pending.length === 0)
    return "The state has no resource of a vendor.";
  const rows = customers.map((each) => [
    each.stack,
    each.customer || "(none)",
    ...systems.map((system) => String(each.resources[system] ?? "")),
    each.seats === null ? "unknown" : String(each.seats),
    each.verifiedAt ?? "",
  ]);
  const open = [
    ...customers.flatMap(orderLines),
    ...pending.map(({ stack, operation }) => `${stack}: pending operation ${operation}`),
  ];
  return [
    renderTable(["stack", "customer", ...systems, "seats", "last verified"], rows),
    total(customers),
    ...(open.length > 0 ? ["", "Open:", ...open.map((line) => `  ${visible(line)}`)] : []),
  ].join("\n");
}

function orderLines({ stack, customer, openOrders }: CustomerStatus): string[] {
  return openOrders.map(
    ({ tenant, status }) =>
      `${stack}: the order of ${customer || "no customer"} for ${tenant} is ${status}`,
  );
}

function total(customers: readonly CustomerStatus[]): string {
  const seats = customers.reduce((sum, each) => sum + (each.seats ?? 0), 0);
  const unknown = customers.filter((each) => each.seats === null).length;
  const rest = unknown > 0 ? `, and those of ${unknown} that cannot be read` : "";
  return `${customers.length} ${customers.length === 1 ? "customer" : "customers"}, ${seats} seats${rest}`;
}
