import { HttpClient } from "pulumi-ucaas/internal/http/client";
import { type ConfigOf, readConfig } from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { xelionConfig } from "pulumi-ucaas/internal/xelion/config";
import { configurationOf } from "pulumi-ucaas/internal/xelion/configuration";
import { adoptedOrder } from "pulumi-ucaas/internal/xelion/order";
import { toOutputs } from "pulumi-ucaas/internal/xelion/outputs";
import { resourceId } from "pulumi-ucaas/internal/xelion/resource-id";
import type { ProvisionInputs } from "pulumi-ucaas/internal/xelion/schema";
import { placeholder } from "pulumi-ucaas-stacks/internal/placeholder";
import { inProgramFolder } from "../pulumi/project.ts";
import { callResource } from "./call-resource.ts";
import { type Identifier, notFound } from "./identifiers.ts";
import type { AdoptionSource, Candidate } from "./source.ts";
import type { Config } from "./stack.ts";

/**
 * Tenants of Xelion servers. Neither they nor their configuration can be listed or read,
 * so the user names them and declares how they are configured.
 */
export function xelionVendor(
  config: Config,
  { account, tenants }: { readonly account?: string; readonly tenants: readonly Identifier[] },
): AdoptionSource {
  const limits = inProgramFolder(() => readConfig(xelionConfig, config, account));
  return {
    name: "xelion",
    type: "XelionTenantProvision",
    account,
    columns: [],
    async candidates() {
      const there = await Promise.all(
        tenants.map(({ parts: [serverUrl = "", tenantName = ""] }) =>
          exists(serverUrl, tenantName, limits),
        ),
      );
      const missing = tenants.filter((_, index) => !there[index]);
      if (missing.length > 0) throw notFound("xelion", missing, "the Xelion server does not know");
      return tenants.map((tenant) => candidate(tenant, account, config, limits.baseUrl));
    },
  };
}

/** `https://server/tenant`, or without the scheme. */
export function serverAndTenant(text: string): readonly string[] | undefined {
  const at = text.lastIndexOf("/");
  const server = /^https?:\/\//.test(text) ? text.slice(0, at) : `https://${text.slice(0, at)}`;
  const tenant = text.slice(at + 1);
  return at > 0 && tenant !== "" && URL.canParse(server) ? [server, tenant] : undefined;
}

/**
 * The version needs no login (Xelion API manual), and is asked for below the tenant's
 * name: an unknown one is 404 (inferred).
 */
async function exists(
  serverUrl: string,
  tenantName: string,
  limits: ConfigOf<typeof xelionConfig>,
): Promise<boolean> {
  const operation = `look for ${tenantName}`;
  const http = new HttpClient({
    vendor: "xelion",
    baseUrl: serverUrl,
    limits,
    retry: { deadline: limits.deadlineSeconds * 1000 },
  });
  const params = { tenant: tenantName };
  const { status } = await http.send({
    operation,
    method: "GET",
    path: "/api/v1/{tenant}/server/version",
    params,
    retry: "safe",
  });
  if (status === 404) return false;
  if (status === 200) return true;
  throw new UcaasError(`${serverUrl} does not say whether it has the tenant`, {
    code: `HTTP_${status}`,
    vendor: "xelion",
    operation,
    status,
    hint: "see whether that is the Xelion server, and whether it is up",
  });
}

const comment = `How a tenant is configured cannot be read from Xelion: put in \
the configuration that it has, or configurationFile and the path of its JSON file.
A login is needed as soon as the configuration is changed; its password: \
pulumi config set --secret --path 'ucaas:customers.<slug>.xelion.tenantLogin.password'`;

function candidate(
  { parts, name }: Identifier,
  account: string | undefined,
  config: Config,
  service: string,
): Candidate {
  const [serverUrl = "", tenantName = ""] = parts;
  const id = resourceId({ serverUrl, tenantName });
  return {
    id,
    cells: [],
    names: [tenantName, name ?? "", new URL(serverUrl).hostname],
    name,
    section: {
      ...(account !== undefined && { account }),
      serverUrl,
      tenantName,
      tenantLogin: { userName: placeholder("user for the next order") },
      configuration: placeholder(
        "the configuration that the tenant has: version, organization, departments …",
      ),
    },
    comment,
    secrets: ["xelion.tenantLogin.password"],
    isDeclaredBy: (declared) =>
      (declared.account ?? undefined) === account &&
      typeof declared.serverUrl === "string" &&
      resourceId({ serverUrl: declared.serverUrl, tenantName: String(declared.tenantName) }) === id,
    match(planned) {
      const inputs = planned.inputs as unknown as ProvisionInputs;
      if (planned.type !== "XelionTenantProvision" || resourceId(inputs) !== id) return undefined;
      return { id, inputs: planned.inputs, outputs: () => outputs(id, inputs, config, service) };
    },
  };
}

/**
 * The outputs of a completed order for this configuration. The user vouches that the
 * tenant has it. A declared `orderId` is looked up if the service shows orders.
 */
async function outputs(
  id: string,
  inputs: ProvisionInputs,
  config: Config,
  service: string,
): Promise<Record<string, unknown>> {
  const { retryFailed = null, orderId: givenOrderId = null } = inputs;
  const configurationHash = (await configurationOf(inputs))?.hash ?? "";
  const order = adoptedOrder(
    { service, configurationHash, retryFailed, givenOrderId, wait: "completed" },
    new Date().toISOString(),
  );
  const { props } = await callResource(config, "XelionTenantProvision", "read", [
    id,
    toOutputs(inputs, order, service),
  ]);
  return props;
}
