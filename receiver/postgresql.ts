import { CamelCasePlugin, Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { rememberSecret } from "pulumi-ucaas/internal/runtime/secrets";
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
    dialect: new PostgresDialect({ pool }),
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
    const { password } = new URL(url);
    rememberSecret(decoded(password));
    return { connectionString: url };
  }
  // The URL is not shown: it may hold a password.
  throw new StartupError("XELION_RECEIVER_DATABASE_URL is not a URL of PostgreSQL", {
    code: "DATABASE_URL_INVALID",
    hint: "write postgresql://user:password@host:5432/database, with %-escapes for special characters in the password",
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
