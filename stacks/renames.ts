import { formerSlugs } from "./config.ts";
import type { Declaration } from "./stack-files.ts";

/** Why a customer cannot have been renamed as it says. */
interface RenameFault {
  readonly customer: Declaration;
  readonly reason: string;
}

/** What contradicts a `renamedFrom`, as far as the files alone tell. */
export function renameFaults(customers: readonly Declaration[]): RenameFault[] {
  const declared = new Set(customers.map(({ slug }) => slug));
  const taken = new Map<string, string>();
  return customers.flatMap((customer) =>
    formerSlugs(customer.value).flatMap((former) => {
      const other = taken.get(former);
      taken.set(former, customer.slug);
      if (declared.has(former))
        return [
          { customer, reason: `${former} is still declared: take its section out, secrets too` },
        ];
      return other === undefined
        ? []
        : [{ customer, reason: `${former} is named twice, by ${other} too` }];
    }),
  );
}
