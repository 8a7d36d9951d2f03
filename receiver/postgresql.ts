import {
  CamelCasePlugin,
  Kysely,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  sql,
} from "kysely";
import pg from "pg";
import { rememberPasswordOf } from "pulumi-ucaas/internal/runtime/secrets";
import { StartupError } from "./startup-error.ts";
import { type Database, migrate, type Tables } from "./tables.ts";

/**
 * Connects by URL (`postgresql://user:password@host/database`). Any number of receivers
 * may use one database.
 */
export async function openPostgresql(url: string): Promise<Database> {
  const pool = new pg.Pool({
    ...readUrl(url),
    max: 10,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    query_timeout: 10_000,
  });
  // A connection that breaks, in use or idle, would end the process. The pool makes a new
  // one, and if it cannot, the next query says so.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  const database = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: withoutSilent(pool) }),
    plugins: [new CamelCasePlugin()],
  });
  try {
    for (const setting of ["synchronous_commit", "fsync"]) await mustNotBeOff(database, setting);
    await migrate(database);
    return database;
  } catch (error) {
    await database.destroy();
    if (error instanceof StartupError) throw error;
    throw new StartupError(`the PostgreSQL database cannot be used: ${(error as Error).message}`, {
      code: "DATABASE_NOT_OPENED",
      hint: "check host, user, password and database in XELION_RECEIVER_DATABASE_URL, and that the server runs",
      cause: error,
    });
  }
}

/**
 * The pool, which closes a connection on which a statement failed without an answer of the
 * server. A statement that is not answered in time is only given up: the connection would
 * go back to the pool, and the next statement would wait on it too.
 */
function withoutSilent(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      let failure: unknown;
      const query = async (text: string, values: readonly unknown[]) => {
        // A rollback would wait as long as the statement before it.
        if (failure !== undefined) throw failure;
        try {
          return await client.query(text, [...values]);
        } catch (error) {
          if (!(error instanceof pg.DatabaseError)) failure = error;
          throw error;
        }
      };
      const release = (destroy?: boolean) => client.release(destroy || failure !== undefined);
      // Kysely's type has cursors too, which are not used here.
      return { query, release } as unknown as PostgresPoolClient;
    },
  };
}

/**
 * Without these, the server says that a transaction is kept when a power cut can still
 * undo it, and so would we.
 */
async function mustNotBeOff(database: Database, setting: string): Promise<void> {
  const { rows } = await sql<{
    value: string;
  }>`select current_setting(${setting}) as value`.execute(database);
  if (rows[0]?.value !== "off") return;
  throw new StartupError(
    `PostgreSQL's ${setting} is off, so a callback that was answered could be lost`,
    {
      code: "DATABASE_NOT_DURABLE",
      hint: `set ${setting} = on for this database`,
    },
  );
}

function readUrl(url: string): pg.PoolConfig {
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) {
    rememberPasswordOf(url);
    return { connectionString: url };
  }
  // The URL is not shown: it may hold a password.
  throw new StartupError("XELION_RECEIVER_DATABASE_URL is not a URL of PostgreSQL", {
    code: "DATABASE_URL_INVALID",
    hint: "write postgresql://user:password@host:5432/database, with %-escapes for special characters in the password",
  });
}
