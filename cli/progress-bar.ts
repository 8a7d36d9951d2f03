import { untilEnded } from "./interruption.ts";
import { printNotice } from "./output.ts";

/** How far a command is that runs for long. */
export interface ProgressBar {
  /** So many more are to be done. */
  expect(count: number): void;
  advance(): void;
  /** A line that stays, above the bar. */
  print(line: string): void;
}

const noBar: ProgressBar = { expect() {}, advance() {}, print: printNotice };

/**
 * Runs work that says how far it is. On a terminal, stderr shows a bar until it has ended.
 *
 * @param unit what is counted: `resources`
 */
export async function withProgressBar<T>(
  unit: string,
  work: (bar: ProgressBar) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return await work(noBar);
  const { Presets, SingleBar } = await import("cli-progress");
  const bar = new SingleBar(
    {
      format: `{bar} {value} of {total} ${unit}`,
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  // A stopped bar keeps neither.
  const count = { value: 0, total: 0 };
  let isShown = false;
  const show = () => {
    bar.start(count.total, count.value);
    isShown = true;
  };
  // The cursor comes back at once; the engines may take some seconds to end.
  const hide = () => {
    bar.stop();
    isShown = false;
  };
  const progress: ProgressBar = {
    expect(more) {
      count.total += more;
      bar.setTotal(count.total);
    },
    advance() {
      count.value += 1;
      bar.update(count.value);
    },
    print(line) {
      if (!isShown) return printNotice(line);
      hide();
      printNotice(line);
      show();
    },
  };
  return await untilEnded(async () => {
    show();
    try {
      return await work(progress);
    } finally {
      hide();
    }
  }, hide);
}
