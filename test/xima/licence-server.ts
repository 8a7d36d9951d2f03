import { generateKeyPairSync } from "node:crypto";
import { type XimaOptions, ximaServer } from "../../sandbox/xima/server.ts";
import { secret } from "../engine/workspace.ts";

/** A licence server that knows one key, and the config that leads to it. */
export async function licenceServer(options: Partial<XimaOptions> = {}) {
  const server = ximaServer();
  await server.start({ options });
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const kid = "key-of-the-tests";
  await control(server.control, "keys", {
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    kid,
  });
  const plainConfig = { "xima:baseUrl": server.baseUrl, "xima:privateKey": pem, "xima:keyId": kid };
  return {
    server,
    pem,
    /** For the handlers: all in plain text, as the dynamic host hands it over. */
    plainConfig,
    /** For a workspace: the key as a secret. */
    config: { ...plainConfig, "xima:privateKey": secret(pem) },
    /** Requests to the licence route that were no probe. */
    writes: () =>
      server.received.filter(
        (request) =>
          request.path.endsWith("/licensing/update") &&
          Object.keys(bodyOf(request)).some((key) => !["ccId", "jti", "exp"].includes(key)),
      ),
    /** Requests that the server has acted on and never answers. */
    unanswered: () => server.received.filter(({ fault }) => fault === "hangAfter"),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

function bodyOf(request: { body: string }): Record<string, unknown> {
  return JSON.parse(request.body || "{}") as Record<string, unknown>;
}

/** A request to a sandbox server's control address. */
export async function control(
  address: string,
  what: string,
  body: unknown,
  method = "POST",
): Promise<unknown> {
  const response = await fetch(`${address}/${what}`, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new Error(`${method} ${what}: ${response.status} ${await response.text()}`);
  return response.json();
}
