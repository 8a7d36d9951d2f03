import { enableCompileCache } from "node:module";
import { join } from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import { homeFolder } from "./dynamic/home.ts";
import { providerTable } from "./dynamic/provider-table.ts";

// The process lives for one command: code that an earlier one compiled (and stripped of its types) need not be compiled again.
if (!process.env.NODE_COMPILE_CACHE) enableCompileCache(join(homeFolder(), "compiled"));

// The host makes a config for each type, but a process serves one stack: the first speaks for all, so that the three share a login.
let enablex: Promise<ReturnType<typeof import("./enablex/provider.ts").enablexProviders>> | undefined;
const enablexOf = (config: dynamic.Config) =>
  (enablex ??= import("./enablex/provider.ts").then(({ enablexProviders }) => enablexProviders(config)));

/**
 * What the provider process loads: the table of resource providers, by type. The loader line in the state calls
 * `call(type, method, arguments, config)`, so its name and parameters are wire format.
 *
 * A vendor's code is loaded when its first resource is: a stack of licences never waits for a browser driver.
 */
export const call = providerTable({
  NetsapiensOAuthClient: async (config) => new (await import("./netsapiens/provider.ts")).NetsapiensOAuthClientProvider(config),
  XelionTenantProvision: async (config) => new (await import("./xelion/provider.ts")).XelionTenantProvisionProvider(config),
  XimaLicense: async (config) => new (await import("./xima/provider.ts")).XimaLicenseProvider(config),
  EnableXCustomer: async (config) => (await enablexOf(config)).customer,
  EnableXSubscription: async (config) => (await enablexOf(config)).subscription,
  EnableXUser: async (config) => (await enablexOf(config)).user,
});
