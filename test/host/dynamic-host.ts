// Pulumi's own dynamic-provider process, driven over gRPC as the engine does it: the
// fixture for handlers.
//
// ```
// const env = { XIMA_ADOPT: "voicehouse/acme" };
// await using host = await dynamicHost({ config: server.plainConfig, env });
// const { failures } = await host.check("XimaLicense", news);
// const { id, outs } = await host.create("XimaLicense", news);
// const diff = await host.diff("XimaLicense", id, outs, news);
// const failure = await host.failure(host.update("XimaLicense", id, outs, broken));
// // a HostFailure: message, partial?
// ```
//
// What runs is the constant line of provider/runtime/loader-line.ts, in the process that ships
// with @pulumi/pulumi, and behind it this repository.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import type * as Grpc from "@grpc/grpc-js";
import type * as StructMessages from "google-protobuf/google/protobuf/struct_pb.js";
import { loaderLine } from "../../provider/runtime/loader-line.ts";
import { root } from "../../tools/engine/paths.mjs";
import { grpc, Struct, sdk } from "../sdk-copies.ts";

const messages = sdk(
  "@pulumi/pulumi/proto/provider_pb.js",
) as typeof import("@pulumi/pulumi/proto/provider_pb.js");
const { Status } = sdk(
  "@pulumi/pulumi/proto/status_pb.js",
) as typeof import("@pulumi/pulumi/proto/status_pb.js");
const { ResourceProviderClient } = sdk("@pulumi/pulumi/proto/provider_grpc_pb.js") as {
  ResourceProviderClient: new (...args: unknown[]) => RpcClient;
};

const { EngineService } = sdk("@pulumi/pulumi/proto/engine_grpc_pb.js") as {
  EngineService: Grpc.ServiceDefinition;
};
const { LogSeverity } = sdk(
  "@pulumi/pulumi/proto/engine_pb.js",
) as typeof import("@pulumi/pulumi/proto/engine_pb.js");
const { Empty } = sdk("google-protobuf/google/protobuf/empty_pb.js") as {
  Empty: new () => unknown;
};

type RpcClient = Record<
  string,
  (request: unknown, answer: (error: unknown, response: never) => void) => void
> & { close(): void };

/** In place of `~/.pulumi`, for processes of the tests that have no workspace of their own. */
export const testHome = join(root, "node_modules", ".cache", "pulumi-ucaas-tests");

/** A bag of properties, as it travels. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into bags of every shape.
export type Properties = Record<string, any>;

export interface DynamicHostOptions {
  /**
   * The stack's config as the engine sends it: secrets unwrapped, structured values as
   * JSON text (objects given here are made so).
   */
  config?: Record<string, unknown>;
  /** For the process. A journal folder is best given here: `UCAAS_JOURNAL_DIR`. */
  env?: Record<string, string | undefined>;
  /** `project/stack` that the resources say they are of. */
  stack?: string;
}

/** What a handler threw. */
export class HostFailure extends Error {
  /**
   * Present when the engine keeps the resource: a partial failure. `properties` as they
   * go into the state.
   */
  readonly partial?: { id: string; properties: Properties; reasons: string[] };

  constructor(message: string, partial?: HostFailure["partial"]) {
    super(message);
    this.partial = partial;
  }
}

export interface DynamicHost extends AsyncDisposable {
  /**
   * `inputs` are those of the engine. `olds` are the inputs in the state, and undefined
   * before a create.
   */
  check(
    type: string,
    news: Properties,
    olds?: Properties,
  ): Promise<{ inputs: Properties; failures: { property: string; reason: string }[] }>;
  /** `olds` are the outputs in the state. `changes` is undefined when the provider does not say. */
  diff(
    type: string,
    id: string,
    olds: Properties,
    news: Properties,
  ): Promise<{ changes: boolean | undefined; replaces: string[]; deleteBeforeReplace: boolean }>;
  create(type: string, inputs: Properties): Promise<{ id: string; outs: Properties }>;
  /** `id` is empty when the object is gone. */
  read(
    type: string,
    id: string,
    props: Properties,
  ): Promise<{ id: string; props: Properties; inputs?: Properties }>;
  update(
    type: string,
    id: string,
    olds: Properties,
    news: Properties,
  ): Promise<{ outs: Properties }>;
  delete(type: string, id: string, props: Properties): Promise<void>;
  /** The failure that a call ends with; throws when it does not fail. */
  failure(call: Promise<unknown>): Promise<HostFailure>;
  /**
   * All that the process has printed, both streams, and its warnings to the engine: what a
   * user may get to see.
   */
  output(): string;
  /** A call as it is, without `__provider` and `__stack` being added. */
  raw(method: string, request: unknown): Promise<unknown>;
  /** Sends the process a signal, and goes on. */
  signal(name: NodeJS.Signals): void;
  /** What the engine calls after Ctrl-C. */
  cancel(): Promise<void>;
  /** The engine's end of the process's input closes, as when the engine is killed. */
  hangUp(): void;
  /** When the process has ended. */
  readonly ended: Promise<void>;
  /** Kills the process at once, in the middle of whatever it does. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the process and configures it. Bags get `__provider` and `__stack` as a resource
 * class would give them, unless they have them.
 */
export async function dynamicHost({
  config = {},
  env = {},
  stack = "ucaas-test/test",
}: DynamicHostOptions = {}): Promise<DynamicHost> {
  let printed = "";
  const engine = await startEngine((warning) => (printed += `warning: ${warning}\n`));
  const child = spawn(
    process.execPath,
    [
      ...["--require", join(root, "tools", "lazy-sdk.cjs")],
      ...[sdk.resolve("@pulumi/pulumi/cmd/dynamic-provider/index.js"), engine.address],
    ],
    {
      cwd: root,
      // Not the user's home: compiled code is kept there, and the journal unless it is
      // given a folder.
      env: {
        ...process.env,
        // Not npm's `pulumi`: the provider asks the CLI for the stack's earlier runs, and
        // that one would download an engine to answer.
        PATH: dirname(process.execPath),
        PULUMI_HOME: testHome,
        PULUMI_NODEJS_PROJECT: stack.split("/")[0],
        ...env,
      },
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  child.stderr.setEncoding("utf8").on("data", (text) => (printed += text));
  const port = await new Promise<string>((resolve, reject) => {
    let first = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      // The first line is the port, the rest is for the user.
      printed += text;
      first += text;
      const line = /^(\d+)\r?\n/.exec(first);
      if (line) resolve(line[1]!);
    });
    child.on("error", reject);
    void ended.then(() =>
      reject(new Error(`The dynamic-provider process ended at once:\n${printed}`)),
    );
  });
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());

  const raw = (method: string, request: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      // What the process printed before it answered came in with the answer; the event
      // loop reads it in the same round.
      client[method]!(request, (error, response) =>
        setImmediate(() => (error ? reject(toHostFailure(error)) : resolve(response))),
      );
    });
  async function call<Response>(method: string, request: unknown): Promise<Response> {
    return (await raw(method, request)) as Response;
  }
  const bag = (type: string, values: Properties) =>
    Struct.fromJavaScript(
      wire({ __provider: loaderLine(type), __stack: stack, ...values }) as Record<
        string,
        StructMessages.JavaScriptValue
      >,
    );
  const stop = async (signal: NodeJS.Signals) => {
    client.close();
    child.kill(signal);
    await ended;
    engine.stop();
  };

  const configure = new messages.ConfigureRequest();
  configure.setArgs(
    Struct.fromJavaScript(
      Object.fromEntries(
        Object.entries(config).map(([key, value]) => [
          key,
          typeof value === "string" ? value : JSON.stringify(value),
        ]),
      ),
    ),
  );
  await raw("configure", configure);

  const host: DynamicHost = {
    raw,
    async check(type, news, olds) {
      const request = new messages.CheckRequest();
      request.setOlds(olds ? bag(type, olds) : Struct.fromJavaScript({}));
      request.setNews(bag(type, news));
      const response = await call<InstanceType<typeof messages.CheckResponse>>("check", request);
      return {
        inputs: response.getInputs()!.toJavaScript(),
        failures: response.getFailuresList().map((failure) => {
          // The engine would print the value of a property that has a name, so the path
          // comes in the reason.
          const [property = "", ...reason] = failure.getReason().split(": ");
          return { property, reason: reason.join(": ") };
        }),
      };
    },
    async diff(type, id, olds, news) {
      const request = new messages.DiffRequest();
      request.setId(id);
      request.setOlds(bag(type, olds));
      request.setNews(bag(type, news));
      const response = await call<InstanceType<typeof messages.DiffResponse>>("diff", request);
      const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
      const says = response.getChanges();
      return {
        changes: says === DIFF_SOME ? true : says === DIFF_NONE ? false : undefined,
        replaces: response.getReplacesList(),
        deleteBeforeReplace: response.getDeletebeforereplace(),
      };
    },
    async create(type, inputs) {
      const request = new messages.CreateRequest();
      request.setProperties(bag(type, inputs));
      const response = await call<InstanceType<typeof messages.CreateResponse>>("create", request);
      return { id: response.getId(), outs: response.getProperties()!.toJavaScript() };
    },
    async read(type, id, props) {
      const request = new messages.ReadRequest();
      request.setId(id);
      request.setProperties(bag(type, props));
      const response = await call<InstanceType<typeof messages.ReadResponse>>("read", request);
      const inputs = response.getInputs()?.toJavaScript();
      return {
        id: response.getId(),
        props: response.getProperties()!.toJavaScript(),
        ...(inputs && { inputs }),
      };
    },
    async update(type, id, olds, news) {
      const request = new messages.UpdateRequest();
      request.setId(id);
      request.setOlds(bag(type, olds));
      request.setNews(bag(type, news));
      const response = await call<InstanceType<typeof messages.UpdateResponse>>("update", request);
      return { outs: response.getProperties()!.toJavaScript() };
    },
    async delete(type, id, props) {
      const request = new messages.DeleteRequest();
      request.setId(id);
      request.setProperties(bag(type, props));
      await raw("delete", request);
    },
    failure: (running) =>
      running.then(
        () => {
          throw new Error("It did not fail.");
        },
        (error: unknown) => {
          if (error instanceof HostFailure) return error;
          throw error;
        },
      ),
    output: () => printed,
    signal: (name) => void child.kill(name),
    async cancel() {
      await raw("cancel", new Empty());
    },
    hangUp: () => child.stdin.end(),
    ended,
    crash: () => stop("SIGKILL"),
    stop: () => stop("SIGTERM"),
    [Symbol.asyncDispose]: () => host.stop(),
  };
  return host;
}

/** As much of an engine as takes the warnings of a provider. */
async function startEngine(
  onWarning: (text: string) => void,
): Promise<{ address: string; stop: () => void }> {
  const server = new grpc.Server();
  server.addService(EngineService, {
    log(
      call: { request: import("@pulumi/pulumi/proto/engine_pb.js").LogRequest },
      answer: (error: null, reply: unknown) => void,
    ) {
      if (call.request.getSeverity() === LogSeverity.WARNING) onWarning(call.request.getMessage());
      answer(null, new Empty());
    },
  } as unknown as Grpc.UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

/** What JSON leaves out is left out here too; the engine has no `undefined` either. */
function wire(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function toHostFailure(error: unknown): HostFailure {
  const { details, metadata } = error as Grpc.ServiceError;
  const packed = metadata?.get("grpc-status-details-bin")[0];
  if (!packed) return new HostFailure(details);
  const [detail] = Status.deserializeBinary(packed as Buffer).getDetailsList();
  const init = messages.ErrorResourceInitFailed.deserializeBinary(detail!.getValue_asU8());
  return new HostFailure(details, {
    id: init.getId(),
    properties: init.getProperties()!.toJavaScript(),
    reasons: init.getReasonsList(),
  });
}
