import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { selfSigned } from "./certificate.ts";

const folder = mkdtempSync(join(tmpdir(), "ucaas-tls-"));
const authority = join(folder, "authority.pem");
const requests: string[] = [];
const tunnels: string[] = [];
let refusal: string | undefined;
let secure: number;
let plain: number;
let proxy: number;
const servers: Server[] = [];

const listen = async (server: Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};
const answer: RequestListener = (request, response) => {
  requests.push(`${request.method} ${request.url}`);
  response.end("{}");
};

beforeAll(async () => {
  const { cert, key } = await selfSigned("licensing.example", "127.0.0.1");
  writeFileSync(authority, cert);
  secure = await listen(createSecureServer({ cert, key }, answer));
  plain = await listen(createServer(answer));
  const forwarder = createServer((request, response) => {
    tunnels.push(`${request.method} ${request.url}`);
    response.end();
  });
  forwarder.on("connect", (request, socket) => {
    tunnels.push(`CONNECT ${request.url}`);
    socket.on("error", () => {});
    if (refusal) return void socket.end(`HTTP/1.1 ${refusal}\r\n\r\n`);
    const onward = connect(secure, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on("error", () => socket.destroy());
  });
  proxy = await listen(forwarder);
});
afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  requests.length = 0;
  tunnels.length = 0;
  refusal = undefined;
});

/** A call from a process with this environment. */
async function send(
  baseUrl: string,
  env: Record<string, string> = {},
  call: object = {},
  message?: object,
) {
  const whole = {
    operation: "ask",
    method: "GET",
    path: "/licences",
    retry: "never",
    ...call,
  };
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/proxy$|^NODE_/i.test(name)),
  );
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL("send.ts", import.meta.url)),
      JSON.stringify({ baseUrl, call: whole, message }),
    ],
    {
      env: { ...clean, ...env },
    },
  );
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  await new Promise((resolve) => child.on("close", resolve));
  return {
    ...(JSON.parse(stdout || "{}") as {
      status?: number;
      code?: string;
      sent?: boolean;
      message?: string;
    }),
    stderr,
  };
}

describe("TLS", () => {
  test("an untrusted certificate is refused with any NODE_TLS_REJECT_UNAUTHORIZED", async () => {
    const refused = await send(`https://127.0.0.1:${secure}`, {
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
    });
    expect(refused).toMatchObject({
      code: "TLS_REFUSED",
      sent: false,
      message: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
    });
    expect(requests).toEqual([]);
  });

  test("a private authority in NODE_EXTRA_CA_CERTS is trusted for the hosts of its certificate", async () => {
    const env = { NODE_EXTRA_CA_CERTS: authority, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    expect(await send(`https://127.0.0.1:${secure}`, env)).toMatchObject({ status: 200 });
    expect(await send(`https://localhost:${secure}`, env)).toMatchObject({ code: "TLS_REFUSED" });
    expect(requests).toEqual(["GET /licences"]);
  });
});

describe("a proxy from the environment", () => {
  const through = () => ({ HTTPS_PROXY: `http://127.0.0.1:${proxy}` });

  test("is used, and the server behind it must still have a trusted matching certificate", async () => {
    expect(
      await send("https://licensing.example", { ...through(), NODE_EXTRA_CA_CERTS: authority }),
    ).toMatchObject({ status: 200 });
    expect(
      await send("https://licensing.example", { ...through(), NODE_TLS_REJECT_UNAUTHORIZED: "0" }),
    ).toMatchObject({
      code: "TLS_REFUSED",
      sent: false,
    });
    expect(
      await send("https://other.example", { ...through(), NODE_EXTRA_CA_CERTS: authority }),
    ).toMatchObject({ code: "TLS_REFUSED" });
    expect(tunnels).toEqual([
      "CONNECT licensing.example:443",
      "CONNECT licensing.example:443",
      "CONNECT other.example:443",
    ]);
    expect(requests).toEqual(["GET /licences"]);
  });

  test("may be named without a scheme, as for other tools", async () => {
    const env = { HTTPS_PROXY: `127.0.0.1:${proxy}`, NODE_EXTRA_CA_CERTS: authority };
    expect(await send("https://licensing.example", env)).toMatchObject({ status: 200 });
    expect(tunnels).toEqual(["CONNECT licensing.example:443"]);
  });

  test.each(["http://", "socks5://canary-user:canary-pw@127.0.0.1:1080", "127.0.0.1:port"])(
    "that the variable %s does not name is an error with the variable, and nothing was sent",
    async (value) => {
      const refused = await send("https://licensing.example", { HTTPS_PROXY: value });
      expect(refused).toMatchObject({ code: "PROXY_INVALID", sent: false, stderr: "" });
      expect(refused.message).toContain(
        "HTTPS_PROXY is no URL of a proxy [PROXY_INVALID]\n  What to do: set it to http://host:port",
      );
      expect(refused.message).not.toContain("canary");
    },
  );

  test("that refuses is named, and nothing was sent", async () => {
    refusal = "407 Proxy Authentication Required";
    expect(await send("https://licensing.example", through())).toMatchObject({
      code: "NOT_REACHED",
      sent: false,
      message: expect.stringMatching(/proxy/i),
    });
  });

  test("that is not there is named, and nothing was sent", async () => {
    expect(
      await send("https://licensing.example", { HTTPS_PROXY: "http://127.0.0.1:9" }),
    ).toMatchObject({
      code: "NOT_REACHED",
      sent: false,
      message: expect.stringContaining("HTTPS_PROXY"),
    });
  });

  test("never sees what goes to this machine", async () => {
    const env = { HTTP_PROXY: `http://127.0.0.1:${proxy}`, ...through() };
    expect(await send(`http://127.0.0.1:${plain}`, env)).toMatchObject({ status: 200 });
    expect(await send(`http://localhost:${plain}`, env)).toMatchObject({ status: 200 });
    expect(tunnels).toEqual([]);
  });

  test("is left out for the hosts of NO_PROXY", async () => {
    const left = await send("https://licensing.invalid", {
      ...through(),
      NO_PROXY: "other.example,licensing.invalid",
    });
    expect(left).toMatchObject({ code: "NOT_REACHED" });
    expect(tunnels).toEqual([]);
  });
});

test("NODE_DEBUG=ucaas logs one line a call, without any content of request or reply", async () => {
  const call = {
    method: "POST",
    path: "/licences/{id}",
    params: { id: "canary-id" },
    query: { token: "canary-query" },
  };
  const { stderr } = await send(`http://127.0.0.1:${plain}/v1`, { NODE_DEBUG: "ucaas" }, call, {
    headers: { authorization: "Bearer canary-header" },
    body: "canary-body",
  });
  expect(requests).toEqual(["POST /v1/licences/canary-id?token=canary-query"]);
  expect(stderr).toMatch(/^UCAAS \d+: test POST \/licences\/\{id\} -> 200 in \d+ ms, try 1\n$/);
});
