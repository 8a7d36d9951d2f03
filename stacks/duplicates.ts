import {
  type ConfigDefinition,
  didForms,
  normalUrl,
  readConfig,
  UcaasError,
} from "pulumi-ucaas/schemas";
import { vendorConfigs } from "./config.ts";
import { type Path, valueAt } from "./object-path.ts";
import { sandboxStack } from "./project-file.ts";
import type { Declaration, StackFiles } from "./stack-files.ts";

type System = keyof typeof vendorConfigs;

/** What only one customer can be, at one server. */
interface Identity {
  readonly what: string;
  /** The property that an error points at; its first part is the system. */
  readonly path: readonly [system: System, ...Path];
  /** What makes it up, if not the property alone. */
  readonly of?: readonly Path[];
  /** The property, or else the key of the vendor's config, that tells the server. */
  readonly server: string;
  /** It stays when the resource is deleted, and another customer may have it then. */
  readonly outlives?: true;
  /** Its one spelling, where it has several. */
  readonly normal?: (text: string) => string;
}

const identities: readonly Identity[] = [
  {
    what: "the Xima tenant",
    path: ["xima", "ccId", "tenantId"],
    of: [
      ["xima", "ccId", "resellerId"],
      ["xima", "ccId", "tenantId"],
    ],
    server: "baseUrl",
  },
  { what: "the NetSapiens client", path: ["netsapiens", "clientId"], server: "apiUrl" },
  {
    what: "the DID",
    path: ["netsapiens", "did"],
    server: "apiUrl",
    outlives: true,
    normal: (did) => didForms(did)[0] ?? did,
  },
  { what: "the Xelion tenant", path: ["xelion", "tenantName"], server: "serverUrl" },
  { what: "the EnableX customer code", path: ["enablex", "customerCode"], server: "baseUrl" },
  {
    what: "the EnableX contact",
    path: ["enablex", "contactEmail"],
    server: "baseUrl",
    normal: (email) => email.trim().toLowerCase(),
  },
];

/** Something that a customer claims for itself alone. */
interface Claim {
  readonly key: string;
  readonly words: string;
  readonly path: Identity["path"];
  readonly server: string;
  readonly outlives: boolean;
  readonly customer: Declaration;
  readonly stack: string;
}

/**
 * One thing at a vendor, declared for two customers: of this stack, or of this one and
 * another in the same folder.
 */
export interface Duplicate {
  readonly customer: Declaration;
  readonly path: Path;
  readonly reason: string;
}

/** What the customers of the stack claim though another has it already. */
export function duplicates(files: StackFiles, customers: readonly Declaration[]): Duplicate[] {
  const taken = claimsOfOthers(files);
  const found: Duplicate[] = [];
  for (const claim of claims(files, customers)) {
    const first = taken.get(claim.key);
    if (!first) {
      taken.set(claim.key, claim);
      continue;
    }
    const whose =
      first.stack === files.stack
        ? `customer ${first.customer.slug}`
        : `customer ${first.customer.slug} of stack ${first.stack}`;
    found.push({
      customer: claim.customer,
      path: claim.path,
      reason: `${claim.words} is declared already, for ${whose} (${first.customer.locate(first.path).place})`,
    });
  }
  return found;
}

/** A system that a customer has had, and the customer of another stack that declares it. */
export interface Moved {
  readonly slug: string;
  readonly system: System;
  readonly to: Declaration;
  readonly stack: string;
  /** The key of the config that tells the server, where it is no property: `xima:baseUrl`. */
  readonly serverKey: string | undefined;
}

/**
 * What other stacks declare of what is not declared here any more.
 *
 * @param gone what the customers had, as their resources say it
 */
export function movedAway(files: StackFiles, gone: readonly Declaration[]): Moved[] {
  if (gone.length === 0) return [];
  const taken = claimsOfOthers(files);
  return claims(files, gone).flatMap(({ key, path, server, customer, outlives }) => {
    const other = outlives ? undefined : taken.get(key);
    if (!other) return [];
    const { customer: to, stack } = other;
    const [system] = path;
    const { namespace, keys }: ConfigDefinition = vendorConfigs[system];
    const serverKey = keys[server] && `${namespace}:${server}`;
    return [{ slug: customer.slug, system, to, stack, serverKey }];
  });
}

/** The sandbox has what it likes: no other stack's customers are at its servers. */
function claimsOfOthers(files: StackFiles): Map<string, Claim> {
  const others = files.others().filter(({ stack }) => ![stack, files.stack].includes(sandboxStack));
  const all = others.flatMap((other) => claims(other, other.customers(other.asWritten)));
  return new Map(all.map((claim) => [claim.key, claim]));
}

function claims(files: StackFiles, customers: readonly Declaration[]): Claim[] {
  return customers.flatMap((customer) =>
    identities.flatMap((identity) => {
      const { what, path, of = [path], outlives = false, server, normal = String } = identity;
      const values = of.map((part) => valueAt(customer.value, part));
      // A missing or encrypted value identifies nothing. Missing ones are reported
      // elsewhere.
      if (!values.every((value) => typeof value === "string")) return [];
      const key = JSON.stringify([
        what,
        serverOf(files, customer, path[0], server),
        ...values.map(normal),
      ]);
      const words = `${what} ${values.join("/")}`;
      return [{ key, words, path, server, outlives, customer, stack: files.stack }];
    }),
  );
}

/** The server as the section says it, or else as the provider finds it. */
function serverOf(files: StackFiles, customer: Declaration, system: System, key: string): unknown {
  const account = valueAt(customer.value, [system, "account"]);
  const said = valueAt(customer.value, [system, key]) ?? configured(files, system, key, account);
  return typeof said === "string" ? normalUrl(said) : said;
}

/** In the stack's file, in the environment or by default; undefined where it is nowhere. */
function configured({ file }: StackFiles, system: System, key: string, account: unknown): unknown {
  const { namespace, keys }: ConfigDefinition = vendorConfigs[system];
  if (!keys[key]) return undefined;
  const get = (name: string) => {
    const value = file?.value(["config", name]);
    return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
  };
  const named = typeof account === "string" ? account : undefined;
  try {
    return readConfig({ namespace, keys: { [key]: keys[key] } }, { get }, named)[key];
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    // What is encrypted or invalid is the same only where it is written the same.
    return get(`${namespace}:${named === undefined ? key : "accounts"}`);
  }
}
