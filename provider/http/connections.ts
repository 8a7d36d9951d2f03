import type { Server } from "node:http";
import type { Socket } from "node:net";
import { report } from "node:process";

/** Files that the process needs beside these connections: database, standard streams, others. */
const reserve = 64;

/**
 * The open connections that this process can have: as wanted, or as many as its limit of
 * open files allows.
 */
export function possibleConnections(wanted: number): number {
  const { soft } = openFiles() ?? {};
  return typeof soft === "number" ? Math.max(8, Math.min(wanted, soft - reserve)) : wanted;
}

function openFiles(): { soft?: number | "unlimited" } | undefined {
  // Without the names of the peers, a report takes some milliseconds. On Windows it has no limits.
  Object.assign(report, { excludeNetwork: true });
  const { userLimits } = report.getReport() as {
    userLimits?: { open_files?: { soft?: number | "unlimited" } };
  };
  return userLimits?.open_files;
}

/**
 * Keeps open connections below a limit. A new connection that finds no room takes the
 * place of the one that has been idle longest, so that idle connections never turn a
 * callback away. A connection is idle while no request of it is being served; one that
 * has sent half a request is idle too.
 */
export class ConnectionLimit {
  /** Of raw connections, by the peer's address and port; the first has been idle longest. */
  readonly #idle = new Map<string, Socket>();
  readonly #serving = new Map<string, { readonly socket: Socket; requests: number }>();
  readonly #limit: number;

  constructor(server: Server, limit: number) {
    this.#limit = limit;
    server.on("connection", (socket) => this.#open(socket));
    server.on("request", (request, response) => {
      // With TLS, this is another socket than the raw one. It has the same peer.
      const peer = peerOf(request.socket);
      this.#begin(peer);
      response.once("close", () => this.#end(peer));
    });
  }

  get count(): number {
    return this.#idle.size + this.#serving.size;
  }

  #open(socket: Socket): void {
    const peer = peerOf(socket);
    if (this.count >= this.#limit && !this.#closeIdlest()) return void socket.destroy();
    this.#idle.set(peer, socket);
    socket.once("close", () => {
      // By now, the peer may have opened another connection from the same port.
      if (this.#idle.get(peer) === socket) this.#idle.delete(peer);
      if (this.#serving.get(peer)?.socket === socket) this.#serving.delete(peer);
    });
  }

  #closeIdlest(): boolean {
    const [idlest] = this.#idle;
    if (!idlest) return false;
    const [peer, socket] = idlest;
    this.#idle.delete(peer);
    socket.destroy();
    return true;
  }

  #begin(peer: string): void {
    const socket = this.#idle.get(peer);
    this.#idle.delete(peer);
    if (socket) this.#serving.set(peer, { socket, requests: 1 });
    else {
      const serving = this.#serving.get(peer);
      if (serving) serving.requests++;
    }
  }

  #end(peer: string): void {
    const serving = this.#serving.get(peer);
    if (!serving || --serving.requests > 0) return;
    this.#serving.delete(peer);
    if (!serving.socket.destroyed) this.#idle.set(peer, serving.socket);
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
