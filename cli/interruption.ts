import { printNotice } from "./output.ts";

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof signals;

/**
 * Called on each signal while the work runs, with the number of signals so far. Gives true
 * while a process goes on that has to end by itself.
 */
type Stop = (times: number) => unknown;

const running = new Set<Stop>();
let caught: Signal | undefined;
let times = 0;

/** The user, or the machine, ended the command before it was done. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** As a shell reports a command that a signal ended. */
  readonly exitCode: number;

  constructor(signal: Signal) {
    super(`interrupted by ${signal}`);
    this.exitCode = signals[signal];
  }
}

/**
 * Runs work that must not be cut off: `stop` is called on each signal, and the process runs
 * until the work has ended. Without such work, a signal ends the process at once, as usual.
 * From the second signal on it does so too, once no `stop` tells of a process that goes on.
 *
 * @throws {Interrupted} when a signal came before the work or during it
 */
export async function untilEnded<T>(work: () => Promise<T>, stop: Stop): Promise<T> {
  throwIfInterrupted();
  if (running.size === 0) for (const signal of Object.keys(signals)) process.on(signal, interrupt);
  running.add(stop);
  try {
    const result = await work();
    throwIfInterrupted();
    return result;
  } finally {
    running.delete(stop);
    if (running.size === 0)
      for (const signal of Object.keys(signals)) process.off(signal, interrupt);
  }
}

function throwIfInterrupted(): void {
  if (caught !== undefined) throw new Interrupted(caught);
}

function interrupt(signal: Signal): void {
  caught ??= signal;
  times++;
  const goesOn = [...running].map((stop) => stop(times)).includes(true);
  if (times > 1 && !goesOn) process.exit(signals[caught]);
  if (times > 1) return;
  const awaited = goesOn ? "waiting for Pulumi to stop" : "ending";
  printNotice(`Interrupted: ${awaited}. A second interruption ends it at once.`);
}
