import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { secretSignature, signatureKey } from "./secret-mark.ts";

interface Struct {
  toJavaScript(): Record<string, unknown>;
}
interface InvokeRequest {
  setTok(token: string): void;
  setArgs(args: Struct): void;
}
interface Monitor {
  invoke(
    request: InvokeRequest,
    done: (error: Error | null, response: { getReturn(): Struct | undefined }) => void,
  ): void;
}

/**
 * Asks the engine for what it knows of a stack, by a function of its built-in provider.
 * `pulumi.runtime.invoke` does the same, and writes the whole reply into the debug log,
 * with the secrets of the state in plain text.
 */
async function invokeEngine(token: string, args: object): Promise<Record<string, unknown>> {
  // The SDK's own copies: messages of another one would not be of the same classes.
  const sdk = createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json");
  const load = createRequire(sdk);
  const { ResourceInvokeRequest } = load("@pulumi/pulumi/proto/resource_pb.js") as {
    ResourceInvokeRequest: new () => InvokeRequest;
  };
  const { Struct } = load("google-protobuf/google/protobuf/struct_pb.js") as {
    Struct: { fromJavaScript(value: object): Struct };
  };
  const monitor = pulumi.runtime.getMonitor() as Monitor | undefined;
  if (!monitor) throw new Error("there is no engine");
  await pulumi.runtime.awaitStackRegistrations();
  const done = pulumi.runtime.rpcKeepAlive();
  try {
    const request = new ResourceInvokeRequest();
    request.setTok(`pulumi:pulumi:${token}`);
    request.setArgs(Struct.fromJavaScript(args));
    const reply = await new Promise<Struct | undefined>((resolve, reject) =>
      monitor.invoke(request, (error, response) =>
        error ? reject(error) : resolve(response.getReturn()),
      ),
    );
    const { outputs } = unwrapped(reply?.toJavaScript() ?? {}) as { outputs?: unknown };
    return typeof outputs === "object" && outputs !== null
      ? (outputs as Record<string, unknown>)
      : {};
  } finally {
    done();
  }
}

/** The resources that the last update left, by URN, each with its outputs. Secrets are plain. */
export function readStackResources(): Promise<Record<string, unknown>> {
  const names = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()];
  return invokeEngine("readStackResourceOutputs", { stackName: names.join("/") });
}

function unwrapped(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unwrapped);
  const bag = value as Record<string, unknown>;
  if (bag[signatureKey] === secretSignature) return unwrapped(bag.value);
  return Object.fromEntries(Object.entries(bag).map(([key, each]) => [key, unwrapped(each)]));
}
