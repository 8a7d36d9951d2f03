import type { dynamic } from "@pulumi/pulumi";
import { PartialFailure, UcaasError } from "./errors.ts";
import { type CallContext, interruptible, uncancelled } from "./interruption.ts";
import { plain } from "./plain.ts";
import { withoutSecrets } from "./secrets.ts";

/**
 * Makes a provider from the stack's config, as the dynamic host hands it over. The context's signal is the same for all calls of the process,
 * so that clients can be made with it.
 */
export type ProviderFactory = (
  config: dynamic.Config,
  context: CallContext,
) => Promise<Required<Omit<dynamic.ResourceProvider, "configure">>>;

type Method = "check" | "diff" | "create" | "read" | "update" | "delete";

/** No config came along: the provider was called before `configure`, or by a test. Every key is then absent. */
const noConfig: dynamic.Config = {
  get: () => undefined,
  require: (key) => {
    throw new Error(`no config: ${key}`);
  },
};

/**
 * Makes the function that the loader line calls. Between Pulumi's protocol and a typed provider it takes `__provider`
 * off what goes in and puts it back where the SDK does not, makes plain JSON of what comes out, and lets no error
 * pass with a secret or a stack trace in it.
 */
export function providerTable(factories: Record<string, ProviderFactory>, context: CallContext = uncancelled) {
  const made = new Map<string, ReturnType<ProviderFactory>>();
  return async function call(type: string, method: Method, args: unknown[], config: dynamic.Config = noConfig): Promise<unknown> {
    try {
      const factory = factories[type];
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
      const run = ready[method] as (...args: unknown[]) => Promise<unknown>;
      // Handlers that wait for long observe the signal. All are tracked, so that the process ends when the engine does.
      const result = await interruptible((signal) => run.apply(ready, [...args.map(withoutProvider), { signal }]));
      return result === undefined ? undefined : plain(method === "check" ? unprinted(result as dynamic.CheckResult) : result);
    } catch (error) {
      throw forTheEngine(error, args);
    }
  };
}

/**
 * The engine prints the value of the property that a failure names, the secrets within it too (seen on 3.259.0). So none is named to it: the
 * path stands in the reason. A failure may also quote a server that quotes the argument.
 */
function unprinted(result: dynamic.CheckResult): dynamic.CheckResult {
  const failures = result.failures?.map(({ property, reason }) => ({
    property: "",
    reason: withoutSecrets(property ? `${property}: ${reason}` : reason),
  }));
  return { ...result, failures };
}

function withoutProvider(argument: unknown): unknown {
  if (typeof argument !== "object" || argument === null) return argument;
  const { __provider: _, ...rest } = argument as Record<string, unknown>;
  return rest;
}

/** The host prints the stack of what it catches, and copies a partial failure's properties without `__provider`. */
function forTheEngine(error: unknown, args: unknown[]): Error {
  const failure = new Error(withoutSecrets(error instanceof Error ? error.message : String(error)));
  if (error instanceof PartialFailure) {
    const inputs = args.findLast((argument) => typeof argument === "object" && argument !== null) as Record<string, unknown>;
    Object.assign(failure, {
      id: error.id,
      properties: plain({ ...error.properties, __provider: inputs.__provider }),
      reasons: error.reasons.map(withoutSecrets),
    });
  }
  const expected = error instanceof UcaasError || error instanceof PartialFailure;
  failure.stack = expected ? "" : withoutSecrets(error instanceof Error ? (error.stack ?? "") : "");
  return failure;
}
