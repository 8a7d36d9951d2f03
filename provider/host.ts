import { enableCompileCache } from "node:module";
import { join } from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import { type CallContext, watchEngine } from "./runtime/cancellation.ts";
import { dataDir } from "./runtime/data-dir.ts";

// The process lives for one command: code that an earlier one compiled (and stripped of
// its types) need not be compiled again. What is imported above is compiled before this
// line, so all else is loaded later.
if (!process.env.NODE_COMPILE_CACHE) enableCompileCache(join(dataDir(), "compiled"));

const signal = watchEngine();
void import("./runtime/abandoned-providers.ts").then(({ endAbandonedProviders }) =>
  endAbandonedProviders(),
);

// The host makes a config for each type, but a process serves one stack: the first speaks
// for all, so that the three share a login.
let enablex:
  | Promise<ReturnType<typeof import("./enablex/provider.ts").enablexProviders>>
  | undefined;
const enablexOf = (config: dynamic.Config, context: CallContext) =>
  (enablex ??= import("./enablex/provider.ts").then(({ enablexProviders }) =>
    enablexProviders(config, context),
  ));

type Dispatcher = ReturnType<typeof import("./runtime/dispatch.ts").createDispatcher>;

/**
 * The table of resource providers, by type. A vendor's code is loaded when its first
 * resource is: a stack of licences never waits for a browser driver.
 */
async function loadDispatcher(): Promise<Dispatcher> {
  const { createDispatcher } = await import("./runtime/dispatch.ts");
  const { PendingOperations } = await import("./runtime/pending-operations.ts");
  const { UpdatesOfOthers } = await import("./runtime/updates-of-others.ts");
  return createDispatcher(
    {
      NetsapiensOAuthClient: async (config, context) =>
        (await import("./netsapiens/provider.ts")).netsapiensOAuthClientProvider(config, context),
      XelionTenantProvision: async (config, context) =>
        (await import("./xelion/provider.ts")).xelionTenantProvisionProvider(config, context),
      XimaLicense: async (config, context) =>
        (await import("./xima/provider.ts")).ximaLicenseProvider(config, context),
      EnableXCustomer: async (config, context) => (await enablexOf(config, context)).customer,
      EnableXSubscription: async (config, context) =>
        (await enablexOf(config, context)).subscription,
      EnableXUser: async (config, context) => (await enablexOf(config, context)).user,
    },
    { signal, pending: new PendingOperations(), updatesOfOthers: new UpdatesOfOthers() },
  );
}

let dispatcher: Promise<Dispatcher> | undefined;

/**
 * What the provider process loads. The loader line in the state calls `call(type, method,
 * arguments, config)`, so its name and parameters are wire format.
 */
export const call: Dispatcher = async (...args) => {
  dispatcher ??= loadDispatcher();
  return (await dispatcher)(...args);
};
