import { type EnablexOptions, enablexServer } from "../sandbox/enablex/server.ts";

/** An EnableX server with a reseller's account. */
export async function enablexAccount(options: Partial<EnablexOptions> = {}) {
  const server = enablexServer();
  await server.start({ options });
  const response = await fetch(`${server.control}/accounts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"role":"reseller"}',
  });
  const account = (await response.json()) as { accessId: string; accessKey: string };
  return { server, ...account };
}

export type EnablexAccount = Awaited<ReturnType<typeof enablexAccount>>;
