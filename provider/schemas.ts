/**
 * What may be declared, as zod schemas: the resources' arguments and the vendors' config. For a program that checks its
 * files before it registers anything, and for the editors that those files are written in.
 */
export { failuresOf } from "./dynamic/check.ts";
export { licenseSchema, ximaConfig } from "./xima/schema.ts";
