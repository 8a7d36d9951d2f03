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

  /**
   * Notes this moment. In a folder that is done when the call returns, so that a program
   * which fails next has it.
   *
   * @param stack the stack's identity
   */
  async note(stack: string): Promise<void> {
    const log = this.#log(stack);
    await (log instanceof Promise ? await log : log).append(new Date().toISOString());
  }

  /** ISO times, the oldest first. */
  async times(stack: string): Promise<string[]> {
    const lines = await (await this.#log(stack)).lines();
    return lines.filter((line) => !Number.isNaN(Date.parse(line)));
  }

  #log(stack: string): AppendLog | Promise<AppendLog> {
    const location = journalLocation(this.#config, this.#environment);
    if ("url" in location)
      return import("./postgresql.ts").then(
        ({ PostgresDatabase }) =>
          new AppendTable(PostgresDatabase.at(location.url), `runs ${stack}`),
      );
    const name = createHash("sha256").update(stack).digest("hex").slice(0, 16);
    return new AppendFile(join(location.folder, `ucaas-runs-${name}.log`));
  }
}
