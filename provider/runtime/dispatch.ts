import type { dynamic } from "@pulumi/pulumi";
import { type CallContext, uncancelled, withCancellation } from "./cancellation.ts";
import { printOnlyByEngine } from "./error-printing.ts";
import { PartialFailure, UcaasError } from "./errors.ts";
import { warningsSent } from "./log.ts";
import { toOutputs } from "./outputs.ts";
import { own } from "./own-property.ts";
import { printable } from "./printable.ts";
import { toJson } from "./to-json.ts";

/**
 * Makes a provider from the stack's config, as the dynamic host hands it over. The
 * context's signal is the same for all calls of the process, so that clients can be made
 * with it.
 */
export type ProviderFactory = (
  config: dynamic.Config,
  context: CallContext,
) => Promise<TypedProvider>;

/** What the table calls: the handlers of one resource. */
export type TypedProvider = Required<Omit<dynamic.ResourceProvider, "configure">> & {
  /**
   * Top-level outputs that the provider made, such as hashes and times, and those that hold
   * secrets which no argument gave. They are kept as they are.
   */
  readonly ownOutputs?: readonly string[];
};

type Method = "check" | "diff" | "create" | "read" | "update" | "delete";

/**
 * No config came along: the provider was called before `configure`, or by a test. Every
 * key is then absent.
 */
const noConfig: dynamic.Config = {
  get: () => undefined,
  require: (key) => {
    throw new Error(`no config: ${key}`);
  },
};

/**
 * Makes the function that the loader line calls, between Pulumi's protocol and a typed
 * provider. It takes `__provider` off the inputs and puts it back where the SDK does not.
 * It turns outputs into plain JSON. It removes secrets and stack traces from errors.
 */
export function createDispatcher(
  factories: Record<string, ProviderFactory>,
  context: CallContext = uncancelled,
) {
  const made = new Map<string, ReturnType<ProviderFactory>>();
  return async function call(
    type: string,
    method: Method,
    args: unknown[],
    config: dynamic.Config = noConfig,
  ): Promise<unknown> {
    let ownOutputs: readonly string[] | undefined;
    try {
      const factory = own(factories, type) as ProviderFactory | undefined;
      if (!factory)
        throw new UcaasError(`the installed pulumi-ucaas has no resource ${type}`, {
          code: "UNKNOWN_RESOURCE",
          hint: "install the version of pulumi-ucaas that wrote this state, or a newer one",
        });
      let provider = made.get(type);
      if (!provider) {
        provider = factory(config, context);
        made.set(type, provider);
      }
      const ready = await provider;
      ownOutputs = ready.ownOutputs;
      const run = ready[method] as (...args: unknown[]) => Promise<unknown>;
      // Handlers that wait for long observe the signal. All are tracked, so that the
      // process ends when the engine does.
      const result = await withCancellation((signal) =>
        run.apply(ready, [...args.map(omitProvider), { signal }]).finally(warningsSent),
      );
      return result === undefined
        ? undefined
        : answerOf(method, result as object, given(method, args), ownOutputs);
    } catch (error) {
      const failure = toEngineError(error, args, ownOutputs);
      if (!failure.stack && method !== "create" && method !== "update") printOnlyByEngine(failure);
      throw failure;
    }
  };
}

/** What the program gave, or the state had, before the call. */
function given(method: Method, args: unknown[]): unknown {
  return {
    check: args[1],
    diff: args[2],
    create: args[0],
    read: args[1],
    update: args[2],
    delete: args[1],
  }[method];
}

function answerOf(
  method: Method,
  result: object,
  before: unknown,
  ownOutputs: readonly string[] | undefined,
): unknown {
  if (method === "check") return toJson(hidePropertyNames(result as dynamic.CheckResult));
  if (method === "diff" || method === "delete") return toJson(result);
  const bags = Object.entries(result).map(([name, value]) => {
    const isBag = name !== "id" && typeof value === "object" && value !== null;
    return [name, isBag ? toOutputs(value, before, ownOutputs) : value];
  });
  return Object.fromEntries(bags);
}

/**
 * The engine prints the value of the property that a failure names, the secrets within it
 * too (seen on 3.259.0). So none is named to it: the path is in the reason. A failure
 * may also quote a server that quotes the argument.
 */
function hidePropertyNames(result: dynamic.CheckResult): dynamic.CheckResult {
  const failures = result.failures?.map(({ property, reason }) => ({
    property: "",
    reason: printable(property ? `${property}: ${reason}` : reason),
  }));
  return { ...result, failures };
}

function omitProvider(argument: unknown): unknown {
  if (typeof argument !== "object" || argument === null) return argument;
  const { __provider: _, ...rest } = argument as Record<string, unknown>;
  return rest;
}

/**
 * The host prints the stack of what it catches, and copies a partial failure's properties
 * without `__provider`.
 */
function toEngineError(
  error: unknown,
  args: unknown[],
  ownOutputs: readonly string[] | undefined,
): Error {
  const failure = new Error(printable(error instanceof Error ? error.message : String(error)));
  if (error instanceof PartialFailure) {
    const inputs = args.findLast(
      (argument) => typeof argument === "object" && argument !== null,
    ) as Record<string, unknown>;
    Object.assign(failure, {
      id: error.id,
      properties: {
        ...toOutputs(error.properties, inputs, ownOutputs),
        __provider: inputs.__provider,
      },
      reasons: error.reasons.map((reason) => printable(reason)),
    });
  }
  const expected = error instanceof UcaasError || error instanceof PartialFailure;
  failure.stack = expected ? "" : printable(error instanceof Error ? (error.stack ?? "") : "");
  return failure;
}
