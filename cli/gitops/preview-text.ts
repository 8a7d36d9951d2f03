/** The name of the plan's file, and the command for it, are of no use in a comment. */
const aboutPlan = /^(Update plan written to|Run `pulumi up --plan)/;

/** Where the CLI begins to print the stack's outputs. */
const outputsHead = /^\s+--outputs:--/;

/**
 * Shortens what `pulumi preview --diff` prints, line by line: where one of the stack's outputs changes, the CLI repeats all
 * the others, one line for each customer.
 */
export class PreviewText {
  /** Lines of the outputs, while they are read. */
  #outputs: string[] | undefined;

  /** The lines that may be printed now that this one was read. */
  take(line: string): string[] {
    if (aboutPlan.test(line)) return [];
    if (outputsHead.test(line)) {
      this.#outputs = [line];
      return [];
    }
    if (this.#outputs === undefined) return [line];
    if (line === "" || /^\s/.test(line)) {
      this.#outputs.push(line);
      return [];
    }
    return [...this.end(), line];
  }

  /** The lines that were held back. */
  end(): string[] {
    const lines = this.#outputs ?? [];
    this.#outputs = undefined;
    return changedOnly(lines);
  }
}

/** `key: value` without a mark of a change in front. */
const unmarked = /^(\s+)(?![+~-])[^\s:][^:]*:\s/;

function changedOnly(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let unchanged = 0;
  const flush = () => {
    if (unchanged > 0) kept.push(`        (${unchanged} unchanged)`);
    unchanged = 0;
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const indent = unmarked.exec(`${line} `)?.[1];
    const end = indent === undefined ? undefined : endOf(lines, index, indent);
    if (
      end === undefined ||
      lines.slice(index, end + 1).some((each) => /^\s*[+~-]{1,2} /.test(each))
    ) {
      // Whether what was left out stood before a change or behind it says nothing.
      if (/^\s*[}\]]/.test(line)) flush();
      kept.push(line);
    } else {
      unchanged++;
      index = end;
    }
  }
  flush();
  return kept;
}

/** The last line of an entry: its own, or that of the bracket that closes it. */
function endOf(lines: readonly string[], start: number, indent: string): number | undefined {
  if (!/[[{]$/.test(lines[start]!)) return start;
  const end = lines.findIndex(
    (line, index) => index > start && (line === `${indent}}` || line === `${indent}]`),
  );
  return end < 0 ? undefined : end;
}

/** What stderr adds to the lines of stdout: the CLI prints an error of the program to both. */
export function addedBy(stderr: string, stdout: readonly string[]): string[] {
  const printed = new Set(stdout);
  return stderr
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "" && !aboutPlan.test(line) && !printed.has(line));
}
