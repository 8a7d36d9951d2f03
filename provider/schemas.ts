/**
 * What may be declared: the schemas of the resources' arguments and of the vendors'
 * config, with the rules that no schema can say. For a program that checks its files
 * before it registers anything, and for the editors in which they are written.
 */

export { enablexConfig } from "./enablex/config.ts";
export {
  customerType as customerKind,
  subscriptionType as subscriptionKind,
  userType as userKind,
} from "./enablex/resource-types.ts";
export { ruleFailures } from "./enablex/rules.ts";
export {
  customerSchema as enablexCustomerSchema,
  subscriptionSchema,
  userSchema,
} from "./enablex/schema.ts";
export { isSecretName } from "./enablex/secret-names.ts";
export { netsapiensConfig } from "./netsapiens/config.ts";
export { didForms } from "./netsapiens/did.ts";
export { ruleFailures as netsapiensRuleFailures } from "./netsapiens/rules.ts";
export { oauthClientSchema } from "./netsapiens/schema.ts";
export { secretArguments as netsapiensSecrets } from "./netsapiens/secret-names.ts";
export { type ConfigDefinition, type ConfigOf, readConfig } from "./runtime/config.ts";
export { normalUrl } from "./runtime/equality.ts";
export { steps, UcaasError } from "./runtime/errors.ts";
export { tryParseJson } from "./runtime/parse-json.ts";
export { type ReadTextOptions, readText, UnreadableTextError } from "./runtime/read-text.ts";
export { maskSecrets, rememberSecret } from "./runtime/secrets.ts";
export { closestMatches } from "./runtime/suggest.ts";
export { unknownValue } from "./runtime/unknown.ts";
export {
  propertiesAt,
  propertyPath,
  type ValidationFailure,
  validationFailures,
  wantsScalar,
} from "./runtime/validation.ts";
export { xelionConfig } from "./xelion/config.ts";
export { configurationFailures as configurationFindings } from "./xelion/configuration-rules.ts";
export { provisionSchema } from "./xelion/schema.ts";
export { secretArguments as xelionSecrets } from "./xelion/secret-names.ts";
export { ximaConfig } from "./xima/config.ts";
export { ruleFindings as licenseFindings } from "./xima/rules.ts";
export { licenseSchema } from "./xima/schema.ts";
export { secretArguments as ximaSecrets } from "./xima/secret-names.ts";
