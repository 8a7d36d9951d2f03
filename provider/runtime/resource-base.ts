import * as pulumi from "@pulumi/pulumi";
import { endAbandonedProviders } from "./abandoned-providers.ts";
import { UcaasError } from "./errors.ts";
import { isProgramOfCli, requireHostIn } from "./host-location.ts";
import { loaderLine } from "./loader-line.ts";
import { noteProgramOfCli, noteRun } from "./note-run.ts";
import { organization, programStack } from "./organization.ts";
import { warnOfPlainSecret } from "./plain-secret-warning.ts";
import {
  notRegistered,
  refuseImport,
  requireOptions,
  requireRegistration,
  requireSerializable,
  warnOfOptionsWithoutEffect,
} from "./registration.ts";
import { disableSourceMapsWhile } from "./stack-traces.ts";
import { noteDeclared, warnOfUndeclaredWrites } from "./undeclared-writes.ts";

noteProgramOfCli();
void endAbandonedProviders();
warnOfUndeclaredWrites();

/** By Pulumi's convention each argument of a resource is also one of its outputs. */
export type ArgumentOutputs<Args> = { readonly [Name in keyof Args]-?: pulumi.Output<unknown> };

/** What a resource class tells its base about itself. */
export interface UcaasResourceType {
  /**
   * The name of the class, for example `XimaLicense`; the engine sees
   * `pulumi-nodejs:dynamic/ucaas:XimaLicense`.
   */
  readonly type: string;
  /** The arguments that may be left out. */
  readonly optional: readonly string[];
  /**
   * The outputs that only the provider fills; they are seeded so that the class has them
   * from the start.
   */
  readonly outputs: readonly string[];
  /** Properties that the engine encrypts in the state, whatever the program passed. */
  readonly secrets: readonly string[];
  /**
   * Config keys whose value is a secret; one that is in the stack file in plain text
   * earns a warning.
   */
  readonly secretConfig: readonly string[];
  /** Those of them that may name a PEM file in place of its text; the path is no secret. */
  readonly pathConfig?: readonly string[];
}

/**
 * Base of all resource classes. It does what `pulumi.dynamic.Resource` does after it has
 * serialized a closure, with a constant line in the closure's place.
 *
 * @internal
 */
export abstract class UcaasResource extends pulumi.CustomResource {
  protected constructor(
    about: UcaasResourceType,
    name: string,
    args: object,
    options: pulumi.CustomResourceOptions = {},
  ) {
    if (isProgramOfCli()) requireHost();
    const stack = programStack();
    const __organization = organization();
    noteDeclared(about.type, name);
    noteRun(stack);
    for (const key of about.secretConfig)
      warnOfPlainSecret(key, about.pathConfig?.includes(key) ?? false);
    const props: Record<string, unknown> = {
      ...args,
      __provider: loaderLine(about.type),
      __stack: stack,
      __resource: name,
      ...(__organization !== undefined && { __organization }),
      ...handedOver(options),
    };
    for (const output of about.outputs) props[output] ??= undefined;
    requireSerializable(args, about.type, name);
    requireOptions(options, about.type, name);
    refuseImport(options, about.type, name);
    const restore = disableSourceMapsWhile(import.meta.url);
    try {
      super(
        `pulumi-nodejs:dynamic/ucaas:${about.type}`,
        name,
        props,
        pulumi.mergeOptions(options, { additionalSecretOutputs: [...about.secrets] }),
      );
    } catch (error) {
      // V8 writes a trace when it is first read: from here on, with source maps.
      restore();
      throw notRegistered(error, about.type, name);
    } finally {
      restore();
    }
    requireRegistration(this, about.type, name);
    for (const argument of about.optional)
      if (!Object.hasOwn(this, argument)) Object.assign(this, { [argument]: leftOut() });
    warnOfOptionsWithoutEffect(options, about.type, name);
  }
}

/** Only where it is set, so that no other state changes. */
function handedOver({ ignoreChanges }: pulumi.CustomResourceOptions) {
  return Array.isArray(ignoreChanges) && ignoreChanges.length > 0
    ? { __ignoreChanges: [...ignoreChanges] }
    : {};
}

let undeclared: pulumi.Output<undefined> | undefined;

/**
 * The output of each argument that a program leaves out: nothing manages it, so it is
 * undefined, in a preview too. One serves all: the SDK makes four promises for each output.
 */
function leftOut(): pulumi.Output<undefined> {
  undeclared ??= pulumi.output(undefined);
  return undeclared;
}

/** In plain words: of any other error the SDK prints the program's stack. */
function requireHost(): void {
  try {
    requireHostIn(process.cwd());
  } catch (error) {
    throw error instanceof UcaasError ? new pulumi.RunError(error.message) : error;
  }
}
