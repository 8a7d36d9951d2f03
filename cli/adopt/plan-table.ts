import { visible } from "../redact.ts";
import { renderTable } from "../table.ts";
import type { Action, PlannedCandidate } from "./plan.ts";
import type { AdoptionSource } from "./source.ts";

/**
 * What lives at the vendor and what becomes of it, for a terminal. `fileOf` names a
 * customer's own file.
 */
export function asTable(
  vendor: Pick<AdoptionSource, "columns">,
  planned: readonly PlannedCandidate[],
  fileOf: (slug: string) => string,
): string {
  const head = ["id", ...vendor.columns, "customer", "what happens"];
  const rows = planned.map(({ candidate, action }) => [
    candidate.id,
    ...candidate.cells,
    "slug" in action ? action.slug : "",
    inWords(action, fileOf),
  ]);
  const notes = planned.flatMap(({ candidate }) =>
    (candidate.notes ?? []).map((note) => visible(`${candidate.id}: ${note}`)),
  );
  return [
    ...(planned.length > 0 ? [renderTable(head, rows)] : []),
    ...notes,
    summary(planned),
  ].join("\n");
}

/** The same for programs: what each becomes, and what the vendor says of it. */
export function asJson(
  stack: string,
  vendor: Pick<AdoptionSource, "name" | "columns">,
  planned: readonly PlannedCandidate[],
): string {
  const candidates = planned.map(({ candidate: { id, cells, notes = [] }, action }) => ({
    id,
    ...Object.fromEntries(vendor.columns.map((column, index) => [column, cells[index] ?? ""])),
    action,
    notes,
  }));
  return JSON.stringify({ version: 1, stack, vendor: vendor.name, candidates }, undefined, 2);
}

function inWords(action: Action, fileOf: (slug: string) => string): string {
  switch (action.kind) {
    case "managed":
      return "in the state already";
    case "declared":
      return `declared: ${action.place}`;
    case "new":
      return `new: ${fileOf(action.slug)}`;
    case "joins":
      return `joins that customer: ${fileOf(action.slug)}`;
    case "left out":
      return `LEFT OUT: ${action.reason}`;
  }
}

function summary(planned: readonly PlannedCandidate[]): string {
  const count = (...kinds: Action["kind"][]) =>
    planned.filter(({ action }) => kinds.includes(action.kind)).length;
  const parts = [
    `${count("new", "joins")} to declare and import`,
    `${count("declared")} declared already and to import`,
    `${count("managed")} in the state already`,
    `${count("left out")} left out`,
  ];
  return `${planned.length} at the vendor: ${parts.join(", ")}.`;
}
