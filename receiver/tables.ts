import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { steps } from "pulumi-ucaas/internal/runtime/errors";
import { StartupError } from "./startup-error.ts";

/**
 * The same in both databases, whose columns are these names in snake case. Times are ISO
 * 8601 in UTC, which sorts as text.
 */
export interface Tables {
  receiverIntents: {
    id: string;
    key: string;
    /**
     * 1 for the newest intent of its key; null for one that was replaced. A unique index
     * sees to it that there are never two.
     */
    current: 1 | null;
    token: string;
    registeredAt: string;
    /** When something last happened to it; expiry counts from here. */
    touchedAt: string;
    note: string;
    acknowledged: number;
    lastSequence: number;
  };
  receiverMessages: {
    intentId: string;
    sequence: number;
    mid: string | null;
    receivedAt: string;
    body: string;
  };
  receiverHeartbeat: {
    id: number;
    /** The time that expiry counts by, of which all receivers of the database have one. */
    beatenAt: string;
  };
}

export type Database = Kysely<Tables>;

// Append only: what an older receiver made must stay as it is here.
const migrations: Record<string, Migration> = {
  "0001_intents_and_messages": {
    async up(db: Kysely<Tables>) {
      await db.schema
        .createTable("receiverIntents")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("key", "text", (column) => column.notNull())
        .addColumn("current", "integer")
        .addColumn("token", "text", (column) => column.notNull().unique())
        .addColumn("registeredAt", "text", (column) => column.notNull())
        .addColumn("touchedAt", "text", (column) => column.notNull())
        .addColumn("note", "text", (column) => column.notNull())
        .addColumn("acknowledged", "integer", (column) => column.notNull().defaultTo(0))
        .addColumn("lastSequence", "integer", (column) => column.notNull().defaultTo(0))
        .execute();
      await db.schema
        .createIndex("receiverIntentsCurrent")
        .on("receiverIntents")
        .unique()
        .column("key")
        .where(sql.ref("current"), "is not", null)
        .execute();
      await db.schema
        .createIndex("receiverIntentsTouchedAt")
        .on("receiverIntents")
        .column("touchedAt")
        .execute();
      await db.schema
        .createTable("receiverMessages")
        .addColumn("intentId", "text", (column) =>
          column.notNull().references("receiverIntents.id").onDelete("cascade"),
        )
        .addColumn("sequence", "integer", (column) => column.notNull())
        .addColumn("mid", "text")
        .addColumn("receivedAt", "text", (column) => column.notNull())
        .addColumn("body", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("receiverMessagesKey", ["intentId", "sequence"])
        .addUniqueConstraint("receiverMessagesMid", ["intentId", "mid"])
        .execute();
      // In 0.1 a probe wrote here. Now the time of expiry is here.
      await db.schema
        .createTable("receiverHeartbeat")
        .addColumn("id", "integer", (column) => column.primaryKey())
        .addColumn("beatenAt", "text", (column) => column.notNull())
        .execute();
    },
  },
};

/**
 * Brings the tables to this version. Receivers that start at the same moment on one
 * PostgreSQL wait for each other.
 */
export async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => migrations },
    // As the database has them: the migrator looks whether they are there by then, and
    // receivers that start at once rely on it.
    migrationTableName: "receiver_migrations",
    migrationLockTableName: "receiver_migrations_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error)
    throw new StartupError(
      `the database's tables cannot be brought to this version: ${(error as Error).message}`,
      {
        code: "DATABASE_NOT_MIGRATED",
        hint: steps(
          "If a newer receiver has used the database: use that receiver or a newer one.",
          "Else see whether the database's user may create tables.",
        ),
        cause: error,
      },
    );
}
