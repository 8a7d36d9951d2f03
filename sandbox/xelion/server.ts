/**
 * Xelion is two servers: the provisioning service, and the Xelion server on which the
 * tenants live that it works on.
 */
import { z } from "zod";
import { ControlError } from "../http-types.ts";
import { SandboxServer } from "../server.ts";
import { type ProvisioningOptions, provisioningOptions } from "./options.ts";
import { OrderRunner, type ProvisioningState } from "./orders.ts";
import { answerProvisioning, initialProvisioning } from "./provisioning.ts";
import { readScenario } from "./scenarios.ts";
import {
  answerTenant,
  initialTenants,
  type TenantOptions,
  type TenantState,
  tenantError,
  tenantOptions,
} from "./tenant.ts";

/**
 * The service that takes orders. `POST /_sandbox/course` chooses what becomes of the next
 * one, `POST /_sandbox/proceed {id}` lets an order go on that has come to a `hold`.
 */
export function xelionProvisioningServer() {
  let runner: OrderRunner;
  return new SandboxServer<ProvisioningState, ProvisioningOptions>({
    name: "xelion-provisioning",
    options: provisioningOptions,
    initialState: initialProvisioning,
    refuse: (status, message) => ({
      status,
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: message,
    }),
    handle: (request, server) => answerProvisioning(request, server, runner),
    control: {
      course(body, server) {
        server.state.courses.push(readScenario(body as Parameters<typeof readScenario>[0]));
      },
      proceed(body) {
        const { id } = z.strictObject({ id: z.int() }).parse(body);
        if (!runner.proceed(id)) throw new ControlError(`order ${id} has no hold before it`);
      },
    },
    started(server) {
      runner = new OrderRunner(server);
      runner.resume();
    },
    stopped: () => runner.stop(),
  });
}

/** A Xelion server: where the tenant's token comes from, and where the service checks it. */
export const xelionTenantServer = () =>
  new SandboxServer<TenantState, TenantOptions>({
    name: "xelion-tenant",
    options: tenantOptions,
    initialState: initialTenants,
    refuse: (status) => tenantError(status, status === 429 ? 10400 : status),
    handle: answerTenant,
  });
