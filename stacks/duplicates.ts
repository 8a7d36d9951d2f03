import type { Declaration, StackFiles } from "./stack-files.ts";
import { isRecord, type Path, valueAt } from "./tree.ts";

/** What only one customer can be, at one server. */
interface Identity {
  readonly what: string;
  /** The property that an error points at. */
  readonly path: Path;
  /** The parts that make it up. */
  readonly parts: readonly Path[];
  /** The server: a config key of the stack, or of the account that the section names. */
  readonly server: { readonly namespace: string; readonly key: string };
}

const identities: readonly Identity[] = [
  {
    what: "the Xima tenant",
    path: ["xima", "ccId", "tenantId"],
    parts: [
      ["xima", "ccId", "resellerId"],
      ["xima", "ccId", "tenantId"],
    ],
    server: { namespace: "xima", key: "baseUrl" },
  },
];

/** Something that a customer claims for itself alone. */
interface Claim {
  readonly key: string;
  readonly words: string;
  readonly path: Path;
  readonly customer: Declaration;
  readonly stack: string;
}

/** One thing at a vendor, declared for two customers: of this stack, or of this one and another in the same folder. */
export interface Duplicate {
  readonly customer: Declaration;
  readonly path: Path;
  readonly reason: string;
}

/** What the customers of the stack claim though another has it already. */
export function duplicates(files: StackFiles, customers: readonly Declaration[]): Duplicate[] {
  const taken = new Map<string, Claim>();
  for (const other of files.others()) for (const claim of claims(other, other.customers(other.asWritten))) taken.set(claim.key, claim);
  const found: Duplicate[] = [];
  for (const claim of claims(files, customers)) {
    const first = taken.get(claim.key);
    if (!first) {
      taken.set(claim.key, claim);
      continue;
    }
    const whose =
      first.stack === files.stack ? `customer ${first.customer.slug}` : `customer ${first.customer.slug} of stack ${first.stack}`;
    found.push({
      customer: claim.customer,
      path: claim.path,
      reason: `${claim.words} is declared already, for ${whose} (${first.customer.locate(first.path).place})`,
    });
  }
  return found;
}

function claims(files: StackFiles, customers: readonly Declaration[]): Claim[] {
  return customers.flatMap((customer) =>
    identities.flatMap(({ what, path, parts, server }) => {
      const values = parts.map((part) => valueAt(customer.value, part));
      // What is missing or encrypted identifies nothing; that it is missing is told elsewhere.
      if (!values.every((value) => typeof value === "string")) return [];
      const account = valueAt(customer.value, [path[0]!, "account"]);
      const at = serverOf(files, server, account);
      return [{ key: JSON.stringify([what, at, ...values]), words: `${what} ${values.join("/")}`, path, customer, stack: files.stack }];
    }),
  );
}

/** The server as the stack's file says it; what comes from the environment is taken for one and the same. */
function serverOf(files: StackFiles, { namespace, key }: Identity["server"], account: unknown): unknown {
  const config = files.file?.value(["config"]);
  const said =
    typeof account === "string"
      ? valueAt(config, [`${namespace}:accounts`, account, key])
      : isRecord(config)
        ? config[`${namespace}:${key}`]
        : undefined;
  return typeof said === "string" && URL.canParse(said) ? new URL(said).href.replace(/\/+$/, "") : said;
}
