import Table from "cli-table3";
import type { Fate, Planned } from "./plan.ts";
import type { Vendor } from "./vendor.ts";

/** What lives at the vendor and what becomes of it, for a terminal. `fileOf` names a customer's own file. */
export function asTable(vendor: Pick<Vendor, "columns">, planned: readonly Planned[], fileOf: (slug: string) => string): string {
  const table = new Table({ head: ["id", ...vendor.columns, "customer", "what happens"], style: { head: [], border: [] } });
  for (const { thing, fate } of planned) table.push([thing.id, ...thing.cells, "slug" in fate ? fate.slug : "", inWords(fate, fileOf)]);
  const notes = planned.flatMap(({ thing }) => (thing.notes ?? []).map((note) => `${thing.id}: ${note}`));
  return [...(planned.length > 0 ? [table.toString()] : []), ...notes, summary(planned)].join("\n");
}

function inWords(fate: Fate, fileOf: (slug: string) => string): string {
  switch (fate.kind) {
    case "managed":
      return "in the state already";
    case "declared":
      return `declared: ${fate.place}`;
    case "new":
      return `new: ${fileOf(fate.slug)}`;
    case "joins":
      return `joins that customer: ${fileOf(fate.slug)}`;
    case "left out":
      return `LEFT OUT: ${fate.reason}`;
  }
}

function summary(planned: readonly Planned[]): string {
  const count = (...kinds: Fate["kind"][]) => planned.filter(({ fate }) => kinds.includes(fate.kind)).length;
  const parts = [
    `${count("new", "joins")} to declare and import`,
    `${count("declared")} declared already and to import`,
    `${count("managed")} in the state already`,
    `${count("left out")} left out`,
  ];
  return `${planned.length} at the vendor: ${parts.join(", ")}.`;
}
