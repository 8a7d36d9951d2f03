import { createHash } from "node:crypto";
import { join } from "node:path";
import { AppendFile, type AppendLog, AppendTable } from "./append-log.ts";
import { journalLocation } from "./journal-location.ts";

interface Source {
  get(key: string): string | undefined;
}

/**
 * When runs of a stack began that use this journal. The engine's record of a failed update
 * does not say which machine it ran on; an update with no such time in it ran elsewhere.
 *
 * The program of an update notes it, before anything can be sent. A preview does not: it
 * may run while another machine updates the stack.
 */
export class OwnRuns {
  readonly #config: Source;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(config: Source, environment: NodeJS.ProcessEnv = process.env) {
    this.#config = config;
    this.#environment = environment;
  }

  /** @param stack the stack's identity */
  async note(stack: string): Promise<void> {
    await (await this.#log(stack)).append(new Date().toISOString());
  }

  /** ISO times, the oldest first. */
  async times(stack: string): Promise<string[]> {
    const lines = await (await this.#log(stack)).lines();
    return lines.filter((line) => !Number.isNaN(Date.parse(line)));
  }

  async #log(stack: string): Promise<AppendLog> {
    const location = journalLocation(this.#config, this.#environment);
    if ("url" in location) {
      const { PostgresDatabase } = await import("./postgresql.ts");
      return new AppendTable(PostgresDatabase.at(location.url), `runs ${stack}`);
    }
    const name = createHash("sha256").update(stack).digest("hex").slice(0, 16);
    return new AppendFile(join(location.folder, `ucaas-runs-${name}.log`));
  }
}
