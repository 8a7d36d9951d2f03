import {
  appendFileSync,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
} from "node:fs";
import { dirname } from "node:path";
import type { PostgresDatabase } from "./postgresql.ts";

/** Lines that are only ever added, beside the journal. */
export interface AppendLog {
  /** For people: the file, or the database without its credentials. */
  readonly location: string;
  /** Returns when the line is durable. */
  append(line: string): Promise<void>;
  lines(): Promise<string[]>;
}

/**
 * The line is written when the call returns, also in a process that ends next. It is
 * short, so two processes that append at once do not mix their lines.
 */
export class AppendFile implements AppendLog {
  readonly location: string;

  constructor(file: string) {
    this.location = file;
  }

  async append(line: string): Promise<void> {
    mkdirSync(dirname(this.location), { recursive: true, mode: 0o700 });
    const file = openSync(this.location, "a+", 0o600);
    try {
      appendFileSync(file, `${endsInHalfLine(file) ? "\n" : ""}${line}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  async lines(): Promise<string[]> {
    try {
      return readFileSync(this.location, "utf8").split("\n");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }
}

/** A full disk or a kill may have cut off the last line. The next one must not join it. */
function endsInHalfLine(file: number): boolean {
  const last = Buffer.alloc(1);
  const { size } = fstatSync(file);
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last.toString() !== "\n";
}

/** In the journal's database. A line that is sent twice, over a broken connection, is there twice. */
export class AppendTable implements AppendLog {
  readonly #database: PostgresDatabase;
  readonly #name: string;

  constructor(database: PostgresDatabase, name: string) {
    this.#database = database;
    this.#name = name;
  }

  get location(): string {
    return this.#database.location;
  }

  async append(line: string): Promise<void> {
    await this.#database.query("insert into ucaas_log (name, line) values ($1, $2)", [
      this.#name,
      line,
    ]);
  }

  async lines(): Promise<string[]> {
    const rows = await this.#database.query<{ line: string }>(
      "select line from ucaas_log where name = $1 order by position",
      [this.#name],
    );
    return rows.map(({ line }) => line);
  }
}
