import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import {
  CamelCasePlugin,
  Kysely,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteStatement,
} from "kysely";
import { StartupError } from "./startup-error.ts";
import { type Database, migrate, type Tables } from "./tables.ts";

/**
 * Opens the file, or makes it (mode 0600: the callback paths in it are secrets). One
 * receiver has it to itself for as long as it runs.
 */
export async function openSqlite(file: string): Promise<Database> {
  try {
    closeSync(openSync(file, "a", 0o600));
    // Waits a while for the file, which the receiver that ran before may not have let go of yet.
    const connection = new DatabaseSync(file, { timeout: 2_000 });
    connection.exec(
      "pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full",
    );
    const database = new Kysely<Tables>({
      dialect: new Dialect({ database: adapted(connection) }),
      plugins: [new CamelCasePlugin()],
    });
    await migrate(database);
    return database;
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`the database ${file} cannot be opened: ${(error as Error).message}`, {
      code: "DATABASE_NOT_OPENED",
      hint: [
        "name a file in a folder that exists and is yours with --file.",
        "A locked one belongs to another receiver, and several receivers need PostgreSQL",
      ].join(" "),
      cause: error,
    });
  }
}

/**
 * SQLite undoes changes of tables with the transaction, which Kysely does not count on: a
 * kill leaves all of a migration or nothing.
 */
class Dialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new (class extends SqliteAdapter {
      override get supportsTransactionalDdl(): true {
        return true;
      }
    })();
  }
}

/** Node's SQLite in the shape that Kysely expects. */
function adapted(connection: DatabaseSync): SqliteDatabase {
  return {
    close: () => connection.close(),
    prepare(sql) {
      // A full disk makes SQLite end the transaction itself; undoing it once more would
      // be the error that is reported.
      if (sql === "rollback" && !connection.isTransaction) return nothing;
      const statement = connection.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...(values as SQLInputValue[])),
        run: (values) => statement.run(...(values as SQLInputValue[])),
        iterate: (values) => statement.iterate(...(values as SQLInputValue[])),
      };
    },
  };
}

const nothing: SqliteStatement = {
  reader: true,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};
