/** The vendors' servers of one lane of stories, and the config with which a stack reaches them. */
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { type Addresses, clientSecretOf } from "./declaration.ts";
import type { ServerName } from "./story.ts";

/** As much of each server as the trials read and disturb. */
type AnyServer = Pick<Sandbox["xima"]["server"], "faults" | "received" | "fault">;

export class Servers {
  readonly sandbox: Sandbox;
  readonly all: Readonly<Record<ServerName, AnyServer>>;

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
    this.all = {
      xima: sandbox.xima.server,
      enablex: sandbox.enablex.server,
      netsapiens: sandbox.netsapiens.server,
      xelion: sandbox.xelion.server,
      "xelion-tenant": sandbox.xelion.tenant.server,
    };
  }

  static async start(): Promise<Servers> {
    const sandbox = await startSandbox();
    // A server that refuses no second record, so that what is made twice can be seen.
    sandbox.enablex.server.setOptions({ uniqueCustomerCode: false });
    sandbox.xelion.server.setOptions({ orderRoute: true });
    return new Servers(sandbox);
  }

  get addresses(): Addresses {
    const { xelion, netsapiens } = this.sandbox;
    return {
      xelionTenantUrl: xelion.tenant.server.url,
      xelionLogin: { userName: xelion.userName, password: xelion.password },
      netsapiens: { domain: netsapiens.domain, did: netsapiens.did },
    };
  }

  /** In plain text, which spares a command a story: that it is encrypted is tried elsewhere. */
  get config(): Record<string, unknown> {
    const { xima, enablex, netsapiens, xelion } = this.sandbox;
    return {
      "xima:baseUrl": xima.baseUrl,
      "xima:privateKey": xima.privateKey,
      "xima:certificate": xima.certificate,
      "xima:deadlineSeconds": 6,
      "enablex:baseUrl": enablex.baseUrl,
      "enablex:accessId": enablex.accessId,
      "enablex:accessKey": enablex.accessKey,
      "enablex:consistencySeconds": 2,
      "enablex:settleSeconds": 2,
      "enablex:deadlineSeconds": 6,
      "netsapiens:apiUrl": netsapiens.baseUrl,
      "netsapiens:apiUsername": netsapiens.apiUsername,
      "netsapiens:apiPassword": netsapiens.apiPassword,
      "netsapiens:deadlineSeconds": 6,
      "xelion:baseUrl": xelion.baseUrl,
      "xelion:apiKey": xelion.apiKey,
      "xelion:orderPath": "/api/v1/orders/{id}",
      "xelion:pollSeconds": 0.2,
      "xelion:deadlineSeconds": 6,
    };
  }

  /** What must be there before a story declares it: tenants to configure, clients to adopt. */
  prepare(keys: readonly string[]): void {
    const { xelion, netsapiens } = this.sandbox;
    for (const key of keys) {
      xelion.tenant.server.state.tenants[key] = {
        [xelion.userName]: { password: xelion.password },
      };
      netsapiens.server.state.clients[key] = {
        clientId: key,
        clientSecret: clientSecretOf(key),
        redirectUrl: "",
        createdAt: "2026-01-05T09:00:00.000Z",
      };
    }
  }

  /** Before a story: an empty log, which is quickly searched. */
  clearLogs(): void {
    for (const server of Object.values(this.all)) server.received = [];
  }

  clearFaults(): void {
    for (const server of Object.values(this.all)) server.faults.clear();
  }
}
