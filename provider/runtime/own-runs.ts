import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { AppendFile, type AppendLog, AppendTable } from "./append-log.ts";
import { journalLocation } from "./journal-location.ts";
import { engineOfProvider } from "./sdk-command.ts";

interface Source {
  get(key: string): string | undefined;
}

/** A note that a run of a stack was at work. A run may leave several. */
export interface NotedRun {
  /** ISO time. */
  readonly at: string;
  /**
   * The address of its engine, which tells two runs of one second apart. A run's program
   * and its provider process have the same. A note outside Pulumi's processes has none.
   */
  readonly engine?: string;
}

/**
 * When runs of a stack began that use this journal. The engine's record of a failed update
 * does not say which machine it ran on; an update with no such time in it ran elsewhere.
 *
 * The program of an update notes it, before anything can be sent. A preview does not: it
 * may run while another machine updates the stack.
 *
 * Beside the times it has the marks of the processes that began operations. A copy of the
 * journal has the marks up to its date, and no later one.
 */
export class OwnRuns {
  readonly #config: Source;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #mark = newMark();
  readonly #marked = new Map<string, Promise<string>>();

  constructor(config: Source, environment: NodeJS.ProcessEnv = process.env) {
    this.#config = config;
    this.#environment = environment;
  }

  /**
   * Notes this moment. In a folder that is done when the call returns, so that a program
   * which fails next has it.
   *
   * @param stack the stack's identity
   * @param engine the address of the run's engine
   */
  async note(stack: string, engine = engineOfProvider()): Promise<void> {
    const at = new Date().toISOString();
    await this.#append(stack, engine === undefined ? at : `${at} ${engine}`);
  }

  /** The mark of this process. It is noted when the promise resolves, once for a stack. */
  async mark(stack: string): Promise<string> {
    const known = this.#marked.get(stack);
    if (known) return await known;
    const noted = this.#append(stack, `mark ${this.#mark}`).then(() => this.#mark);
    this.#marked.set(stack, noted);
    // What could not be noted is tried again.
    noted.catch(() => this.#marked.delete(stack));
    return await noted;
  }

  /** The oldest first. */
  async noted(stack: string): Promise<NotedRun[]> {
    return (await this.#lines(stack)).flatMap((line) => {
      const [at = "", engine] = line.split(" ");
      return Number.isNaN(Date.parse(at)) ? [] : [{ at, ...(engine !== undefined && { engine }) }];
    });
  }

  /** The marks of the processes that began operations with this journal, up to this one. */
  async marks(stack: string): Promise<string[]> {
    const marks = (await this.#lines(stack)).map((line) => /^mark ([a-z]{8})$/.exec(line)?.[1]);
    return [this.#mark, ...marks.filter((mark) => mark !== undefined)];
  }

  async #append(stack: string, line: string): Promise<void> {
    const log = this.#log(stack);
    await (log instanceof Promise ? await log : log).append(line);
  }

  async #lines(stack: string): Promise<string[]> {
    return await (await this.#log(stack)).lines();
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

/** Eight letters. Without a digit, no release takes the line for a time. */
function newMark(): string {
  const hex = randomBytes(4).toString("hex");
  return hex.replace(/\d/g, (digit) => "ghijklmnop"[Number(digit)] as string);
}
