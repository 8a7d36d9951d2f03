import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { homeFolder } from "./dynamic/home.ts";
import { providerTable } from "./dynamic/provider-table.ts";

// The process lives for one command: code that an earlier one compiled (and stripped of its types) need not be compiled again.
enableCompileCache(join(homeFolder(), "compiled"));

/**
 * What the provider process loads: the table of resource providers, by type. The loader line in the state calls
 * `call(type, method, arguments, config)`, so its name and parameters are wire format.
 *
 * A vendor's code is loaded when its first resource is: a stack of licences never waits for a browser driver.
 */
export const call = providerTable({
  XimaLicense: async (config) => new (await import("./xima/provider.ts")).XimaLicenseProvider(config),
});
