import { providerTable } from "./dynamic/provider-table.ts";

/**
 * What the provider process loads: the table of resource providers, by type. The loader line in the state calls
 * `call(type, method, arguments, config)`, so its name and parameters are wire format.
 *
 * A vendor's code is loaded when its first resource is: a stack of licences never waits for a browser driver.
 */
export const call = providerTable({
  XimaLicense: async (config) => new (await import("./xima/provider.ts")).XimaLicenseProvider(config),
});
