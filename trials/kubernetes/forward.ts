import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";

export interface Forward {
  readonly port: number;
  close(): void;
}

export interface Certificate {
  readonly file: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A certificate of its own authority, for an IP address. */
export function makeCertificate(folder: string, address: string): Certificate {
  const [file, keyFile] = ["forward.crt", "forward.key"].map((name) => join(folder, name)) as [
    string,
    string,
  ];
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=trial"],
      ...["-addext", `subjectAltName=IP:${address}`, "-keyout", keyFile, "-out", file],
    ],
    { stdio: "ignore" },
  );
  return { file, cert: readFileSync(file), key: readFileSync(keyFile) };
}

/** Passes connections to a port of `host`, with TLS or without, on to a server on loopback. */
export async function forward(
  host: string,
  loopbackPort: number,
  tls?: Certificate,
): Promise<Forward> {
  const sockets = new Set<Socket>();
  const onClient = (client: Socket) => {
    const target = connect(loopbackPort, "127.0.0.1");
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  };
  const server = tls ? createTlsServer(tls, onClient) : createServer(onClient);
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
