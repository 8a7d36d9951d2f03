import { createHash, createSign, randomUUID, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";

let folder: string;
let sandbox: Sandbox | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-start-"));
});
afterEach(async () => {
  await sandbox?.stop();
  sandbox = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const start = async (settings: Parameters<typeof startSandbox>[0] = { dataDir: folder }) => {
  await sandbox?.stop();
  sandbox = await startSandbox(settings);
  return sandbox;
};

// A kept connection would be to the server before the restart.
const fresh = { connection: "close" };

/** Statuses of a request to each vendor, made from what the environment says alone. */
async function knock(environment: Record<string, string>): Promise<Record<string, number>> {
  const from = (name: string): string => {
    const file = environment[`${name}_FILE`];
    const value =
      environment[name] ?? (file === undefined ? undefined : readFileSync(file, "utf8"));
    if (value === undefined) throw new Error(`${name} is not in the environment`);
    return value;
  };
  const post = async (url: string, headers: Record<string, string>, body: object) =>
    (
      await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...fresh, ...headers },
        body: JSON.stringify(body),
      })
    ).status;

  const licence = { ccId: { resellerId: "r", tenantId: "t", resellerName: "R", tenantName: "T" } };
  const kid = new X509Certificate(from("XIMA_CERTIFICATE")).fingerprint
    .replaceAll(":", "")
    .toLowerCase();
  const now = Math.floor(Date.now() / 1000);
  const payload_hash = createHash("sha256").update(JSON.stringify(licence)).digest("hex");
  const claims = {
    iss: "xima-ccaas",
    aud: "xima-ccaas",
    sub: kid,
    payload_hash,
    jti: randomUUID(),
    iat: now,
    exp: now + 60,
  };
  const signed = [{ alg: "RS256", typ: "JWT", kid }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = createSign("RSA-SHA256")
    .update(signed)
    .sign(from("XIMA_PRIVATE_KEY"), "base64url");
  const basic = Buffer.from(`${from("ENABLEX_ACCESS_ID")}:${from("ENABLEX_ACCESS_KEY")}`).toString(
    "base64",
  );
  return {
    xima: await post(
      `${from("XIMA_BASE_URL")}/licensing/update`,
      { authorization: `Bearer ${signed}.${signature}` },
      licence,
    ),
    enablex: (
      await fetch(`${from("ENABLEX_BASE_URL")}/customers`, {
        headers: { ...fresh, authorization: `Basic ${basic}` },
      })
    ).status,
    netsapiens: await post(
      `${from("NETSAPIENS_API_URL")}/ns-api/v2/tokens`,
      {},
      {
        grant_type: "password",
        client_id: "existing-client",
        client_secret: "Sandbox-secret-1",
        username: from("NETSAPIENS_API_USERNAME"),
        password: from("NETSAPIENS_API_PASSWORD"),
      },
    ),
    // 400: the key is accepted, and the order without a tenant is not.
    xelion: await post(
      `${from("XELION_BASE_URL")}/api/v1/provision`,
      { "x-auth-key": from("XELION_API_KEY") },
      {},
    ),
  };
}
const welcome = { xima: 200, enablex: 200, netsapiens: 200, xelion: 400 };

describe("the sandbox", () => {
  it("accepts the addresses and credentials of its environment, with data and without", async () => {
    expect(await knock((await start()).environment)).toEqual(welcome);
    expect(await knock((await start({})).environment)).toEqual(welcome);
  });

  it("has the same ports, credentials and data after a restart", async () => {
    const { environment } = await start();
    await knock(environment);
    const again = await start();
    expect(again.environment).toEqual(environment);
    expect(Object.keys(again.xima.server.state.customers)).toEqual(["r/t"]);
    expect(await knock(environment)).toEqual(welcome);
  });

  it("gives out a new key when the old one is not accepted any more", async () => {
    const first = await start();
    first.xima.server.state.keys = {};
    const again = await start();
    expect(again.xima.keyId).not.toBe(first.xima.keyId);
    expect(await knock(again.environment)).toEqual(welcome);
  });

  it("makes secrets readable only by their owner", async () => {
    const { xima } = await start();
    for (const file of [xima.files!.privateKey, join(folder, "enablex.json")])
      expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("starts none of its servers when a port is taken, and says which", async () => {
    const { xima } = await start();
    const port = Number(new URL(xima.baseUrl).port);
    const other = mkdtempSync(join(folder, "other-"));
    await expect(startSandbox({ dataDir: other, ports: { xelion: port } })).rejects.toThrow(
      `Port ${port} of the xelion sandbox is taken. Is another sandbox running? Stop it, or remove ${other}`,
    );
    await expect(startSandbox({ dataDir: folder })).rejects.toThrow(
      `Port ${port} of the xima sandbox is taken`,
    );
  });

  it("reports a file of ports with other content", async () => {
    writeFileSync(join(folder, "ports.json"), "{");
    await expect(start()).rejects.toThrow(
      /ports\.json does not hold the sandbox's ports: remove it/,
    );
  });
});
