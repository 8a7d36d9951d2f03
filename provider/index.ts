/**
 * What a Pulumi program imports: resource classes, their arguments and outputs. It loads
 * nothing of the provider process.
 */
export {
  Customer,
  type CustomerArgs,
  type CustomerEnableXArgs,
  type CustomerXimaArgs,
} from "./customer.ts";
export {
  type EnableXAddress,
  type EnableXAdopt,
  EnableXCustomer,
  type EnableXCustomerArgs,
  type EnableXFurtherFields,
  EnableXSubscription,
  type EnableXSubscriptionArgs,
  EnableXUser,
  type EnableXUserArgs,
} from "./enablex/resource.ts";
export {
  type NetsapiensBundle,
  NetsapiensOAuthClient,
  type NetsapiensOAuthClientArgs,
  type NetsapiensPortal,
  type NetsapiensStepResult,
} from "./netsapiens/resource.ts";
export {
  type JsonValue,
  type XelionConfiguration,
  type XelionDepartment,
  type XelionOrganization,
  type XelionPhoneNumber,
  type XelionStatusEntry,
  XelionTenantProvision,
  type XelionTenantProvisionArgs,
} from "./xelion/resource.ts";
export {
  type XimaCcId,
  type XimaChange,
  XimaLicense,
  type XimaLicenseArgs,
  type XimaSipCredentials,
} from "./xima/resource.ts";
