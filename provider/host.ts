import { providerTable } from "./dynamic/provider-table.ts";
import { XimaLicenseProvider } from "./xima/provider.ts";

/**
 * What the provider process loads: the table of resource providers, by type. The loader line in the state calls
 * `call(type, method, arguments, config)`, so its name and parameters are wire format.
 */
export const call = providerTable({
  XimaLicense: (config) => new XimaLicenseProvider(config),
});
