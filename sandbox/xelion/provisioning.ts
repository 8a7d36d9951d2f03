/** The provisioning service's routes. */
import { createHash } from "node:crypto";
import { json, type Reply, type SandboxRequest } from "../http-types.ts";
import { wrongConfiguration } from "./configuration.ts";
import type { Order, OrderRunner, ProvisioningServer, ProvisioningState } from "./orders.ts";
import { readScenario } from "./scenarios.ts";

/** Two organizations, the second below the first, so that both can be shown. */
export const initialProvisioning = (): ProvisioningState => ({
  organizations: {
    reseller: { apiKey: "Sandbox-xelion-key-1" },
    "sub-reseller": { apiKey: "Sandbox-xelion-key-2", parent: "reseller" },
  },
  orders: {},
  messages: [],
  courses: [],
  tests: [],
  nextOrder: 1,
  nextMid: 1,
});

export async function answerProvisioning(
  request: SandboxRequest,
  server: ProvisioningServer,
  runner: OrderRunner,
): Promise<Reply> {
  const { method, path } = request;
  const no = (status: number, cause: string): Reply =>
    server.options.errorBody === "json"
      ? json(status, { error: cause })
      : { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: cause };

  if (path === "/api/v1/provision/test") {
    if (method !== "POST") return no(405, "Method Not Allowed");
    return test(request, server, no);
  }
  const organization = organizationOf(request, server.state);
  if (organization === undefined) return no(401, "Unauthorized");
  if (path === "/api/v1/provision") {
    if (method !== "POST") return no(405, "Method Not Allowed");
    return provision(request, server, runner, organization, no);
  }
  const id = /^\/api\/v1\/orders\/([1-9]\d*)$/.exec(path)?.[1];
  if (id !== undefined && method === "GET" && server.options.orderRoute) {
    const order = server.state.orders[id];
    if (order === undefined || !manages(organization, order.organization, server.state))
      return no(404, `no order ${id}`);
    return json(200, { id: order.id, status: order.status });
  }
  return no(404, "Not Found");
}

type No = (status: number, cause: string) => Reply;

function test(request: SandboxRequest, server: ProvisioningServer, no: No): Reply {
  const wrong = wrongConfiguration(request.body);
  server.state.tests.push({
    at: new Date().toISOString(),
    withApiKey: request.headers["x-auth-key"] !== undefined,
    withTenantToken: request.headers["xelion-tenant-token"] !== undefined,
    valid: wrong === undefined,
  });
  return wrong === undefined ? { status: 200 } : no(400, wrong);
}

async function provision(
  request: SandboxRequest,
  server: ProvisioningServer,
  runner: OrderRunner,
  organization: string,
  no: No,
): Promise<Reply> {
  const { state, options } = server;
  const header = (name: string) => (request.headers[name] as string | undefined)?.trim() ?? "";
  const [serverUrl, tenantName, tenantToken] = [
    header("xelion-server-url"),
    header("xelion-tenant-name"),
    header("xelion-tenant-token"),
  ];
  const callbackUrl = header("x-callback-url");
  if (!isWebAddress(serverUrl))
    return no(400, "Xelion-Server-Url: expected the URL of a Xelion server");
  if (tenantName === "") return no(400, "Xelion-Tenant-Name is required");
  if (tenantToken === "") return no(400, "Xelion-Tenant-Token is required");
  if (callbackUrl !== "" && !isWebAddress(callbackUrl))
    return no(400, "X-Callback-Url: expected a URL");
  if (!/^application\/json\b/i.test(header("content-type")))
    return no(400, "Content-Type: expected application/json");
  const wrong = wrongConfiguration(request.body);
  if (wrong !== undefined) return no(400, wrong);

  const at = new Date().toISOString();
  const order: Order = {
    id: state.nextOrder++,
    organization,
    serverUrl,
    tenantName,
    tenantToken,
    ...(callbackUrl === "" ? {} : { callbackUrl }),
    configuration: request.body,
    configurationSha256: createHash("sha256").update(request.body).digest("hex"),
    submittedAt: at,
    status: "NOT_STARTED",
    history: [{ at, status: "NOT_STARTED" }],
    steps: nextCourse(server, tenantName),
  };
  state.orders[order.id] = order;
  server.save();
  await runner.begin(order.id);
  return json(options.acceptedStatus, { id: order.id });
}

/** The course ordered for this tenant or for any, the oldest first; else the usual one. */
function nextCourse({ state, options }: ProvisioningServer, tenantName: string) {
  const at = state.courses.findIndex(
    (course) => course.tenantName === undefined || course.tenantName === tenantName,
  );
  const [ordered] = at === -1 ? [] : state.courses.splice(at, 1);
  return (ordered ?? readScenario({ course: options.course, ms: options.courseMs })).steps;
}

function organizationOf(request: SandboxRequest, state: ProvisioningState): string | undefined {
  const key = request.headers["x-auth-key"];
  return Object.keys(state.organizations).find((name) => state.organizations[name]!.apiKey === key);
}

function manages(
  organization: string,
  other: string | undefined,
  state: ProvisioningState,
): boolean {
  if (other === undefined) return false;
  return organization === other || manages(organization, state.organizations[other]?.parent, state);
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
