/**
 * The control address of a sandbox server, below `/_sandbox`. JSON everywhere; what
 * cannot be obeyed is answered 400 with `{error}`.
 *
 * | request | does |
 * |---|---|
 * | `GET /_sandbox` | lists these routes and the server's options |
 * | `GET /_sandbox/received` · `DELETE` | the log of requests · empties it |
 * | `GET /_sandbox/faults` · `POST` (one fault or a list) · `DELETE` | the waiting faults · adds · drops all |
 * | `GET /_sandbox/state` · `PUT` · `PATCH` | the vendor's data · replaces it · merges into it (RFC 7396: null removes) |
 * | `GET /_sandbox/options` · `POST` | the switches · sets some |
 * | `POST /_sandbox/<name>` | what this vendor alone can do |
 */
import { z } from "zod";
import { type FaultQueue, faultSchema } from "./fault-injection.ts";
import { ControlError, json, type Reply, type SandboxRequest } from "./http-types.ts";

export const controlPrefix = "/_sandbox";

/** As much of a sandbox server as can be controlled from outside. */
interface Controlled {
  readonly vendor: {
    readonly name: string;
    readonly options: z.ZodType;
    // A method, not a property: each vendor's routes want that vendor's own server.
    readonly control?: Readonly<
      Record<string, { route(body: unknown, server: never): unknown }["route"]>
    >;
  };
  readonly baseUrl: string;
  received: unknown[];
  readonly faults: FaultQueue;
  state: object;
  options: object;
  setOptions(changes: object): void;
  save(): void;
}

export async function answerControl(request: SandboxRequest, server: Controlled): Promise<Reply> {
  try {
    return json(200, (await obey(request, server)) ?? { done: true });
  } catch (error) {
    if (error instanceof z.ZodError) return json(400, { error: z.prettifyError(error) });
    if (error instanceof ControlError) return json(400, { error: error.message });
    throw error;
  }
}

async function obey(request: SandboxRequest, server: Controlled): Promise<unknown> {
  const name = request.path.slice(controlPrefix.length + 1);
  const own = Object.keys(server.vendor.control ?? {});
  switch (`${request.method} ${name}`) {
    case "GET ":
      return {
        vendor: server.vendor.name,
        baseUrl: server.baseUrl,
        routes: ["received", "faults", "state", "options", ...own].map(
          (route) => `${controlPrefix}/${route}`,
        ),
        faults: faultSchema.options.map(
          (fault) => `${fault.shape.kind.value}: ${fault.description}`,
        ),
        options: z.toJSONSchema(server.vendor.options, { io: "input" }).properties,
      };
    case "GET received":
      return server.received;
    case "DELETE received":
      server.received = [];
      return;
    case "GET faults":
      return server.faults.list();
    case "POST faults": {
      const orders = [jsonBody(request)].flat();
      // All or none: a list with a mistake in it must not be half obeyed.
      z.array(faultSchema).parse(orders);
      for (const order of orders) server.faults.add(order);
      return;
    }
    case "DELETE faults":
      server.faults.clear();
      return;
    case "GET state":
      return server.state;
    case "PUT state":
      server.state = asState(jsonBody(request));
      server.save();
      return;
    case "PATCH state":
      server.state = merged(server.state, asState(jsonBody(request))) as object;
      server.save();
      return;
    case "GET options":
      return server.options;
    case "POST options":
      server.setOptions(z.record(z.string(), z.json()).parse(jsonBody(request)));
      return server.options;
  }
  if (request.method === "POST" && own.includes(name)) {
    const answer = await server.vendor.control![name]!(jsonBody(request), server as never);
    server.save();
    return answer;
  }
  throw new ControlError(
    `${request.method} ${request.path} is no control request; GET ${controlPrefix} lists them`,
  );
}

function jsonBody(request: SandboxRequest): unknown {
  try {
    return JSON.parse(request.body === "" ? "{}" : request.body);
  } catch (error) {
    throw new ControlError(`the body is not JSON: ${(error as Error).message}`);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function asState(value: unknown): object {
  if (!isObject(value)) throw new ControlError("the state is a JSON object");
  return value;
}

function merged(into: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const whole: Record<string, unknown> = isObject(into) ? { ...into } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete whole[key];
    else whole[key] = merged(whole[key], value);
  }
  return whole;
}
