import { Gauge, Registry } from "prom-client";
import { type DriftReport, exitStatus } from "./report.ts";

/** The report as Prometheus text, for the textfile collector of a node exporter. */
export async function asMetrics({ checkedAt, stacks, customers }: DriftReport): Promise<string> {
  const registry = new Registry();
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name: `ucaas_drift_${name}`, help, labelNames, registers: [registry] });
  const status = gauge("status", "0: no drift, 1: could not tell, 2: drift", "stack");
  const differences = gauge("differences", "Properties and resources that differ", "stack");
  const resources = gauge("resources", "Resources by what was found out of them", "stack", "known");
  for (const { stack, ...found } of stacks) {
    status.set({ stack }, exitStatus[found.status]);
    differences.set({ stack }, found.differences.length);
    for (const known of ["compared", "existenceOnly", "notReadable"] as const)
      resources.set({ stack, known }, found[known]);
  }
  const listed = gauge("customers_listed", "1: counted, 0: could not tell", "vendor", "server");
  const number = gauge(
    "customers",
    "Customers that exist at a vendor, by whether a checked stack declares them",
    ...(["vendor", "server", "known"] as const),
  );
  for (const count of customers) {
    const place = { vendor: count.vendor, server: count.server ?? "" };
    listed.set(place, count.status === "counted" ? 1 : 0);
    if (count.status === "unknown") continue;
    for (const known of ["declared", "undeclared"] as const)
      number.set({ ...place, known }, count[known]);
  }
  gauge("checked_timestamp_seconds", "When the check ended").set(Date.parse(checkedAt) / 1000);
  return await registry.metrics();
}
