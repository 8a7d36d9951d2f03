import { isRecord } from "pulumi-ucaas-stacks/internal/object-path";
import type { Declaration } from "pulumi-ucaas-stacks/internal/stack-files";

/** What is in a customer's file under the vendor's name. */
export type Section = Record<string, unknown>;

export function sectionOf(customer: Declaration | undefined, vendor: string): Section | undefined {
  const section = isRecord(customer?.value) ? customer.value[vendor] : undefined;
  return isRecord(section) ? section : undefined;
}
