import {
  type ApiRecord,
  asText,
  fromWire,
  set,
  type WireContext,
} from "pulumi-ucaas/internal/enablex/fields";
import { type ResourceType, subscriptionType } from "pulumi-ucaas/internal/enablex/resource-types";
import {
  customerSchema,
  subscriptionSchema,
  userSchema,
} from "pulumi-ucaas/internal/enablex/schema";
import { valueAt } from "pulumi-ucaas/internal/runtime/own-property";
import { validationFailures } from "pulumi-ucaas/internal/runtime/validation";
import type { z } from "zod";
import { count, licencesAtEnableX } from "../cost/quantities.ts";
import type { Section } from "./section.ts";

/** A row of the API as it would be declared. */
export interface Declared {
  readonly section: Section;
  /** What is not declared though the server has it, and why. */
  readonly notes: readonly string[];
  /** Why it cannot be declared at all. */
  readonly blockedReason?: string;
}

const schemas: Record<ResourceType["name"], z.ZodObject> = {
  customer: customerSchema,
  subscription: subscriptionSchema,
  user: userSchema,
};

/**
 * Declares all that the server has of a thing, as far as this package can manage it: a
 * value that no declaration may have stays unmanaged. Of the further fields only the
 * licences of a subscription are declared, since they are billed.
 */
export function declaredAs(kind: ResourceType, row: ApiRecord, wording: WireContext): Declared {
  const wires: Record<string, string> = wording.routes[`${kind.name}Fields`];
  let section: Section = {};
  for (const [property, format] of Object.entries(kind.formats)) {
    if (kind.writeOnly.includes(property)) continue;
    const wire = wires[property] ?? property;
    const value = fromWire(format, valueAt(row, wire), wording);
    if (value !== undefined && isTheWayToSay(property, valueAt(row, wire), wording))
      section = set(section, property, value);
  }
  const notes: string[] = [];
  const licences = fromWire("value", valueAt(row, licencesAtEnableX), wording);
  if (kind === subscriptionType && licences !== undefined) {
    const property = `fields.${licencesAtEnableX}`;
    if (count(licences) !== undefined) section = set(section, property, licences);
    else notes.push(notManaged(property, licences, "must be a whole number"));
  }
  const { shape } = schemas[kind.name];
  for (const { path, reason } of validationFailures(schemas[kind.name], section)) {
    const property = String(path[0]);
    if (!shape[property]?.safeParse(undefined).success)
      return { section, notes, blockedReason: `${path.join(".")}: ${reason}` };
    notes.push(notManaged(path.join("."), valueAt(section, path.join(".")), reason));
    section = without(section, property);
  }
  return { section, notes };
}

function notManaged(property: string, value: unknown, reason: string): string {
  return `${property} is not managed: on the server it is ${JSON.stringify(value)}, and it ${reason}`;
}

/**
 * A country is declared by its code where the server's list has it, else by the server's
 * own id.
 */
function isTheWayToSay(property: string, raw: unknown, { countries }: WireContext): boolean {
  const hasCode = countries?.codeOf(asText(raw)) !== undefined;
  if (property.endsWith(".country")) return hasCode;
  return !property.endsWith(".countryId") || !hasCode;
}

export function without(section: Section, property: string): Section {
  const { [property]: _, ...rest } = section;
  return rest;
}
