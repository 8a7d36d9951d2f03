/**
 * What a story's program declares, and how an engineer edits it. Nothing here does
 * anything: declarations go in and come out.
 */
import type { Random } from "./random.ts";

export const types = [
  "XimaLicense",
  "EnableXCustomer",
  "EnableXSubscription",
  "EnableXUser",
  "XelionTenantProvision",
  "NetsapiensOAuthClient",
] as const;
export type ResourceType = (typeof types)[number];

/**
 * One declared resource. `key` identifies it at the vendor; `name` is the resource's name
 * in the program.
 */
export interface Declared {
  readonly type: ResourceType;
  readonly name: string;
  readonly key: string;
  /** What is declared about it: seats, a name, a configuration. Each number makes another value. */
  readonly version: number;
  /** Key of the customer that a subscription or user belongs to. */
  readonly owner?: string;
  /** Arguments that an error's remedy asked for: `adopt`, `orderId`, `retryFailed`. */
  readonly remedy?: Readonly<Record<string, unknown>>;
}

export type Declaration = readonly Declared[];

/** An edit of the program. `label` is for people; undefined means that the edit does not apply. */
type Edit = (
  before: Declaration,
  random: Random,
  fresh: Fresh,
) => { label: string; after: Declaration } | undefined;

/** Gives names and keys that the story has not used. */
export interface Fresh {
  name(): string;
  key(): string;
}

const independent: Readonly<
  Record<Exclude<ResourceType, "EnableXSubscription" | "EnableXUser">, number>
> = {
  XimaLicense: 4,
  EnableXCustomer: 3,
  XelionTenantProvision: 3,
  NetsapiensOAuthClient: 1,
};

/**
 * Types whose resources exchange their identity by replacement, so that two resources can
 * want one thing for a moment.
 */
const replaceable = (resource: Declared) =>
  resource.type === "XimaLicense" || resource.type === "XelionTenantProvision";

const titled = ({ type, name, key }: Declared) => `${type} ${name} (${key})`;
const without = (declaration: Declaration, gone: Declared): Declared[] =>
  declaration.filter(
    (resource) =>
      resource !== gone && !(gone.type === "EnableXCustomer" && resource.owner === gone.key),
  );
const replaced = (declaration: Declaration, old: Declared, now: Declared): Declared[] =>
  declaration.map((resource) =>
    resource === old
      ? now
      : old.type === "EnableXCustomer" && resource.owner === old.key
        ? { ...resource, owner: now.key }
        : resource,
  );

export const edits = {
  add(before, random, fresh) {
    const customers = before.filter(({ type }) => type === "EnableXCustomer");
    const type =
      customers.length > 0 && random.chance(0.4)
        ? random.pick(["EnableXSubscription", "EnableXUser"] as const)
        : random.weighted(independent);
    const owner =
      type === "EnableXSubscription" || type === "EnableXUser"
        ? { owner: random.pick(customers).key }
        : {};
    const resource: Declared = { type, name: fresh.name(), key: fresh.key(), version: 1, ...owner };
    return { label: `add ${titled(resource)}`, after: [...before, resource] };
  },
  remove(before, random) {
    if (before.length < 2) return undefined;
    const resource = random.pick(before);
    return { label: `remove ${titled(resource)}`, after: without(before, resource) };
  },
  change(before, random) {
    if (before.length === 0) return undefined;
    const resource = random.pick(before);
    const { remedy: _, ...rest } = resource;
    const version = resource.version + random.pick([1, 494]);
    return {
      label: `change ${titled(resource)} to version ${version}`,
      after: replaced(before, resource, { ...rest, version }),
    };
  },
  rename(before, random, fresh) {
    if (before.length === 0) return undefined;
    const resource = random.pick(before);
    const name = fresh.name();
    return {
      label: `rename ${titled(resource)} to ${name}`,
      after: replaced(before, resource, { ...resource, name }),
    };
  },
  replace(before, random, fresh) {
    if (before.length === 0) return undefined;
    const resource = random.pick(before);
    const key = fresh.key();
    const { remedy: _, ...rest } = resource;
    return {
      label: `give ${titled(resource)} the key ${key}`,
      after: replaced(before, resource, { ...rest, key }),
    };
  },
  swap(before, random) {
    const pairs = before.flatMap((one, at) =>
      before
        .slice(at + 1)
        .flatMap((other) =>
          replaceable(one) && one.type === other.type ? [[one, other] as const] : [],
        ),
    );
    if (pairs.length === 0) return undefined;
    const [one, other] = random.pick(pairs);
    const after = before.map((resource) =>
      resource === one
        ? { ...one, name: other.name }
        : resource === other
          ? { ...other, name: one.name }
          : resource,
    );
    return { label: `swap the names of ${titled(one)} and ${titled(other)}`, after };
  },
  handOver(before, random) {
    const pairs = before.flatMap((formerOwner) =>
      before.flatMap((newOwner) =>
        formerOwner !== newOwner && replaceable(formerOwner) && formerOwner.type === newOwner.type
          ? [[formerOwner, newOwner] as const]
          : [],
      ),
    );
    if (pairs.length === 0) return undefined;
    const [formerOwner, newOwner] = random.pick(pairs);
    const after = before.flatMap((resource) =>
      resource === formerOwner
        ? []
        : resource === newOwner
          ? [{ ...formerOwner, name: newOwner.name }]
          : [resource],
    );
    return {
      label: `hand ${titled(formerOwner)} over to ${newOwner.name}, whose own ${newOwner.key} goes`,
      after,
    };
  },
} satisfies Record<string, Edit>;

export type EditName = keyof typeof edits;

/** The same declaration with customers before what belongs to them, as a program must have them. */
export function inProgramOrder(declaration: Declaration): Declared[] {
  return [...declaration].sort(
    (a, b) => Number(a.owner !== undefined) - Number(b.owner !== undefined),
  );
}

/** What a resource's program passes, by the story's servers. */
export interface Addresses {
  readonly xelionTenantUrl: string;
  readonly xelionLogin: { readonly userName: string; readonly password: string };
  readonly netsapiens: { readonly domain: string; readonly did: string };
}

/** The arguments of a declared resource. `customerId` is added by the program, from the owner. */
export function argumentsOf(
  { type, key, version, remedy }: Declared,
  addresses: Addresses,
): Record<string, unknown> {
  return { ...own(), ...remedy };
  function own(): Record<string, unknown> {
    switch (type) {
      case "XimaLicense":
        return {
          ccId: {
            resellerId: reseller,
            resellerName: "Reseller",
            tenantId: key,
            tenantName: `Tenant ${key}`,
          },
          professionalSeats: seatsOf(version),
          sipCredentials: {
            username: key,
            password: `Chaos-sip-${key}`,
            sipServer: "sip.example",
            outboundProxy: "proxy.example",
          },
        };
      case "EnableXCustomer":
        return {
          customerName: versionName(version),
          customerCode: key,
          contactName: `Contact of ${key}`,
        };
      case "EnableXSubscription":
        return { planId: key, fields: { note: versionName(version) } };
      case "EnableXUser":
        return { userType: "moderator", email: emailOf(key), firstName: versionName(version) };
      case "XelionTenantProvision":
        return {
          serverUrl: addresses.xelionTenantUrl,
          tenantName: key,
          tenantLogin: addresses.xelionLogin,
          configuration: configurationOf(key, version),
          timeout: "10s",
        };
      case "NetsapiensOAuthClient":
        return {
          ...addresses.netsapiens,
          clientId: key,
          clientSecret: clientSecretOf(key),
          driver: "existing",
        };
    }
  }
}

export const reseller = "chaos";
export const seatsOf = (version: number): number => 5 + version;
export const versionName = (version: number): string => `Version ${version}`;
export const emailOf = (key: string): string => `${key}@users.example`;
export const clientSecretOf = (key: string): string => `Chaos-secret-${key}`;
export const configurationOf = (key: string, version: number) => ({
  version: 1,
  organization: { name: `Organization ${key} ${version}` },
});
