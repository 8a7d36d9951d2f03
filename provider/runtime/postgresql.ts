import type { Pool, PoolClient, QueryResultRow } from "pg";
import { UcaasError } from "./errors.ts";
import { rememberPasswordOf } from "./secrets.ts";

/** How long a call is tried again while the database restarts. */
const restartTakes = 60_000;

/** Class 08 and 57P: the connection is gone, or the server starts or stops. */
const gone =
  /^(08\w{3}|57P0[123]|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/;

/** The schema, made by the first that needs it. Nothing else of the database is touched. */
const tables: Readonly<Record<string, string>> = {
  ucaas_journal: `
    create table ucaas_journal (
      vendor text not null, stack text not null, thing text not null, entry text not null,
      primary key (vendor, stack, thing)
    );
    create index ucaas_journal_thing on ucaas_journal (vendor, thing)`,
  ucaas_log: `
    create table ucaas_log (
      position bigint generated always as identity primary key, name text not null, line text not null
    )`,
};

/** `create … if not exists` needs the right to create also where the table exists. */
const missingTables = "select name from unnest($1::text[]) as name where to_regclass(name) is null";

const databases = new Map<string, PostgresDatabase>();

/**
 * A PostgreSQL database that holds the journal. A process has one pool for it. The package
 * `pg` is loaded with the first call, for only those who have such a journal install it.
 */
export class PostgresDatabase {
  /** For people: without user, password and settings. */
  readonly location: string;
  readonly #url: string;
  #pool: Promise<Pool> | undefined;
  #hasAnswered = false;

  private constructor(url: string) {
    const { host, pathname } = new URL(url);
    this.location = `postgresql://${host}${pathname}`;
    this.#url = url;
    rememberPasswordOf(url);
  }

  /** @throws {UcaasError} `JOURNAL_INVALID` */
  static at(url: string): PostgresDatabase {
    if (!isPostgresUrl(url)) {
      // Not shown: it may hold a password.
      throw new UcaasError("ucaas:journal is not the URL of a PostgreSQL database", {
        code: "JOURNAL_INVALID",
        operation: "journal",
        hint: [
          "write postgres://user:password@host/database",
          "with %-escapes for special characters in the password; a folder is ucaas:journalDir",
        ].join(", "),
      });
    }
    const known = databases.get(url) ?? new PostgresDatabase(url);
    databases.set(url, known);
    return known;
  }

  /**
   * Runs one statement. It is sent again when the connection breaks, so it must do no harm
   * the second time.
   */
  async query<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.#untilAnswered(async (pool) => (await pool.query<Row>(sql, values)).rows);
  }

  /** Runs work in one transaction. Like a statement, it is begun again when the connection breaks. */
  async transaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
    return this.#untilAnswered(async (pool) => {
      const client = await pool.connect();
      try {
        await client.query("begin");
        const result = await work(client);
        await client.query("commit");
        client.release();
        return result;
      } catch (error) {
        // A connection in an unknown state is closed, which ends its transaction and locks.
        client.release(true);
        throw error;
      }
    });
  }

  async #untilAnswered<Result>(call: (pool: Pool) => Promise<Result>): Promise<Result> {
    const started = Date.now();
    for (let pause = 100; ; pause = Math.min(pause * 2, 2000)) {
      try {
        const result = await call(await this.#open());
        this.#hasAnswered = true;
        return result;
      } catch (error) {
        if (error instanceof UcaasError) throw error;
        // A database that never answered is a wrong address, not one that restarts.
        const mayReturn = this.#hasAnswered && isGone(error);
        if (!mayReturn || Date.now() - started > restartTakes) throw this.#unavailable(error);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  #open(): Promise<Pool> {
    this.#pool ??= this.#connect().catch((error: unknown) => {
      this.#pool = undefined;
      throw error;
    });
    return this.#pool;
  }

  async #connect(): Promise<Pool> {
    const { default: pg } = await import("pg").catch(() => {
      throw new UcaasError("the package pg is missing, which a journal in PostgreSQL needs", {
        code: "JOURNAL_PACKAGE_MISSING",
        operation: "journal",
        hint: "nothing was sent. Install it in the project: npm install pg",
      });
    });
    const pool = new pg.Pool({
      connectionString: this.#url,
      application_name: "pulumi-ucaas",
      max: 4,
      connectionTimeoutMillis: 10_000,
      query_timeout: 60_000,
      // A command ends when its work does.
      allowExitOnIdle: true,
      // A commit that has returned is on the disk, whatever the server's default is.
      verify: (client, done) =>
        client.query("set synchronous_commit = on").then(
          () => done(),
          (error: Error) => done(error),
        ),
    });
    // A connection that breaks while it is idle is replaced by the next call.
    pool.on("error", () => {});
    pool.on("connect", (client) => {
      // One that breaks while it is in use fails its call. Without a listener it would end
      // the process too.
      client.on("error", () => {});
    });
    const client = await pool.connect();
    try {
      // Two that make the tables at once would fail on each other.
      await client.query("select pg_advisory_lock(hashtext('ucaas_journal'))");
      const { rows } = await client.query<{ name: string }>(missingTables, [Object.keys(tables)]);
      for (const { name } of rows) await client.query(tables[name] ?? "");
      await client.query("select pg_advisory_unlock(hashtext('ucaas_journal'))");
      client.release();
    } catch (error) {
      client.release(true);
      await pool.end();
      throw error;
    }
    return pool;
  }

  #unavailable(error: unknown): UcaasError {
    const { code, message } = error as { code?: string; message?: string };
    const reason = [code, message].filter(Boolean).join(": ");
    return new UcaasError(`the intent journal cannot be used: ${this.location} (${reason})`, {
      code: "JOURNAL_UNAVAILABLE",
      operation: "journal",
      hint: [
        "nothing was sent, since without the journal this may be a second attempt",
        "see that the database runs, and that ucaas:journal has the right user, password and host",
      ].join("; "),
    });
  }
}

function isGone(error: unknown): boolean {
  const { code, message = "" } = error as { code?: string; message?: string };
  return (
    gone.test(code ?? "") ||
    /Connection terminated|not queryable|connection timeout|timeout exceeded when trying to connect/i.test(
      message,
    )
  );
}

/** An unescaped character in a password ends the host, and the rest would be shown. */
const unescaped = /^[^:]+:\/\/[^/?#]*(?:[/?][^?]*@|.*#)/;

function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:\/\/[^/]/.test(url) && URL.canParse(url) && !unescaped.test(url);
}
