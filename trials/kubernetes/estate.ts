/** Eight resellers' stacks, and how often the vendors' servers have each of their things. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Sandbox } from "../../sandbox/start.ts";

export const stacks = Array.from({ length: 8 }, (_, index) => `reseller-${index + 1}`);
const slugs = ["alpha", "beta", "gamma"];
/** Only these have a tenant at Xelion, whose order takes longest. */
const withTenant = ["alpha"];

export const customerCode = (stack: string, slug: string) => `${stack}-${slug}`;
const tenantName = (stack: string, slug: string) => `${stack}-${slug}`;

/** What must exist before the first order: the tenants that are to be configured. */
export function prepareServers({ enablex, xelion }: Sandbox): void {
  // A server that refuses no second record shows what is created twice.
  enablex.server.setOptions({ uniqueCustomerCode: false });
  xelion.server.setOptions({ orderRoute: true, courseMs: 500 });
  for (const stack of stacks)
    for (const slug of withTenant)
      xelion.tenant.server.state.tenants[tenantName(stack, slug)] = {
        [xelion.userName]: { password: xelion.password },
      };
}

/** Adds the customers to a stack's file, which `pulumi stack init` wrote. */
export function writeStackFile(
  folder: string,
  stack: string,
  tenantServer: string,
  { xelion }: Sandbox,
  config: Record<string, unknown>,
): void {
  const file = join(folder, `Pulumi.${stack}.yaml`);
  const customers = slugs.map((slug, index) => [
    slug,
    {
      name: `${slug} of ${stack}`,
      xima: { ccId: { tenantId: customerCode(stack, slug) }, professionalSeats: 5 + index },
      enablex: {
        customerCode: customerCode(stack, slug),
        contactEmail: `${customerCode(stack, slug)}@customers.example`,
      },
      ...(withTenant.includes(slug) && {
        xelion: {
          serverUrl: tenantServer,
          tenantName: tenantName(stack, slug),
          tenantLogin: { userName: xelion.userName, password: xelion.password },
          configuration: { version: 1, organization: { name: `${slug} of ${stack}` } },
        },
      }),
    },
  ]);
  const content = parse(readFileSync(file, "utf8")) as { config?: object };
  content.config = {
    ...content.config,
    ...config,
    "xelion:orderPath": "/api/v1/orders/{id}",
    "xelion:pollSeconds": 0.5,
    "ucaas:defaults": {
      xima: { ccId: { resellerId: "voicehouse", resellerName: "Voicehouse" } },
    },
    "ucaas:customers": Object.fromEntries(customers),
  };
  writeFileSync(file, stringify(content));
}

/** What is not there exactly once, in words; empty when all is as declared. */
export function judge({ enablex, xelion, xima }: Sandbox): string[] {
  const created = Object.values(enablex.server.state.customers).map(({ fields }) =>
    String(fields.customer_code),
  );
  const ordered = Object.values(xelion.server.state.orders);
  const licensed = Object.values(xima.server.state.customers).map(({ ccId }) => ccId.tenantId);
  const findings: string[] = [];
  const expectOne = (what: string, found: number) => {
    if (found !== 1) findings.push(`${what} exists ${found} times`);
  };
  for (const stack of stacks)
    for (const slug of slugs) {
      const key = customerCode(stack, slug);
      expectOne(`EnableX customer ${key}`, created.filter((code) => code === key).length);
      expectOne(`Xima licence ${key}`, licensed.filter((id) => id === key).length);
      if (withTenant.includes(slug)) {
        const orders = ordered.filter((order) => order.tenantName === tenantName(stack, slug));
        expectOne(`Xelion order of ${key}`, orders.length);
        for (const { id, status } of orders)
          if (status !== "COMPLETED") findings.push(`Xelion order ${id} of ${key} is ${status}`);
      }
    }
  return findings;
}
