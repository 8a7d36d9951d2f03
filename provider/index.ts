/** What a Pulumi program imports: resource classes, their arguments and outputs. It loads nothing of the provider process. */
export { Customer, type CustomerArgs } from "./customer.ts";
export { type XimaCcId, type XimaChange, XimaLicense, type XimaLicenseArgs, type XimaSipCredentials } from "./xima/resource.ts";
